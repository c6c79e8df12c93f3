"""Notes how often it was called."""

import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> int:
    if event.get("broken"):
        raise ValueError("this event is broken")
    counted = (
        boto3.resource("dynamodb")
        .Table(os.environ["TABLE"])
        .update_item(
            Key={"id": f"count in {os.environ['AWS_REGION']}"},
            UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )
    )
    return int(counted["Attributes"]["times"])
