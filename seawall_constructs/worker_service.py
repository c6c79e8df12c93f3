"""Containers that poll for their work: as many in each zone, replaced one by one, stopped gently."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk.aws_ec2 import ISecurityGroup, IVpc, SubnetSelection, SubnetType
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

from seawall_constructs.disposal import removal_policy
from seawall_constructs.findings import accept_finding, accept_wildcards

STOP_TIMEOUT = Duration.seconds(120)
"""The longest that Fargate waits between SIGTERM and SIGKILL."""

SCRATCH = "/tmp"  # noqa: S108
"""The task's own volume, which nobody else sees."""

USER = "65532"
"""Nobody in particular: what the image's own user should be too."""


class WorkerService(Construct):
    """A Fargate service of one container, which is called `worker` unless it is named.

    Survives the loss of a zone: Fargate spreads the tasks over the subnets' zones, and evens them out again.
    Survives a bad deployment: new tasks start beside the old; if they end, or an alarm sounds, the old ones stay.
    Survives being stopped: a task has two minutes to finish or give back what it works on.
    Survives an intruder: no root, no writing but to `/tmp`, no shell from outside.
    """

    service: FargateService
    role: Role
    """What the container may do."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        image: ContainerImage,
        vpc: IVpc,
        security_group: ISecurityGroup,
        cpu: int = 256,
        memory: int = 512,
        environment: Mapping[str, str] | None = None,
        allow: Sequence[PolicyStatement] = (),
        alarm_names: Sequence[str] = (),
        tasks: int | None = None,
        public: bool = False,
        command: Sequence[str] | None = None,
        health_command: Sequence[str] | None = None,
        container_name: str = "worker",
        service_name: str | None = None,
        role_name: str | None = None,
        start_role_name: str | None = None,
        disposable: bool = False,
    ) -> None:
        """Run `image`, built for arm64. Without `tasks` something else scales the service, such as `BacklogScaling`.

        Deployments are taken back while one of `alarm_names` sounds. `public` tasks lie in public subnets and have
        addresses of their own. `command` is handed to the image's entry point; `health_command` ends with 0 in a
        container that works, such as `["python", "-m", "health"]`; without it a task lives until it ends by itself.
        """
        super().__init__(scope, name)
        self._name = container_name
        self._service_name = service_name
        self._disposable = disposable
        # Container Insights counts the running tasks, by which a backlog is divided.
        cluster = Cluster(
            self, "Cluster", cluster_name=service_name, vpc=vpc, container_insights_v2=ContainerInsights.ENABLED
        )
        self.role = self._role("TaskRole", role_name)
        for statement in allow:
            self.role.add_to_policy(statement)
        accept_wildcards(self.role, *allow)
        task = self._task(cpu, memory, start_role_name)
        self._container(task, image, dict(environment or {}), command, health_command)
        self.service = FargateService(
            self,
            "Service",
            service_name=service_name,
            cluster=cluster,
            task_definition=task,
            desired_count=tasks,
            vpc_subnets=SubnetSelection(subnet_type=SubnetType.PUBLIC) if public else None,
            assign_public_ip=public or None,
            security_groups=[security_group],
            platform_version=FargatePlatformVersion.VERSION1_4,
            availability_zone_rebalancing=AvailabilityZoneRebalancing.ENABLED,
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=DeploymentCircuitBreaker(rollback=True),
            deployment_alarms=DeploymentAlarmConfig(
                alarm_names=list(alarm_names), behavior=AlarmBehavior.ROLLBACK_ON_ALARM
            )
            if alarm_names
            else None,
            enable_execute_command=False,
            propagate_tags=PropagatedTagSource.SERVICE,
        )

    def _task(self, cpu: int, memory: int, start_role_name: str | None) -> FargateTaskDefinition:
        starter = self._role("StartRole", start_role_name)
        accept_finding(
            starter, "AwsSolutions-IAM5[Resource::*]", reason="ecr:GetAuthorizationToken knows no resources (IAM)"
        )
        task = FargateTaskDefinition(
            self,
            "Task",
            family=self._service_name,
            cpu=cpu,
            memory_limit_mib=memory,
            runtime_platform=RuntimePlatform(
                cpu_architecture=CpuArchitecture.ARM64, operating_system_family=OperatingSystemFamily.LINUX
            ),
            task_role=self.role,
            execution_role=starter,
            volumes=[Volume(name="tmp")],
        )
        accept_finding(
            task, "AwsSolutions-ECS2", reason="Names and addresses only; a secret would come from Secrets Manager"
        )
        return task

    def _container(
        self,
        task: FargateTaskDefinition,
        image: ContainerImage,
        environment: dict[str, str],
        command: Sequence[str] | None,
        health_command: Sequence[str] | None,
    ) -> None:
        linux = LinuxParameters(self, "Linux", init_process_enabled=True)
        linux.drop_capabilities(Capability.ALL)
        container = ContainerDefinition(
            self,
            "Container",
            task_definition=task,
            container_name=self._name,
            image=image,
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=linux,
            stop_timeout=STOP_TIMEOUT,
            command=list(command) if command else None,
            environment=environment,
            # ECS ignores the HEALTHCHECK of an image.
            health_check=HealthCheck(
                command=["CMD", *health_command],
                interval=Duration.seconds(30),
                timeout=Duration.seconds(5),
                start_period=Duration.seconds(60),
                retries=3,
            )
            if health_command
            else None,
            logging=LogDriver.aws_logs(
                stream_prefix=self._name,
                # A log service that does not answer must not hold up the work.
                mode=AwsLogDriverMode.NON_BLOCKING,
                log_group=LogGroup(
                    self,
                    "Logs",
                    log_group_name=f"/aws/ecs/{self._service_name}" if self._service_name else None,
                    retention=RetentionDays.THREE_MONTHS,
                    removal_policy=removal_policy(self._disposable),
                ),
            ),
        )
        container.add_mount_points(MountPoint(container_path=SCRATCH, source_volume="tmp", read_only=False))

    def _role(self, name: str, role_name: str | None) -> Role:
        return Role(self, name, role_name=role_name, assumed_by=ServicePrincipal("ecs-tasks.amazonaws.com"))
