"""Standard queues that hand out fairly by message group, at the cost of a real queue, and storms of messages.

Ministack by itself hands out in the order of arrival, whatever the group: one greedy user keeps everybody waiting. So
`fair` simulates SQS's fair queues; turned off, the unfairness can be measured. The storm (simulation) doubles and
delays a fraction of the messages that arrive: at-least-once delivery and best-effort order, made frequent.

One lock guards all queues: ministack's own delete and receive, on different threads, can lose a message that is sent
between the two.
"""

import functools
import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.message_store import Message, Messages

Queue = dict[str, Any]
Function = Callable[..., Any]

# Every call that touches messages, with ministack's function for it. The first group only gets the lock.
_LOCKED = {
    "SendMessage": "_act_send_message",
    "SendMessageBatch": "_act_send_message_batch",
    "PurgeQueue": "_act_purge_queue",
    "GetQueueAttributes": "_act_get_queue_attributes",
}
_REPLACED = {
    "DeleteMessage": "_act_delete_message",
    "DeleteMessageBatch": "_act_delete_message_batch",
    "ChangeMessageVisibility": "_act_change_visibility",
    "ChangeMessageVisibilityBatch": "_act_change_visibility_batch",
}


@dataclass
class Storm:
    """Fractions (0 to 1) of the messages that arrive twice, and late by `delay_seconds`."""

    doubled: float = 0.0
    delayed: float = 0.0
    delay_seconds: float = 0.0
    messages_doubled: int = 0
    messages_delayed: int = 0

    def arriving(self, message: Message) -> list[Message]:
        """What a sent message becomes: itself, or itself late, or itself twice with one message id."""
        late = random.random() < self.delayed  # noqa: S311 - chance, not a secret
        if late:
            message["visible_at"] = max(message["visible_at"], time.time()) + self.delay_seconds
            self.messages_delayed += 1
        if random.random() >= self.doubled:  # noqa: S311 - chance, not a secret
            return [message]
        self.messages_doubled += 1
        twin = dict(message, visible_at=message["visible_at"] + random.random() * self.delay_seconds)  # noqa: S311
        return [message, twin]


