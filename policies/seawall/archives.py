"""Buckets that hold what an attacker deletes first: audit trails, and the replicas that serve as a backup."""

from __future__ import annotations

from typing import NamedTuple

from seawall.buckets import BUCKET, named_bucket, replication_destinations, secondary_use
from seawall.deletion import object_lock
from seawall.design import Design, Resource
from seawall.protection import Protection
from seawall.values import Key, Unknown

TRAIL = "AWS::CloudTrail::Trail"
WRITERS = {TRAIL: "the audit trail {}", "AWS::Config::DeliveryChannel": "the configuration history {} delivers"}


class Archive(NamedTuple):
    """What a bucket archives in words, and the bucket that it is a replica of, if it is one."""

    holds: str
    source: Resource | None = None


def archive_in(bucket: Resource, design: Design) -> Archive | None:
    """What a bucket of the design archives; ``None`` where nobody archives anything in it."""
    return design.once("archives", lambda: _archives(design)).get(bucket.key)


def _archives(design: Design) -> dict[Key, Archive]:
    found: dict[Key, Archive] = {}
    for kind, holds in WRITERS.items():
        for writer in design.of_type(kind):
            bucket = named_bucket(writer.get("S3BucketName"), design)
            if bucket is not None:
                found.setdefault(bucket.key, Archive(holds.format(writer.id)))
    for source in design.of_type(BUCKET):
        if secondary_use(source, design):  # a copy of logs is no backup
            continue
        for destination in replication_destinations(source, design):
            copy = destination.resource
            # Two buckets that replicate to each other are both written to.
            if copy is not None and copy.key != source.key and not copy.get("ReplicationConfiguration"):
                found.setdefault(copy.key, Archive(f"the replica of {source.id}", source))
    return found


def locked(bucket: Resource, archive: Archive) -> Protection:
    """Whether what a bucket archives is locked: by its own default retention, or by the one it is copied with."""
    own = object_lock(bucket)
    if own.answer is True or archive.source is None:
        return own
    copied, enabled = object_lock(archive.source), bucket.boolean("ObjectLockEnabled")
    if copied.answer is True and enabled is True:
        return Protection(answer=True, by=f"the retention that {archive.source.id} copies", at="ObjectLockEnabled")
    unknown = next((one for one in (own.answer, copied.answer, enabled) if isinstance(one, Unknown)), None)
    return own if unknown is None else own._replace(answer=unknown)
