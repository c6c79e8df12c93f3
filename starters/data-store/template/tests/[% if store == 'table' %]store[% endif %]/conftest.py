import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.fake_backup import PLAN, FakeBackup, faked

LIVE, RESTORED = "shop-items", "awsbackup-restore-test-1"


class World:
    """A table in use, and one that is restored from its backup."""

    live, restored = LIVE, RESTORED
    restored_arn = f"arn:aws:dynamodb:eu-west-1:000000000000:table/{RESTORED}"

    def __init__(self, backup: FakeBackup) -> None:
        self.backup = backup
        self._client: Any = boto3.client("dynamodb")
        for name in (LIVE, RESTORED):
            self._client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )

    def key(self, number: int) -> str:
        """The key of one of the things in it."""
        return json.dumps([f"order#{number}", "order"])

    def put(self, store: str, number: int, said: str) -> None:
        """Write a thing anew."""
        item = {"pk": {"S": f"order#{number}"}, "sk": {"S": "order"}, "said": {"S": said}, "tags": {"SS": ["b", "a"]}}
        self._client.put_item(TableName=store, Item=item)

    def remove(self, store: str, number: int) -> None:
        """Delete a thing."""
        self._client.delete_item(TableName=store, Key={"pk": {"S": f"order#{number}"}, "sk": {"S": "order"}})

    def said(self, store: str, number: int) -> str | None:
        """What was written, None where nothing is."""
        key = {"pk": {"S": f"order#{number}"}, "sk": {"S": "order"}}
        item = self._client.get_item(TableName=store, Key=key).get("Item")
        return str(item["said"]["S"]) if item else None

    def back_up_and_restore(self) -> None:
        """Copy everything."""
        for item in self._client.scan(TableName=LIVE)["Items"]:
            self._client.put_item(TableName=RESTORED, Item=item)

    def lose_restored(self) -> None:
        """Delete the restored table."""
        self._client.delete_table(TableName=RESTORED)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in {
        "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "SERVICE": "shop", "STORE": LIVE, "BEATS": "yes",
        "VAULT": "shop-vault", "RESTORE_TESTING_PLAN": PLAN,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with mock_aws(), faked() as backup:
        yield World(backup)
