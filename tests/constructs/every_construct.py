"""A service that uses every construct: named as a team would, in two regions, and once more without any names."""

import json
from pathlib import Path

from aws_cdk import App, Aws, Duration, Environment, Stack
from aws_cdk.aws_ecs import ContainerImage
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_lambda import Code
from aws_cdk.aws_s3 import ObjectLockRetention
from aws_cdk.aws_scheduler import ScheduleExpression
from constructs import Construct

from seawall_constructs.alarm_topics import AlarmTopics
from seawall_constructs.alarms import OnCall
from seawall_constructs.backlog_scaling import BacklogScaling
from seawall_constructs.backup_vault import LockedVault
from seawall_constructs.backups import Backups
from seawall_constructs.closed_network import ClosedNetwork
from seawall_constructs.copy_alarms import CopiesFailed, CopiesLate, copies_of
from seawall_constructs.data_kind import holds_derived_data, holds_primary_data
from seawall_constructs.function_alarms import FunctionAlarms
from seawall_constructs.measure import measure
from seawall_constructs.queue_alarms import QueueAlarms
from seawall_constructs.resilient_bucket import ResilientBucket
from seawall_constructs.resilient_table import ResilientTable, number, sparse_index, text
from seawall_constructs.restore_alarms import RestoreAlarms, Restored
from seawall_constructs.restore_test import RestoreTest, may_judge
from seawall_constructs.service_level import ServiceLevel
from seawall_constructs.started_by_event import MissedAlarm
from seawall_constructs.started_by_time import EachMinute, OnSchedule
from seawall_constructs.table_alarms import TableAlarms
from seawall_constructs.work_queue import FailureQueue, WorkQueue
from seawall_constructs.worker_function import WorkerFunction
from seawall_constructs.worker_service import WorkerService

SOON = Duration.seconds(50)

HOME, ELSEWHERE = "eu-west-1", "eu-central-1"

REPOSITORY = Path(__file__).parent.parent.parent

FILES = f"shop-files-{Aws.ACCOUNT_ID}-{HOME}"
REPLICA = f"shop-replica-{Aws.ACCOUNT_ID}-{ELSEWHERE}"
COPIER = f"shop-copier-{HOME}"


