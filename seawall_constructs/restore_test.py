"""Backups restored on a schedule, and looked into by a function that says whether they are good."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Names
from aws_cdk.aws_backup import CfnRestoreTestingPlan, CfnRestoreTestingSelection, IBackupVault
from aws_cdk.aws_events import EventPattern
from aws_cdk.aws_iam import IRole, PolicyStatement
from constructs import Construct

from seawall_constructs.alarms import OnCall
from seawall_constructs.started_by_event import start_on_event
from seawall_constructs.worker_function import WorkerFunction

VALIDATION_HOURS = 4
"""What was restored is kept for the check at most this long, then AWS Backup removes it."""

WINDOW_DAYS = 7
"""Any backup of the last days may be drawn: a fault that crept in midweek is found too."""

SCHEDULES = {"daily": "cron(0 6 * * ? *)", "weekly": "cron(0 6 ? * SUN *)", "monthly": "cron(0 6 1 * ? *)"}

OVERDUE_DAYS = {"daily": 2, "weekly": 8, "monthly": 32}
"""One turn, the longest there is, and a day in which the restore may run."""

RESTORED = "awsbackup-restore-test-*"
"""What AWS Backup calls the tables and buckets that it restores for a test (AWS Backup Developer Guide, "Restore
testing")."""

JUDGING = ("DescribeRestoreJob", "GetRestoreJobMetadata", "ListRestoreJobs", "PutRestoreValidationResult")


class RestoreTestingPlan(CfnRestoreTestingPlan):
    """Restores one backup of each selected store, drawn among those of the last week, at its time.

    Survives a backup that cannot be restored: it is found out on a calm day.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        vault: IBackupVault,
        role: IRole,
        every: str = "weekly",
        plan_name: str | None = None,
    ) -> None:
        """Restore from `vault` with `role`, `every` "daily", "weekly" or "monthly" at 06:00 UTC.

        Restore testing knows no hyphen in names: those of `plan_name` become underscores.
        """
        self._scope = scope
        self._role = role
        # Restore testing has no constructs of a higher level.
        super().__init__(
            scope,
            name,
            restore_testing_plan_name=_underscored(plan_name or _made_up(scope, name)),
            schedule_expression=SCHEDULES[every],
            start_window_hours=8,
            recovery_point_selection=CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty(
                algorithm="RANDOM_WITHIN_WINDOW",
                # What a peer copied into it belongs to the peer's stores: restoring that is a drill, not this test.
                include_vaults=[vault.backup_vault_arn],
                recovery_point_types=["SNAPSHOT", "CONTINUOUS"],
                selection_window_days=WINDOW_DAYS,
            ),
        )

    def select(
        self, kind: str, arns: Sequence[str], *, overrides: Mapping[str, str] | None = None
    ) -> CfnRestoreTestingSelection:
        """Restore these stores of one kind ("DynamoDB", "S3", "Aurora", …) too; `overrides` are restore metadata."""
        selection = CfnRestoreTestingSelection(
            self._scope,
            f"{self.node.id}{kind}",
            iam_role_arn=self._role.role_arn,
            protected_resource_type=kind,
            protected_resource_arns=list(arns),
            restore_metadata_overrides=dict(overrides) if overrides else None,
            restore_testing_plan_name=self.restore_testing_plan_name,
            restore_testing_selection_name=f"{self.restore_testing_plan_name}_{kind.lower()}",
            validation_window_hours=VALIDATION_HOURS,
        )
        selection.add_resource_dependency(self)
        return selection


class RestoreTest(Construct):
    """Restores stores from their backups on a schedule, and has `validator` judge what comes out.

    Survives a backup that was never good: what is restored is looked into, not only made.
    Survives its own failure: an event that the validator breaks at is kept, and a ticket tells of it. Runbook:
    `restore-missed`. Beside it `RestoreAlarms` tells of what was found, and of a test that is not made any more.
    """

    plan: RestoreTestingPlan

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        vault: IBackupVault,
        role: IRole,
        validator: WorkerFunction,
        stores: Mapping[str, Sequence[str]],
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        every: str = "weekly",
        plan_name: str | None = None,
        missed_name: str | None = None,
    ) -> None:
        """Restore `stores`, ARNs by kind (`{"DynamoDB": [table.table_arn]}`), from `vault` with `role`.

        `validator` is started with AWS Backup's event when a restore job ends, well or not, and answers with
        PutRestoreValidationResult: give it `may_judge()`. `overrides` are restore metadata by kind.
        """
        super().__init__(scope, name)
        self.plan = RestoreTestingPlan(self, "Plan", vault=vault, role=role, every=every, plan_name=plan_name)
        for kind, arns in stores.items():
            self.plan.select(kind, arns, overrides=(overrides or {}).get(kind))
        judge_by(validator, on_call=on_call, missed_name=missed_name)


def judge_by(validator: WorkerFunction, *, on_call: OnCall, missed_name: str | None = None) -> None:
    """Start `validator` when a restore job of a restore test ends, whichever test it was."""
    start_on_event(
        validator,
        "Restored",
        on_call=on_call,
        means="A restore was not judged, or what it must contain not written down, although it was tried again.",
        runbook="restore-missed",
        pattern=ended(),
        missed_name=missed_name,
    )


def ended() -> EventPattern:
    """Return the events of restore jobs of restore tests that ended, well or not."""
    return EventPattern(
        source=["aws.backup"],
        detail_type=["Restore Job State Change"],
        detail={"status": ["COMPLETED", "FAILED", "ABORTED"], "restoreTestingPlanArn": [{"exists": True}]},
    )


def may_judge() -> PolicyStatement:
    """Allow reading restore jobs and stating a verdict. They have no names to narrow this by."""
    return PolicyStatement(actions=[f"backup:{action}" for action in JUDGING], resources=["*"])


def restored_table(region: str) -> str:
    """Return the ARN of every table that AWS Backup restores for a test in `region`."""
    return f"arn:{Aws.PARTITION}:dynamodb:{region}:{Aws.ACCOUNT_ID}:table/{RESTORED}"


def restored_bucket() -> str:
    """Return the ARN of every bucket that AWS Backup restores for a test."""
    return f"arn:{Aws.PARTITION}:s3:::{RESTORED}"


def _made_up(scope: Construct, name: str) -> str:
    return f"{Names.unique_resource_name(scope, max_length=38, separator='_')}_{name}"


def _underscored(name: str) -> str:
    return name.replace("-", "_")
