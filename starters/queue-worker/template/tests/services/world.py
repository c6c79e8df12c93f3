"""Two regions in memory (moto), in which time stands still until told otherwise and a process may die at any call."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import pytest
from accept import handler as accept
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends
from moto.sqs import models as sqs_models
from orders import aws, clock, messages, pace
from orders.limits import TASK_TIMEOUT, TRIES
from orders.records import Order
from reconcile import handler as reconcile
from work import handler as worker
from work import task

HERE, THERE = boto3.Session().get_available_regions("sqs")[:2]
ACCOUNT = "123456789012"
TABLE = "shop-orders"


class Crash(BaseException):
    """The process is gone: no `except Exception` sees it."""


class World:
    """The code under test acts in region HERE until told otherwise."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.performed: Counter[str] = Counter()
        self.fails = False
        self._calls_left = float("inf")
        self._patch = pytest.MonkeyPatch()
        self._aws = mock_aws()
        self._aws.start()
        self._patch.setattr(clock, "now", lambda: self.now)
        self._patch.setattr(sqs_models, "unix_time_millis", lambda: self.now * 1000)
        self._patch.setattr(task, "perform", self._perform)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self._patch.setenv(name, "testing")
        self._clients = {region: _clients(region) for region in (HERE, THERE)}
        for clients in self._clients.values():
            _make_table(clients["dynamodb", aws.READ_TIMEOUT])
            _make_queues(clients["sqs", aws.READ_TIMEOUT])
            for client in clients.values():
                client.meta.events.register_first("before-call", self._count_call, unique_id="calls")
        # One table, as if every write were in the other region at once.
        tables = dynamodb_backends[ACCOUNT]
        tables[THERE].tables[TABLE] = tables[HERE].tables[TABLE]
        self.act_in(HERE)

    def close(self) -> None:
        for clients in self._clients.values():
            for client in clients.values():
                client.meta.events.unregister("before-call", self._count_call, unique_id="calls")
        self._aws.stop()
        self._patch.undo()
        pace.forget()

    def act_in(self, region: str) -> None:
        """Be in a region, in a new process."""
        self._patch.setenv("AWS_REGION", region)
        self._patch.setenv("PEER_REGION", THERE if region == HERE else HERE)
        for name, value in _environment(region).items():
            self._patch.setenv(name, value)
        self._patch.setattr(aws, "_clients", self._clients[region])
        pace.forget()

    @contextmanager
    def dying(self, calls: int | None) -> Iterator[None]:
        """The process dies instead of its next call to AWS after so many; None: it lives."""
        self._calls_left = float("inf") if calls is None else calls
        try:
            yield
        except Crash:
            pace.forget()
        finally:
            self._calls_left = float("inf")

    # What callers and Lambda do

    def post(self, key: str, request: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Order something; return the status, the body and the headers."""
        http = {"requestContext": {"http": {"method": "POST"}}, "rawPath": "/"}
        headers = {"idempotency-key": key, **headers}
        return _answered(accept.handle({**http, "headers": headers, "body": json.dumps(request)}, None))

    def look(self, order: str) -> tuple[int, dict[str, Any]]:
        """Ask what became of an order."""
        event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": f"/{order}", "headers": {}}
        return _answered(accept.handle(event, None))[:2]

    def work(self, role: str) -> bool:
        """Receive one message and work on it; return whether there was one."""
        url = queue_url(role)
        answer = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=1, AttributeNames=["All"])
        for received in answer.get("Messages", []):
            receipt = received["ReceiptHandle"]
            record = {"messageId": received["MessageId"], "body": received["Body"], "receiptHandle": receipt}
            record["attributes"] = received["Attributes"]
            if not worker.handle({"Records": [record]}, None)["batchItemFailures"]:
                aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=receipt)
        return "Messages" in answer

    def reconcile(self) -> None:
        """Run as the schedule does each minute."""
        reconcile.handle({}, None)

    # What tests look at

    def waiting(self, role: str) -> int:
        """Return how many messages a queue of this region holds."""
        return int(messages._visible(queue_url(role)))

    def item(self, key: str) -> dict[str, Any]:
        """Return an item as the table holds it; {} if there is none."""
        # Through the SDK it would take twenty times as long.
        found = dynamodb_backends[ACCOUNT][HERE].get_item(TABLE, {"id": {"S": key}})
        return {name: value.value for name, value in found.attrs.items()} if found else {}

    def _perform(self, order: Order) -> dict[str, Any]:
        self.performed[order.id] += 1
        if self.fails or order.request.get("poison"):
            raise ValueError(order.request)
        return {"echo": order.request}

    def _count_call(self, **_: Any) -> None:
        if self._calls_left <= 0:
            raise Crash
        self._calls_left -= 1


def queue_url(role: str) -> str:
    """Return the address of a queue of the region that the code is in."""
    return f"https://sqs.{aws.region()}.amazonaws.com/{ACCOUNT}/{role}"


@cache
def _clients(region: str) -> dict[tuple[str, int], Any]:
    """Made once for all worlds, since that takes longest."""
    table, queues = (boto3.client(name, region_name=region) for name in ("dynamodb", "sqs"))
    return {
        ("dynamodb", aws.READ_TIMEOUT): table,
        ("sqs", aws.READ_TIMEOUT): queues,
        ("sqs", aws.LONG_POLL_TIMEOUT): queues,
    }


def _environment(region: str) -> dict[str, str]:
    urls = {name: f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}" for name in ("work", "sideline")}
    return {
        "SERVICE": "shop",
        "ORDERS_TABLE": TABLE,
        "WORK_QUEUE_URL": urls["work"],
        "SIDELINE_QUEUE_URL": urls["sideline"],
        "LONGEST_WAIT_SECONDS": "240",
        "WORKERS": "2",
    }


def _make_table(dynamodb: Any) -> None:
    attributes = {"id": "S", "open": "S", "accepted_at": "N"}
    index = {
        "IndexName": "open-orders",
        "KeySchema": [
            {"AttributeName": "open", "KeyType": "HASH"},
            {"AttributeName": "accepted_at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["seen_at", "tries"]},
    }
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()],
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )


def _make_queues(sqs: Any) -> None:
    for role in ("work", "sideline"):
        dead = sqs.create_queue(QueueName=f"{role}-dead-letters")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": TRIES}
        attributes = {"VisibilityTimeout": str(6 * TASK_TIMEOUT), "RedrivePolicy": json.dumps(redrive)}
        sqs.create_queue(QueueName=role, Attributes=attributes)


def _answered(answer: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]
