"""What restoring a database takes, and what AWS Backup leaves to be done after it."""

import json

from runtime import aws

KIND = "Aurora"

ENGINE = "aurora-postgresql"

NEXT = "It has one instance and a password of its own. README.md#runbook-restore says how to look into it."

CAPACITY = {"MinCapacity": 0.5, "MaxCapacity": 8}


def metadata(service: str, region: str, to: str) -> dict[str, str]:
    """Return what AWS Backup has to know: the subnets and the firewall that are there for the database."""
    groups = aws.client("ec2", region).describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [f"{service}-database"]}]
    )["SecurityGroups"]
    return {
        "DBClusterIdentifier": to,
        "Engine": ENGINE,
        "DBSubnetGroupName": f"{service}-database",
        "VpcSecurityGroupIds": json.dumps([group["GroupId"] for group in groups]),
    }


def protect(service: str, region: str, restored: str) -> None:
    """Give it what a backup does not hold: an instance, a password, recovery, a lock, and a place in the plan."""
    client = aws.client("rds", region)
    client.modify_db_cluster(
        DBClusterIdentifier=restored,
        ServerlessV2ScalingConfiguration=CAPACITY,
        ManageMasterUserPassword=True,
        EnableIAMDatabaseAuthentication=True,
        BackupRetentionPeriod=35,
        DeletionProtection=True,
        ApplyImmediately=True,
    )
    client.create_db_instance(
        DBInstanceIdentifier=f"{restored}-1",
        DBClusterIdentifier=restored,
        DBInstanceClass="db.serverless",
        Engine=ENGINE,
    )
    arn = client.describe_db_clusters(DBClusterIdentifier=restored)["DBClusters"][0]["DBClusterArn"]
    client.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "seawall:backup", "Value": service}])
    client.get_waiter("db_instance_available").wait(DBInstanceIdentifier=f"{restored}-1")
