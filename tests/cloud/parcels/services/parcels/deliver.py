"""Delivers parcels, but none whose address is unreadable."""

import json
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        parcel = json.loads(record["body"])
        if parcel.get("unreadable"):
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        item = {"id": parcel["id"], "delivered_in": os.environ["AWS_REGION"]}
        boto3.resource("dynamodb").Table(os.environ["TABLE"]).put_item(Item=item)
    return {"batchItemFailures": failed}
