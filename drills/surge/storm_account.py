"""The storm against a real account (`--target aws --execute ACCOUNT`). Not yet proven: no run of it is known.

What differs from the embedded cloud: time is real, workers die by the assembly's own experiment, nobody doubles
messages, and the memory of tasks and functions is left to Amazon CloudWatch. What the drill put into the drive stays
there: it is told by its keys.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from drills.drill import CouldNotRun, Findings, Run
from drills.frame import judging
from drills.frame.judging import Evidence
from drills.frame.plan import Design
from drills.frame.users import Identity
from drills.surge import storm_pictures
from drills.traffic import arrivals
from drills.traffic.load import Place
from drills.traffic.playing import Event, Scenario, play, warm_up

if TYPE_CHECKING:
    from drills.frame.running import Drive

AT_ONCE = "at-once"
EXPERIMENT = "workers-lost"
BEFORE, STORM, AFTER = 300.0, 1800.0, 300.0
"""Seconds, of real time."""


@dataclass
class RealCloud:
    """Stands where the drills' helpers expect the embedded cloud."""

    folder: Path
    time_scale: float = 1.0

    def processes(self) -> list[Any]:
        """Nobody here sees AWS's processes."""
        return []


@dataclass
class RealDrive:
    """Stands where the drills' helpers expect the running drive: the clients are those of the caller's credentials."""

    design: Design
    account: str
    identity: Identity
    identity_file: Path
    cloud: RealCloud
    workers: Mapping[str, Any] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client, of the primary unless a region is given."""
        import boto3

        where = (service, region or self.design.primary)
        if where not in self._clients:
            self._clients[where] = boto3.session.Session(region_name=where[1]).client(service)
        return self._clients[where]

    def places(self, *regions: str) -> list[Place]:
        """Return where clients find the API, from its stack's output."""
        return [Place(region, self._api(region)) for region in regions or self.design.data_regions]

    def _api(self, region: str) -> str:
        stack = self.client("cloudformation", region).describe_stacks(StackName=f"Api-{region}")["Stacks"][0]
        return str(next(one["OutputValue"] for one in stack["Outputs"] if "Endpoint" in one["OutputKey"])).rstrip("/")

    def bucket(self, role: str, region: str | None = None) -> str:
        """Return a bucket's name."""
        return f"{self.design.prefix}-{role}-{self.account}-{region or self.design.primary}"

    def queue_url(self, role: str, region: str | None = None) -> str:
        """Return a queue's address."""
        return f"https://sqs.{region or self.design.primary}.amazonaws.com/{self.account}/{self.design.name(role)}"

    def store(self, region: str) -> Any:
        """Return a region's stores for the ledger."""
        from drills.frame.ledger import Store

        return Store(
            region=region,
            dynamodb=self.client("dynamodb", region),
            s3=self.client("s3", region),
            drive_table=self.design.name("drive"),
            jobs_table=self.design.name("jobs"),
            bundles_bucket=self.bucket("bundles", region),
        )


def execute(
    design: Design,
    run: Run,
    scenario: Callable[[list[arrivals.Phase]], Scenario],
    judge: Callable[[Evidence], Findings],
) -> Findings:
    """Let the storm pass over a real deployment; raises CouldNotRun before anything is done in a wrong account."""
    run.options = replace(run.options, time_scale=1.0)
    real = _drive(design, run)
    steady = _promised_rate() / arrivals.STORM
    phases = arrivals.step(steady, before=BEFORE, storm=STORM, after=AFTER)
    killing = Event(BEFORE + STORM / 3, "half of the workers killed", lambda: start_experiment(real, EXPERIMENT))
    drive = cast("Drive", real)
    with known_identity(real):
        warm_up(real.places(), real.identity.token("warm"))
        played = play(drive, run, scenario(phases), [killing])
        tasks = _tasks_at_most(design)
        evidence = judging.gather(drive, run, played, kills=tasks)
    found = judge(evidence)
    found.panels, found.marks = storm_pictures.panels(evidence)
    return found


