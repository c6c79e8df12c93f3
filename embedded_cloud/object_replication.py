"""S3's cross-region replication: objects however they were written, their tags, delete markers and the replica's event.

A replica has its original's version id, as on AWS (ministack gives it another). When the receiving bucket has a later
version already, that one stays the current one. See replication.py for what is simulated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.replication import Replication

Function = Callable[..., Any]


@dataclass(frozen=True)
class WrittenObject:
    """An object as ministack replicates it: its live record, its bytes, the tags of the write."""

    bucket: str
    key: str
    record: Any
    content: Any
    tags: Any


class ObjectReplication:
    """Put into ministack by `install`; keeps which version the next recorded one has to have."""

    def __init__(self, replication: Replication) -> None:
        self._replication = replication
        self._s3: Any = None
        self._responses: Any = None
        self._wanted_version: str | None = None
        self._copied: tuple[str, str, str] | None = None

    def install(self) -> None:
        self._s3 = pinned.module("services.s3")
        self._responses = pinned.module("core.responses")
        names = "_buckets _object_versions _object_tags _bucket_replication _persist_object S3_PERSIST"
        pinned.present("services.s3", *names.split())
        pinned.original("services.s3", "_replication_destination_region", "dest_bucket")
        pinned.original("services.s3", "_read_body", "bucket_name key obj")
        pinned.original("services.s3", "_persist_delete_marker", "bucket_name key marker")
        pinned.original("services.s3", "_replication_rule_for", "bucket_name key tags")
        parameters = "bucket_name key event_name size etag deletion_type version_id object_extra record_extra"
        pinned.original("services.s3", "_fire_s3_event_async", parameters)
        pinned.replace("services.s3", "_maybe_replicate", "bucket_name key obj data tags", self._objects)
        pinned.replace("services.s3", "_maybe_replicate_delete_marker", "bucket_name key", self._delete_markers)
        parameters = "bucket_name key prior_obj obj data"
        pinned.replace("services.s3", "_record_object_version", parameters, self._versions)

    def _objects(self, original: Function) -> Function:
        def replicate(bucket_name: str, key: str, obj: Any, data: Any, tags: Any = None) -> None:
            rule, _role = self._s3._replication_rule_for(bucket_name, key, tags)
            if rule is None:
                return
            written = WrittenObject(bucket_name, key, obj, data, tags)
            source, destination = self._regions(bucket_name, rule)
            within_the_request = True

            def apply() -> None:
                if within_the_request:
                    self._copy_now(original, written, destination)
                else:
                    self._arrive(original, written, destination)

            obj["replication_status"] = "PENDING"
            obj.pop("_replica", None)
            self._replication.submit("s3", source, destination, self._scoped(apply))
            within_the_request = False

        return replicate

    def _delete_markers(self, original: Function) -> Function:
        def replicate(bucket_name: str, key: str) -> None:
            rule = self._s3._replication_rule_for(bucket_name, key, None)[0]
            if rule is not None:
                source, destination = self._regions(bucket_name, rule)
                apply = self._scoped(lambda: original(bucket_name, key))
                self._replication.submit("s3", source, destination, apply)

        return replicate

    def _versions(self, original: Function) -> Function:
        def record(bucket_name: str, key: str, prior_obj: Any, obj: Any, data: Any) -> Any:
            version = original(bucket_name, key, prior_obj, obj, data)
            wanted, self._wanted_version = self._wanted_version, None
            if self._copied is not None and self._copied[:2] == (bucket_name, key):
                wanted, self._copied = self._copied[2], None
            if version is None or wanted is None:
                return version
            obj["version_id"] = self._s3._object_versions[bucket_name, key][-1]["version_id"] = wanted
            return wanted

        return record

    def _copy_now(self, original: Function, written: WrittenObject, region: str) -> None:
        # Ministack replicates before it records the original's version: the original then takes the replica's.
        original(written.bucket, written.key, written.record, written.content, written.tags)
        if replica := written.record.get("_replica"):
            self._copied = (written.bucket, written.key, replica[1])
            self._announce(region, replica[0], written, replica[1])

    def _arrive(self, original: Function, written: WrittenObject, region: str) -> None:
        s3, key = self._s3, written.key
        version = written.record.get("version_id")
        versions = s3._object_versions.get((written.bucket, key), [])
        own = next((one for one in versions if one["version_id"] == version), None)
        rule, _role = s3._replication_rule_for(written.bucket, key, written.tags)
        if own is None or rule is None:
            return  # deleted for good, or no longer to be replicated, before its turn
        bucket = rule["Destination"]["Bucket"].split(":::")[-1]
        before = list(s3._object_versions.get((bucket, key), []))
        current = (s3._buckets.get(bucket) or {"objects": {}})["objects"].get(key)
        later = current is not None and current["last_modified"] > written.record["last_modified"]
        if later:
            current["body"] = s3._read_body(bucket, key, current)  # its file is about to be overwritten
        self._copy_as(version, original, written)
        own["replication_status"] = written.record["replication_status"]
        if not written.record.get("_replica"):
            return  # ministack could not, and has marked the original FAILED
        if written.tags:
            s3._object_tags[bucket, key, version] = dict(written.tags)
        if later or (before and before[-1]["last_modified"] > written.record["last_modified"]):
            self._keep_latest(bucket, key, current, before)
        self._announce(region, bucket, written, version)

    def _copy_as(self, version: str, original: Function, written: WrittenObject) -> None:
        record, self._wanted_version = written.record, version
        # Ministack keeps an object's bytes on disk once its request is answered; a replica is made from a whole record.
        kept, record["body"] = record.get("body"), written.content
        try:
            original(written.bucket, written.key, record, written.content, written.tags)
        finally:
            self._wanted_version, record["body"] = None, kept

    def _announce(self, region: str, bucket: str, written: WrittenObject, version: str) -> None:
        """The receiving bucket's event: on AWS a replica is an object created, which ministack leaves out."""
        size, etag = written.record["size"], written.record["etag"]
        with self._responses.request_scope(self._responses.get_account_id(), region):
            self._s3._fire_s3_event_async(
                bucket, written.key, "s3:ObjectCreated:Put", size=size, etag=etag, version_id=version
            )

    def _keep_latest(self, bucket: str, key: str, current: Any, before: list[Any]) -> None:
        """The bucket already had a later version: the replica becomes the one before it."""
        s3 = self._s3
        versions = s3._object_versions[bucket, key]
        versions[-1]["is_latest"] = False
        versions[:] = [*before[:-1], versions[-1], before[-1]]
        before[-1]["is_latest"] = True
        self._replication.counters["s3"].outdated += 1
        objects = s3._buckets[bucket]["objects"]
        if current is None:
            objects.pop(key, None)
            s3._persist_delete_marker(bucket, key, before[-1])
            return
        objects[key] = current
        if s3.S3_PERSIST:
            s3._persist_object(bucket, key, current)

    def _regions(self, bucket: str, rule: Any) -> tuple[str, str]:
        source = (self._s3._buckets.get(bucket) or {}).get("region") or "us-east-1"
        destination = self._s3._replication_destination_region(rule["Destination"]["Bucket"])
        return source, destination or source

    def _scoped(self, apply: Callable[[], Any]) -> Callable[[], None]:
        account, region = self._responses.get_account_id(), self._responses.get_region()

        def scoped() -> None:
            with self._responses.request_scope(account, region):
                apply()

        return scoped
