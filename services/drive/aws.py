"""The only place that makes AWS clients: every call has a timeout, and only the SDK retries, three attempts in all.

"Timeouts, retries, and backoff with jitter" (Amazon Builders' Library): one layer retries, or retries multiply.
"""

import os
import threading
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore.config import Config

from services.drive.environment import here

if TYPE_CHECKING:
    from types_boto3_appconfigdata import AppConfigDataClient
    from types_boto3_backup import BackupClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sesv2 import SESV2Client
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

CONNECT_TIMEOUT = 1
# Three attempts at the table, and the pauses between, must end before the API's function does (10 s).
READ_TIMEOUTS = {"dynamodb": 1, "sqs": 3, "sns": 3, "secretsmanager": 2, "appconfigdata": 1}
READ_TIMEOUT = 5
"""Seconds, for services not named above."""

POLL_READ_TIMEOUT = 25
"""Seconds; SQS keeps a long poll silent for up to 20."""

ATTEMPTS = {"appconfigdata": 1}
"""Levers have a last known good: nobody should wait for a second attempt."""
DEFAULT_ATTEMPTS = 3

CONNECTIONS = 50
"""Kept open by each client. The bundler's slots use 36 at a time; what is beyond is closed and opened for each call."""

_clients: dict[tuple[str, str, float], Any] = {}
_lock = threading.Lock()  # boto3 clients may be shared between threads, but not made in two at once


@overload
def client(name: Literal["dynamodb"], region: str | None = None, *, read_timeout: float = 0) -> "DynamoDBClient": ...
@overload
def client(name: Literal["s3"], region: str | None = None, *, read_timeout: float = 0) -> "S3Client": ...
@overload
def client(name: Literal["sqs"], region: str | None = None, *, read_timeout: float = 0) -> "SQSClient": ...
@overload
def client(name: Literal["sns"], region: str | None = None, *, read_timeout: float = 0) -> "SNSClient": ...
@overload
def client(name: Literal["sesv2"], region: str | None = None, *, read_timeout: float = 0) -> "SESV2Client": ...
@overload
def client(name: Literal["backup"], region: str | None = None, *, read_timeout: float = 0) -> "BackupClient": ...
@overload
def client(
    name: Literal["cloudwatch"], region: str | None = None, *, read_timeout: float = 0
) -> "CloudWatchClient": ...
@overload
def client(
    name: Literal["secretsmanager"], region: str | None = None, *, read_timeout: float = 0
) -> "SecretsManagerClient": ...
@overload
def client(
    name: Literal["appconfigdata"], region: str | None = None, *, read_timeout: float = 0
) -> "AppConfigDataClient": ...
def client(name: str, region: str | None = None, *, read_timeout: float = 0) -> Any:
    """Return the client of a service in this region or in `region`: made once, shared by all threads.

    `read_timeout` (seconds) only where an answer is late on purpose: POLL_READ_TIMEOUT for an SQS long poll.
    """
    key = (name, region or here.aws_region, read_timeout or READ_TIMEOUTS.get(name, READ_TIMEOUT))
    with _lock:
        if key not in _clients:
            _clients[key] = _make(*key)
        return _clients[key]


def forget() -> None:
    """Forget all clients, as a new process would."""
    _clients.clear()


def _make(name: str, region: str, read_timeout: float) -> Any:
    make: Any = boto3.client  # typed only for names that are literals
    config = _config(name, read_timeout)
    if name == "s3" and not os.environ.get("AWS_ENDPOINT_URL"):
        # Without it, links that are handed out lead to S3's global address, which hangs on us-east-1 alone.
        config = config.merge(Config(s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}))
    if name == "dynamodb":
        # Of the addresses with the account's number nobody says that a VPC's gateway endpoint leads to them.
        config = config.merge(Config(account_id_endpoint_mode="disabled"))
    return make(name, region_name=region, config=config)


def _config(name: str, read_timeout: float) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS.get(name, DEFAULT_ATTEMPTS)},
        tcp_keepalive=True,
        max_pool_connections=CONNECTIONS,
        signature_version="s3v4" if name == "s3" else None,
    )


def store_elsewhere(endpoint: str, access_key: str, secret_key: str) -> "S3Client":
    """Return the client of an S3-compatible store of another provider, which has its own credentials."""
    make: Any = boto3.client
    store: S3Client = make(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",  # part of the signature; stores without regions expect this one
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        # Checksums that only newer Amazon S3 knows make other stores refuse requests.
        config=_config("s3", READ_TIMEOUT).merge(
            Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
        ),
    )
    return store
