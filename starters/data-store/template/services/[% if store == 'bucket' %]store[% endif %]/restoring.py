"""What restoring a bucket takes, and what AWS Backup leaves to be done after it."""

from runtime import aws

KIND = "S3"

NEXT = "Look at it, then bring back what is missing, or use it in place of the old one."

NO_PUBLIC_ACCESS = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def metadata(_service: str, _region: str, to: str) -> dict[str, str]:
    """Return what AWS Backup has to know."""
    return {"DestinationBucketName": to, "NewBucket": "true", "Encrypted": "true", "EncryptionType": "SSE-S3"}


def protect(service: str, region: str, restored: str) -> None:
    """Give it what a backup does not hold: versions, no public access, and a place in the backup plan."""
    client = aws.client("s3", region)
    client.put_bucket_versioning(Bucket=restored, VersioningConfiguration={"Status": "Enabled"})
    client.put_public_access_block(Bucket=restored, PublicAccessBlockConfiguration=NO_PUBLIC_ACCESS)
    client.put_bucket_tagging(Bucket=restored, Tagging={"TagSet": [{"Key": "seawall:backup", "Value": service}]})
