"""What one line gives an app that exists already, and that it takes nothing from what the app says."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsii
import pytest
from aws_cdk import App, Duration, Environment, IPropertyInjector, PropertyInjectors, RemovalPolicy, Stack, Stage
from aws_cdk import aws_docdb as docdb
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct
from seawall.configuration import Objective
from seawall.loading import load_policies
from seawall.policy import Outcome
from seawall.scan import Options, check
from seawall.selection import Selection

from seawall_constructs.defaults import INJECTORS, SeawallDefaults
from tests.constructs.every_construct import Service

Template = dict[str, Any]
POSTGRES = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_17)
AURORA = rds.DatabaseClusterEngine.aurora_postgres(version=rds.AuroraPostgresEngineVersion.VER_17_4)
SMALL = ec2.InstanceType("t4g.medium")
KEY = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)

MENDED = {
    ("SEA_BUCKET_WITHOUT_VERSIONS", "AWS::S3::Bucket"),
    ("SEA_TABLE_WITHOUT_RECOVERY", "AWS::DynamoDB::Table"),
    ("SEA_TABLE_WITHOUT_RECOVERY", "AWS::DynamoDB::GlobalTable"),
    ("SEA_FIXED_CAPACITY_TABLE", "AWS::DynamoDB::Table"),
    ("SEA_DEAD_LETTER_EXPIRES_FIRST", "AWS::SQS::Queue"),
    ("SEA_SINGLE_AZ_DATABASE", "AWS::RDS::DBInstance"),
    ("SEA_BACKUP_EXPIRES_TOO_SOON", "AWS::RDS::DBInstance"),
    ("SEA_STORAGE_CANNOT_GROW", "AWS::RDS::DBInstance"),
    ("SEA_BACKUP_EXPIRES_TOO_SOON", "AWS::RDS::DBCluster"),
    ("SEA_BACKUP_EXPIRES_TOO_SOON", "AWS::DocDB::DBCluster"),
    ("SEA_FILE_SYSTEM_WITHOUT_BACKUP", "AWS::EFS::FileSystem"),
    ("SEA_STREAM_FORGETS_TOO_SOON", "AWS::Kinesis::Stream"),
    ("SEA_FIXED_CAPACITY_STREAM", "AWS::Kinesis::Stream"),
    ("SEA_DEPLOYMENT_WITHOUT_ROLLBACK", "AWS::ECS::Service"),
    ("SEA_DELETABLE_LOAD_BALANCER", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
}
"""Policies, and the types of the plain app's resources that they flag until there is the line."""