class Service(Stack):
    """With `prefix` everything that can be named is; without it CloudFormation makes up the names."""

    def __init__(self, scope: Construct, name: str, *, prefix: str | None, disposable: bool = False) -> None:
        super().__init__(scope, name, env=Environment(region=HOME))
        self._prefix = prefix
        self._disposable = disposable
        self._on_call = AlarmTopics(
            self, "Alarms", topic_name=prefix, runbooks="docs/night.md#", disposable=disposable
        ).on_call
        self.table = self._orders()
        self.files = self._files()
        self._work()
        self._containers()
        self._clock()
        self._backups()
        ServiceLevel(
            self,
            "Done",
            on_call=self._on_call,
            slo_name="shop-done",
            promise="An order is done within 15 minutes",
            percent=99.9,
            value=measure("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName="shop-work"),
            limit=900,
        ).page_when_fast()

    def _named(self, role: str) -> str | None:
        return f"{self._prefix}-{role}" if self._prefix else None

    def _orders(self) -> ResilientTable:
        table = ResilientTable(
            self,
            "Orders",
            table_name=self._named("orders"),
            partition_key=text("id"),
            replicas=[ELSEWHERE],
            indexes=[sparse_index("open-orders", partition_key=text("open"), sort_key=number("accepted_at"))],
            disposable=self._disposable,
        )
        holds_primary_data(table)
        TableAlarms(
            self,
            "OrdersAlarms",
            on_call=self._on_call,
            table_name=table.table_name,
            indexes=["open-orders"],
            copied_to=ELSEWHERE,
        )
        return table

    def _files(self) -> ResilientBucket:
        files = ResilientBucket(
            self,
            "Files",
            bucket_name=FILES if self._prefix == "shop" else f"{self._prefix or 'nameless'}-{FILES}",
            copies_to=REPLICA,
            copier_name=COPIER if self._prefix == "shop" else None,
            events=True,
            disposable=self._disposable,
        )
        holds_primary_data(files)
        CopiesFailed(
            self,
            "CopiesFailed",
            on_call=self._on_call,
            copies=copies_of(FILES, REPLICA),
            means="Files lie in one region only.",
        )
        return files

    def _work(self) -> None:
        work = WorkQueue(self, "Work", queue_name=self._named("work"), handler_timeout=Duration.seconds(60))
        self._watch("Work", work)
        worker = self._function(
            "Worker",
            PolicyStatement(actions=["dynamodb:UpdateItem"], resources=[self.table.table_arn]),
            PolicyStatement(actions=["sqs:SendMessage"], resources=[work.arn]),
            timeout=Duration.seconds(60),
        )
        worker.take_from(work)
        FunctionAlarms(
            self,
            "WorkerAlarms",
            on_call=self._on_call,
            function_name=worker.function.function_name,
            timeout=worker.timeout,
        )

    def _watch(self, name: str, work: WorkQueue) -> None:
        QueueAlarms(
            self,
            f"{name}Alarms",
            on_call=self._on_call,
            queue_name=work.queue.queue_name,
            dead_letter_name=work.dead_letters.queue_name,
            ticket_age=Duration.minutes(5),
            page_age=Duration.minutes(15),
            grouped=True,
        )

    def _containers(self) -> None:
        network = ClosedNetwork(self, "Network", vpc_name=self._named("network"), disposable=self._disposable)
        long = WorkQueue(
            self,
            "Long",
            queue_name=self._named("long"),
            handler_timeout=Duration.seconds(60),
            visibility_timeout=Duration.seconds(180),
        )
        self._watch("Long", long)
        taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
        builders = WorkerService(
            self,
            "Builders",
            service_name=self._named("builders"),
            image=ContainerImage.from_registry("public.ecr.aws/docker/library/python:3.14-slim"),
            vpc=network.vpc,
            security_group=network.tasks,
            health_command=["python", "-m", "health"],
            alarm_names=["shop-builders-failing"],
            allow=[PolicyStatement(actions=taking, resources=[long.arn])],
            disposable=self._disposable,
        )
        builders.service.node.add_dependency(*network.doors)
        BacklogScaling(self, "Scaling", service=builders.service, queues=[long], backlog_per_task=12, most=30)

    def _clock(self) -> None:
        EachMinute(self, "EachMinute", function=self._function("Reconcile"), schedule_name=self._named("reconcile"))
        failures = FailureQueue(self, "ReportFailures", queue_name=self._named("report-failures"))
        MissedAlarm(
            self,
            "ReportMissed",
            on_call=self._on_call,
            means="A nightly report was not written.",
            runbook="report",
            queue_name=failures.queue.queue_name,
        )
        OnSchedule(
            self,
            "Nightly",
            function=self._function("Report"),
            schedule=ScheduleExpression.cron(hour="3", minute="0"),
            failures=failures.queue,
        )

    def _function(self, name: str, *allow: PolicyStatement, timeout: Duration = SOON) -> WorkerFunction:
        return WorkerFunction(
            self,
            name,
            function_name=self._named(name.lower()),
            code=Code.from_inline("def handle(event, context):\n    return None"),
            handler="index.handle",
            timeout=timeout,
            description=f"{name} of the shop",
            environment={"ORDERS_TABLE": self.table.table_name},
            allow=allow,
            disposable=self._disposable,
        )

    def _backups(self) -> None:
        backups = Backups(
            self,
            "Backups",
            on_call=self._on_call,
            copies_to=[f"arn:{Aws.PARTITION}:backup:{ELSEWHERE}:{Aws.ACCOUNT_ID}:backup-vault:shop-vault"],
            continuous=[self.files.bucket_arn],
            vault_name=self._named("vault"),
            plan_name=self._named("daily"),
            rule_prefix=self._prefix,
            disposable=self._disposable,
        )
        RestoreTest(
            self,
            "RestoreTest",
            on_call=self._on_call,
            vault=backups.vault,
            role=backups.role,
            validator=self._function("Validator", may_judge(), timeout=Duration.minutes(15)),
            stores={"DynamoDB": [self.table.table_arn], "S3": [self.files.bucket_arn]},
            plan_name=self._named("weekly"),
        )
        RestoreAlarms(
            self,
            "RestoreAlarms",
            on_call=self._on_call,
            namespace="Shop",
            restored=[Restored(title="orders", source="shop-orders", overdue_days=9, longest=Duration.hours(4))],
            alarm_prefix=self._prefix,
        )


class Elsewhere(Stack):
    """What the other region needs: a vault for the copies of backups, and a bucket for those of files."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name, env=Environment(region=ELSEWHERE))
        on_call = AlarmTopics(self, "Alarms", topic_name="shop").on_call
        LockedVault(self, "Vault", vault_name="shop-vault", changeable_for=Duration.days(3))
        replica = ResilientBucket(
            self, "Replica", bucket_name=REPLICA, lock=ObjectLockRetention.governance(Duration.days(7))
        )
        replica.take_copies_from(f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/{COPIER}")
        replica.nobody_lifts_the_lock()
        holds_derived_data(replica)
        self._late(on_call)

    def _late(self, on_call: OnCall) -> None:
        CopiesLate(self, "Late", on_call=on_call, copies=copies_of(FILES, REPLICA), means="Files arrive late.")


def shop(folder: Path) -> App:
    """Return an app that is judged by cdk-nag as well when it is synthesized to `folder`."""
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    flags = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    flags.pop("drive")
    app = App(context={**flags, "aws:cdk:enable-path-metadata": True}, outdir=str(folder))
    Service(app, "Service", prefix="shop")
    Elsewhere(app, "Elsewhere")
    Service(app, "Nameless", prefix=None)
    Service(app, "Sandbox", prefix="sandbox", disposable=True)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app
