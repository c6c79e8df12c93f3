"""Both regions of the drive at work, one step at a time, where everything may crash after any write.

The services are the real ones, except the bundler: its builds are its calls of services.drive.jobs, without the bytes.
Queues are lists: a message can be lost, doubled, and be received by a process that dies.
"""

import json
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

import pytest

from services.deliver import handler as deliver
from services.drive import clock, jobs, messages, orders, pace, records, switch_records
from services.drive.environment import here
from services.drive.jobs import Job
from services.drive.limits import CLOCK_SKEW, ORDER_SHARDS
from services.drive.messages import PublishedMessage
from services.drive.orders import Kind, Order
from services.drive.pace import Queue
from services.drive.switch_records import RegionState
from services.notifier import handler as notifier
from services.outbox import handler as outbox
from services.reconciler import handler as reconciler

REGIONS = ("us-west-2", "us-east-2")
RECEIVES = 5
"""Then a message goes to the dead-letter queue; nobody looks there within these scenarios."""


class Crash(BaseException):
    """The process is gone: no `except Exception` sees it."""


@dataclass(frozen=True)
class Message:
    """One message of a queue, and how often it was received."""

    body: str
    sent_at: int
    receives: int = 0


@dataclass
class Build:
    """A build as its worker sees it, who may have lost it."""

    region: str
    queue: str
    message: Message
    job: Job
    is_lost: bool = False


