"""Containers that poll for their work: as many in each zone, replaced one by one, stopped gently."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration, IgnoreMode
from aws_cdk.aws_ec2 import ISecurityGroup, IVpc, SubnetSelection, SubnetType
from aws_cdk.aws_ecr_assets import DockerImageAsset, Platform
from aws_cdk.aws_ecs import (
    AlarmBehavior,
    AvailabilityZoneRebalancing,
    AwsLogDriverMode,
    Capability,
    Cluster,
    ContainerDefinition,
    ContainerImage,
    ContainerInsights,
    CpuArchitecture,
    DeploymentAlarmConfig,
    DeploymentCircuitBreaker,
    FargatePlatformVersion,
    FargateService,
    FargateTaskDefinition,
    HealthCheck,
    LinuxParameters,
    LogDriver,
    MountPoint,
    OperatingSystemFamily,
    PropagatedTagSource,
    RuntimePlatform,
    Volume,
)
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_logs import LogGroup, RetentionDays
from constructs import Construct

from stacks.names import Names
from stacks.patterns.exception import accept_finding
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.wildcards import accept_wildcards

REPOSITORY = Path(__file__).parent.parent.parent

STOP_TIMEOUT = Duration.seconds(120)
"""The longest that Fargate waits between SIGTERM and SIGKILL."""

SCRATCH = "/tmp"  # noqa: S108
"""The task's own volume, which nobody else sees."""

USER = "65532"
"""Nobody in particular: the user that the image names too."""


class WorkerService(Construct):
    """A Fargate service of `services/<role>`, built from its Dockerfile.

    Survives the loss of a zone: Fargate spreads the tasks over the subnets' zones, and evens them out again.
    Survives a bad deployment: new tasks start beside the old; if they end, or `alarm` sounds, the old ones stay.
    Survives being stopped: a task has two minutes to finish or give back what it works on.
    Survives an intruder: no root, no writing but to `/tmp`, no shell from outside.
    """

    service: FargateService

    def __init__(
        self,
        scope: RegionalStack,
        name: str,
        *,
        names: Names,
        role: str,
        vpc: IVpc,
        security_group: ISecurityGroup,
        cpu: int,
        memory: int,
        environment: Mapping[str, str],
        allow: Sequence[PolicyStatement],
        alarm: str | None = None,
        tasks: int | None = None,
        public: bool = False,
        command: Sequence[str] | None = None,
        healthy: bool = True,
    ) -> None:
        """Take back deployments while `alarm` sounds. Without `tasks` something else scales the service.

        `public` tasks lie in public subnets and have addresses of their own. `command` is handed to the image's entry
        point; without a module `health` in the service, `healthy` is False, and a task lives until it ends.
        """
        super().__init__(scope, name)
        self._scope = scope
        self._names = names
        self._role = role
        self._command = command
        self._healthy = healthy
        # Container Insights counts the running tasks, by which the backlog is divided.
        cluster = Cluster(
            self, "Cluster", cluster_name=names.name(role), vpc=vpc, container_insights_v2=ContainerInsights.ENABLED
        )
        self.service = FargateService(
            self,
            "Service",
            service_name=names.name(role),
            cluster=cluster,
            task_definition=self._task(cpu, memory, environment, allow),
            desired_count=tasks,
            vpc_subnets=SubnetSelection(subnet_type=SubnetType.PUBLIC) if public else None,
            assign_public_ip=public or None,
            security_groups=[security_group],
            platform_version=FargatePlatformVersion.VERSION1_4,
            availability_zone_rebalancing=AvailabilityZoneRebalancing.ENABLED,
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=DeploymentCircuitBreaker(rollback=True),
            deployment_alarms=DeploymentAlarmConfig(alarm_names=[alarm], behavior=AlarmBehavior.ROLLBACK_ON_ALARM)
            if alarm
            else None,
            enable_execute_command=False,
            propagate_tags=PropagatedTagSource.SERVICE,
        )

    def _task(
        self, cpu: int, memory: int, environment: Mapping[str, str], allow: Sequence[PolicyStatement]
    ) -> FargateTaskDefinition:
        task_role = self._role_of("TaskRole", self._role)
        for statement in allow:
            task_role.add_to_policy(statement)
        accept_wildcards(task_role, *allow)
        starter = self._role_of("StartRole", f"{self._role}-start")
        accept_finding(
            starter, "AwsSolutions-IAM5[Resource::*]", reason="ecr:GetAuthorizationToken knows no resources (IAM)"
        )
        task = FargateTaskDefinition(
            self,
            "Task",
            family=self._names.name(self._role),
            cpu=cpu,
            memory_limit_mib=memory,
            runtime_platform=RuntimePlatform(
                cpu_architecture=CpuArchitecture.ARM64, operating_system_family=OperatingSystemFamily.LINUX
            ),
            task_role=task_role,
            execution_role=starter,
            volumes=[Volume(name="tmp")],
        )
        self._container(task, environment)
        accept_finding(
            task, "AwsSolutions-ECS2", reason="Names and addresses only; a secret would come from Secrets Manager"
        )
        return task

    def _container(self, task: FargateTaskDefinition, environment: Mapping[str, str]) -> None:
        linux = LinuxParameters(self, "Linux", init_process_enabled=True)
        linux.drop_capabilities(Capability.ALL)
        container = ContainerDefinition(
            self,
            "Container",
            task_definition=task,
            container_name=self._role,
            image=ContainerImage.from_docker_image_asset(self._image()),
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=linux,
            stop_timeout=STOP_TIMEOUT,
            command=self._command,
            environment=dict(environment),
            # ECS ignores the HEALTHCHECK of an image.
            health_check=HealthCheck(
                command=["CMD", "python", "-m", f"services.{self._role}.health"],
                interval=Duration.seconds(30),
                timeout=Duration.seconds(5),
                start_period=Duration.seconds(60),
                retries=3,
            )
            if self._healthy
            else None,
            logging=LogDriver.aws_logs(
                stream_prefix=self._role,
                # A log service that does not answer must not hold up the work.
                mode=AwsLogDriverMode.NON_BLOCKING,
                log_group=LogGroup(
                    self,
                    "Logs",
                    log_group_name=f"/aws/ecs/{self._names.name(self._role)}",
                    retention=RetentionDays.THREE_MONTHS,
                    removal_policy=self._scope.data_removal,
                ),
            ),
        )
        container.add_mount_points(MountPoint(container_path=SCRATCH, source_volume="tmp", read_only=False))

    def _image(self) -> DockerImageAsset:
        return DockerImageAsset(
            self,
            "Image",
            directory=str(REPOSITORY),
            file=f"services/{self._role}/Dockerfile",
            # Only what the image is made of: else a changed document would be a new image.
            exclude=["*", "!services", "services/**/__pycache__"],
            ignore_mode=IgnoreMode.DOCKER,
            platform=Platform.LINUX_ARM64,
        )

    def _role_of(self, name: str, role: str) -> Role:
        return Role(
            self,
            name,
            role_name=self._names.in_region(role, self._scope.region),
            assumed_by=ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
