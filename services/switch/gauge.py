"""How much would be lost with the other region: the age of the newest thing that is known to have arrived from it.

Each region beats once a minute (`heartbeat.py`) into its own bucket and table; both beats travel the way that files and
orders travel. Service metrics of replication stop with the region that they are about; a beat that no longer arrives
goes on getting older, which is the truth.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from services.drive import aws, clock, records
from services.drive.environment import here
from services.drive.files import BEATS
from services.drive.limits import GAUGE_STALE, scaled
from services.drive.records import key

logger = Logger(service="switch")


@dataclass(frozen=True)
class Gauge:
    """Ages in seconds of the newest file and the newest record that arrived from a region; None: none ever did."""

    files: float | None
    records: float | None

    @property
    def is_stale(self) -> bool:
        """Return whether more than a quarter of an hour may be lost, or nobody knows how much."""
        return any(age is None or age > scaled(GAUGE_STALE) for age in (self.files, self.records))

    def __str__(self) -> str:
        shown = [f"{age:.0f} s" if age is not None else "unknown" for age in (self.files, self.records)]
        return f"files at most {shown[0]} behind, records at most {shown[1]} behind"


def beat_object(region: str) -> str:
    """Return the key of a region's beat in its files bucket, and so in the peer's replica bucket."""
    return f"{BEATS}{region}.json"


def beat_item(region: str) -> dict[str, str]:
    """Return the key of a region's beat in the `drive` table."""
    return dict(key(f"HEARTBEAT#{region}", "HEARTBEAT"))


def measure(region: str) -> Gauge:
    """Return how far this region's copies of `region`'s files and records are behind. Never raises for an outage."""
    return Gauge(_age(lambda: _file_beat(region)), _age(lambda: _record_beat(region)))


def _age(read: Callable[[], int | None]) -> float | None:
    try:
        at = read()
    except (ClientError, BotoCoreError):
        logger.exception("beat not readable")
        return None
    return clock.age(at) if at is not None else None


def _file_beat(region: str) -> int | None:
    client = aws.client("s3")
    try:
        body = client.get_object(Bucket=here.replica_bucket, Key=beat_object(region))["Body"].read()
    except client.exceptions.NoSuchKey:
        return None
    return int(json.loads(body)["at"])


def _record_beat(region: str) -> int | None:
    # Not a strong read: in a strongly consistent table that may fail while the other region is lost.
    item = records.get(here.drive_table, beat_item(region), strong=False)
    return int(item["at"]) if item else None
