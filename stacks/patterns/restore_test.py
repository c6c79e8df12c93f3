"""Backups restored on a schedule, and looked into by somebody who wrote down beforehand what must be in them."""

from aws_cdk import Aws, Duration
from aws_cdk.aws_backup import CfnRestoreTestingPlan, CfnRestoreTestingSelection, IBackupVault
from aws_cdk.aws_events import EventPattern, Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_iam import IRole, PolicyStatement
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_s3 import LifecycleRule
from constructs import Construct

from stacks.capacity import RESERVED
from stacks.names import Names
from stacks.patterns.access import to_keys, to_objects
from stacks.patterns.data_kind import holds_derived_data
from stacks.patterns.drive_bucket import DriveBucket
from stacks.patterns.exception import accept_finding
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.restore_alarms import MissedAlarm, RestoreAlarms, Restored
from stacks.patterns.service_function import ServiceFunction
from stacks.patterns.work_queue import FailureQueue

LONGEST_CHECK = Duration.minutes(15)
"""The most that Lambda gives; the checks stop themselves before it is over and say so."""

VALIDATION_HOURS = 4
"""What was restored is kept for the check at most this long, then AWS Backup removes it."""

WINDOW_DAYS = 7
"""Any backup of the last days may be drawn: a fault that crept in midweek is found too."""

EXPECTATIONS_DAYS = 40
"""Longer than a backup is kept, so that the oldest one can still be judged."""

RESTORED = "awsbackup-restore-test-*"
"""What AWS Backup calls the tables and buckets that it restores for a test (AWS Backup Developer Guide, "Restore
testing")."""

TABLES = ("drive", "subscribers")
"""Every table that holds what cannot be made again, and has a copy in both data regions."""

FILES = "files"
"""The users' files: restored once a month, since it costs by the size of the bucket."""

GOLDEN = "golden"
"""A small bucket of known content, restored as often as the tables."""

SCHEDULES = {"daily": "cron(0 6 * * ? *)", "weekly": "cron(0 6 ? * SUN *)", "monthly": "cron(0 6 1 * ? *)"}


