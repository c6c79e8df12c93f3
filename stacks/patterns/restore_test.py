"""Backups restored on a schedule, and looked into by somebody who wrote down beforehand what must be in them."""

from aws_cdk import Aws, Duration
from aws_cdk.aws_backup import IBackupVault
from aws_cdk.aws_events import EventPattern, Schedule
from aws_cdk.aws_iam import IRole, PolicyStatement
from aws_cdk.aws_s3 import LifecycleRule
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from seawall_constructs.restore_alarms import RestoreAlarms, Restored
from seawall_constructs.restore_test import (
    OVERDUE_DAYS,
    RestoreTestingPlan,
    ended,
    may_judge,
    restored_bucket,
    restored_table,
)
from seawall_constructs.started_by_event import start_on_event
from stacks.capacity import RESERVED
from stacks.names import Names
from stacks.patterns.access import to_keys, to_objects
from stacks.patterns.alarms import on_call
from stacks.patterns.drive_bucket import DriveBucket
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction
from stacks.promises import TABLE_RESTORE_MINUTES

LONGEST_CHECK = Duration.minutes(15)
"""The most that Lambda gives; the checks stop themselves before it is over and say so."""

EXPECTATIONS_DAYS = 40
"""Longer than a backup is kept, so that the oldest one can still be judged."""

SERVICE = "restore-test"
"""The dimension under which services/restore_validator writes its metrics, whichever of its functions does."""

TABLES = ("drive", "subscribers")
"""Every table that holds what cannot be made again, and has a copy in both data regions."""

FILES = "files"
"""The users' files: restored once a month, since it costs by the size of the bucket."""

GOLDEN = "golden"
"""A small bucket of known content, restored as often as the tables."""


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
        self._on_call = on_call(self, names)
        self._plan("Often", every, {"DynamoDB": self._table_arns(), "S3": [self._bucket_arn(GOLDEN)]})
        self._plan("Monthly", "monthly", {"S3": [self._bucket_arn(FILES)]})
        self._bucket_of_expectations()
        self._functions()
        RestoreAlarms(
            self,
            "Alarms",
            on_call=self._on_call,
            restored=[*(self._table(table, every) for table in TABLES), *self._buckets(every)],
            namespace="Drive",
            dimensions={"service": SERVICE},
            alarm_prefix=names.prefix,
        )

    def _table(self, role: str, every: str) -> Restored:
        return Restored(
            title=role,
            source=self._names.name(role),
            overdue_days=OVERDUE_DAYS[every],
            longest=Duration.minutes(TABLE_RESTORE_MINUTES),
        )

    def _buckets(self, every: str) -> list[Restored]:
        return [
            Restored(
                title=role,
                source=self._names.bucket(role, self._stack.region),
                overdue_days=OVERDUE_DAYS[turn],
            )
            for role, turn in ((GOLDEN, every), (FILES, "monthly"))
        ]

    def _table_arns(self) -> list[str]:
        return [self._names.table_arn(table, self._stack.region) for table in TABLES]

    def _bucket_arn(self, role: str) -> str:
        return f"arn:{Aws.PARTITION}:s3:::{self._names.bucket(role, self._stack.region)}"

    def _plan(self, name: str, every: str, stores: dict[str, list[str]]) -> None:
        plan = RestoreTestingPlan(
            self, name, vault=self._vault, role=self._role, every=every, plan_name=self._names.name(every)
        )
        for kind, arns in stores.items():
            plan.select(kind, arns)

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
        self._start(validator, "Restored", pattern=ended())
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
        restored = restored_bucket()
        return [
            PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:Scan"],
                resources=[*self._table_arns(), restored_table(region)],
            ),
            PolicyStatement(actions=["s3:ListBucket", "s3:ListBucketVersions"], resources=[*buckets, restored]),
            PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[f"{bucket}/*" for bucket in (*buckets, restored)],
            ),
            to_objects(names, region, "expectations", "PutObject"),
            to_keys(names, region, [FILES, "replica"], "Decrypt", "GenerateDataKey"),
            may_judge(),
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
        start_on_event(
            function,
            name,
            on_call=self._on_call,
            means="A restore was not judged, or what it must contain not written down, although it was tried again.",
            runbook="restore-missed",
            pattern=pattern,
            schedule=schedule,
            missed_name=self._names.name(f"{name.lower()}-missed"),
        )
