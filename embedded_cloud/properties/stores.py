"""Tables, buckets and backups."""

from typing import Any

from embedded_cloud.attributes import GLOBAL_TABLE, REPLICA
from embedded_cloud.reading import VALUE, Read, Write

_TABLE = {"TableName": "{id}"}
_BUCKET = {"Bucket": "{id}"}


def _encryption(encryption: dict[str, Any]) -> list[dict[str, Any]]:
    rules = []
    for rule in encryption["ServerSideEncryptionConfiguration"]:
        others = {name: value for name, value in rule.items() if name != "ServerSideEncryptionByDefault"}
        rules.append({**others, "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]})
    return rules


def _lifecycle(lifecycle: dict[str, Any]) -> list[dict[str, Any]]:
    return [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]


EXPIRATION = {
    "ExpirationInDays": "Days",
    "ExpirationDate": "Date",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}
TRANSITIONS = {"Transitions": "Days", "NoncurrentVersionTransitions": "NoncurrentDays"}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    reworded = {*EXPIRATION, *TRANSITIONS, "Id", "Prefix", "TagFilters"}
    worded = {name: value for name, value in rule.items() if name not in reworded}
    if expires := {word: rule[name] for name, word in EXPIRATION.items() if name in rule}:
        worded["Expiration"] = expires
    for name, days in TRANSITIONS.items():
        if name in rule:
            words = {"TransitionInDays": days, "TransitionDate": "Date"}
            worded[name] = [{words.get(key, key): value for key, value in one.items()} for one in rule[name]]
    if "Id" in rule:
        worded["ID"] = rule["Id"]
    return {"Filter": _lifecycle_filter(rule.get("Prefix", ""), rule.get("TagFilters", [])), **worded}


def _lifecycle_filter(prefix: str, tags: list[dict[str, str]]) -> dict[str, Any]:
    if not tags:
        return {"Prefix": prefix}
    if len(tags) == 1 and not prefix:
        return {"Tag": tags[0]}
    return {"And": {"Prefix": prefix, "Tags": tags}}


def _replication(replication: dict[str, Any]) -> dict[str, Any]:
    rules = [{"ID" if name == "Id" else name: value for name, value in rule.items()} for rule in replication["Rules"]]
    return {"Role": replication["Role"], "Rules": rules}


def _logging(logging: dict[str, str]) -> dict[str, str]:
    return {"TargetBucket": logging["DestinationBucketName"], "TargetPrefix": logging.get("LogFilePrefix", "")}


def _cors(cors: dict[str, Any]) -> list[dict[str, Any]]:
    words = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    return [{words.get(name, name): value for name, value in rule.items()} for rule in cors["CorsRules"]]


def _notification(notification: dict[str, Any]) -> dict[str, Any]:
    # The service says that it is switched on by its being there.
    return {name: {} for name in notification}


def _plan(plan: dict[str, Any]) -> dict[str, Any]:
    words = {"TargetBackupVault": "TargetBackupVaultName"}
    rules = [{words.get(name, name): value for name, value in rule.items()} for rule in plan["BackupPlanRule"]]
    return {"BackupPlanName": plan["BackupPlanName"], "Rules": rules}


READS: dict[str, tuple[Read, ...]] = {
    GLOBAL_TABLE: (
        Read(
            "dynamodb.describe_table",
            {"TableName": "{TableName}"},
            at="Table",
            same="KeySchema AttributeDefinitions GlobalSecondaryIndexes StreamSpecification MultiRegionConsistency "
            "GlobalTableWitnesses",
            renamed={"BillingMode": "BillingModeSummary.BillingMode"},
        ),
    ),
    REPLICA: (
        Read(
            "dynamodb.describe_table",
            _TABLE,
            at="Table",
            same="DeletionProtectionEnabled",
            writes={
                "DeletionProtectionEnabled": Write(
                    "dynamodb.update_table", {**_TABLE, "DeletionProtectionEnabled": VALUE}
                )
            },
        ),
        Read(
            "dynamodb.describe_continuous_backups",
            _TABLE,
            at="ContinuousBackupsDescription.PointInTimeRecoveryDescription",
            renamed={"PointInTimeRecoverySpecification": ""},
            worded={
                "PointInTimeRecoverySpecification": lambda recovery: {
                    **recovery,
                    "PointInTimeRecoveryStatus": "ENABLED" if recovery["PointInTimeRecoveryEnabled"] else "DISABLED",
                    "PointInTimeRecoveryEnabled": None,  # the answer says it in the status
                }
            },
            writes={
                "PointInTimeRecoverySpecification": Write(
                    "dynamodb.update_continuous_backups",
                    {**_TABLE, "PointInTimeRecoverySpecification": VALUE},
                    lambda worded: {"PointInTimeRecoveryEnabled": worded["PointInTimeRecoveryStatus"] == "ENABLED"},
                )
            },
        ),
        Read(
            "dynamodb.describe_time_to_live",
            _TABLE,
            at="TimeToLiveDescription",
            renamed={"TimeToLiveSpecification": ""},
            worded={
                "TimeToLiveSpecification": lambda expiry: {
                    "AttributeName": expiry["AttributeName"],
                    "TimeToLiveStatus": "ENABLED" if expiry["Enabled"] else "DISABLED",
                }
            },
            writes={
                "TimeToLiveSpecification": Write(
                    "dynamodb.update_time_to_live",
                    {**_TABLE, "TimeToLiveSpecification": VALUE},
                    lambda worded: {
                        "AttributeName": worded["AttributeName"],
                        "Enabled": worded["TimeToLiveStatus"] == "ENABLED",
                    },
                )
            },
        ),
        Read(
            "dynamodb.list_tags_of_resource",
            {"ResourceArn": "{arn}"},
            same="Tags",
            writes={"Tags": Write("dynamodb.tag_resource", {"ResourceArn": "{arn}", "Tags": VALUE})},
        ),
        Read(
            "dynamodb.describe_contributor_insights",
            _TABLE,
            renamed={"ContributorInsightsSpecification": ""},
            worded={
                "ContributorInsightsSpecification": lambda insights: {
                    "ContributorInsightsStatus": "ENABLED" if insights["Enabled"] else "DISABLED",
                }
            },
            writes={
                "ContributorInsightsSpecification": Write(
                    "dynamodb.update_contributor_insights",
                    {**_TABLE, "ContributorInsightsAction": VALUE},
                    lambda worded: worded["ContributorInsightsStatus"].removesuffix("D"),
                )
            },
        ),
    ),
    "AWS::S3::Bucket": (
        Read("s3.head_bucket", {"Bucket": "{BucketName}"}),
        Read(
            "s3.get_bucket_encryption",
            _BUCKET,
            at="ServerSideEncryptionConfiguration",
            renamed={"BucketEncryption": "Rules"},
            worded={"BucketEncryption": _encryption},
            writes={
                "BucketEncryption": Write(
                    "s3.put_bucket_encryption", {**_BUCKET, "ServerSideEncryptionConfiguration": {"Rules": VALUE}}
                )
            },
        ),
        Read(
            "s3.get_bucket_lifecycle_configuration",
            _BUCKET,
            renamed={"LifecycleConfiguration": "Rules"},
            worded={"LifecycleConfiguration": _lifecycle},
            writes={
                "LifecycleConfiguration": Write(
                    "s3.put_bucket_lifecycle_configuration", {**_BUCKET, "LifecycleConfiguration": {"Rules": VALUE}}
                )
            },
        ),
        Read(
            "s3.get_bucket_ownership_controls",
            _BUCKET,
            same="OwnershipControls",
            writes={
                "OwnershipControls": Write("s3.put_bucket_ownership_controls", {**_BUCKET, "OwnershipControls": VALUE})
            },
        ),
        Read("s3.get_public_access_block", _BUCKET, same="PublicAccessBlockConfiguration"),
        Read(
            "s3.get_bucket_tagging",
            _BUCKET,
            renamed={"Tags": "TagSet"},
            writes={"Tags": Write("s3.put_bucket_tagging", {**_BUCKET, "Tagging": {"TagSet": VALUE}})},
        ),
        Read(
            "s3.get_bucket_logging",
            _BUCKET,
            renamed={"LoggingConfiguration": "LoggingEnabled"},
            worded={"LoggingConfiguration": _logging},
            writes={
                "LoggingConfiguration": Write(
                    "s3.put_bucket_logging", {**_BUCKET, "BucketLoggingStatus": {"LoggingEnabled": VALUE}}
                )
            },
        ),
        Read(
            "s3.get_bucket_notification_configuration",
            _BUCKET,
            renamed={"NotificationConfiguration": ""},
            worded={"NotificationConfiguration": _notification},
        ),
        Read(
            "s3.get_object_lock_configuration",
            _BUCKET,
            same="ObjectLockConfiguration",
            renamed={"ObjectLockEnabled": "ObjectLockConfiguration.ObjectLockEnabled"},
            worded={"ObjectLockEnabled": lambda enabled: "Enabled" if enabled else ""},
            writes={
                "ObjectLockConfiguration": Write(
                    "s3.put_object_lock_configuration", {**_BUCKET, "ObjectLockConfiguration": VALUE}
                )
            },
        ),
        Read("s3.get_bucket_versioning", _BUCKET, renamed={"VersioningConfiguration": ""}),
        Read(
            "s3.get_bucket_cors",
            _BUCKET,
            renamed={"CorsConfiguration": "CORSRules"},
            worded={"CorsConfiguration": _cors},
        ),
        Read(
            "s3.get_bucket_replication",
            _BUCKET,
            same="ReplicationConfiguration",
            worded={"ReplicationConfiguration": _replication},
            writes={
                "ReplicationConfiguration": Write(
                    "s3.put_bucket_replication", {**_BUCKET, "ReplicationConfiguration": VALUE}
                )
            },
        ),
    ),
    "AWS::S3::BucketPolicy": (
        Read("s3.get_bucket_policy", {"Bucket": "{Bucket}"}, renamed={"PolicyDocument": "Policy"}),
    ),
    "AWS::Backup::BackupPlan": (
        Read("backup.get_backup_plan", {"BackupPlanId": "{id}"}, same="BackupPlan", worded={"BackupPlan": _plan}),
        Read("backup.list_tags", {"ResourceArn": "{arn}"}, renamed={"BackupPlanTags": "Tags"}),
    ),
    "AWS::Backup::BackupVault": (
        Read(
            "backup.describe_backup_vault",
            {"BackupVaultName": "{BackupVaultName}"},
            same="EncryptionKeyArn",
            renamed={"LockConfiguration": ""},
        ),
        Read("backup.list_tags", {"ResourceArn": "{arn}"}, renamed={"BackupVaultTags": "Tags"}),
    ),
    "AWS::Backup::BackupSelection": (
        Read(
            "backup.get_backup_selection",
            {"BackupPlanId": "{BackupPlanId}", "SelectionId": "{id}"},
            same="BackupSelection",
        ),
    ),
}
