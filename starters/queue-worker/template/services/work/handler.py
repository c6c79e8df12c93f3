"""The worker on Lambda."""

import logging
from typing import Any

from work.doing import do

logger = logging.getLogger("work")


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Return which messages must come again."""
    failed = [record["messageId"] for record in event["Records"] if not _done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _done(record: dict[str, Any]) -> bool:
    try:
        do(record["body"], record["receiptHandle"], int(record["attributes"]["ApproximateReceiveCount"]))
    except Exception:
        logger.exception("a message must come again: %s", record["body"])
        return False
    return True
