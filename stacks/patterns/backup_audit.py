"""Whether the backups are as they were meant, looked at by somebody else than the plan that makes them."""

from aws_cdk.aws_backup import CfnFramework, CfnReportPlan
from constructs import Construct

from seawall_constructs.data_kind import BACKUP_TAG
from stacks.names import Names
from stacks.patterns.data_kind import BACKUP_VALUE

TYPES = ["DynamoDB", "S3"]

LATEST_HOURS = "26"
"""A day and two hours: yesterday's backup may take its start window and a little more."""

RETENTION_DAYS = "35"


class BackupAudit(Construct):
    """Audits every primary store each day and writes a report into the log bucket.

    Needs AWS Config's recorder in the region, which belongs to the account and not to this drive.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, cross_account: bool) -> None:
        super().__init__(scope, name)
        controls = [
            _control("BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN"),
            _control("BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION"),
            _control(
                "BACKUP_LAST_RECOVERY_POINT_CREATED", recoveryPointAgeUnit="hours", recoveryPointAgeValue=LATEST_HOURS
            ),
            # These look at recovery points, which carry no tag of the drive.
            CfnFramework.FrameworkControlProperty(
                control_name="BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
                control_input_parameters=[_parameter("requiredRetentionDays", RETENTION_DAYS)],
            ),
            CfnFramework.FrameworkControlProperty(control_name="BACKUP_RECOVERY_POINT_ENCRYPTED"),
            CfnFramework.FrameworkControlProperty(control_name="BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED"),
        ]
        if cross_account:
            controls.append(_control("BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT"))
        # Neither has a construct of a higher level. Their names know no hyphen.
        framework = CfnFramework(
            self,
            "Framework",
            framework_name=_underscored(names.name("backups")),
            framework_description="Every primary store of the drive is backed up, copied away and kept",
            framework_controls=controls,
        )
        CfnReportPlan(
            self,
            "Report",
            report_plan_name=_underscored(names.name("backups")),
            report_delivery_channel={
                "S3BucketName": names.bucket("logs", framework.stack.region),
                "S3KeyPrefix": "backups",
                "Formats": ["CSV"],
            },
            report_setting={
                "ReportTemplate": "CONTROL_COMPLIANCE_REPORT",
                "FrameworkArns": [framework.attr_framework_arn],
            },
        )


def _control(name: str, **parameters: str) -> CfnFramework.FrameworkControlProperty:
    """A control over the drive's primary stores."""
    return CfnFramework.FrameworkControlProperty(
        control_name=name,
        control_input_parameters=[_parameter(key, value) for key, value in parameters.items()] or None,
        control_scope={
            "ComplianceResourceTypes": TYPES,
            "Tags": [{"Key": BACKUP_TAG, "Value": BACKUP_VALUE}],
        },
    )


def _parameter(name: str, value: str) -> CfnFramework.ControlInputParameterProperty:
    return CfnFramework.ControlInputParameterProperty(parameter_name=name, parameter_value=value)


def _underscored(name: str) -> str:
    return name.replace("-", "_")
