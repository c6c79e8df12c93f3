"""The status bucket: the page and its data, the incident that people write, drafts and announcements.

index.html, status.json             rewritten whole every minute
incident.json                       written by people, see incident.py
drafts/<incident>.json              first messages that wait for somebody to send them
announcements/<incident>/<n>.json   messages as they were sent; never rewritten
"""

import json
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from services.drive import aws
from services.drive.environment import here
from services.status import incident as incidents
from services.status import picture as pictures
from services.status.incident import Incident
from services.status.picture import Picture

logger = Logger(service="status")

PAGE_CACHE = "public, max-age=30, stale-if-error=86400"
"""Half of the minute in which the page is rewritten; an old page, which shows its age, is better than none."""
INCIDENT = "incident.json"


def read(key: str) -> bytes | None:
    """Return an object's bytes, None where there is no such object."""
    client = aws.client("s3")
    try:
        return client.get_object(Bucket=here.status_bucket, Key=key)["Body"].read()
    except client.exceptions.NoSuchKey:
        return None


def write(key: str, body: str, content_type: str = "application/json", cache: str = "no-store") -> None:
    """Write an object over whatever is there."""
    aws.client("s3").put_object(
        Bucket=here.status_bucket, Key=key, Body=body.encode(), ContentType=content_type, CacheControl=cache
    )


def write_once(key: str, content: dict[str, Any]) -> dict[str, Any]:
    """Write JSON where there is none; return what is there now, which may be what somebody wrote before."""
    try:
        aws.client("s3").put_object(
            Bucket=here.status_bucket,
            Key=key,
            Body=json.dumps(content).encode(),
            ContentType="application/json",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
            raise
        present = read(key)
        return dict(json.loads(present)) if present else content
    return content


def previous_picture() -> Picture | None:
    """Return what the page said last; None if that is gone or cannot be read, which must not stop the next one."""
    try:
        written = read("status.json")
        return pictures.from_json(json.loads(written)) if written else None
    except Exception:  # the page starts anew rather than stays old
        logger.exception("the last status cannot be read")
        return None


def current_incident(previous: Picture | None) -> Incident | None:
    """Return what people wrote. While that cannot be read, the incident that the page showed last stays."""
    last = previous.incident if previous else None
    try:
        written = read(INCIDENT)
        return incidents.parse(written) if written else None
    except incidents.InvalidIncidentError:
        logger.exception("incident.json is not an incident; the last one stays")
    except Exception:  # the page is rewritten whatever happens to this object
        logger.exception("incident.json cannot be read; the last one stays")
    return last
