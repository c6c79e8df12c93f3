"""One provider after another, each with nothing of the one before."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from services.drive import aws, clock
from tests.services.offsite.provider import (
    CLIENTS,
    FILES,
    KEY,
    OFFSITE_ENDPOINT,
    REGION,
    Provider,
    bucket,
    export_catalogue,
    offsite,
    store_file,
    table,
    work,
)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One moto after another: entering the next one is the loss of everything in the one before."""
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "OFFSITE_ENDPOINT": OFFSITE_ENDPOINT,
        "OFFSITE_BUCKET": "offsite",
        "OFFSITE_CREDENTIALS_SECRET": "offsite-credentials",
        "OFFSITE_KEY_SECRET": "offsite-key",
        "EXPORT_BUCKET": "export",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    entered: list[Any] = []

    def enter() -> None:
        if entered:
            entered.pop().stop()
        entered.append(mock_aws())
        entered[-1].start()

    monkeypatch.setattr(aws, "_clients", CLIENTS)
    yield enter
    for running in entered:
        running.stop()


@pytest.fixture
def provider(account: Any, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A drive with files and a catalogue, all of it copied, the catalogue exported last."""
    account()
    made = Provider()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    for name in ("replica", "export"):
        bucket(name)
    table("drive")
    monkeypatch.setenv("OFFSITE_QUEUE_URL", aws.client("sqs").create_queue(QueueName="offsite")["QueueUrl"])
    monkeypatch.setenv("DRIVE_TABLE_ARN", aws.client("dynamodb").describe_table(TableName="drive")["Table"]["TableArn"])
    client, credentials = offsite()
    client.create_bucket(Bucket="offsite")
    secret = {"access_key": credentials["AccessKeyId"], "secret_key": credentials["SecretAccessKey"]}
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="offsite-credentials", SecretString=json.dumps(secret))
    secrets.create_secret(Name="offsite-key", SecretString=base64.b64encode(KEY).decode())
    for number in range(FILES):
        body = f"song {number} ".encode() * 3
        store_file(made, f"users/u/upload{number}", f"musik/Lied {number} ♪.mp3", body)
    work()
    export_catalogue()
    return made
