"""Everything in the files bucket deleted by a stolen role, and what the locked copies in the other region are worth.

The role may do everything with S3 that policies of its own can allow. What stops it are the copies' lock and the
bucket policy that lets nobody lift it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from botocore.exceptions import ClientError

from drills.frame.ledger import Put

if TYPE_CHECKING:
    from drills.frame.running import Drive

ROLE = "drill-stolen"
EVERYTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
DENIED = {"AccessDenied", "403"}


@dataclass(frozen=True)
class Attempts:
    """What somebody tried: how often, and how often it was refused."""

    made: int = 0
    refused: int = 0

    def __add__(self, other: "Attempts") -> "Attempts":
        return Attempts(self.made + other.made, self.refused + other.refused)

    @property
    def text(self) -> str:
        """For a result."""
        return f"{self.refused} of {self.made} refused"


@contextmanager
def stolen_role(drive: "Drive") -> Iterator[dict[str, str]]:
    """Yield credentials of a role that may do everything with S3; the role is gone afterwards."""
    iam = drive.client("iam")
    name = drive.design.name(ROLE)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{drive.account}:root"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    try:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [EVERYTHING]})
        iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=policy)
        yield drive.cloud.assume(arn)
        iam.delete_role_policy(RoleName=name, PolicyName="everything")
    finally:
        iam.delete_role(RoleName=name)


def worker_role(drive: "Drive", region: str) -> dict[str, str]:
    """Return credentials of the bundler's tasks: the drive's own role that reads every file."""
    [definition] = drive.deployed.stack("Bundling", region).resources("AWS::ECS::TaskDefinition")
    told = drive.cloud.task_environment(definition.properties["TaskRoleArn"], region)
    headers = {"Authorization": told["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    given = httpx.get(told["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers=headers).raise_for_status().json()
    return {**given, "SessionToken": given["Token"]}


def delete_versions(s3: Any, bucket: str, keys: Sequence[str], *, lift_the_lock: bool = False) -> Attempts:
    """Delete all versions of these objects for good, one by one, as a thief does."""
    known = [(key, version) for key in keys for version in versions(s3, bucket, key)]
    return delete_known(s3, bucket, known, lift_the_lock=lift_the_lock)


def delete_known(s3: Any, bucket: str, known: Sequence[tuple[str, str]], *, lift_the_lock: bool = False) -> Attempts:
    """Delete versions, named by somebody who may list them: key and version id."""
    extra = {"BypassGovernanceRetention": True} if lift_the_lock else {}
    return sum((_delete(s3, Bucket=bucket, Key=key, VersionId=version, **extra) for key, version in known), Attempts())


def hide(s3: Any, bucket: str, keys: Sequence[str]) -> Attempts:
    """Put a delete marker over these objects: no lock keeps anybody from that, and nothing is lost by it."""
    return sum((_delete(s3, Bucket=bucket, Key=key) for key in keys), Attempts())


def versions(s3: Any, bucket: str, key: str) -> list[str]:
    """Return an object's versions."""
    listed = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return [version["VersionId"] for version in listed if version["Key"] == key]


def lock_copies(drive: "Drive", region: str, keys: Sequence[str]) -> int:
    """Give each copy the retention that the bucket has by default; return for how many days.

    S3 does that to replicas (S3 User Guide, "Object Lock considerations"); ministack does it to what is put directly.
    """
    s3, bucket = drive.client("s3", region), drive.bucket("replica", region)
    wanted = next(
        found.properties["ObjectLockConfiguration"]
        for found in drive.deployed.stack("ReplicaStorage", region).resources("AWS::S3::Bucket")
        if found.physical == bucket
    )
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=wanted)
    rule = wanted["Rule"]["DefaultRetention"]
    until = datetime.now(UTC) + timedelta(days=rule["Days"])
    for key in keys:
        for version in versions(s3, bucket, key):
            s3.put_object_retention(
                Bucket=bucket, Key=key, VersionId=version, Retention={"Mode": rule["Mode"], "RetainUntilDate": until}
            )
    return int(rule["Days"])


def bring_back(drive: "Drive", puts: Sequence[Put], source: str, target: str) -> int:
    """Copy what was deleted in region `source` back from its copies in `target`; return how many there were.

    A copied object is a new version, which the record of the file's version has to name; the copy of
    that one has the same name.
    """
    here, there = drive.client("s3", source), drive.client("s3", target)
    replica, brought = drive.bucket("replica", target), 0
    by_key = {item["key"]["S"]: item for item in _version_items(drive, source)}
    for put in puts:
        _uncover(there, replica, put.key)
        if not (kept := versions(there, replica, put.key)):
            continue
        found = kept[0]
        copied = here.copy_object(
            Bucket=put.bucket, Key=put.key, CopySource={"Bucket": replica, "Key": put.key, "VersionId": found}
        )["VersionId"]
        item = by_key[put.key]
        drive.client("dynamodb", source).update_item(
            TableName=drive.design.name("drive"),
            Key={name: item[name] for name in ("pk", "sk")},
            UpdateExpression="SET s3_version = :new",
            ConditionExpression="s3_version = :old",
            ExpressionAttributeValues={":new": {"S": copied}, ":old": item["s3_version"]},
        )
        brought += 1
    return brought


def _uncover(s3: Any, bucket: str, key: str) -> None:
    listed = s3.list_object_versions(Bucket=bucket, Prefix=key).get("DeleteMarkers", [])
    for marker in (marker for marker in listed if marker["Key"] == key):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])


def _version_items(drive: "Drive", region: str) -> Iterator[Any]:
    pages = drive.client("dynamodb", region).get_paginator("scan").paginate(TableName=drive.design.name("drive"))
    return (item for page in pages for item in page["Items"] if item["sk"]["S"].startswith("VERSION#"))


def _delete(s3: Any, **asked: Any) -> Attempts:
    try:
        s3.delete_object(**asked)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return Attempts(1, 1)
    return Attempts(1, 0)
