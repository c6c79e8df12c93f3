"""Deploys an assembly to the embedded cloud with the real CDK command, then completes what the emulator dropped.

    with EmbeddedCloud.started(folder, regions=["eu-west-1"]) as cloud:
        deployed = deploy(cloud, Path("cdk.out"))

`python -m embedded_cloud deploy cdk.out` prints what differs from a deployment to AWS, per resource.
"""

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from embedded_cloud.assembly import embedded_assembly
from embedded_cloud.assembly_stacks import AssemblyStack, stacks_of
from embedded_cloud.attributes import GLOBAL_TABLE
from embedded_cloud.completion import complete, replicate_tables
from embedded_cloud.deployed import Answer, Deployed, FunctionFailed, NotFound
from embedded_cloud.deployed_stacks import DeployedStack, deployed_stacks
from embedded_cloud.embedded import ACCOUNT, EmbeddedCloud
from embedded_cloud.node import COMMAND, NODE, packages

DEPLOY_SECONDS = 300
"""The longest that one run of the command may take: the emulator needs a tenth of it."""
CONCURRENCY = 4
"""Stacks at a time."""


class DeploymentFailed(RuntimeError):
    """The assembly could not be deployed; the message holds why, or what the CDK command said last."""


def deploy(
    cloud: EmbeddedCloud,
    assembly: Path,
    *,
    first: Sequence[str] | None = None,
    check: bool = True,
    tell: Callable[[str], None] = print,
) -> Deployed:
    """Deploy every stack of `assembly`, as `cdk synth` wrote it, and return what runs.

    Tables get their replicas after the stacks that hold them, before the others, which may look them up. Which stacks
    come before is found in the assembly, unless `first` names them by how their ids begin. `check` compares every
    property with what the emulator holds afterwards; without it only what is listed in holes.py is told.

    Raises DeploymentFailed; CompletionFailed when a service refuses what a template says; FileNotFoundError, NotTaken
    and TemplateError when the folder is not an assembly that can be deployed; NodePackagesMissing when the CDK command
    is not installed and cannot be. May be called again: what has not changed is left alone.
    """
    parts = stacks_of(assembly, home=cloud.regions[0])
    stacks = deployed_stacks(cloud, assembly)
    regions = sorted({part.region for part in parts})
    if missing := sorted({*regions}.union(*map(_replicated, stacks.values())) - set(cloud.regions)):
        there = ", ".join(cloud.regions)
        raise DeploymentFailed(f"the assembly is for {', '.join(missing)}, too; the cloud has the regions {there}")
    command = _Command(cloud, packages(tell), cloud.folder / "cdk.out")
    changes = embedded_assembly(
        assembly, command.assembly, time_scale=cloud.time_scale, home=cloud.regions[0], taken=cloud.taken_types()
    )
    before = _with_tables(parts, stacks) if first is None else {key for key in stacks if key.startswith(tuple(first))}
    tell(f"bootstrapping {', '.join(regions)}")
    command.run("bootstrap", *(f"aws://{ACCOUNT}/{region}" for region in regions))
    for group in (before, set(stacks) - before):
        names = [part.selector for part in parts if part.key in group]
        if names:
            tell(f"deploying {len(names)} stacks" + (", whose tables get replicas" if group is before else ""))
            command.run("deploy", "--exclusively", *names)
            changes += replicate_tables(cloud, [stacks[key] for key in stacks if key in group])
    tell("completing what the emulator dropped")
    changes += complete(cloud, stacks.values(), check=check)
    return Deployed(cloud, assembly, stacks, tuple(changes))


def _replicated(stack: DeployedStack) -> set[str]:
    """The other regions that have replicas of a stack's tables."""
    replicas = [replica["Region"] for table in stack.written(GLOBAL_TABLE) for replica in table.get("Replicas", ())]
    return {region for region in replicas if isinstance(region, str)} - {stack.region}


def _with_tables(parts: Iterable[AssemblyStack], stacks: dict[str, DeployedStack]) -> set[str]:
    """The stacks that hold a table of several regions, and those that have to be there before them."""
    dependencies = {part.key: part.dependencies for part in parts}
    found: set[str] = set()
    waiting = [key for key, stack in stacks.items() if _replicated(stack)]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += dependencies[key]
    return found


class _Command:
    """The CDK command, told to deploy an assembly to one cloud."""

    def __init__(self, cloud: EmbeddedCloud, node_packages: Path, assembly: Path) -> None:
        self.assembly = assembly
        self._cloud = cloud
        self._packages = node_packages
        self._log = cloud.folder / "cdk.log"

    def run(self, command: str, *arguments: str) -> None:
        """Run one of its commands to the end. Raises DeploymentFailed."""
        options = ["--app", str(self.assembly), "--ci", "--no-notices", "--no-version-reporting"]
        if command == "deploy":
            options += ["--require-approval", "never", "--concurrency", str(CONCURRENCY)]
        with self._log.open("ab") as output:
            try:
                finished = subprocess.run(
                    [str(NODE), str(self._packages / COMMAND), command, *options, *arguments],
                    # Not a project's folder: the command would find its cdk.json there, and run the "build" it names.
                    cwd=self._cloud.folder,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    timeout=DEPLOY_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                message = f"cdk {command} took longer than {DEPLOY_SECONDS} s:\n{self._tail()}"
                raise DeploymentFailed(message) from None
        if finished.returncode:
            raise DeploymentFailed(f"cdk {command} failed ({finished.returncode}):\n{self._tail()}")

    def _environment(self) -> dict[str, str]:
        # What the caller has set for its own account must not lead the command there.
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        environment = own | self._cloud.environment(self._cloud.regions[0])
        environment["AWS_ENDPOINT_URL_S3"] = environment["AWS_ENDPOINT_URL"]
        environment["CDK_HOME"] = str(self._cloud.folder / "cdk-home")
        # The command is 30 MB of JavaScript, compiled anew at each start without this.
        environment["NODE_COMPILE_CACHE"] = str(self._packages / ".cache" / "compiled")
        return environment

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-30:])


__all__ = ["Answer", "Deployed", "DeploymentFailed", "FunctionFailed", "NotFound", "deploy"]
