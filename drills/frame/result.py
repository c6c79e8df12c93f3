"""What a drill leaves behind: a dated JSON file for programs, a Markdown page for people, and a plot.

The page says what was promised and what was measured, and as plainly what was only simulated and what an emulator
cannot prove at all. `result.schema.json` describes the JSON file.
"""

import json
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("result.schema.json")
FORMAT = 1
"""Of the JSON file; it changes when a program that reads the old one would misread the new one."""

APRIL_2011 = "of the volumes in the affected zone ([Amazon's summary](https://aws.amazon.com/message/65648/))"

PACKAGES = ("ministack", "boto3", "httpx", "aws-lambda-powertools")
"""Their versions stand in each result."""


@dataclass(frozen=True)
class Promise:
    """One line of a verdict: what was promised, what was measured, and whether that is kept."""

    text: str
    promised: str
    measured: str
    kept: bool

    @classmethod
    def at_most(cls, text: str, measured: float, promised: float, unit: str = "") -> "Promise":
        """Return that a number stays within a bound."""
        return cls(text, f"≤ {_number(promised, unit)}", _number(measured, unit), measured <= promised)

    @classmethod
    def at_least(cls, text: str, measured: float, promised: float, unit: str = "") -> "Promise":
        """Return that a number reaches a bound."""
        return cls(text, f"≥ {_number(promised, unit)}", _number(measured, unit), measured >= promised)

    @classmethod
    def exactly(cls, text: str, measured: object, promised: object) -> "Promise":
        """Return that something is what it must be."""
        return cls(text, str(promised), str(measured), measured == promised)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run of one drill."""

    drill: str
    """Its command: "storm"."""
    title: str
    started_at: datetime
    seconds: float
    target: str
    time_scale: float
    seed: int
    short: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    measurements: Mapping[str, Any] = field(default_factory=dict)
    promises: Sequence[Promise] = ()
    ledger: Mapping[str, Any] | None = None
    """What `ledger.side_by_side` returns."""
    simulated: Sequence[str] = ()
    not_proven: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether every promise was kept; a drill that promises nothing has not passed."""
        return bool(self.promises) and all(promise.kept for promise in self.promises)

    @property
    def verdict(self) -> str:
        """PASS or FAIL."""
        return "PASS" if self.passed else "FAIL"

    @property
    def name(self) -> str:
        """The name of its files, without the ending; two runs in one second of one drill do not happen."""
        return f"{self.drill}-{self.started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def as_json(self) -> dict[str, Any]:
        """Return the content of the JSON file."""
        known = {name: value for name, value in asdict(self).items() if name != "promises"}
        return known | {
            "format": FORMAT,
            "verdict": self.verdict,
            "started_at": self.started_at.astimezone(UTC).isoformat(timespec="seconds"),
            "simulated": list(self.simulated),
            "not_proven": list(self.not_proven),
            "promises": [asdict(promise) for promise in self.promises],
            "machine": machine(),
            "versions": versions(),
        }

    def write(self, folder: Path, draw: Callable[[Path], None] | None = None) -> Path:
        """Write the files into `folder` and return the page's path; `draw` is given the path of the plot."""
        folder.mkdir(parents=True, exist_ok=True)
        plot = folder / f"{self.name}.png"
        if draw:
            draw(plot)
        written = json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n"
        (folder / f"{self.name}.json").write_text(written)
        page = folder / f"{self.name}.md"
        page.write_text(as_markdown(json.loads(written), plot.name if draw else None))
        return page


def machine() -> dict[str, Any]:
    """Return what the drill ran on: numbers of another machine cannot be compared with these."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {"system": system, "cores": os.cpu_count() or 0, "memory_gb": round(memory / 2**30, 1)}


def versions() -> dict[str, str]:
    """Return the versions of what ran: Python, the packages that matter, and this repository's commit."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found | {"commit": _commit()}


def _commit() -> str:
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty"],  # noqa: S607  whichever git the user has
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return said.stdout.strip()


def as_markdown(result: Mapping[str, Any], plot: str | None = None) -> str:
    """Return the page of a result, from the content of its JSON file."""
    lines = [
        f"# {result['title']}: {result['verdict']}",
        "",
        _headline(result),
        "",
        "## Promises",
        "",
        "| | promise | promised | measured |",
        "|---|---|---|---|",
        *(_promise_row(promise) for promise in result["promises"]),
        "",
    ]
    if plot:
        lines += [f"![What happened, over time]({plot})", ""]
    if result["ledger"]:
        lines += _ledger(result["ledger"])
    lines += _pairs("Measurements", result["measurements"]) + _pairs("Settings", result["settings"])
    lines += _items("What is simulated here", result["simulated"])
    lines += _items("What this run does not prove", result["not_proven"])
    where = ", ".join(f"{name} {value}" for name, value in result["versions"].items())
    runs_on = result["machine"]
    lines += [
        "## Where it ran",
        "",
        f"{runs_on['system']}, {runs_on['cores']} cores, {runs_on['memory_gb']} GB; {where}; seed {result['seed']}.",
    ]
    return "\n".join(lines) + "\n"


def _headline(result: Mapping[str, Any]) -> str:
    where = "the embedded cloud" if result["target"] == "embedded" else "a real account"
    short = " A short run." if result["short"] else ""
    ran = f"{result['started_at']}, {result['seconds']:.0f} s, against {where}"
    return f"Drill `{result['drill']}`, {ran}. {_time(result['time_scale'])}{short}"


def _time(scale: float) -> str:
    if scale == 1:
        return "Durations are those of the real drive."
    return f"Every duration of the design is divided by {scale:g}: 15 minutes take {900 / scale:g} seconds."


def _promise_row(promise: Mapping[str, Any]) -> str:
    return (
        f"| {'kept' if promise['kept'] else '**broken**'} | "
        + " | ".join(_cell(promise[name]) for name in ("text", "promised", "measured"))
        + " |"
    )


def _ledger(ledger: Mapping[str, Any]) -> list[str]:
    columns = list(ledger["orders"])
    return [
        "## The loss ledger",
        "",
        "| | " + " | ".join(column.replace("_", " ") for column in columns) + " |",
        "|---|" + "---|" * len(columns),
        *(
            f"| {side} | " + " | ".join(str(ledger[side][column]) for column in columns) + " |"
            for side in ("orders", "objects")
        ),
        "",
        f"Lost: {ledger['lost_percent']:g} %. In April 2011 it was {ledger['april_2011_percent']:g} %, {APRIL_2011}.",
        "",
    ]


def _pairs(title: str, pairs: Mapping[str, Any]) -> list[str]:
    if not pairs:
        return []
    rows = [f"| {_cell(name.replace('_', ' '))} | {_cell(_shown(value))} |" for name, value in pairs.items()]
    return [f"## {title}", "", "| | |", "|---|---|", *rows, ""]


def _items(title: str, items: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {item}" for item in items or ["Nothing."]), ""]


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown(inner) for inner in value)
    return str(value)


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _number(number: float, unit: str) -> str:
    shown = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    return f"{shown} {unit}".strip()
