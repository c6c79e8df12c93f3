"""The database: what this service must not lose.

Survives the loss of a zone: the writer and two readers are in three, and a reader takes over within about a minute.
Survives the loss of the region, if there is a second one: yesterday's backup is there, and subnets to restore it into.
Survives a bad deployment: any second of the last 35 days can be restored.
Survives a deletion by mistake: the database has to be unlocked first, and stays behind when its stack goes.
Survives a surge: it grows sixteenfold within minutes, its readers with it; that it cannot grow any more is noticed.
Survives a leaked password: RDS makes it, keeps it and changes it each week; people and services come in by IAM.
"""

from typing import cast

from aws_cdk import CfnOutput, Duration
from aws_cdk.aws_cloudwatch import IMetric, TreatMissingData
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_kms import Key
from aws_cdk.aws_logs import LogGroup, RetentionDays
from aws_cdk.aws_rds import (
    AuroraPostgresEngineVersion,
    BackupProps,
    CfnDBCluster,
    ClusterInstance,
    Credentials,
    DatabaseCluster,
    DatabaseClusterEngine,
)
from constructs import Construct
from seawall_constructs.alarms import RunbookAlarm, Urgency
from seawall_constructs.data_kind import holds_primary_data
from seawall_constructs.disposal import removal_policy
from seawall_constructs.findings import accept_finding
from seawall_constructs.measure import FIVE_MINUTES, measure

from stacks.closed_subnets import NETWORK, ClosedSubnets
from stacks.regional_stack import RegionalStack
from stacks.watched_store import WatchedStore

DATABASE = "database"

ENGINE = DatabaseClusterEngine.aurora_postgres(version=AuroraPostgresEngineVersion.VER_17_7)

KEPT = Duration.days(35)
"""The longest that Aurora's own recovery goes back."""

LEAST, MOST = 0.5, 8
"""Aurora capacity units, of 2 GiB each: what an idle hour costs, and what a surge may cost."""

NEARLY_FULL_PERCENT = 90

LATE_MILLISECONDS = 1000
"""Aurora's readers are usually 20 to 100 ms behind."""

UNRECOVERABLE_MINUTES = 30
"""Aurora can restore up to about five minutes ago."""


