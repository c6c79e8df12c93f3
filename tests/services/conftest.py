"""The drive's cloud as the tests see it: both regions' tables, queues, buckets and topic, in memory (moto)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws
from moto.core.model_instances import reset_model_data
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from services.drive import aws, clock, jobs, levers, pace

REGIONS = ("us-west-2", "us-east-2")
ACCOUNT = "123456789012"
QUEUES = ("ingest", "deliver", "deliver-sideline", "bundle", "bundle-sideline", "notify")
TRIES = 3


@dataclass
class Time:
    """Stands still until it is advanced; sleeping advances it."""

    now: float = field(default_factory=lambda: float(int(clock.now())))

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Cloud:
    """Two regions. The code under test acts in the first one until told otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._read: dict[str, int] = {}
        for region in REGIONS:
            make_region(region)
        share_tables()
        self.act_in(REGIONS[0])

    def act_in(self, region: str) -> None:
        """From now on the code under test is in this region."""
        for name, value in environment(region).items():
            self._monkeypatch.setenv(name, value)

    @contextmanager
    def acting_in(self, region: str) -> Iterator[None]:
        """Be in this region for a while, then in the first one again."""
        self.act_in(region)
        yield
        self.act_in(REGIONS[0])

    def queue_url(self, name: str, region: str = REGIONS[0]) -> str:
        return environment(region)[f"{name.upper().replace('-', '_')}_QUEUE_URL"]

    def bodies(self, queue: str, region: str = REGIONS[0]) -> list[dict[str, Any]]:
        """Take all messages out of a queue and return what they say."""
        return [json.loads(message["body"]) for message in self.take(queue, region)["Records"]]

    def take(self, queue: str, region: str = REGIONS[0]) -> dict[str, Any]:
        """Take all messages out of a queue, as the event that a Lambda function receives."""
        url, sqs, records = self.queue_url(queue, region), aws.client("sqs", region), []
        arguments: Any = {"QueueUrl": url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while messages := sqs.receive_message(**arguments).get("Messages"):
            for message in messages:
                records.append(_sqs_record(message, queue, region))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": records}

    def stream(self, region: str = REGIONS[0], table: str = "drive") -> dict[str, Any]:
        """Return what changed in the table since the last call, as the event that this region's function receives."""
        read = self._read.get(f"{region} {table}", 0)
        changes = stream_of(table, region, since=read)
        self._read[f"{region} {table}"] = read + len(changes)
        return {"Records": changes}

    def items(self, table: str, region: str = REGIONS[0]) -> list[dict[str, Any]]:
        """Return everything a table holds, as DynamoDB writes it."""
        return list(aws.client("dynamodb", region).scan(TableName=table)["Items"])


def environment(region: str) -> dict[str, str]:
    """Return what the stacks tell every function of a region."""
    (peer,) = set(REGIONS) - {region}
    queues = {
        f"{name.upper().replace('-', '_')}_QUEUE_URL": f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"
        for name in (*QUEUES, *(f"{queue}-dead" for queue in QUEUES))
    }
    return queues | {
        "AWS_REGION": region,
        "PEER_REGION": peer,
        "DRIVE_TABLE": "drive",
        "JOBS_TABLE": "jobs",
        "PACE_TABLE": "pace",
        "SWITCH_TABLE": "switch",
        "FILES_BUCKET": f"files-{region}",
        "REPLICA_BUCKET": f"replica-{region}",
        "BUNDLES_BUCKET": f"bundles-{region}",
        "PEER_FILES_BUCKET": f"files-{peer}",
        "PEER_REPLICA_BUCKET": f"replica-{peer}",
        "NOTICES_TOPIC_ARN": f"arn:aws:sns:{region}:{ACCOUNT}:notices",
        "IDENTITY_ISSUER": "https://identity.example.com",
        "IDENTITY_AUDIENCE": "drive",
        "SIGNING_KEY_ID": "K123",
        "SIGNING_SECRET": "drive/signing-key",
    }


@pytest.fixture
def _mocked_aws() -> Iterator[None]:
    with mock_aws():
        reset_model_data()
        yield


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Time that only passes when a test says so."""
    passing = Time()
    monkeypatch.setattr(clock, "now", lambda: passing.now)
    monkeypatch.setattr(clock, "sleep", passing.advance)
    return passing


@pytest.fixture
def cloud(_mocked_aws: None, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Return both regions, empty."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Drive")
    for module in (jobs, levers, pace):
        module.forget()
    return Cloud(monkeypatch)


def stream_of(table: str, region: str = REGIONS[0], *, since: int = 0) -> list[dict[str, Any]]:
    """Return what changed in a table after so many changes, as its stream's records."""
    shard = dynamodb_backends[ACCOUNT][region].tables[table].stream_shard
    return [record.to_json() for record in shard.items[since:]]


# Straight in moto's own models: through the SDK the same would take every test most of a second.


def make_region(region: str) -> None:
    """Make everything that the stacks make in one region."""
    _make_tables(region)
    _make_queues(region)
    _make_buckets(region)
    sns_backends[ACCOUNT][region].create_topic("notices")


def share_tables() -> None:
    """Make the global tables one table, as in the strongly consistent mode: what one writes the other reads at once."""
    backends = dynamodb_backends[ACCOUNT]
    for table in ("drive", "jobs"):
        backends[REGIONS[1]].tables[table] = backends[REGIONS[0]].tables[table]


def _make_tables(region: str) -> None:
    indexes = {
        "drive": {"open-orders": "open", "waiting-orders": "waits_for"},
        "jobs": {"working-jobs": "working"},
        "pace": {},
        "switch": {},
    }
    for table, hashes in indexes.items():
        keys = ("pk",) if table == "switch" else ("pk", "sk")
        numbers = {"accepted_at": "N"} if hashes else {}
        types = dict.fromkeys((*keys, *hashes.values()), "S") | numbers
        dynamodb_backends[ACCOUNT][region].create_table(
            name=table,
            schema=_keys(*keys),
            attr=[{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
            global_indexes=[_index(name, key) for name, key in hashes.items()],
            streams={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            billing_mode="PAY_PER_REQUEST",
            **dict.fromkeys(("throughput", "indexes", "sse_specification", "warm_throughput"), None),
            tags=[],
            deletion_protection_enabled=False,
        )


def _index(name: str, key: str) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": _keys(key, "accepted_at"), "Projection": {"ProjectionType": "ALL"}}


def _keys(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _make_queues(region: str) -> None:
    sqs = sqs_backends[ACCOUNT][region]
    for name in QUEUES:
        dead = sqs.create_queue(f"{name}-dead")
        redrive = json.dumps({"deadLetterTargetArn": dead.queue_arn, "maxReceiveCount": TRIES})
        sqs.create_queue(name, RedrivePolicy=redrive, VisibilityTimeout=300)


def _make_buckets(region: str) -> None:
    s3 = s3_backends[ACCOUNT]["aws"]
    for role in ("files", "replica", "bundles"):
        s3.create_bucket(f"{role}-{region}", region)
        if role != "bundles":
            s3.put_bucket_versioning(f"{role}-{region}", "Enabled")


def _sqs_record(message: Any, queue: str, region: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{region}:{ACCOUNT}:{queue}",
        "awsRegion": region,
    }
