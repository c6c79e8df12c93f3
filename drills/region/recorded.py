"""Runs a command of ours unchanged and writes down each AWS call that it makes.

`python -m drills.region.recorded FILE services.switch show` is `python -m services.switch show`, with a record in FILE:
a line of JSON for each call, as botocore's own events tell of it: the action, its region, and how it ended.
"""

import json
import runpy
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

OK = "ok"
NO_ANSWER = "no answer"


@dataclass(frozen=True)
class Call:
    """One call of an AWS service; its `outcome` is "ok", the error's code, or "no answer"."""

    action: str
    """As IAM names it: `dynamodb:GetItem`."""
    region: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.action} in {self.region}: {self.outcome}"


def read(path: Path) -> list[Call]:
    """Return what was written down, in the order of the calls' ends."""
    return [Call(**json.loads(line)) for line in _lines(path)]


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        yield from path.read_text().splitlines()


def record(path: Path) -> None:
    """Write down every call of the clients that this process makes from now on."""
    import boto3

    def begins(model: Any, context: Any, **_: Any) -> None:
        context["action"] = f"{model.service_model.signing_name}:{model.name}"  # left out after an error

    def ended(context: Any, parsed: Any = None, **_: Any) -> None:
        error = (parsed or {}).get("Error") or {}
        outcome = NO_ANSWER if parsed is None else error.get("Code", OK)
        with path.open("a") as lines:
            lines.write(json.dumps(asdict(Call(context["action"], context["client_region"], outcome))) + "\n")

    boto3.setup_default_session()
    session: Any = boto3.DEFAULT_SESSION
    session.events.register("before-call", begins)
    session.events.register("after-call", ended)
    session.events.register("after-call-error", ended)


def main(arguments: list[str]) -> None:
    """Record, then be the other command; its exit code is ours."""
    record(Path(arguments[0]))
    sys.argv = arguments[1:]
    runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
