"""Judges each restore test: invoked by AWS Backup's "Restore Job State Change" event on EventBridge.

Only the job's id is taken from the event; everything else is asked of AWS Backup, so an old or repeated event changes
nothing.

Environment: AWS_REGION, EXPECTATIONS_BUCKET. Permissions beyond reading: backup:DescribeRestoreJob,
backup:GetRestoreJobMetadata, backup:PutRestoreValidationResult, s3:ListBucketVersions on the sources.
"""

from collections.abc import Mapping
from typing import Any

from services.restore_validator.judgement import judge
from services.restore_validator.sources import Deadline


def handle(event: Mapping[str, Any], context: Any) -> None:
    """Check the restored table or bucket and tell AWS Backup whether it is good."""
    judge(event["detail"]["restoreJobId"], Deadline.of(context))