class Sequence:
    """Does what a ThreadPoolExecutor does, one after the other: a scenario must repeat exactly."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, work: Callable[[int], Any], shards: Any) -> Iterator[Any]:
        return map(work, shards)


class World:
    """`storage` has the functions of services.drive.records; `streams` what has changed in each region so far."""

    def __init__(self, storage: Any, environment: Callable[[str], dict[str, str]]) -> None:
        self.now = 1_800_000_000.0
        self.queues: dict[tuple[str, str], list[Message]] = defaultdict(list)
        self.down: set[str] = set()
        self.accepted: dict[str, Order] = {}
        self.builds: list[Build] = []
        self.started: Counter[tuple[str, str]] = Counter()
        self.lost_builds: Counter[tuple[str, str]] = Counter()
        self.published: Counter[tuple[str, str]] = Counter()
        self.told: Counter[tuple[str, str]] = Counter()
        self.crashes = 0
        self.storage = storage
        self._read = dict.fromkeys(REGIONS, 0)
        self._fuse = 0
        self._environment = environment
        self._patch = pytest.MonkeyPatch()
        self._environ = dict(os.environ)
        self._arrange()

    def _arrange(self) -> None:
        for name in ("insert", "put", "change"):
            self._patch.setattr(records, name, self._mortal(getattr(self.storage, name)))
        for name in ("get", "query", "query_index"):
            self._patch.setattr(records, name, getattr(self.storage, name))
        self._patch.setattr(messages, "send", self._mortal(self._send))
        self._patch.setattr(messages, "visible", lambda url: len(self._queue(url)))
        self._patch.setattr(notifier, "_publish", self._mortal(self._tell))
        self._patch.setattr(reconciler, "ThreadPoolExecutor", Sequence)
        self._patch.setattr(clock, "now", lambda: self.now)
        self._patch.setattr(clock, "sleep", self.pass_time)
        self._patch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
        logging.disable(logging.CRITICAL)
        self.act_in(REGIONS[0])

    def close(self) -> None:
        logging.disable(logging.NOTSET)
        self._patch.undo()
        os.environ.clear()
        os.environ.update(self._environ)
        for module in (jobs, pace):
            module.forget()

    def act_in(self, region: str) -> None:
        """Be in a region, in a new process."""
        os.environ.update(self._environment(region))
        jobs.forget()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    # What users and operators do

    def order(self, region: str, user: str, kind: Kind, content: str, idempotency_key: str) -> Order:
        self.act_in(region)
        order, is_new = orders.accept(user, kind, content, idempotency_key, {"content": content})
        if is_new:
            self.accepted.setdefault(order.id, order)
        return order

    def lose_region(self, region: str) -> None:
        """Nothing runs there any more, and the operator tells the peer."""
        self.down.add(region)
        self.act_in(_peer(region))
        switch_records.turn(switch_records.read(region), RegionState.EVACUATED, by="operator", reason="it is down")

    def regain_region(self, region: str) -> None:
        self.down.discard(region)
        self.act_in(_peer(region))
        switch_records.turn(switch_records.read(region), RegionState.ACTIVE, by="operator", reason="it is back")

    # What the services do; each may die after its `fuse`-th write (0: it lives)

    def has_news(self, region: str) -> bool:
        return len(self.storage.streams[region]) > self._read[region]

    def follow_stream(self, region: str, fuse: int = 0) -> None:
        changes = list(self.storage.streams[region][self._read[region] :])
        if not changes:
            return
        images = [_stream_record(number, *change) for number, change in enumerate(changes)]
        with self._dying(region, fuse) as outcome:
            failed = outbox.handle({"Records": images}, None)["batchItemFailures"]  # type: ignore[arg-type]
            outcome["done"] = min((int(failure["itemIdentifier"]) for failure in failed), default=len(images))
        self._read[region] += outcome.get("done", 0)

    def deliver(self, region: str, queue: str, fuse: int = 0) -> None:
        self._consume(region, queue, deliver.handle, fuse)

    def notify(self, region: str, fuse: int = 0) -> None:
        self._consume(region, "notify", notifier.handle, fuse)

    def reconcile(self, region: str, fuse: int = 0) -> None:
        with self._dying(region, fuse):
            reconciler.handle({}, None)

    def take_build(self, region: str, queue: str, fuse: int = 0) -> None:
        message = self._receive(region, queue)
        if message is None:
            return
        content = messages.parse_order(message.body).content
        before = self._started(region, content)
        with self._dying(region, fuse) as outcome:
            age = messages.parse_order(message.body).age
            pace.publish(Queue(queue), "w", slots=1, mean_seconds=1, queue_age=age)
            outcome["job"] = jobs.claim(content, f"w{self.now} {len(self.builds)}", sent_at=message.sent_at)
        if "job" not in outcome:
            self._return(region, queue, message)
        if self._started(region, content) > before:
            self._count_start(region, content, is_dead="job" not in outcome)
        if outcome.get("job"):
            self.builds.append(Build(region, queue, message, outcome["job"]))

    def extend_build(self, build: Build) -> None:
        with self._dying(build.region, 0):
            extended = jobs.extend(build.job)
            if extended:
                build.job = extended
                return
            self.builds.remove(build)
            self._lose(build)

    def finish_build(self, build: Build, fuse: int = 0) -> None:
        self.builds.remove(build)
        with self._dying(build.region, fuse) as outcome:
            if jobs.publish(build.job, bundle_key="bundles/x.zip", size=1):
                assert not build.is_lost, "who lost the lease publishes nothing"
                self.published[build.region, build.job.content] += 1
                for shard in range(ORDER_SHARDS):
                    messages.send_published(PublishedMessage(build.job.content, shard))
            else:
                self._lose(build)
            outcome["done"] = True
        if "done" not in outcome:
            self._return(build.region, build.queue, build.message)

    def kill_build(self, build: Build) -> None:
        """The worker vanishes; its message becomes visible again."""
        self.builds.remove(build)
        self._lose(build, is_killed=True)
        self._return(build.region, build.queue, build.message)

    # Inside

    def _consume(self, region: str, queue: str, handle: Callable[..., Any], fuse: int) -> None:
        message = self._receive(region, queue)
        if message is None:
            return
        with self._dying(region, fuse) as outcome:
            outcome["failed"] = handle({"Records": [_sqs_record(message, region, queue)]}, None)["batchItemFailures"]
        if outcome.get("failed", True):
            self._return(region, queue, message)

    def _receive(self, region: str, queue: str) -> Message | None:
        self.act_in(region)
        waiting = self.queues[region, queue]
        return waiting.pop(0) if waiting else None

    def _return(self, region: str, queue: str, message: Message) -> None:
        if message.receives + 1 < RECEIVES:
            self.queues[region, queue].append(replace(message, receives=message.receives + 1))

    def _started(self, region: str, content: str) -> int:
        self.act_in(region)
        job = jobs.read(content)
        return job.builds_started if job else 0

    def _count_start(self, region: str, content: str, *, is_dead: bool) -> None:
        self.started[region, content] += 1
        self.lost_builds[region, content] += is_dead
        for build in self.builds:  # who still believes to be building this has lost its lease
            if (build.region, build.job.content) == (region, content):
                self._lose(build)

    def _lose(self, build: Build, *, is_killed: bool = False) -> None:
        ran_out = build.job.lease_until + CLOCK_SKEW < self.now
        assert is_killed or build.is_lost or ran_out, "a living build is not taken from its worker"
        self.lost_builds[build.region, build.job.content] += not build.is_lost
        build.is_lost = True

    @contextmanager
    def _dying(self, region: str, fuse: int) -> Iterator[dict[str, Any]]:
        self.act_in(region)
        self._fuse = fuse
        outcome: dict[str, Any] = {}
        try:
            yield outcome
        except Crash:
            outcome.clear()
            self.crashes += 1
        finally:
            self._fuse = 0

    def _mortal(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*arguments: Any, **options: Any) -> Any:
            result = write(*arguments, **options)
            self._fuse -= 1
            if self._fuse == 0:
                raise Crash
            return result

        return written

    def _send(self, queue_url: str, body: dict[str, Any], *, group: str) -> None:  # noqa: ARG002
        self._queue(queue_url).append(Message(json.dumps(body), clock.milliseconds()))

    def _queue(self, url: str) -> list[Message]:
        return self.queues[here.aws_region, url.rsplit("/", 1)[-1]]

    def _tell(self, order: Order, notice: str) -> None:
        self.told[order.id, str(notice)] += 1


def _peer(region: str) -> str:
    return REGIONS[1 - REGIONS.index(region)]


def _stream_record(number: int, before: records.Item, after: records.Item) -> dict[str, Any]:
    images = {"OldImage": before, "NewImage": after}
    encoded = {name: records._encode(image) for name, image in images.items() if image}
    keys = records._encode({"pk": after["pk"], "sk": after["sk"]})
    return {"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": str(number), "Keys": keys, **encoded}}


def _sqs_record(message: Message, region: str, queue: str) -> dict[str, Any]:
    return {
        "messageId": "1",
        "body": message.body,
        "attributes": {"SentTimestamp": str(message.sent_at)},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{region}:123456789012:{queue}",
    }