class Store(RegionalStack):
    """The cluster in its network."""

    def __init__(
        self,
        scope: Construct,
        *,
        service: str,
        region: str,
        second_region: str,  # noqa: ARG002 - every kind of store is asked for alike
        disposable: bool,
    ) -> None:
        """`second_region` has copies of its backups only: no cluster runs there (README.md, "What it survives")."""
        super().__init__(scope, "store", service=service, region=region, disposable=disposable)
        self._subnets = ClosedSubnets(self, "Network")
        cluster = self._cluster()
        settings = cast(CfnDBCluster, cluster.node.default_child)
        # Not the instances: AWS Backup takes a cluster as one.
        holds_primary_data(settings, backup=service)
        self._alarms()
        CfnOutput(self, "StoreName", value=self.named(DATABASE))
        CfnOutput(self, "Clients", value=self._subnets.clients.security_group_id)
        CfnOutput(self, "Secret", value=settings.attr_master_user_secret_secret_arn)

    def _cluster(self) -> DatabaseCluster:
        removal = removal_policy(self.disposable)
        name = self.named(DATABASE)
        logs = LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/rds/cluster/{name}/postgresql",
            retention=RetentionDays.THREE_MONTHS,
            removal_policy=removal,
        )
        key = Key(
            self,
            "Key",
            alias=f"alias/{name}",
            description="Encrypts the database; without it neither it nor its own backups can be read",
            enable_key_rotation=True,
            removal_policy=removal,
        )
        cluster = DatabaseCluster(
            self,
            "Cluster",
            cluster_identifier=name,
            engine=ENGINE,
            default_database_name="app",
            credentials=Credentials.from_username("postgres", encryption_key=key),
            manage_master_user_password=True,
            iam_authentication=True,
            storage_encrypted=True,
            storage_encryption_key=key,
            vpc=self._subnets.vpc,
            subnet_group=self._subnets.subnets,
            security_groups=[self._subnets.database],
            writer=self._instance(1),
            readers=[self._instance(2), self._instance(3)],
            serverless_v2_min_capacity=LEAST,
            serverless_v2_max_capacity=MOST,
            # After AWS Backup has made its copy.
            backup=BackupProps(retention=KEPT, preferred_window="04:30-05:30"),
            copy_tags_to_snapshot=True,
            cloudwatch_logs_exports=["postgresql"],
            deletion_protection=not self.disposable,
            removal_policy=removal,
        )
        cluster.node.add_dependency(logs)
        accept_finding(
            cluster,
            "AwsSolutions-RDS11",
            reason="Only the clients' security group may call it, whatever the port: another one would hide nothing",
        )
        return cluster

    def _instance(self, number: int) -> ClusterInstance:
        # Readers grow with the writer, so that the one that takes over is as large.
        return cast(
            ClusterInstance,
            ClusterInstance.serverless_v2(
                f"Instance{number}",
                instance_identifier=f"{self.named(DATABASE)}-{number}",
                availability_zone=self._subnets.zones[number - 1],
                scale_with_writer=True if number > 1 else None,
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
            ),
        )

    def _alarms(self) -> None:
        of = {"DBClusterIdentifier": self.named(DATABASE)}
        self._ticket(
            "Full",
            f"The database uses more than {NEARLY_FULL_PERCENT} % of the {MOST} capacity units that it may grow to.",
            measure("AWS/RDS", "ACUUtilization", "Maximum", of=of, period=FIVE_MINUTES, unit="percent"),
            threshold=NEARLY_FULL_PERCENT,
            periods=3,
        )
        self._ticket(
            "Late",
            f"A reader is more than {LATE_MILLISECONDS / 1000:g} s behind the writer.",
            measure("AWS/RDS", "AuroraReplicaLagMaximum", "Maximum", of=of, unit="ms"),
            threshold=LATE_MILLISECONDS,
            periods=5,
        )
        RunbookAlarm(
            self,
            "Unrecoverable",
            on_call=self.on_call,
            alarm_name=self.named(f"{DATABASE}-unrecoverable"),
            means=f"More than the last {UNRECOVERABLE_MINUTES} minutes could not be restored, or nobody measures it.",
            runbook="database-unrecoverable",
            metric=measure(
                self.service, "MinutesBehind", "Maximum", period=Duration.hours(1), Source=self.service, unit="min"
            ),
            threshold=UNRECOVERABLE_MINUTES,
            periods=3,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.BREACHING,
        )

    def _ticket(self, name: str, means: str, metric: IMetric, *, threshold: float, periods: int) -> None:
        role = f"{DATABASE}-{name.lower()}"
        RunbookAlarm(
            self,
            name,
            on_call=self.on_call,
            alarm_name=self.named(role),
            means=means,
            runbook=role,
            metric=metric,
            threshold=threshold,
            periods=periods,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )


def watched(stack: RegionalStack, *, is_home: bool) -> WatchedStore:
    """Return what heartbeat and restore check of a region are about: the cluster at home, and restored ones."""
    describing = ["rds:DescribeDBClusters"]
    cluster = stack.arn("rds", f"cluster:{stack.named(DATABASE)}")
    return WatchedStore(
        kind="Aurora",
        name=stack.named(DATABASE) if is_home else "",
        beats=is_home,
        may_beat=[PolicyStatement(actions=describing, resources=[cluster])] if is_home else [],
        may_check=[PolicyStatement(actions=describing, resources=[stack.arn("rds", "cluster:*")])],
        # Without it AWS Backup looks for a default network, which no account needs to have.
        restored_into={"dbSubnetGroupName": stack.named(NETWORK)},
    )
