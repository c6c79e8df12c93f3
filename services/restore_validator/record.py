"""Writes down each day, before the backups are made, what a restore will have to contain.

Environment: AWS_REGION, EXPECTATIONS_BUCKET, RESTORE_TABLES, RESTORE_BUCKETS (names with commas between them),
REPLICA_BUCKET.
"""

import random
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from aws_lambda_powertools import Logger

from services.drive import aws, clock
from services.drive.environment import here
from services.drive.limits import PART_BYTES, RESTORE_COUNTED, RESTORE_SAMPLES
from services.restore_validator import sources
from services.restore_validator.expectations import Expectations, Sample, save, stable_fingerprint
from services.restore_validator.sources import Deadline

logger = Logger(service="restore_validator")
_chance = random.SystemRandom()


def handle(_event: Mapping[str, Any], context: Any) -> None:
    """Write the expectations of every source. Raises after the last one if any could not be written."""
    deadline = Deadline.of(context)
    failed = []
    for kind, name in sources.configured():
        try:
            save(expectations_of(kind, name, deadline))
        except Exception:  # one source that cannot be read must not leave the others without expectations
            logger.exception("expectations not written", kind=kind, source=name)
            failed.append(name)
    if failed:
        message = f"no expectations were written for {', '.join(failed)}"
        raise RuntimeError(message)


def expectations_of(kind: Literal["table", "bucket"], name: str, deadline: Deadline) -> Expectations:
    """Return what a source contains now. What comes after the millionth thing is neither counted nor sampled."""
    written_at = clock.milliseconds()
    if kind == "table":
        count, chosen = _choose(sources.items(name, deadline), stable_fingerprint)
        samples = tuple(_item_sample(name, item) for item in chosen)
    else:
        count, chosen = _choose(sources.objects(name, deadline), lambda _: True)
        samples = tuple(_object_sample(name, found) for found in chosen)
    return Expectations(kind=kind, name=name, written_at=written_at, count=count, samples=samples)


def _choose(things: Iterable[Mapping[str, Any]], fit: Any) -> tuple[int | None, list[Mapping[str, Any]]]:
    """Return how many things there are, and some of them, each as likely as any other (reservoir sampling)."""
    chosen: list[Mapping[str, Any]] = []
    count = fitting = 0
    for thing in things:
        count += 1
        if count > RESTORE_COUNTED:
            return None, chosen
        if not fit(thing):
            continue
        fitting += 1
        if len(chosen) < RESTORE_SAMPLES:
            chosen.append(thing)
        elif (place := _chance.randrange(fitting)) < RESTORE_SAMPLES:
            chosen[place] = thing
    return count, chosen


def _item_sample(table: str, item: Mapping[str, Any]) -> Sample:
    return Sample(
        key=item["pk"]["S"],
        sort_key=item["sk"]["S"],
        sha256=stable_fingerprint(item) or "",
        holds=_held_object(table, item),
    )


def _held_object(table: str, item: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the object of a version that is a file's current one; older ones may lawfully expire before the test."""
    sort_key = item["sk"]["S"]
    if not sort_key.startswith("VERSION#"):
        return None
    _, file_id, _, version = sort_key.split("#", 3)
    file_key = {"pk": item["pk"], "sk": {"S": f"FILE#{file_id}"}}
    current = aws.client("dynamodb").get_item(TableName=table, Key=file_key).get("Item", {})
    if "deleted_at" in current or current.get("version", {}).get("S") != version:
        return None
    return _reachable({name: item[name]["S"] for name in ("region", "bucket", "key", "s3_version") if name in item})


def _reachable(held: dict[str, str]) -> dict[str, str] | None:
    """Return where this region can look at an object: its own files, or its replica of the other region's.

    A replica has the key and the version of its source. What cannot be seen now (a replica that is on its way) could
    not be called lost later.
    """
    if held["region"] != here.aws_region:
        held = held | {"region": here.aws_region, "bucket": here.replica_bucket}
    if sources.is_there(held):
        return held
    logger.warning("an item refers to an object that is not there", bucket=held["bucket"], key=held["key"])
    return None


def _object_sample(bucket: str, found: Mapping[str, Any]) -> Sample:
    """Return the fingerprint of a random part of an object: over the weeks all parts of a large one are looked at."""
    key, size = found["Key"], found["Size"]
    offset = _chance.randrange(0, max(size, 1), PART_BYTES)
    length = min(PART_BYTES, size - offset)
    digest = sources.sha256_of(bucket, key, offset, length)
    return Sample(key=key, sha256=digest, size=size, offset=offset, length=length)