class RestoreTest(Construct):
    """Restores the region's copies of the tables, and its buckets, and judges what comes out.

    Survives a backup that was never good: the restore is compared with what was written down before the backup.
    Survives its own failure: a check that breaks says FAILED, and an hourly watch judges what was forgotten.
    Survives not being made any more: an alarm counts the days since the last restore that was good.
    """

    def __init__(
        self, scope: RegionalStack, name: str, *, names: Names, vault: IBackupVault, role: IRole, every: str
    ) -> None:
        super().__init__(scope, name)
        self._stack = scope
        self._names = names
        self._role = role
        self._vault = vault
        self._plan("Often", every, {"DynamoDB": self._table_arns(), "S3": [self._bucket_arn(GOLDEN)]})
        self._plan("Monthly", "monthly", {"S3": [self._bucket_arn(FILES)]})
        self._bucket_of_expectations()
        self._functions()
        RestoreAlarms(
            self,
            "Alarms",
            names=names,
            tables=[Restored(table, names.name(table), every) for table in TABLES],
            buckets=[
                Restored(bucket, names.bucket(bucket, scope.region), turn)
                for bucket, turn in ((GOLDEN, every), (FILES, "monthly"))
            ],
        )

    def _table_arns(self) -> list[str]:
        return [self._names.table_arn(table, self._stack.region) for table in TABLES]

    def _bucket_arn(self, role: str) -> str:
        return f"arn:{Aws.PARTITION}:s3:::{self._names.bucket(role, self._stack.region)}"

    def _plan(self, name: str, every: str, stores: dict[str, list[str]]) -> None:
        # Restore testing has no constructs of a higher level. Its names know no hyphen.
        plan = CfnRestoreTestingPlan(
            self,
            name,
            restore_testing_plan_name=self._names.name(every).replace("-", "_"),
            schedule_expression=SCHEDULES[every],
            start_window_hours=8,
            recovery_point_selection=CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty(
                algorithm="RANDOM_WITHIN_WINDOW",
                # What the peer copied into it belongs to the peer's stores: restoring that is a drill, not this test.
                include_vaults=[self._vault.backup_vault_arn],
                recovery_point_types=["SNAPSHOT", "CONTINUOUS"],
                selection_window_days=WINDOW_DAYS,
            ),
        )
        for kind, arns in stores.items():
            selection = CfnRestoreTestingSelection(
                self,
                f"{name}{kind}",
                iam_role_arn=self._role.role_arn,
                protected_resource_type=kind,
                protected_resource_arns=arns,
                restore_testing_plan_name=plan.restore_testing_plan_name,
                restore_testing_selection_name=f"{self._names.name(every)}-{kind.lower()}".replace("-", "_"),
                validation_window_hours=VALIDATION_HOURS,
            )
            selection.add_resource_dependency(plan)

    def _bucket_of_expectations(self) -> None:
        bucket = DriveBucket(
            self._stack,
            "Expectations",
            names=self._names,
            role="expectations",
            key=FILES,
            lifecycle=LifecycleRule(
                expiration=Duration.days(EXPECTATIONS_DAYS), noncurrent_version_expiration=Duration.days(1)
            ),
        )
        accept_finding(
            bucket,
            "SEA_SINGLE_REGION_BUCKET",
            reason="written anew each day about this region's restores, and of no use elsewhere",
        )
        holds_derived_data(bucket)

    def _functions(self) -> None:
        validator = self._function("restore-validator", "handler", "Says whether a restored table or bucket is good")
        judged = EventPattern(
            source=["aws.backup"],
            detail_type=["Restore Job State Change"],
            detail={"status": ["COMPLETED", "FAILED", "ABORTED"], "restoreTestingPlanArn": [{"exists": True}]},
        )
        self._start(validator, "Restored", pattern=judged)
        watch = self._function("restore-watch", "watch", "Judges restores whose event never came")
        self._start(watch, "Hourly", schedule=Schedule.cron(minute="30"))
        record = self._function("restore-expectations", "record", "Writes down what a restore has to contain")
        self._start(record, "Daily", schedule=Schedule.cron(minute="15", hour="1"))

    def _function(self, role: str, module: str, description: str) -> ServiceFunction:
        region = self._stack.region
        return ServiceFunction(
            self._stack,
            "".join(word.title() for word in role.split("-")),
            names=self._names,
            role=role,
            handler=f"services.restore_validator.{module}.handle",
            description=description,
            timeout=LONGEST_CHECK,
            reserved=RESERVED[role],
            environment={
                "REPLICA_BUCKET": self._names.bucket("replica", region),
                "EXPECTATIONS_BUCKET": self._names.bucket("expectations", region),
                "RESTORE_TABLES": ",".join(self._names.name(table) for table in TABLES),
                "RESTORE_BUCKETS": ",".join(self._names.bucket(bucket, region) for bucket in (FILES, GOLDEN)),
            },
            allow=self._permissions(),
        )

    def _permissions(self) -> list[PolicyStatement]:
        names, region = self._names, self._stack.region
        # Records refer to files of the other region too, whose copies are in the replica bucket.
        buckets = [self._bucket_arn(bucket) for bucket in (FILES, GOLDEN, "replica", "expectations")]
        restored_bucket = f"arn:{Aws.PARTITION}:s3:::{RESTORED}"
        return [
            PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:Scan"],
                resources=[*self._table_arns(), names.arn("dynamodb", region, f"table/{RESTORED}")],
            ),
            PolicyStatement(actions=["s3:ListBucket", "s3:ListBucketVersions"], resources=[*buckets, restored_bucket]),
            PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[f"{bucket}/*" for bucket in (*buckets, restored_bucket)],
            ),
            to_objects(names, region, "expectations", "PutObject"),
            to_keys(names, region, [FILES, "replica"], "Decrypt", "GenerateDataKey"),
            # Restore jobs have no names to narrow this by; it reads them and states a verdict.
            _of_backup("DescribeRestoreJob", "GetRestoreJobMetadata", "ListRestoreJobs", "PutRestoreValidationResult"),
        ]

    def _start(
        self,
        function: ServiceFunction,
        name: str,
        *,
        pattern: EventPattern | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        """Have events start `function`; one that it never took, or failed at, is kept and told of."""
        role = f"{name.lower()}-missed"
        missed = FailureQueue(function, "Missed", names=self._names, role=role).queue
        MissedAlarm(function, "MissedEvents", names=self._names, role=role)
        function.alias.configure_async_invoke(on_failure=SqsDestination(missed))
        target = LambdaFunction(function.alias, dead_letter_queue=missed)
        Rule(function, name, event_pattern=pattern, schedule=schedule, targets=[target])


def _of_backup(*actions: str) -> PolicyStatement:
    return PolicyStatement(actions=[f"backup:{action}" for action in actions], resources=["*"])
