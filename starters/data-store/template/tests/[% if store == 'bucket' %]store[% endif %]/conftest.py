from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.fake_backup import PLAN, FakeBackup, faked

LIVE, RESTORED = "shop-files-000000000000-eu-west-1", "awsbackup-restore-test-1"


class World:
    """A bucket in use, and one that is restored from its backup."""

    live, restored = LIVE, RESTORED
    restored_arn = f"arn:aws:s3:::{RESTORED}"

    def __init__(self, backup: FakeBackup) -> None:
        self.backup = backup
        self._client: Any = boto3.client("s3")
        for name in (LIVE, RESTORED):
            self._client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def key(self, number: int) -> str:
        """The key of one of the things in it."""
        return f"orders/{number}.txt"

    def put(self, store: str, number: int, said: str) -> None:
        """Write a thing anew."""
        self._client.put_object(Bucket=store, Key=self.key(number), Body=said.encode())

    def remove(self, store: str, number: int) -> None:
        """Delete a thing."""
        self._client.delete_object(Bucket=store, Key=self.key(number))

    def said(self, store: str, number: int) -> str | None:
        """What was written, None where nothing is."""
        try:
            return str(self._client.get_object(Bucket=store, Key=self.key(number))["Body"].read().decode())
        except ClientError:
            return None

    def back_up_and_restore(self) -> None:
        """Copy everything."""
        for found in self._client.list_objects_v2(Bucket=LIVE)["Contents"]:
            self._client.copy({"Bucket": LIVE, "Key": found["Key"]}, RESTORED, found["Key"])

    def lose_restored(self) -> None:
        """Delete the restored bucket."""
        for found in self._client.list_objects_v2(Bucket=RESTORED).get("Contents", []):
            self._client.delete_object(Bucket=RESTORED, Key=found["Key"])
        self._client.delete_bucket(Bucket=RESTORED)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in {
        "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "SERVICE": "shop", "STORE": LIVE, "BEATS": "yes",
        "VAULT": "shop-vault", "RESTORE_TESTING_PLAN": PLAN,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with mock_aws(), faked() as backup:
        yield World(backup)
