"""What a backup job keeps and a restore brings back, for each kind of store that is simulated.

A table's backup is DynamoDB's own, a real snapshot; a bucket's is the list of the versions that are current, which a
restore copies; a database cluster's is what its control plane says of it: there are no rows here in the first place.
"""

import copy
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.emulator import ROOT_KEY

Place = tuple[str, str]
"""Account and region."""

TABLE, BUCKET, CLUSTER = "DynamoDB", "S3", "Aurora"
KINDS = {"dynamodb": TABLE, "s3": BUCKET, "rds": CLUSTER}
TARGETS = {TABLE: "targetTableName", BUCKET: "DestinationBucketName", CLUSTER: "DBClusterIdentifier"}
"""Where the metadata of a restore names what is made."""


@dataclass(frozen=True)
class RecoveryPoint:
    """What a restore starts from; `contents` of a bucket: key and version id, of a cluster: its record."""

    arn: str
    kind: str
    source_arn: str
    vault: str
    region: str
    made_at: float
    contents: Mapping[str, Any]

    def shown(self, account: str) -> dict[str, Any]:
        """What DescribeRecoveryPoint and the lists say of it."""
        return {
            "RecoveryPointArn": self.arn,
            "BackupVaultName": self.vault,
            "BackupVaultArn": f"arn:aws:backup:{self.region}:{account}:backup-vault:{self.vault}",
            "ResourceArn": self.source_arn,
            "ResourceName": named(self.source_arn),
            "ResourceType": self.kind,
            "Status": "COMPLETED",
            "CreationDate": self.made_at,
            "CompletionDate": self.made_at,
            "IsEncrypted": True,
        }


class Stores:
    """The emulator's stores, asked as root."""

    def __init__(self, endpoints: Mapping[str, str]) -> None:
        self._endpoints = endpoints
        self._clients = threading.Lock()

    def install(self) -> None:
        """Raises EmulatorChanged when the clusters are kept in another way than what was read."""
        pinned.present("services.rds", "_clusters")

    def kept(self, source_arn: str, arn: str, vault: str, place: Place) -> RecoveryPoint | None:
        """Back something up; None for a kind that is not simulated. `arn` is the point's, unless the store has one."""
        kind, region = KINDS.get(source_arn.split(":")[2]), place[1]
        contents: Mapping[str, Any] = {}
        match kind:
            case "DynamoDB":
                name = f"backup-{uuid.uuid4().hex}"
                made = self._client("dynamodb", region).create_backup(TableName=named(source_arn), BackupName=name)
                arn = made["BackupDetails"]["BackupArn"]
            case "S3":
                contents = self._current(named(source_arn), region)
            case "Aurora":
                contents = copy.deepcopy(self._clusters(place)[named(source_arn)])
            case _:
                return None
        return RecoveryPoint(arn, kind, source_arn, vault, region, time.time(), contents)

    def restore(self, point: RecoveryPoint, target: str, place: Place) -> None:
        """Make something new of a recovery point. Raises what the store says."""
        if point.kind == TABLE:
            client = self._client("dynamodb", place[1])
            client.restore_table_from_backup(TargetTableName=target, BackupArn=point.arn)
        elif point.kind == BUCKET:
            self._restore_bucket(point, target, place[1])
        else:
            self._restore_cluster(point, target, place)

    def _current(self, bucket: str, region: str) -> dict[str, str]:
        pages = self._client("s3", region).get_paginator("list_object_versions").paginate(Bucket=bucket)
        found = [version for page in pages for version in page.get("Versions", [])]
        return {version["Key"]: version["VersionId"] for version in found if version["IsLatest"]}

    def _restore_bucket(self, point: RecoveryPoint, target: str, region: str) -> None:
        s3, source = self._client("s3", region), named(point.source_arn)
        s3.create_bucket(Bucket=target, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=target, VersioningConfiguration={"Status": "Enabled"})
        for key, version in point.contents.items():
            s3.copy_object(Bucket=target, Key=key, CopySource={"Bucket": source, "Key": key, "VersionId": version})

    def _restore_cluster(self, point: RecoveryPoint, target: str, place: Place) -> None:
        record = copy.deepcopy(dict(point.contents))
        source = record["DBClusterIdentifier"]
        record |= {
            "DBClusterIdentifier": target,
            "DBClusterArn": created_arn(point.kind, target, place),
            "DbClusterResourceId": f"cluster-{uuid.uuid4().hex[:20].upper()}",
            "DBClusterMembers": [],
            "DeletionProtection": False,
            "Endpoint": record["Endpoint"].replace(source, target),
            "ReaderEndpoint": record["ReaderEndpoint"].replace(source, target),
            "Status": "available",
        }
        self._clusters(place)[target] = record

    def _clusters(self, place: Place) -> "_Scoped":
        scope = pinned.module("core.responses").request_scope
        return _Scoped(pinned.module("services.rds")._clusters, scope, place)

    def _client(self, service: str, region: str) -> Any:
        import boto3

        with self._clients:  # not to be made by two threads at once
            return boto3.session.Session(ROOT_KEY, ROOT_KEY, region_name=region).client(
                service, endpoint_url=self._endpoints[region]
            )


class _Scoped:
    """A mapping of ministack's, used in one account and region whatever thread asks."""

    def __init__(self, records: Any, scope: Any, place: Place) -> None:
        self._records = records
        self._scope = scope
        self._place = place

    def __getitem__(self, name: str) -> Any:
        with self._scope(*self._place):
            return self._records[name]

    def __setitem__(self, name: str, record: Any) -> None:
        with self._scope(*self._place):
            self._records[name] = record


def named(arn: str) -> str:
    """The name of a table, a bucket or a cluster."""
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def created_arn(kind: str, name: str, place: Place) -> str:
    """The ARN of what a restore makes."""
    account, region = place
    arns = {
        TABLE: f"arn:aws:dynamodb:{region}:{account}:table/{name}",
        BUCKET: f"arn:aws:s3:::{name}",
        CLUSTER: f"arn:aws:rds:{region}:{account}:cluster:{name}",
    }
    return arns[kind]
