"""The only place that makes AWS clients: every call has a timeout, and only the SDK retries."""

import functools
from typing import Any

import boto3
from botocore.config import Config


@functools.cache
def client(service: str, region: str | None = None) -> Any:
    """Return the client of a service, made once; `region` is the one that this process runs in, if not given."""
    config = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
    return boto3.client(service, region_name=region, config=config)