class Queues:
    """The queues' order and weather, turned by control calls."""

    def __init__(self) -> None:
        self.fair = True
        self.storm = Storm()
        self._lock = threading.RLock()
        self._sqs: Any = None

    def set_fair(self, fair: bool) -> None:
        """Fair by message group, or in the order of arrival. What waits is ordered anew."""
        with self._lock:
            self.fair = fair
            for _, queue in self._sqs._queues.all_items():
                if isinstance(queue["messages"], Messages):
                    queue["messages"] = self._store(queue["messages"])

    def start_storm(self, *, doubled: float, delayed: float, delay_seconds: float) -> None:
        """From now on messages arrive doubled and late; all zero ends it."""
        self.storm.doubled, self.storm.delayed, self.storm.delay_seconds = doubled, delayed, delay_seconds

    def install(self) -> None:
        """Replaces ministack's handling of the messages of standard queues; FIFO queues only get the lock."""
        names = "_queues_lock _queues _HANDLERS _get_q _Err _queue_by_arn _ensure_msg_fields _validate_batch_entries"
        pinned.present("services.sqs", *names.split(), "esm_wake", "new_uuid")
        sqs = self._sqs = pinned.module("services.sqs")
        sqs._queues_lock = self._lock
        for name in _LOCKED.values():
            pinned.replace("services.sqs", name, "data qurl", self._locked)
        for action, ours in (("DeleteMessage", self._delete), ("ChangeMessageVisibility", self._change_visibility)):
            one, several = self._call(action, ours), self._call(action, self._each(action, ours))
            pinned.replace("services.sqs", _REPLACED[action], "data qurl", one)
            pinned.replace("services.sqs", _REPLACED[f"{action}Batch"], "data qurl", several)
        for action, name in (_LOCKED | _REPLACED).items():
            sqs._HANDLERS[action] = getattr(sqs, name)
        pinned.replace("services.sqs", "_expire_retained", "q", self._standard(self._expire))
        pinned.replace("services.sqs", "_dlq_sweep", "q", self._standard(self._surface))
        pinned.replace("services.sqs", "_refresh_counts", "q", self._standard(self._count))
        pinned.replace("services.sqs", "_collect_msgs", "q max_n vis_timeout", self._standard(self._take))
        parameters = "queue_url receipt_handles"
        pinned.replace("services.sqs", "_delete_messages_for_esm", parameters, self._delete_for_function)

    def store(self, queue: Queue) -> Messages:
        """The queue's messages; ministack's list is taken over at the first touch."""
        messages = queue["messages"]
        if not isinstance(messages, Messages):
            messages = queue["messages"] = self._store(messages)
        return messages

    def _store(self, messages: Iterable[Message]) -> Messages:
        complete = self._sqs._ensure_msg_fields
        return Messages(messages, self._lock, fair=self.fair, complete=complete, arriving=self.storm.arriving)

    # --- how each kind of ministack's functions is replaced ----------------------------------------------------------

    def _locked(self, original: Function) -> Function:
        @functools.wraps(original)
        def call(data: Any, qurl: str) -> Any:
            with self._lock:
                queue = self._sqs._get_q(data.get("QueueUrl", qurl))
                if not queue["is_fifo"]:
                    self.store(queue)
                return original(data, qurl)

        return call

    def _call(self, action: str, ours: Function) -> Callable[[Function], Function]:
        def instead_of(original: Function) -> Function:
            @functools.wraps(original)
            def call(data: Any, qurl: str) -> Any:
                with self._lock:
                    # Naming the action has the queue's policy enforced.
                    queue = self._sqs._get_q(data.get("QueueUrl", qurl), f"sqs:{action}")
                    return original(data, qurl) if queue["is_fifo"] else ours(queue, data)

            return call

        return instead_of

    def _each(self, action: str, ours: Function) -> Function:
        def batch(queue: Queue, data: Any) -> Any:
            entries = data.get("Entries", [])
            self._sqs._validate_batch_entries(entries, f"{action}BatchRequestEntry")
            done, failed = [], []
            for entry in entries:
                try:
                    ours(queue, entry)
                    done.append({"Id": entry["Id"]})
                except self._sqs._Err as error:
                    refused = {"Code": error.code, "Message": error.message, "SenderFault": True}
                    failed.append({"Id": entry["Id"], **refused})
            return {"Successful": done, "Failed": failed}

        return batch

    def _standard(self, ours: Function) -> Callable[[Function], Function]:
        def instead_of(original: Function) -> Function:
            @functools.wraps(original)
            def on_queue(q: Queue, *rest: Any) -> Any:
                with self._lock:
                    return original(q, *rest) if q["is_fifo"] else ours(q, *rest)

            return on_queue

        return instead_of

    def _delete_for_function(self, original: Function) -> Function:
        def delete(queue_url: str, receipt_handles: set[str]) -> None:
            with self._lock:
                queue = self._sqs._get_q(queue_url)
                if queue["is_fifo"]:
                    original(queue_url, receipt_handles)
                    return
                store = self.store(queue)
                for receipt in receipt_handles:
                    if (message := store.received_as(receipt)) is not None:
                        store.remove(message)

        return delete

    # --- what standard queues do instead -----------------------------------------------------------------------------

    def _received(self, queue: Queue, data: Any) -> Message:
        message = self.store(queue).received_as(data.get("ReceiptHandle", ""))
        if message is None:
            raise self._sqs._Err("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        return message

    def _delete(self, queue: Queue, data: Any) -> Any:
        self.store(queue).remove(self._received(queue, data))
        return {}

    def _change_visibility(self, queue: Queue, data: Any) -> Any:
        seconds = int(data.get("VisibilityTimeout", 30))
        self.store(queue).hide(self._received(queue, data), seconds)
        if seconds == 0:
            self._sqs.esm_wake.set()
        return {}

    def _expire(self, queue: Queue) -> None:
        self.store(queue).expire(time.time() - int(queue["attributes"].get("MessageRetentionPeriod", "345600")))

    def _surface(self, queue: Queue) -> None:
        most, address = redrive(queue["attributes"].get("RedrivePolicy"))
        target: Queue | None = self._sqs._queue_by_arn(address) if address else None

        def move(message: Message) -> None:
            if target is None:
                return
            moved = dict(message, receipt_handle=None, visible_at=time.time(), sys=dict(message.get("sys", {})))
            moved["sys"].setdefault("DeadLetterQueueSourceArn", queue["attributes"].get("QueueArn", ""))
            self.store(target).add(moved)
            self._sqs.esm_wake.set()

        self.store(queue).surface(0 if target is None else most, move)

    def _take(self, queue: Queue, most: int, hidden_seconds: int) -> list[Message]:
        return self.store(queue).take(most, hidden_seconds, self._sqs.new_uuid)

    def _count(self, queue: Queue) -> None:
        self._expire(queue)
        self._surface(queue)
        visible, in_flight, delayed = self.store(queue).counts()
        queue["attributes"]["ApproximateNumberOfMessages"] = str(visible)
        queue["attributes"]["ApproximateNumberOfMessagesNotVisible"] = str(in_flight)
        queue["attributes"]["ApproximateNumberOfMessagesDelayed"] = str(delayed)


@functools.lru_cache(maxsize=1024)
def redrive(policy: str | None) -> tuple[int, str]:
    """After how many receives a message goes where; (0, "") without a redrive policy."""
    rule = json.loads(policy) if policy else {}
    return int(rule.get("maxReceiveCount", 0)), rule.get("deadLetterTargetArn", "")
