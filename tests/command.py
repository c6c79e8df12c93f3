"""Runs the command ``seawall`` inside the test's own process."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from seawall.cli import main


def check(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON report of ``seawall check`` with these arguments."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = main(["check", *map(str, arguments), "--format", "json"])
    return code, json.loads(output.getvalue())


def check_everything(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """The same with every group of policies, whatever the objective."""
    return check(*arguments, "--objective", "multi-region")
