"""The running drive that a drill gets: the embedded cloud, deployed from the assembly, with its workers at work.

with embedded_drive(options, design, console) as drive:
    drive.cloud.take_down(design.primary)
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from drills.drill import CouldNotRun, Options
from drills.frame.ledger import Store
from drills.frame.plan import Design
from drills.frame.users import Identity
from drills.traffic.load import Place

if TYPE_CHECKING:
    from drills.local.bundlers import Bundlers
    from drills.local.local_drive import LocalDrive
    from embedded_cloud.embedded import EmbeddedCloud


REPOSITORY = Path(__file__).parents[2]
CODE = (REPOSITORY / "services", REPOSITORY / "stacks")
TASKS_PER_ZONE = 1
"""Of the bundler, in each region: what two cores carry. The templates' numbers are for drills/simulate.py."""


@dataclass
class Drive:
    """One drive, running. Its `workers` (by region) are already at work; a drill kills and starts them."""

    cloud: "EmbeddedCloud"
    deployed: "LocalDrive"
    workers: "Mapping[str, Bundlers]"
    identity: Identity
    identity_file: Path
    """For a load, which signs its users in by itself."""
    design: Design
    account: str

    def places(self, *regions: str) -> list[Place]:
        """Return where clients find the API, the primary first unless `regions` are given."""
        return [Place(region, self.deployed.api(region)) for region in regions or self.design.data_regions]

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client as root, of the primary unless a region is given."""
        return self.cloud.client(service, region or self.design.primary)

    def bucket(self, role: str, region: str | None = None) -> str:
        """Return a bucket's name, as stacks/names.py gives it."""
        return f"{self.design.prefix}-{role}-{self.account}-{region or self.design.primary}"

    def queue_url(self, role: str, region: str | None = None) -> str:
        """Return a queue's address, as the services know it."""
        region = region or self.design.primary
        return f"https://sqs.{region}.amazonaws.com/{self.account}/{self.design.name(role)}"

    def store(self, region: str) -> Store:
        """Return a region's stores for the ledger; ask only regions that survived."""
        return Store(
            region=region,
            dynamodb=self.client("dynamodb", region),
            s3=self.client("s3", region),
            drive_table=self.design.name("drive"),
            jobs_table=self.design.name("jobs"),
            bundles_bucket=self.bucket("bundles", region),
        )

    def environment(self, region: str | None = None) -> dict[str, str]:
        """Return what a region's bundler is told, with root's keys: for the direct design, which does the same work."""
        region = region or self.design.primary
        [definition] = self.deployed.stack("Bundling", region).resources("AWS::ECS::TaskDefinition")
        [container] = definition.properties["ContainerDefinitions"]
        told = {entry["Name"]: str(entry["Value"]) for entry in container["Environment"]}
        return {**told, **self.cloud.environment(region)}

    def mend(self) -> None:
        """Undo what a drill may have left behind: what was lost comes back, and nothing is late or refused."""
        for region in self.design.data_regions:
            self.cloud.bring_up(region)
            self.cloud.allow_control_planes(region)
        self.cloud.allow_control_planes()
        self.cloud.allow()
        self.cloud.resume_replication()
        self.cloud.set_lag(0)
        self.cloud.set_fair_queues(True)
        self.cloud.start_message_storm()
        for workers in self.workers.values():
            workers.replace_dead()
            for zone in ("a", "b", "c"):
                missing = TASKS_PER_ZONE - len(workers.in_zone(zone))
                workers.kill(workers.in_zone(zone)[TASKS_PER_ZONE:])
                workers.start([zone] * missing)


@contextmanager
def embedded_drive(options: Options, design: Design, console: Console) -> Iterator[Drive]:
    """Start the embedded cloud, deploy the assembly, start the workers; stop everything at the end.

    Raises CouldNotRun when any of this fails: it says nothing about the drive's promises.
    """
    from embedded_cloud.completion import CompletionFailed
    from embedded_cloud.deployment import DeploymentFailed
    from embedded_cloud.embedded import ACCOUNT, CloudNotRunning, EmbeddedCloud

    folder = options.folder / "clouds" / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z"
    identity, identity_file = Identity.new(), folder / "identity.json"
    folder.mkdir(parents=True)
    identity.save(identity_file)
    if design.is_older_than(*CODE):
        console.print(f"[bold]{escape(str(design.folder))} is older than the code: `make synth` writes it anew[/bold]")
    try:
        with ExitStack() as stack:
            console.print("starting the embedded cloud")
            cloud = stack.enter_context(EmbeddedCloud.started(folder / "cloud", time_scale=options.time_scale))
            deployed = _deploy(cloud, design, identity, console)
            workers = {region: stack.enter_context(_workers(deployed, region)) for region in design.data_regions}
            yield Drive(cloud, deployed, workers, identity, identity_file, design, ACCOUNT)
    except (CloudNotRunning, CompletionFailed, DeploymentFailed) as error:
        raise CouldNotRun(str(error)) from error
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def _deploy(cloud: "EmbeddedCloud", design: Design, identity: Identity, console: Console) -> "LocalDrive":
    from drills.local.levers import publish
    from drills.local.local_drive import deploy_drive

    deployed = deploy_drive(cloud, design.folder, tell=lambda text: console.print(text, highlight=False))
    for region in design.data_regions:
        publish(deployed, region, "identity", identity.profile)
    return deployed


def _workers(deployed: "LocalDrive", region: str) -> "AbstractContextManager[Bundlers]":
    from drills.local.bundlers import bundlers

    return bundlers(deployed, region, per_zone=TASKS_PER_ZONE)
