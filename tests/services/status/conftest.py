"""The observer's region: a bucket, a table, a queue, and a clock that tests move."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws

from services.drive import aws, clock
from services.status import probe
from services.status.probe import Answer

START = 1_764_000_000.0
REGION = "eu-west-1"

CLIENTS: dict[Any, Any] = {}
"""Making a client takes longer than most tests; they are the same for every moto."""


@dataclass
class Observer:
    """The observer with what it sees; `now` in seconds UTC."""

    now: float
    sees: dict[str, Answer]
    control: Answer

    def ask(self, address: str) -> Answer:
        return self.control if address == "control" else self.sees[address]


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Observer]:
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "STATUS_BUCKET": "status",
        "STATUS_URL": "https://status.example.net/",
        "SUBSCRIBE_URL": "https://subscribe.example.net",
        "SUBSCRIBERS_TABLE": "subscribers",
        "PROBES": '{"us-west-2": "a", "us-east-2": "b"}',
        "SENDER": "status@example.net",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    seen = Observer(START, {"a": Answer.WELL, "b": Answer.WELL}, Answer.WELL)
    monkeypatch.setattr(clock, "now", lambda: seen.now)
    monkeypatch.setattr(clock, "sleep", lambda seconds: setattr(seen, "now", seen.now + seconds))
    monkeypatch.setattr(probe, "_ask_once", seen.ask)
    with mock_aws():
        monkeypatch.setattr(aws, "_clients", CLIENTS)
        _make(monkeypatch)
        yield seen


def _make(monkeypatch: pytest.MonkeyPatch) -> None:
    place: Any = {"LocationConstraint": REGION}
    aws.client("s3").create_bucket(Bucket="status", CreateBucketConfiguration=place)
    aws.client("dynamodb").create_table(
        TableName="subscribers",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    monkeypatch.setenv("ANNOUNCE_QUEUE_URL", aws.client("sqs").create_queue(QueueName="announce")["QueueUrl"])
    aws.client("sesv2").create_email_identity(EmailIdentity="status@example.net")
