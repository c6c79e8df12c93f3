"""Database clusters and their instances: what the control plane says of them, since no database runs."""

from embedded_cloud.reading import VALUE, Read, Write

_CLUSTER = {"DBClusterIdentifier": "{id}"}


def _groups(groups: list[str]) -> list[dict[str, str]]:
    return [{"VpcSecurityGroupId": group} for group in groups]


def _subnets(subnets: list[str]) -> list[dict[str, str]]:
    return [{"SubnetIdentifier": subnet} for subnet in subnets]


_TAGS = Read(
    "rds.list_tags_for_resource",
    {"ResourceName": "{arn}"},
    renamed={"Tags": "TagList"},
    writes={"Tags": Write("rds.add_tags_to_resource", {"ResourceName": "{arn}", "Tags": VALUE})},
)

READS: dict[str, tuple[Read, ...]] = {
    "AWS::RDS::DBCluster": (
        Read(
            "rds.describe_db_clusters",
            _CLUSTER,
            at="DBClusters",
            same="BackupRetentionPeriod CopyTagsToSnapshot DBClusterIdentifier DatabaseName DeletionProtection Engine "
            "EngineVersion KmsKeyId MasterUserSecret MasterUsername Port PreferredBackupWindow "
            "PreferredMaintenanceWindow ServerlessV2ScalingConfiguration StorageEncrypted",
            renamed={
                "DBSubnetGroupName": "DBSubnetGroup",
                "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
                "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
                "ManageMasterUserPassword": "MasterUserSecret.SecretStatus",
                "VpcSecurityGroupIds": "VpcSecurityGroups",
            },
            worded={
                "ManageMasterUserPassword": lambda managed: "active" if managed else None,
                "VpcSecurityGroupIds": _groups,
            },
        ),
        _TAGS,
    ),
    "AWS::RDS::DBInstance": (
        Read(
            "rds.describe_db_instances",
            {"DBInstanceIdentifier": "{id}"},
            at="DBInstances",
            same="AutoMinorVersionUpgrade AvailabilityZone BackupRetentionPeriod DBClusterIdentifier DBInstanceClass "
            "DBInstanceIdentifier DeletionProtection Engine EngineVersion MultiAZ PromotionTier PubliclyAccessible "
            "StorageEncrypted",
        ),
        _TAGS,
    ),
    "AWS::RDS::DBSubnetGroup": (
        Read(
            "rds.describe_db_subnet_groups",
            {"DBSubnetGroupName": "{id}"},
            at="DBSubnetGroups",
            same="DBSubnetGroupDescription DBSubnetGroupName",
            renamed={"SubnetIds": "Subnets"},
            worded={"SubnetIds": _subnets},
        ),
        _TAGS,
    ),
}
