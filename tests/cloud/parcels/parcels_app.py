"""A small service of somebody else, as a CDK app: what the embedded cloud has to take beside the drive.

`CDK_OUTDIR=… python tests/cloud/parcels/parcels_app.py [REGION …]` synthesizes it, for one region or two.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_backup as backup
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

SERVICES = Path(__file__).with_name("services")
NAME = "parcels"


class Parcels(cdk.Stack):
    """One region of the service; the first one holds the table."""

    def __init__(self, scope: Construct, region: str, *, peer: str | None, home: str) -> None:
        super().__init__(scope, f"Parcels-{region}", env=cdk.Environment(region=region))
        self.table: dynamodb.ITable = self._table(peer) if region == home else self._replica()
        self.work = self._queue("work")
        self.code = lambda_.Code.from_asset(str(SERVICES))
        self.told = {"TABLE": f"{NAME}-parcels", "QUEUE_URL": self.work.queue_url, "PEER_REGION": peer or ""}
        self._functions()
        self._schedules()
        self._service()
        self._backups(peer)
        self._alarms()
        cdk.CfnOutput(self, "Queue", value=self.work.queue_url)

    def _table(self, peer: str | None) -> dynamodb.TableV2:
        replicas = [dynamodb.ReplicaTableProps(region=peer, deletion_protection=True)] if peer else []
        return dynamodb.TableV2(
            self,
            "Table",
            table_name=f"{NAME}-parcels",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            global_secondary_indexes=[
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="open",
                    partition_key=dynamodb.Attribute(name="open", type=dynamodb.AttributeType.STRING),
                    sort_key=dynamodb.Attribute(name="at", type=dynamodb.AttributeType.STRING),
                )
            ],
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=35
            ),
            deletion_protection=True,
            time_to_live_attribute="expires",
            replicas=replicas,
        )

    def _replica(self) -> dynamodb.ITable:
        arn = self.format_arn(service="dynamodb", resource="table", resource_name=f"{NAME}-parcels")
        return dynamodb.Table.from_table_arn(self, "Table", arn)

    def _queue(self, role: str) -> sqs.Queue:
        dead = sqs.Queue(
            self, f"{role}-dead", queue_name=f"{NAME}-{role}-dead-letters", retention_period=cdk.Duration.days(14)
        )
        return sqs.Queue(
            self,
            role,
            queue_name=f"{NAME}-{role}",
            enforce_ssl=True,
            visibility_timeout=cdk.Duration.seconds(40),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=2),
        )

    def _function(self, role: str, **more: Any) -> lambda_.Function:
        function = lambda_.Function(
            self,
            role,
            function_name=f"{NAME}-{role}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler=f"parcels.{role}.handler",
            code=self.code,
            environment=self.told,
            timeout=cdk.Duration.seconds(20),
            **more,
        )
        self.table.grant_read_write_data(function)
        return function

    def _functions(self) -> None:
        accept = self._function("accept")
        accept.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)
        self.work.grant_send_messages(accept)
        delivering = self._function("deliver", reserved_concurrent_executions=2)
        delivering.add_event_source(
            sources.SqsEventSource(self.work, batch_size=5, max_concurrency=2, report_batch_item_failures=True)
        )
        self.check = self._function("check")
        iam.Role(
            self,
            "Reader",
            assumed_by=iam.AccountRootPrincipal(),
            inline_policies={
                "read": iam.PolicyDocument(
                    statements=[iam.PolicyStatement(actions=["sqs:GetQueueAttributes"], resources=["*"])]
                )
            },
        )
        self.check.add_to_role_policy(
            iam.PolicyStatement(
                actions=["backup:DescribeRestoreJob", "backup:PutRestoreValidationResult"], resources=["*"]
            )
        )

    def _schedules(self) -> None:
        count = self._function("count")
        events.Rule(
            self,
            "Every minute",
            schedule=events.Schedule.rate(cdk.Duration.minutes(1)),
            targets=[targets.LambdaFunction(count)],
        )
        scheduler.Schedule(
            self,
            "Every hour",
            schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)),
            target=scheduler_targets.LambdaInvoke(count),
        )
        pattern = events.EventPattern(
            source=["aws.backup"],
            detail_type=["Restore Job State Change"],
            detail={"status": ["COMPLETED"], "restoreTestingPlanArn": [{"exists": True}]},
        )
        events.Rule(
            self,
            "Restored",
            event_pattern=pattern,
            targets=[targets.LambdaFunction(self.check, retry_attempts=2)],
        )

    def _service(self) -> None:
        self.network = ec2.Vpc(
            self,
            "Network",
            max_azs=3,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="closed", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24)
            ],
            gateway_endpoints={
                "Table": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
            },
        )
        self.network.add_interface_endpoint("Queue", service=ec2.InterfaceVpcEndpointAwsService.SQS)
        cluster = ecs.Cluster(self, "Cluster", vpc=self.network)
        task = ecs.FargateTaskDefinition(self, "Task", family=f"{NAME}-carrier")
        task.add_container(
            "carrier",
            image=ecs.ContainerImage.from_asset(str(SERVICES)),
            command=["python", "-m", "parcels.carrier"],
            environment=self.told,
            logging=ecs.LogDrivers.aws_logs(stream_prefix="carrier"),
        )
        self.table.grant_read_write_data(task.task_role)
        service = ecs.FargateService(self, "Service", cluster=cluster, task_definition=task, desired_count=3)
        service.auto_scale_task_count(min_capacity=3, max_capacity=9).scale_on_metric(
            "Backlog",
            metric=self.work.metric_approximate_number_of_messages_visible(),
            scaling_steps=[
                scaling.ScalingInterval(upper=10, change=-1),
                scaling.ScalingInterval(lower=100, change=+2),
            ],
        )

    def _backups(self, peer: str | None) -> None:
        self.bucket = s3.Bucket(
            self,
            "Labels",
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            metrics=[s3.BucketMetrics(id="all")],
            lifecycle_rules=[
                s3.LifecycleRule(id="old", prefix="old/", expiration=cdk.Duration.days(40)),
                s3.LifecycleRule(
                    id="cheap",
                    tag_filters={"kind": "copy"},
                    transitions=[
                        s3.Transition(storage_class=s3.StorageClass.GLACIER, transition_after=cdk.Duration.days(30))
                    ],
                ),
            ],
        )
        vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=NAME,
            lock_configuration=backup.LockConfiguration(min_retention=cdk.Duration.days(7)),
        )
        plan = backup.BackupPlan(self, "Plan", backup_vault=vault)
        arn = f"arn:aws:backup:{peer}:{self.account}:backup-vault:{NAME}"
        copies = (
            [
                backup.BackupPlanCopyActionProps(
                    destination_backup_vault=backup.BackupVault.from_backup_vault_arn(self, "Other", arn)
                )
            ]
            if peer
            else []
        )
        plan.add_rule(backup.BackupPlanRule(rule_name="daily", delete_after=cdk.Duration.days(35), copy_actions=copies))
        plan.add_selection("Tagged", resources=[backup.BackupResource.from_tag("backup", "daily")])
        testing = backup.CfnRestoreTestingPlan(
            self,
            "Testing",
            restore_testing_plan_name=NAME,
            schedule_expression="cron(0 5 ? * SUN *)",
            recovery_point_selection=backup.CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[vault.backup_vault_arn],
                recovery_point_types=["SNAPSHOT"],
            ),
        )
        selection = backup.CfnRestoreTestingSelection(
            self,
            "Tables",
            restore_testing_plan_name=NAME,
            restore_testing_selection_name="tables",
            protected_resource_type="DynamoDB",
            protected_resource_arns=["*"],
            iam_role_arn=self.format_arn(service="iam", region="", resource="role", resource_name="restores"),
        )
        selection.add_resource_dependency(testing)

    def _alarms(self) -> None:
        topic = sns.Topic(self, "Page")
        late = self.work.metric_approximate_age_of_oldest_message().create_alarm(
            self, "Late", threshold=600, evaluation_periods=2, alarm_name=f"{NAME}-late"
        )
        share = cloudwatch.MathExpression(
            expression="100 * dead / (dead + all)",
            using_metrics={
                "dead": self.work.metric_number_of_messages_received(),
                "all": self.work.metric_number_of_messages_sent(),
            },
        )
        share.create_alarm(self, "Dying", threshold=1, evaluation_periods=1)
        both = cloudwatch.CompositeAlarm(self, "Both", alarm_rule=cloudwatch.AlarmRule.all_of(late))
        both.node.default_child.alarm_actions = [topic.topic_arn]  # type: ignore[union-attr]


class Ledger(cdk.Stack):
    """A database, and a stack that refers to another one in its region."""

    def __init__(self, scope: Construct, *, parcels: Parcels) -> None:
        super().__init__(scope, "Ledger", env=cdk.Environment(region=parcels.region))
        subnets = rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description="closed",
            subnet_ids=[subnet.subnet_id for subnet in parcels.network.isolated_subnets],
        )
        key = kms.Key(self, "Lock", alias=f"alias/{NAME}")
        group = ec2.SecurityGroup(self, "Group", vpc=parcels.network, allow_all_outbound=False)
        clients = ec2.SecurityGroup(self, "Clients", vpc=parcels.network, allow_all_outbound=False)
        group.connections.allow_from(clients, ec2.Port.tcp(5432))
        group.add_ingress_rule(ec2.Peer.ipv4("10.0.0.0/16"), ec2.Port.tcp(5433))
        self.database = rds.CfnDBCluster(
            self,
            "Database",
            db_cluster_identifier=f"{NAME}-ledger",
            engine="aurora-postgresql",
            engine_version="16.6",
            database_name="ledger",
            master_username="owner",
            manage_master_user_password=True,
            master_user_secret=rds.CfnDBCluster.MasterUserSecretProperty(kms_key_id=key.key_arn),
            enable_cloudwatch_logs_exports=["postgresql"],
            vpc_security_group_ids=[group.security_group_id],
            kms_key_id=key.key_arn,
            preferred_backup_window="04:30-05:30",
            storage_encrypted=True,
            backup_retention_period=35,
            deletion_protection=True,
            enable_iam_database_authentication=True,
            db_subnet_group_name=subnets.ref,
            serverless_v2_scaling_configuration=rds.CfnDBCluster.ServerlessV2ScalingConfigurationProperty(
                min_capacity=0.5, max_capacity=8
            ),
            copy_tags_to_snapshot=True,
        )
        for role in ("writer", "reader"):
            rds.CfnDBInstance(
                self,
                role,
                db_instance_identifier=f"{NAME}-ledger-{role}",
                db_cluster_identifier=self.database.ref,
                db_instance_class="db.serverless",
                engine="aurora-postgresql",
                auto_minor_version_upgrade=True,
                availability_zone=parcels.availability_zones[0],
                promotion_tier=1,
                publicly_accessible=False,
            )
        secretsmanager.Secret(self, "Key", secret_name=f"{NAME}-key")
        cdk.CfnOutput(self, "Address", value=self.database.attr_endpoint_address)
        cdk.CfnOutput(self, "Owner", value=self.database.attr_master_user_secret_secret_arn)


def parcels_app(regions: Sequence[str]) -> cdk.App:
    """The app in one region or two."""
    app = cdk.App()
    stacks = [
        Parcels(app, region, peer=next((other for other in regions if other != region), None), home=regions[0])
        for region in regions
    ]
    Ledger(app, parcels=stacks[0])
    for later in stacks[1:]:
        later.add_stack_dependency(stacks[0])
    cdk.Tags.of(app).add("backup", "daily")
    return app


if __name__ == "__main__":
    parcels_app(sys.argv[1:] or ["eu-west-1", "eu-central-1"]).synth()
