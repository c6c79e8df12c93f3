"""Deploy the drive to a running embedded cloud and say what differs from AWS: the command behind `make deploy-local`.

It uses the cloud that `make cloud` started, or starts one. Then it runs the bundler's workers, which on AWS are
containers, and the cloud that it had to start, until Ctrl-C; the state is kept.
"""

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drills.frame.users import Identity
from drills.local.bundlers import bundlers
from drills.local.levers import publish
from drills.local.local_drive import LocalDrive, deploy_drive
from embedded_cloud.command import cloud_in, ended_well
from embedded_cloud.report import counts, print_changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy and report; return the exit code: 0, or 2 when it could not be deployed."""
    given = _parser().parse_args(arguments)
    return ended_well(lambda: _run(given), failure="could not be deployed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drills.local", description=__doc__)
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="what `cdk synth` wrote")
    parser.add_argument("--folder", type=Path, default=Path("build/cloud"), help="the cloud's state and logs")
    parser.add_argument(
        "--stop", action="store_true", help="run no workers afterwards, and end a cloud that had to be started"
    )
    parser.add_argument("--time-scale", type=float, default=20.0, help="of a cloud that has to be started")
    parser.add_argument("--user", metavar="NAME", help="let this user in and write a token for the drive client")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    return parser


def _run(given: argparse.Namespace) -> None:
    def tell(text: str) -> None:
        print(text, file=sys.stderr if given.json else sys.stdout, flush=True)

    with cloud_in(given.folder, time_scale=given.time_scale, tell=tell) as (cloud, is_own):
        drive = deploy_drive(cloud, given.assembly, tell=tell)
        token_file = _sign_in(drive, given.user, given.folder) if given.user else None
        _report(drive, token_file, as_json=given.json)
        if not given.stop:
            _work(drive, tell, what="The cloud and the bundler's workers" if is_own else "The bundler's workers")


def _work(drive: LocalDrive, tell: Callable[[str], None], *, what: str) -> None:
    """Run the bundler's tasks, one in each zone, until a signal."""
    with contextlib.ExitStack() as running:
        for region in drive.data_regions:
            running.enter_context(bundlers(drive, region, per_zone=1))
        tell(f"\n{what} run until Ctrl-C; the state is kept.")
        signal.pause()


def _sign_in(drive: LocalDrive, user: str, folder: Path) -> Path:
    """Make the regions believe this folder's identity provider; write a user's token where only its owner reads it."""
    key = folder / "identity.json"
    if key.exists():
        identity = Identity.load(key)
    else:
        identity = Identity.new()
        identity.save(key)
    for region in drive.data_regions:
        publish(drive, region, "identity", identity.profile)
    token_file = folder.resolve() / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(identity.token(user))
    return token_file


def _report(drive: LocalDrive, token_file: Path | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_as_json(drive, token_file)))
        return
    print_changes(drive.changes)
    print("\nThe API of each region:")
    for region in drive.data_regions:
        print(f"  {region:14} {drive.api(region)}")
    print("\nUse the drive:")
    for name, value in _client_settings(drive, token_file).items():
        print(f'  export {name}="{value}"')
    print("  python -m client ls" if token_file else "  a token: repeat this with --user NAME")


def _as_json(drive: LocalDrive, token_file: Path | None) -> dict[str, Any]:
    return {
        "changes": [asdict(change) for change in drive.changes],
        "counts": counts(drive.changes),
        "endpoints": {region: drive.cloud.endpoint(region) for region in drive.cloud.regions},
        "apis": {region: drive.api(region) for region in drive.data_regions},
        "client": _client_settings(drive, token_file),
    }


def _client_settings(drive: LocalDrive, token_file: Path | None) -> dict[str, str]:
    endpoints = {"DRIVE_ENDPOINTS": " ".join(drive.api(region) for region in drive.data_regions)}
    return {**endpoints, "DRIVE_TOKEN_FILE": str(token_file)} if token_file else endpoints


if __name__ == "__main__":
    sys.exit(main())
