"""Run an AWS emulator with an address for each region, and deploy CDK applications to it unchanged."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embedded_cloud.assembly_stacks import stacks_of
from embedded_cloud.command import cloud_in, ended_well
from embedded_cloud.deployment import Deployed, deploy
from embedded_cloud.embedded import REGIONS, EmbeddedCloud
from embedded_cloud.report import counts, print_changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a cloud or deploy to one; return the exit code: 0, or 2 with a sentence on standard error."""
    given = _parser().parse_args(arguments)
    if given.command == "start":
        return ended_well(lambda: _start(given), failure="could not be started")
    return ended_well(lambda: _deploy(given), failure="could not be deployed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded_cloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser(
        "start",
        help="run a cloud until Ctrl-C and say how to reach it",
        description="Run a cloud until Ctrl-C; its state is kept in the folder.",
    )
    start.add_argument("--regions", nargs="+", default=REGIONS, metavar="REGION", help="(default: %(default)s)")
    place = commands.add_parser(
        "deploy",
        help="deploy what `cdk synth` wrote, and say what differs from AWS",
        description="Deploy to the cloud that runs in the folder, or start one there and run it until Ctrl-C.",
    )
    place.add_argument("assembly", type=Path, metavar="ASSEMBLY", help="what `cdk synth` wrote: cdk.out")
    place.add_argument(
        "--regions", nargs="+", metavar="REGION", help="of a cloud that has to be started (default: the assembly's)"
    )
    place.add_argument("--stop", action="store_true", help="end a cloud that had to be started; its state is kept")
    place.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    for command in (start, place):
        command.add_argument(
            "--folder", type=Path, default=Path("build/cloud"), help="its state and logs (default: %(default)s)"
        )
        command.add_argument(
            "--time-scale",
            type=_at_least_one,
            default=1.0,
            metavar="N",
            help="what every duration is divided by (default: 1, as on AWS)",
        )
    return parser


def _at_least_one(text: str) -> float:
    value = float(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _start(given: argparse.Namespace) -> None:
    with EmbeddedCloud.started(given.folder, regions=given.regions, time_scale=given.time_scale) as cloud:
        print(f"The embedded cloud runs in {cloud.folder}; Ctrl-C ends it and keeps its state.\n")
        _print_addresses(cloud)
        print("\nPaste this to reach its first region as root:\n")
        for name, value in cloud.environment(cloud.regions[0]).items():
            print(f"  export {name}={value}")
        sys.stdout.flush()
        signal.pause()


def _deploy(given: argparse.Namespace) -> None:
    def tell(text: str) -> None:
        print(text, file=sys.stderr if given.json else sys.stdout, flush=True)

    home = given.regions[0] if given.regions else REGIONS[0]
    regions = given.regions or list(dict.fromkeys(stack.region for stack in stacks_of(given.assembly, home=home)))
    with cloud_in(given.folder, regions=regions, time_scale=given.time_scale, tell=tell) as (cloud, is_own):
        deployed = deploy(cloud, given.assembly, tell=tell)
        if given.json:
            print(json.dumps(_as_json(deployed)), flush=True)
        else:
            print_changes(deployed.changes)
            print()
            _print_outputs(deployed)
            _print_addresses(cloud)
        if is_own and not given.stop:
            tell("\nThe cloud runs until Ctrl-C; its state is kept.")
            signal.pause()


def _print_outputs(deployed: Deployed) -> None:
    for key, stack in deployed.stacks.items():
        for name, value in stack.outputs.items():
            print(f"  {key}.{name} = {value}")


def _print_addresses(cloud: EmbeddedCloud) -> None:
    for region in cloud.regions:
        print(f"  {region:14} {cloud.endpoint(region)}")


def _as_json(deployed: Deployed) -> dict[str, Any]:
    return {
        "changes": [asdict(change) for change in deployed.changes],
        "counts": counts(deployed.changes),
        "endpoints": {region: deployed.cloud.endpoint(region) for region in deployed.cloud.regions},
        "outputs": {key: stack.outputs for key, stack in deployed.stacks.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
