"""Holds a restored table or bucket against what it must contain. No finding means: as expected."""

from services.drive import aws
from services.drive.limits import CLOCK_SKEW, RESTORE_EXCUSED, RESTORE_SHRINKS
from services.restore_validator import sources
from services.restore_validator.expectations import Expectations, Sample, may_leave, stable_fingerprint
from services.restore_validator.sources import Deadline


def findings(restored: str, expected: Expectations, moment: float, deadline: Deadline) -> list[str]:
    """Return one sentence for each thing that is wrong with the table or bucket named `restored`.

    `moment` (seconds UTC) is the one that was restored: what customers deleted between the writing down and then, and
    who unsubscribed, is rightly missing, but no more than `RESTORE_EXCUSED` of it, or a mass deletion would count as a
    good backup.
    """
    if not expected.samples and expected.count != 0:
        return ["nothing was written down that could be compared byte for byte"]
    compare = _item_finding if expected.kind == "table" else _object_finding
    found: list[str] = []
    excused: list[str] = []
    for sample in expected.samples:
        deadline.check()
        if not (finding := compare(restored, sample)):
            continue
        lawful = finding.endswith("is missing") and _was_deleted(expected, sample, moment)
        (excused if lawful else found).append(finding)
    if len(excused) > max(1, RESTORE_EXCUSED * len(expected.samples)):
        found.append(f"{len(excused)} of {len(expected.samples)} samples were deleted before the backup")
    return [*_count_findings(restored, expected, deadline), *found]


def _was_deleted(expected: Expectations, sample: Sample, moment: float) -> bool:
    """Return whether the source shows that a sample was taken out of it on purpose.

    A bucket says when: between the writing down and the moment restored. Of a table only is known that it has the item
    no longer.
    """
    if expected.kind == "table":
        return may_leave(sample) and sources.item(expected.name, sample.key, sample.sort_key) is None
    listed = aws.client("s3").list_object_versions(Bucket=expected.name, Prefix=sample.key)
    deleted = [marker["LastModified"] for marker in listed.get("DeleteMarkers", []) if marker["Key"] == sample.key]
    return any(expected.written_at / 1000 - CLOCK_SKEW <= at.timestamp() <= moment for at in deleted)


def _count_findings(restored: str, expected: Expectations, deadline: Deadline) -> list[str]:
    if expected.count is None:
        return []
    read = sources.items if expected.kind == "table" else sources.objects
    count = sum(1 for _ in read(restored, deadline))
    fewest = expected.count - _lawfully_gone(expected, expected.count)
    things = "items" if expected.kind == "table" else "objects"
    return [f"{count} {things} restored, at least {fewest} expected"] if count < fewest else []


def _lawfully_gone(expected: Expectations, count: int) -> int:
    """Return by how much the count may have shrunk: where things are taken out one by one, as with the samples."""
    if expected.kind == "table" and any(may_leave(sample) for sample in expected.samples):
        return max(1, int(count * RESTORE_EXCUSED))
    return int(count * RESTORE_SHRINKS)


def _item_finding(table: str, sample: Sample) -> str | None:
    item = sources.item(table, sample.key, sample.sort_key)
    name = f"item {sample.key} {sample.sort_key}"
    if item is None:
        return f"{name} is missing"
    if stable_fingerprint(item) != sample.sha256:
        return f"{name} differs"
    if sample.holds and not sources.is_there(sample.holds):
        return f"{name} refers to an object that is not there: {sample.holds['bucket']}/{sample.holds['key']}"
    return None


def _object_finding(bucket: str, sample: Sample) -> str | None:
    client = aws.client("s3")
    try:
        size = client.head_object(Bucket=bucket, Key=sample.key)["ContentLength"]
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
            raise
        return f"object {sample.key} is missing"
    if size != sample.size:
        return f"object {sample.key} has {size} bytes instead of {sample.size}"
    if sources.sha256_of(bucket, sample.key, sample.offset, sample.length) != sample.sha256:
        return f"object {sample.key} differs between bytes {sample.offset} and {sample.offset + sample.length}"
    return None
