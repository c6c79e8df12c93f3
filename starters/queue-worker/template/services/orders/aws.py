"""The only place that makes AWS clients: every call has a timeout, and only the SDK retries, three attempts in all.

"Timeouts, retries, and backoff with jitter" (Amazon Builders' Library): one layer retries, or retries multiply.
"""

import os
import threading
from typing import Any

import boto3
from botocore.config import Config

READ_TIMEOUT = 1
"""Seconds; three attempts, and the pauses between, are over before `accept` is."""

LONG_POLL_TIMEOUT = 25
"""Seconds; Amazon SQS keeps a long poll silent for up to 20."""

_clients: dict[tuple[str, int], Any] = {}
_lock = threading.Lock()  # clients may be shared between threads, but not made in two at once


def client(name: str, *, read_timeout: int = READ_TIMEOUT) -> Any:
    """Return this region's client of a service: made once, shared by all threads."""
    key = (name, read_timeout)
    with _lock:
        if key not in _clients:
            config = Config(
                connect_timeout=1,
                read_timeout=read_timeout,
                retries={"mode": "standard", "total_max_attempts": 3},
                tcp_keepalive=True,
            )
            _clients[key] = boto3.client(name, region_name=region(), config=config)
        return _clients[key]


def region() -> str:
    """Return the region that this process runs in."""
    return os.environ["AWS_REGION"]
