"""The command behind `make deploy-local`: deploys cdk.out to a running embedded cloud and says what differs from AWS.

It uses the cloud that `make cloud` started, or starts one. Then it runs the bundler's workers, which on AWS are
containers, and the cloud that it had to start, until Ctrl-C; the state is kept.
"""

import argparse
import contextlib
import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from drills.cloud.changes import Change
from drills.cloud.completion import CompletionFailed
from drills.cloud.deployment import Deployed, DeploymentFailed, deploy
from drills.cloud.embedded import CloudNotRunning, EmbeddedCloud
from drills.cloud.holes import Fate
from drills.cloud.levers import publish
from drills.cloud.workers import Workers
from drills.frame.users import Identity

DONE, COULD_NOT_RUN = 0, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy and report; return the exit code: 0, or 2 when it could not be deployed."""
    given = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def tell(text: str) -> None:
        print(text, file=sys.stderr if given.json else sys.stdout, flush=True)

    try:
        with _cloud(given, tell) as (cloud, is_own):
            drive = deploy(cloud, given.assembly, tell=tell)
            token_file = _sign_in(drive, given.user, given.folder) if given.user else None
            _report(drive, token_file, as_json=given.json)
            if not given.stop:
                _work(drive, tell, what="The cloud and the bundler's workers" if is_own else "The bundler's workers")
    except KeyboardInterrupt:
        return DONE
    except (CloudNotRunning, CompletionFailed, DeploymentFailed, FileNotFoundError) as error:
        print(f"could not be deployed: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drills.cloud.deployment", description=__doc__)
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="what `cdk synth` wrote")
    parser.add_argument("--folder", type=Path, default=Path("build/cloud"), help="the cloud's state and logs")
    parser.add_argument(
        "--stop", action="store_true", help="run no workers afterwards, and end a cloud that had to be started"
    )
    parser.add_argument("--time-scale", type=float, default=20.0, help="of a cloud that has to be started")
    parser.add_argument("--user", metavar="NAME", help="let this user in and write a token for the drive client")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    return parser


@contextlib.contextmanager
def _cloud(given: argparse.Namespace, tell: Callable[[str], None]) -> Iterator[tuple[EmbeddedCloud, bool]]:
    """The cloud, and whether this process runs it."""
    try:
        cloud = EmbeddedCloud.attached(given.folder)
    except CloudNotRunning:
        tell(f"starting a cloud in {given.folder}")
        with EmbeddedCloud.started(given.folder, time_scale=given.time_scale) as own:
            yield own, True
        return
    try:
        yield cloud, False
    finally:
        cloud.release()


def _work(drive: Deployed, tell: Callable[[str], None], *, what: str) -> None:
    """Run the bundler's tasks, one in each zone, until a signal."""
    with contextlib.ExitStack() as running:
        for region in drive.regions:
            running.enter_context(Workers.running(drive, region, per_zone=1))
        tell(f"\n{what} run until Ctrl-C; the state is kept.")
        signal.pause()


def _sign_in(drive: Deployed, user: str, folder: Path) -> Path:
    """Make the regions believe this folder's identity provider; write a user's token where only its owner reads it."""
    key = folder / "identity.json"
    if key.exists():
        identity = Identity.load(key)
    else:
        identity = Identity.new()
        identity.save(key)
    for region in drive.regions:
        publish(drive, region, "identity", identity.profile)
    token_file = folder.resolve() / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(identity.token(user))
    return token_file


def _report(drive: Deployed, token_file: Path | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_as_json(drive, token_file)))
        return
    _print_changes(drive.changes)
    print("\nThe API of each region:")
    for region in drive.regions:
        print(f"  {region:14} {drive.api(region)}")
    print("\nUse the drive:")
    for name, value in _client_settings(drive, token_file).items():
        print(f'  export {name}="{value}"')
    print("  python -m client ls" if token_file else "  a token: repeat this with --user NAME")


def _as_json(drive: Deployed, token_file: Path | None) -> dict[str, Any]:
    return {
        "changes": [asdict(change) for change in drive.changes],
        "counts": _counts(drive.changes),
        "endpoints": {region: drive.cloud.endpoint(region) for region in drive.cloud.regions},
        "apis": {region: drive.api(region) for region in drive.regions},
        "client": _client_settings(drive, token_file),
    }


def _client_settings(drive: Deployed, token_file: Path | None) -> dict[str, str]:
    endpoints = {"DRIVE_ENDPOINTS": " ".join(drive.api(region) for region in drive.regions)}
    return {**endpoints, "DRIVE_TOKEN_FILE": str(token_file)} if token_file else endpoints


def _print_changes(changes: Iterable[Change]) -> None:
    """What differs from AWS, by stack and resource, and how many of each fate."""

    def by(*names: str) -> Callable[[Change], tuple[str, ...]]:
        return lambda change: tuple(getattr(change, name) for name in names)

    ordered = sorted(changes, key=by("stack", "resource", "fate", "what"))
    for (stack,), of_stack in groupby(ordered, by("stack")):
        print(f"\n{stack}")
        for (resource, kind), of_resource in groupby(of_stack, by("resource", "type")):
            print(f"  {resource}  {kind}")
            for change in of_resource:
                print(f"    {change.fate:10} {change.what}")
    print()
    for fate, count in _counts(ordered).items():
        print(f"  {count:5} {fate}")


def _counts(changes: Iterable[Change]) -> dict[str, int]:
    found = Counter(change.fate for change in changes)
    return {fate.value: found[fate] for fate in Fate if found[fate]}
