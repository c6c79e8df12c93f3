"""What restoring a table takes, and what AWS Backup leaves to be done after it."""

from runtime import aws

KIND = "DynamoDB"

NEXT = "None of its items expires yet. Look at it, then bring back what is missing, or use it in place of the old one."


def metadata(_service: str, _region: str, to: str) -> dict[str, str]:
    """Return what AWS Backup has to know."""
    return {"targetTableName": to, "encryptionType": "Default"}


def protect(service: str, region: str, restored: str) -> None:
    """Give it what a backup does not hold: recovery, a lock, and a place in the backup plan."""
    client = aws.client("dynamodb", region)
    client.get_waiter("table_exists").wait(TableName=restored)
    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}
    client.update_continuous_backups(TableName=restored, PointInTimeRecoverySpecification=recovery)
    client.update_table(TableName=restored, DeletionProtectionEnabled=True)
    arn = client.describe_table(TableName=restored)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "seawall:backup", "Value": service}])