class Plain(Stack):
    """What somebody writes who thinks of nothing but the service; but for the required arguments it is all CDK's."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name, env=Environment(region="eu-west-1"))
        s3.Bucket(self, "Bucket")
        dynamodb.Table(self, "Table", partition_key=KEY)
        replicas = [dynamodb.ReplicaTableProps(region="eu-central-1")]
        dynamodb.TableV2(self, "TableV2", partition_key=KEY, replicas=replicas)
        dead_letters = sqs.Queue(self, "DeadLetters")
        sqs.Queue(self, "Queue", dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=3))
        kinesis.Stream(self, "Stream")
        vpc = ec2.Vpc(self, "Vpc", max_azs=3)
        rds.DatabaseInstance(self, "Database", engine=POSTGRES, vpc=vpc)
        rds.DatabaseInstanceFromSnapshot(
            self, "Restored", engine=POSTGRES, vpc=vpc, snapshot_identifier="yesterday", instance_type=SMALL
        )
        writer = rds.ClusterInstance.serverless_v2("writer")
        rds.DatabaseCluster(self, "Aurora", engine=AURORA, vpc=vpc, writer=writer)
        rds.DatabaseClusterFromSnapshot(
            self, "RestoredAurora", engine=AURORA, vpc=vpc, writer=writer, snapshot_identifier="yesterday"
        )
        docdb.DatabaseCluster(
            self, "Documents", vpc=vpc, instance_type=SMALL, master_user=docdb.Login(username="owner")
        )
        efs.FileSystem(self, "FileSystem", vpc=vpc)
        balancer = elb.ApplicationLoadBalancer(self, "Balancer", vpc=vpc)
        elb.NetworkLoadBalancer(self, "NetworkBalancer", vpc=vpc)
        task = ecs.FargateTaskDefinition(self, "Task")
        port = ecs.PortMapping(container_port=80)
        task.add_container("main", image=ecs.ContainerImage.from_registry("nginx"), port_mappings=[port])
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        service = ecs.FargateService(self, "Service", cluster=cluster, task_definition=task)
        balancer.add_listener("Listener", port=80).add_targets("Targets", port=80, targets=[service])


def judged(folder: Path, make: Callable[[App], object]) -> dict[Outcome, set[tuple[str, str]]]:
    """The policies and types of resources by what Seawall says of an app that `make` fills."""
    app = App(outdir=str(folder))
    make(app)
    app.synth()
    loaded, _ = load_policies()
    report = check([folder], Options(policies=Selection().of(loaded, Objective("multi-region"))))
    assert report.unread == []
    said: dict[Outcome, set[tuple[str, str]]] = {outcome: set() for outcome in Outcome}
    for finding in report.findings:
        said[finding.verdict].add((finding.policy, finding.type))
    return said


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[Outcome, set[tuple[str, str]]]:
    return judged(tmp_path_factory.mktemp("plain"), lambda app: Plain(app, "Plain"))


@pytest.fixture(scope="module")
def with_the_line(tmp_path_factory: pytest.TempPathFactory) -> dict[Outcome, set[tuple[str, str]]]:
    def make(app: App) -> None:
        SeawallDefaults.of(app)
        Plain(app, "Plain")

    return judged(tmp_path_factory.mktemp("mended"), make)


def test_a_plain_app_is_flagged(plain: dict[Outcome, set[tuple[str, str]]]) -> None:
    assert MENDED - plain[Outcome.FLAGGED] == set()


def test_one_line_mends_what_needs_no_thought(with_the_line: dict[Outcome, set[tuple[str, str]]]) -> None:
    assert MENDED & with_the_line[Outcome.FLAGGED] == set()
    assert MENDED - with_the_line[Outcome.ACCEPTED] == set()


def test_it_makes_nothing_worse(
    plain: dict[Outcome, set[tuple[str, str]]], with_the_line: dict[Outcome, set[tuple[str, str]]]
) -> None:
    assert with_the_line[Outcome.FLAGGED] <= plain[Outcome.FLAGGED] - MENDED


@pytest.mark.parametrize(
    "kind",
    [
        s3.Bucket,
        dynamodb.Table,
        dynamodb.TableV2,
        sqs.Queue,
        rds.DatabaseInstance,
        rds.DatabaseInstanceFromSnapshot,
        rds.DatabaseCluster,
        rds.DatabaseClusterFromSnapshot,
        docdb.DatabaseCluster,
        efs.FileSystem,
        kinesis.Stream,
        ecs.FargateService,
        elb.ApplicationLoadBalancer,
        elb.NetworkLoadBalancer,
    ],
)
def test_cdk_knows_each_construct_by_the_name_that_is_written_here(kind: Any) -> None:
    assert kind.PROPERTY_INJECTION_ID in INJECTORS


def test_every_policy_that_a_docstring_names_accepts_what_the_line_makes(
    with_the_line: dict[Outcome, set[tuple[str, str]]],
) -> None:
    accepted = {policy for policy, _ in with_the_line[Outcome.ACCEPTED]}
    for choose in INJECTORS.values():
        sentences = [text for text in re.split(r"[.;]", choose.__doc__ or "") if "the app's own choice" not in text]
        named = {policy for text in sentences for policy in re.findall(r"SEA_[A-Z_]+", text)}
        assert named <= accepted, choose


def template(make: Callable[[Stack], object], **choice: bool) -> Template:
    """What the stack becomes that `make` fills after the line."""
    app = App()
    SeawallDefaults.of(app, **choice)
    stack = Stack(app, "Stack")
    make(stack)
    found: Template = app.synth().get_stack_by_name("Stack").template
    return found


def only(made: Template, kind: str) -> Template:
    [properties] = [one.get("Properties", {}) for one in made["Resources"].values() if one["Type"] == kind]
    return dict(properties)


def test_what_the_app_sets_wins() -> None:
    def chosen(stack: Stack) -> None:
        s3.Bucket(
            stack,
            "Bucket",
            versioned=False,
            encryption_key=kms.Key(stack, "Key"),
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(3))],
        )
        dynamodb.Table(
            stack,
            "Table",
            partition_key=KEY,
            read_capacity=7,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=False
            ),
            deletion_protection=False,
        )
        sqs.Queue(stack, "Queue", retention_period=Duration.days(2))
        kinesis.Stream(stack, "Stream", shard_count=4, retention_period=Duration.days(1))

    made = template(chosen)
    bucket = only(made, "AWS::S3::Bucket")
    assert "VersioningConfiguration" not in bucket
    assert "KMSMasterKeyID" in str(bucket["BucketEncryption"])
    assert bucket["LifecycleConfiguration"]["Rules"] == [{"ExpirationInDays": 3, "Status": "Enabled"}]
    assert bucket["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    table = only(made, "AWS::DynamoDB::Table")
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
    assert table["DeletionProtectionEnabled"] is False
    assert only(made, "AWS::SQS::Queue")["MessageRetentionPeriod"] == 2 * 24 * 3600
    stream = only(made, "AWS::Kinesis::Stream")
    assert (stream["ShardCount"], stream["RetentionPeriodHours"]) == (4, 24)


def test_a_website_stays_public() -> None:
    def website(stack: Stack) -> None:
        s3.Bucket(
            stack,
            "Site",
            public_read_access=True,
            website_index_document="index.html",
            block_public_access=s3.BlockPublicAccess.BLOCK_ACLS_ONLY,
        )

    allowed = only(template(website), "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert any(one["Effect"] == "Allow" and one["Action"] == "s3:GetObject" for one in allowed)


def test_what_goes_with_its_stack_is_not_protected() -> None:
    def thrown_away(stack: Stack) -> None:
        dynamodb.Table(stack, "Table", partition_key=KEY, removal_policy=RemovalPolicy.DESTROY)

    assert "DeletionProtectionEnabled" not in only(template(thrown_away), "AWS::DynamoDB::Table")


def test_a_disposable_app_is_protected_nowhere() -> None:
    def balanced(stack: Stack) -> None:
        elb.NetworkLoadBalancer(stack, "Balancer", vpc=ec2.Vpc(stack, "Vpc"))

    def attributes(**choice: bool) -> set[tuple[str, str]]:
        balancer = only(template(balanced, **choice), "AWS::ElasticLoadBalancingV2::LoadBalancer")
        return {(one["Key"], one["Value"]) for one in balancer["LoadBalancerAttributes"]}

    assert ("deletion_protection.enabled", "true") in attributes()
    assert ("deletion_protection.enabled", "true") not in attributes(disposable=True)
    assert ("load_balancing.cross_zone.enabled", "true") in attributes(disposable=True)


def test_nothing_that_is_deployed_is_replaced() -> None:
    """Encryption replaces a database, with all that is in it."""

    def stored(stack: Stack) -> None:
        rds.DatabaseInstance(stack, "Database", engine=POSTGRES, vpc=ec2.Vpc(stack, "Vpc"))

    assert "StorageEncrypted" not in only(template(stored), "AWS::RDS::DBInstance")
    assert only(template(stored, undeployed=True), "AWS::RDS::DBInstance")["StorageEncrypted"] is True


@pytest.mark.parametrize(("storage", "most"), [(20, 200), (5_000, 16_384), (15_900, None)])
def test_storage_may_grow_tenfold_within_what_rds_takes(storage: int, most: int | None) -> None:
    def stored(stack: Stack) -> None:
        vpc = ec2.Vpc(stack, "Vpc")
        rds.DatabaseInstance(stack, "Database", engine=POSTGRES, vpc=vpc, allocated_storage=storage)

    assert only(template(stored), "AWS::RDS::DBInstance").get("MaxAllocatedStorage") == most


def test_a_service_that_something_else_deploys_is_left_alone() -> None:
    def deployed_elsewhere(stack: Stack) -> None:
        task = ecs.FargateTaskDefinition(stack, "Task")
        task.add_container("main", image=ecs.ContainerImage.from_registry("nginx"))
        ecs.FargateService(
            stack,
            "Service",
            cluster=ecs.Cluster(stack, "Cluster"),
            task_definition=task,
            deployment_controller=ecs.DeploymentController(type=ecs.DeploymentControllerType.CODE_DEPLOY),
        )

    made = only(template(deployed_elsewhere), "AWS::ECS::Service")
    assert "DeploymentCircuitBreaker" not in made["DeploymentConfiguration"]


def versions(stack: Stack) -> object:
    """Whether a bucket that is made in a stack keeps its versions."""
    bucket = s3.Bucket(stack, "Bucket").node.default_child
    assert isinstance(bucket, s3.CfnBucket)
    return bucket.versioning_configuration is not None


def test_an_app_a_stage_or_a_stack_takes_the_line() -> None:
    assert versions(Stack(App(property_injectors=SeawallDefaults.all()), "Stack"))
    assert versions(Stack(Stage(App(), "Stage", property_injectors=SeawallDefaults.all()), "Stack"))
    assert versions(Stack(App(), "Stack", property_injectors=SeawallDefaults.all()))
    stage = Stage(App(), "Stage")
    SeawallDefaults.of(stage)
    assert versions(Stack(stage, "Stack"))
    stack = Stack(App(), "Stack")
    assert not versions(stack)


def test_a_subclass_gets_them_too() -> None:
    class OurBucket(s3.Bucket):
        def __init__(self, scope: Construct, name: str) -> None:
            super().__init__(scope, name, bucket_name="ours")

    made = only(template(lambda stack: OurBucket(stack, "Ours")), "AWS::S3::Bucket")
    assert (made["BucketName"], made["VersioningConfiguration"]) == ("ours", {"Status": "Enabled"})


def test_our_own_constructs_say_all_of_it_themselves() -> None:
    def made(*, with_the_line: bool) -> Template:
        app = App()
        if with_the_line:
            SeawallDefaults.of(app)
        Service(app, "Service", prefix="shop")
        found: Template = app.synth().get_stack_by_name("Service").template
        return found

    assert made(with_the_line=True) == made(with_the_line=False)


@jsii.implements(IPropertyInjector)
class Own:
    """What an app had before."""

    @property
    def construct_unique_id(self) -> str:
        return s3.Bucket.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, id: str, scope: Construct) -> Any:  # noqa: ARG002, A002 CDK's signature
        return {**original_props, "bucketName": "own"}


def test_an_injector_that_the_app_has_stays() -> None:
    app = App(property_injectors=[Own()])
    SeawallDefaults.of(app)
    assert set(PropertyInjectors.of(app).supported_classes()) == set(INJECTORS)
    stack = Stack(app, "Stack")
    s3.Bucket(stack, "Bucket")
    made = json.loads(json.dumps(app.synth().get_stack_by_name("Stack").template))
    assert only(made, "AWS::S3::Bucket") == {"BucketName": "own"}