def _drive(design: Design, run: Run) -> RealDrive:
    identity, file = Identity.new(), run.folder / "identity.json"
    identity.save(file)
    real = RealDrive(design, str(run.options.execute), identity, file, RealCloud(run.folder))
    here = real.client("sts").get_caller_identity()["Account"]
    if here != real.account:
        message = f"these are credentials of account {here}, not of {real.account}: nothing was done"
        raise CouldNotRun(message)
    return real


@contextmanager
def known_identity(drive: RealDrive) -> Iterator[None]:
    """Have the API believe the drill's users beside its own, for as long as it takes."""
    before = {region: _profile(drive, region) for region in drive.design.data_regions}
    try:
        for region, keys in before.items():
            _publish(drive, region, {"keys": [*keys["keys"], *drive.identity.profile["keys"]]})
        yield
    finally:
        for region, keys in before.items():
            _publish(drive, region, keys)


def _profile(drive: RealDrive, region: str) -> dict[str, Any]:
    reader = drive.client("appconfigdata", region)
    session = reader.start_configuration_session(
        ApplicationIdentifier=drive.design.name("drive"),
        EnvironmentIdentifier=drive.design.name("live"),
        ConfigurationProfileIdentifier="identity",
    )
    answer = reader.get_latest_configuration(ConfigurationToken=session["InitialConfigurationToken"])
    return dict(json.loads(answer["Configuration"].read()))


def _publish(drive: RealDrive, region: str, keys: dict[str, Any]) -> None:
    client, design = drive.client("appconfig", region), drive.design
    application = _id(client.list_applications()["Items"], design.name("drive"))
    whose = {"ApplicationId": application}
    profile = _id(client.list_configuration_profiles(**whose)["Items"], "identity")
    version = client.create_hosted_configuration_version(
        **whose, ConfigurationProfileId=profile, Content=json.dumps(keys).encode(), ContentType="application/json"
    )
    environment = _id(client.list_environments(**whose)["Items"], design.name("live"))
    started = client.start_deployment(
        **whose,
        EnvironmentId=environment,
        DeploymentStrategyId=_id(client.list_deployment_strategies()["Items"], design.name(AT_ONCE)),
        ConfigurationProfileId=profile,
        ConfigurationVersion=str(version["VersionNumber"]),
    )
    which = {**whose, "EnvironmentId": environment, "DeploymentNumber": started["DeploymentNumber"]}
    while client.get_deployment(**which)["State"] in ("DEPLOYING", "BAKING", "VALIDATING"):
        time.sleep(1)


def _id(items: list[dict[str, Any]], name: str) -> str:
    for item in items:
        if item["Name"] == name:
            return str(item["Id"])
    message = f"AppConfig knows no {name}: is the drive deployed in this account?"
    raise CouldNotRun(message)


def start_experiment(drive: RealDrive, role: str) -> None:
    """Start an experiment of the assembly; raises LookupError where it is not deployed."""
    fis, name = drive.client("fis"), drive.design.name(role)
    pages = fis.get_paginator("list_experiment_templates").paginate()
    found = [one for page in pages for one in page["experimentTemplates"] if one["tags"].get("Name") == name]
    if not found:
        message = f"there is no experiment {name} in {drive.design.primary}"
        raise LookupError(message)
    fis.start_experiment(experimentTemplateId=found[0]["id"], tags={"Name": name})


def _promised_rate() -> float:
    settings = json.loads(Path("cdk.json").read_text())["context"]["drive"]
    return float(settings["capacity"]["peak_requests_per_second"])


def _tasks_at_most(design: Design) -> int:
    """How many workers the experiment may have killed: half of the most that run."""
    resources: Any = design.templates[f"Bundling-{design.primary}"]["Resources"].values()
    [target] = [found for found in resources if found["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget"]
    return -(-int(target["Properties"]["MaxCapacity"]) // 2)
