"""Deploys the assembly to the embedded cloud with the real CDK command, then completes what the emulator dropped.

`python -m drills.cloud.deployment` (`make deploy-local`) prints what differs from a deployment to AWS, per resource.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drills.cloud.assembly import embedded_assembly
from drills.cloud.changes import Change
from drills.cloud.completion import complete, replicate_tables
from drills.cloud.deployed_stacks import DeployedStack, deployed_stacks
from drills.cloud.embedded import ACCOUNT, EmbeddedCloud
from drills.cloud.node import NODE, PACKAGES

CDK = PACKAGES / "aws-cdk" / "bin" / "cdk"
DEPLOY_SECONDS = 300
"""The longest that one run of the command may take: the emulator needs a tenth of it."""
CONCURRENCY = 4
"""Stacks at a time."""

FIRST = ("Foundation-", "ReplicaStorage-", "Catalogue")
"""Deployed before the tables' replicas are made, which the other stacks look up."""


class DeploymentFailed(RuntimeError):
    """The CDK command did not succeed; the message holds what it said last."""


@dataclass(frozen=True)
class Deployed:
    """The drive as it runs in an embedded cloud."""

    cloud: EmbeddedCloud
    assembly: Path
    """The templates for AWS."""
    stacks: dict[str, DeployedStack]
    changes: tuple[Change, ...]
    """Everything in which this deployment differs from one to AWS."""

    @property
    def regions(self) -> tuple[str, str]:
        """The data regions, the primary first."""
        served = [stack.region for name, stack in self.stacks.items() if name.startswith("Api-")]
        primary = self.stacks["Catalogue"].region
        return primary, next(region for region in served if region != primary)

    def stack(self, name: str, region: str) -> DeployedStack:
        """A stack that every region has: `stack("Downloads", "eu-west-1")`."""
        return self.stacks[f"{name}-{region}"]

    def api(self, region: str) -> str:
        """The address of a region's API, without a slash at the end."""
        stack = self.stack("Api", region)
        [api] = stack.resources("AWS::ApiGateway::RestApi")
        [stage] = stack.resources("AWS::ApiGateway::Stage")
        path = f"restapis/{api.physical}/{stage.properties['StageName']}/_user_request_"
        return f"{self.cloud.endpoint(region)}/{path}"

    @property
    def status_host(self) -> str:
        """The name of the status page's distribution: the Host header at `status_url`."""
        [distribution] = self.stacks["Status"].resources("AWS::CloudFront::Distribution")
        client = self.cloud.client("cloudfront", self.stacks["Edge"].region)
        return str(client.get_distribution(Id=distribution.physical)["Distribution"]["DomainName"])

    @property
    def status_url(self) -> str:
        """Where the edge is listening; it serves the status page to whoever asks for `status_host`."""
        return f"{self.cloud.endpoint(self.stacks['Edge'].region)}/"

    def bucket(self, role: str, region: str) -> str:
        """The name of a bucket: `bucket("files", "eu-west-1")`. Raises KeyError."""
        names = self._names("AWS::S3::Bucket", "BucketName", region)
        return next(name for name in names if f"-{role}-{ACCOUNT}-" in name)

    def queue_url(self, role: str, region: str) -> str:
        """The address of a queue, as the services know it. Raises StopIteration when there is none."""
        names = self._names("AWS::SQS::Queue", "QueueName", region)
        name = next(name for name in names if name.endswith(f"-{role}"))
        return f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"

    def _names(self, kind: str, name: str, region: str) -> list[str]:
        stacks = [stack for stack in self.stacks.values() if stack.region == region]
        return [str(resource.properties[name]) for stack in stacks for resource in stack.resources(kind)]


def deploy(cloud: EmbeddedCloud, assembly: Path, *, tell: Callable[[str], None] = print) -> Deployed:
    """Deploy every stack of `assembly`, as `cdk synth` wrote it, and return the running drive.

    Raises DeploymentFailed, and CompletionFailed when a service refuses what a template says. May be called again:
    what has not changed is left alone.
    """
    adapted = cloud.folder / "cdk.out"
    changes = embedded_assembly(assembly, adapted, time_scale=cloud.time_scale)
    stacks = deployed_stacks(cloud, assembly)
    regions = sorted({stack.region for stack in stacks})
    first = [stack.name for stack in stacks if stack.name.startswith(FIRST)]
    others = [stack.name for stack in stacks if stack.name not in first]
    tell(f"bootstrapping {', '.join(regions)}")
    _cdk(cloud, adapted, "bootstrap", *(f"aws://{ACCOUNT}/{region}" for region in regions))
    tell(f"deploying {len(first)} stacks that others look up")
    _cdk(cloud, adapted, "deploy", "--exclusively", *first)
    changes += replicate_tables(cloud, [stack for stack in stacks if stack.name in first])
    tell(f"deploying {len(others)} stacks")
    _cdk(cloud, adapted, "deploy", "--exclusively", *others)
    tell("completing what the emulator dropped")
    changes += complete(cloud, stacks)
    return Deployed(cloud, assembly, {stack.name: stack for stack in stacks}, tuple(changes))


def _cdk(cloud: EmbeddedCloud, assembly: Path, command: str, *arguments: str) -> None:
    options = ["--app", str(assembly), "--ci", "--no-notices", "--no-version-reporting"]
    if command == "deploy":
        options += ["--require-approval", "never", "--concurrency", str(CONCURRENCY)]
    environment = os.environ | cloud.environment(cloud.regions[0])
    environment["AWS_ENDPOINT_URL_S3"] = environment["AWS_ENDPOINT_URL"]
    environment["CDK_HOME"] = str(cloud.folder / "cdk-home")
    # The command is 30 MB of JavaScript, compiled anew at each start without this.
    environment["NODE_COMPILE_CACHE"] = str(PACKAGES / ".cache" / "compiled")
    log = cloud.folder / "cdk.log"
    with log.open("ab") as output:
        try:
            finished = subprocess.run(
                [str(NODE), str(CDK), command, *options, *arguments],
                # Not the repository: the command would find its cdk.json there, and run the "build" it names.
                cwd=cloud.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=DEPLOY_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeploymentFailed(f"cdk {command} took longer than {DEPLOY_SECONDS} s:\n{_tail(log)}") from None
    if finished.returncode:
        raise DeploymentFailed(f"cdk {command} failed ({finished.returncode}):\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:])


__all__ = ["Deployed", "DeploymentFailed", "deploy"]


if __name__ == "__main__":
    from drills.cloud.deploy_local import main

    raise SystemExit(main())
