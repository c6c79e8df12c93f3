"""Notes a parcel, then sends it to whoever delivers it."""

import json
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    parcel = json.loads(event["body"])
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    table.put_item(Item={"id": parcel["id"], "open": "yes", "at": "now"})
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(parcel))
    return {"statusCode": 202, "body": json.dumps({"id": parcel["id"]})}
