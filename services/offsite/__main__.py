"""The offsite copy from the command line.

    python -m services.offsite run
    python -m services.offsite restore --endpoint https://… --bucket offsite --key-file key --to-folder /mnt/rescue
    python -m services.offsite restore --endpoint https://… --bucket offsite --key-file key --to-bucket b --to-table t

`restore` needs nothing of the lost provider: OFFSITE_ACCESS_KEY and OFFSITE_SECRET_KEY in the environment, and the
adopter's key (32 bytes in base64) in a file. It prints a report and ends with 1 if anything is missing.

Environment of `run`: see worker.py. Of `restore --to-bucket`: AWS_REGION and credentials of the new provider, and
AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_DYNAMODB if that is not Amazon.
"""

import argparse
import base64
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from services.drive import aws
from services.offsite import restoring, store
from services.offsite.envelope import WrongKeyError
from services.offsite.store import Store
from services.offsite.targets import Cloud, Folder, NotEmptyError, Target
from services.offsite.worker import Worker

SHOWN = 20
"""Missing things named in the report; the counts are of all of them."""


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 all there, 1 something is missing, 2 refused."""
    asked = _parser().parse_args(arguments)
    if asked.action == "run":
        Worker(store.configured()).run()
        return 0
    try:
        report = restoring.restore(_store(asked), _target(asked), asked.expect_link)
    except (NotEmptyError, WrongKeyError, KeyError, ValueError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    shown = asdict(report)
    for name in ("missing", "damaged", "lost"):
        shown |= {name: len(shown[name]), f"{name}_first": shown[name][:SHOWN]}
    print(json.dumps(shown, indent=2))
    return 0 if report.is_whole else 1


def _store(asked: argparse.Namespace) -> Store:
    key = base64.b64decode(asked.key_file.read_bytes(), validate=False)
    client = aws.store_elsewhere(asked.endpoint, os.environ["OFFSITE_ACCESS_KEY"], os.environ["OFFSITE_SECRET_KEY"])
    return Store(client, asked.bucket, key)


def _target(asked: argparse.Namespace) -> Target:
    if asked.to_folder:
        return Folder(asked.to_folder)
    if asked.to_bucket and asked.to_table:
        return Cloud(asked.to_bucket, asked.to_table)
    raise ValueError("say where to: --to-folder, or --to-bucket and --to-table")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.offsite")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("run", help="copy what the queue names")
    restore = actions.add_parser("restore", help="rebuild files and catalogue from the offsite store alone")
    restore.add_argument("--endpoint", required=True)
    restore.add_argument("--bucket", required=True)
    restore.add_argument("--key-file", type=Path, required=True)
    restore.add_argument("--to-folder", type=Path)
    restore.add_argument("--to-bucket")
    restore.add_argument("--to-table")
    restore.add_argument("--expect-link", type=int, default=0, help="the newest link that was logged before the loss")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
