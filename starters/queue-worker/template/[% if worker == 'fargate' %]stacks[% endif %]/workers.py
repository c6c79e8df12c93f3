"""The queue of fresh orders and the containers that do them: in three zones, as many as there is work for.

Survives the loss of a zone: each zone has its containers, its subnet and its endpoints.
Survives a surge: what waits starts containers, and what is late starts them by half, or double, at once.
Survives a container's death: its order is free again after a minute and a half.
Survives a bad deployment: new containers start beside the old, which stay if those end or hang.
Survives an intruder: no root, no way out of the network but to this account's table and queues.
"""

from pathlib import Path

from aws_cdk import Duration, IgnoreMode
from aws_cdk.aws_ecr_assets import Platform
from aws_cdk.aws_ecs import ContainerImage
from constructs import Construct
from orders.limits import HEARTBEAT, LEASE, TRIES
from seawall_constructs.backlog_scaling import BacklogScaling
from seawall_constructs.closed_network import ClosedNetwork
from seawall_constructs.work_queue import WorkQueue
from seawall_constructs.worker_service import WorkerService

from stacks.capacity import MOST_CONTAINERS
from stacks.needs import Needs
from stacks.regional_stack import RegionalStack

ROOT = Path(__file__).parent.parent

CPU, MEMORY = 512, 1024
"""Half a processor and 1 GiB for four orders at a time."""

BACKLOG_PER_CONTAINER = 120
"""What one container works off in half a minute, if an order takes a second."""


class Workers(RegionalStack):
    """Network and containers of one region; `peer` is the other region, or empty."""

    def __init__(self, scope: Construct, name: str, *, service: str, region: str, disposable: bool, peer: str) -> None:
        super().__init__(scope, name, service=service, region=region, disposable=disposable)
        queue = WorkQueue(
            self,
            "WorkQueue",
            queue_name=self.physical("work"),
            # Workers hide what they work on by themselves, again and again.
            handler_timeout=Duration.seconds(HEARTBEAT),
            visibility_timeout=Duration.seconds(LEASE),
            tries=TRIES,
        )
        network = ClosedNetwork(
            self,
            "Network",
            vpc_name=self.physical("work"),
            flow_log_role_name=self.in_region("work-flow-log"),
            disposable=disposable,
        )
        needs = (
            Needs(self, peer)
            .orders("GetItem", "PutItem", "UpdateItem")
            .queue("work", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")
            .queue("sideline", "SendMessage")
        )
        workers = WorkerService(
            self,
            "Work",
            image=self._image(),
            vpc=network.vpc,
            security_group=network.tasks,
            cpu=CPU,
            memory=MEMORY,
            environment=needs.environment,
            allow=needs.allow,
            health_command=["python", "-m", "work.health"],
            container_name="work",
            service_name=self.physical("work"),
            role_name=self.in_region("work"),
            start_role_name=self.in_region("work-start"),
            disposable=disposable,
        )
        # A container that starts before them finds neither its image nor its queue.
        workers.service.node.add_dependency(*network.doors)
        BacklogScaling(
            self,
            "Scaling",
            service=workers.service,
            queues=[queue],
            backlog_per_task=BACKLOG_PER_CONTAINER,
            most=MOST_CONTAINERS,
        )

    def _image(self) -> ContainerImage:
        return ContainerImage.from_asset(
            str(ROOT),
            # Only what the image is made of: else a changed document would be a new image.
            exclude=["*", "!Dockerfile", "!services", "services/**/__pycache__"],
            ignore_mode=IgnoreMode.DOCKER,
            platform=Platform.LINUX_ARM64,
        )
