"""What health checks ask: is the function there, are its tables and queues, and was another region evacuated."""

import re
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.api.errors import not_found
from services.drive import aws, messages, records, switch_records
from services.drive.environment import here
from services.drive.switch_records import RegionState

logger = Logger(service="api")


def shallow() -> dict[str, Any]:
    """Return that the function runs. Depends on nothing else: what is shared must not empty every region at once."""
    return {"ok": True, "region": here.aws_region}


def deep() -> dict[str, Any]:
    """Return what the region can reach; for people and alarms, no traffic follows from it."""
    nowhere = records.key("HEALTH", "HEALTH")
    checks: dict[str, Callable[[], object]] = {
        "drive": lambda: records.get(here.drive_table, nowhere),
        "jobs": lambda: records.get(here.jobs_table, nowhere, strong=False),
        "bundle_queue": lambda: messages.visible(here.bundle_queue_url),
        "files": lambda: aws.client("s3").head_bucket(Bucket=here.files_bucket),
    }
    reached = {name: _reaches(name, check) for name, check in checks.items()}
    return {"ok": all(reached.values()), "region": here.aws_region, **reached}


def switch(region: str) -> str:
    """Return "evacuated" or "active", as this region believes; what cannot be read counts as active.

    The other region's health check looks for "evacuated": a failure here must never take traffic away there.
    """
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", region):
        raise not_found("There is no region of this name.")
    try:
        return switch_records.read(region).state.value
    except (BotoCoreError, ClientError, KeyError, ValueError) as error:
        logger.error("the switch table cannot be read", extra={"error": type(error).__name__})
        return RegionState.ACTIVE.value


def _reaches(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except (BotoCoreError, ClientError) as error:
        logger.warning("the deep health check fails", extra={"check": name, "error": type(error).__name__})
        return False
    return True
