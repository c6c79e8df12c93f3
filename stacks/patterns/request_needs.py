"""What the API's functions are told, and what they may do: themselves, and in the links that they sign."""

from collections.abc import Mapping

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement

from stacks.names import Names
from stacks.patterns.access import to_keys, to_levers, to_objects, to_queues, to_table
from stacks.patterns.environment import environment
from stacks.queues import BUNDLE, BUNDLE_SIDELINE

ALL_KNOW = (
    "PEER_REGION",
    "DRIVE_TABLE",
    "LEVERS_APPLICATION",
    "LEVERS_ENVIRONMENT",
    "FILES_BUCKET",
    "REPLICA_BUCKET",
    "PEER_FILES_BUCKET",
    "PEER_REPLICA_BUCKET",
)
ORDERS = ("JOBS_TABLE", "PACE_TABLE", "SWITCH_TABLE", "BUNDLE_QUEUE_URL", "BUNDLE_SIDELINE_QUEUE_URL", "BUNDLES_BUCKET")
SEE = ("GetItem", "BatchGetItem", "Query")
KEEP = (*SEE, "PutItem", "UpdateItem")


def variables(names: Names, region: str, peer: str, links: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the environment of each function; `links` goes to those that sign links."""
    known = environment(names, region, peer, *ALL_KNOW)
    ordering = {**known, **environment(names, region, peer, *ORDERS), **links}
    return {"read": ordering, "write": known, "order": ordering}


def permissions(names: Names, region: str, peer: str) -> dict[str, list[PolicyStatement]]:
    """Return what the role of each function may do. The peer's buckets appear because links lead there."""
    files = f"arn:{Aws.PARTITION}:s3:::{names.bucket('files', region)}"
    everyone = [
        to_levers(names, region),
        # Without it S3 answers 403 for an object that is not there, and nobody can tell what is wrong.
        PolicyStatement(actions=["s3:ListBucket"], resources=[files]),
    ]
    linking = [
        *everyone,
        *(to_table(names, region, table, *SEE) for table in ("jobs", "pace", "switch")),
        to_queues(names, region, [BUNDLE.role, BUNDLE_SIDELINE.role], "GetQueueAttributes"),
        to_objects(names, region, "bundles", "GetObject"),
    ]
    uploading = [
        *everyone,
        to_objects(names, region, "files", "GetObject", "AbortMultipartUpload", "ListMultipartUploadParts"),
    ]
    for place in (region, peer):
        linking += [to_objects(names, place, role, "GetObject", "GetObjectVersion") for role in ("files", "replica")]
        linking.append(to_keys(names, place, ["files", "replica"], "Decrypt"))
        uploading.append(to_objects(names, place, "files", "PutObject"))
        # An upload in parts is also decrypted: S3 puts the parts together.
        uploading.append(to_keys(names, place, ["files"], "GenerateDataKey", "Decrypt"))
    return {
        "read": [to_table(names, region, "drive", *SEE), *linking],
        "write": [to_table(names, region, "drive", *KEEP), *uploading],
        "order": [to_table(names, region, "drive", *KEEP), *linking],
    }
