"""The command ``seawall``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seawall.loading import load_policies
from seawall.scan import Options, check


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0 nothing flagged, 1 flagged, 2 could not run or read."""
    parser = argparse.ArgumentParser("seawall")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check")
    checking.add_argument("paths", nargs="+", type=Path)
    checking.add_argument("--format", default="text")
    given = parser.parse_args(arguments)
    policies, _ = load_policies()
    report = check(given.paths, Options(tuple(policies)))
    print(json.dumps({"findings": [f.as_json() for f in report.findings], "unread": [u.as_json() for u in report.unread]}, indent=1))
    return report.exit_code
