"""Containers of services/, each built from its Dockerfile, under the drive's names."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk.aws_ec2 import ISecurityGroup, IVpc
from aws_cdk.aws_ecr_assets import DockerImageAsset, Platform
from aws_cdk.aws_ecs import ContainerImage
from aws_cdk.aws_iam import PolicyStatement
from constructs import Construct

from seawall_constructs import worker_service
from stacks.names import Names
from stacks.patterns.regional_stack import RegionalStack

REPOSITORY = Path(__file__).parent.parent.parent


class WorkerService(worker_service.WorkerService):
    """A Fargate service of `services/<role>`, named after its `role`."""

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

        Without a module `health` in the service, `healthy` is False, and a task lives until it ends.
        """
        super().__init__(
            scope,
            name,
            service_name=names.name(role),
            container_name=role,
            role_name=names.in_region(role, scope.region),
            start_role_name=names.in_region(f"{role}-start", scope.region),
            image=ContainerImage.from_docker_image_asset(_image(scope, f"{name}Image", role)),
            vpc=vpc,
            security_group=security_group,
            cpu=cpu,
            memory=memory,
            environment=environment,
            allow=allow,
            alarm_names=[alarm] if alarm else [],
            tasks=tasks,
            public=public,
            command=command,
            health_command=["python", "-m", f"services.{role}.health"] if healthy else None,
            disposable=scope.disposable,
        )


def _image(scope: Construct, name: str, role: str) -> DockerImageAsset:
    return DockerImageAsset(
        scope,
        name,
        directory=str(REPOSITORY),
        file=f"services/{role}/Dockerfile",
        # Only what the image is made of: else a changed document would be a new image.
        exclude=["*", "!services", "services/**/__pycache__"],
        ignore_mode=IgnoreMode.DOCKER,
        platform=Platform.LINUX_ARM64,
    )
