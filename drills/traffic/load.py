"""Users who order: plays arrivals against an API, in a process of its own, and writes down what each one was told.

    with Load.start(Setup(arrivals=…, answers=…, places=drive.places(), identity=drive.identity_file, …)) as load:
        load.begin()
        summary = load.wait(timeout=120)

The clients are as polite as the drive asks them to be: they repeat with the same idempotency key, turn to the other
region when theirs does not answer, and come back when `Retry-After` says so, if they are told to honour it.

Latencies count from the moment that was planned, not from the moment that was managed: a load that falls behind because
the API is slow would otherwise hide exactly the slowness it is there to find ("coordinated omission").

An answer is only the acceptance. When the order was delivered a user learns from GET /v1/jobs/{order}, from a notice
(SNS topic), or from the status object of the build. None of them is polled here, so that watching does not become the
load: the drive writes `delivered_at` into each order, and drills/frame/ledger.py reads it at the end.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO

READY = "ready"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Place:
    """Where requests can go: a region and the address of its API, without the `/v1`."""

    region: str
    url: str


@dataclass(frozen=True)
class Patience:
    """How clients behave, in seconds of the real drive: `time_scale` divides what they wait."""

    tries: int = 5
    """For one order, while nobody answers or the answer is a 5xx. A polite refusal is no failed try."""
    timeout: float = 10
    """Not divided: the machine that plays the drive's part is as slow as it is."""
    connect_timeout: float = 1
    shortest_pause: float = 2
    longest_pause: float = 20
    honour_retry_after: bool = True
    comebacks: int = 10
    """So often a client comes back after a 429."""


@dataclass(frozen=True)
class Setup:
    """One load. `answers` is written; everything else is read."""

    arrivals: Path
    answers: Path
    places: Sequence[Place]
    """In the order in which clients try them; all begin with the first one unless `spread`."""
    identity: Path | None = None
    """What `Identity.save` wrote. None: the direct design, which asks for no token (drills/traffic/direct.py)."""
    spread: bool = False
    """Whether users begin in different places, as with two active regions."""
    time_scale: float = 1
    patience: Patience = Patience()
    in_flight: int = 400
    """At most so many requests at a time; beyond that the load waits, and says that it fell behind."""
    seed: int = 0

    def save(self, path: Path) -> None:
        """Write it for `python -m drills.traffic.play`."""
        path.write_text(json.dumps(asdict(self), default=str, indent=1))

    @classmethod
    def load(cls, path: Path) -> "Setup":
        """Return what `save` wrote."""
        known: dict[str, Any] = json.loads(path.read_text())
        known["arrivals"], known["answers"] = Path(known["arrivals"]), Path(known["answers"])
        known["identity"] = Path(known["identity"]) if known["identity"] else None
        known["places"] = [Place(**place) for place in known["places"]]
        known["patience"] = Patience(**known["patience"])
        return cls(**known)


@dataclass
class Summary:
    """How a load went. `behind`: how many first requests left more than BEHIND late, and the latest of them (s)."""

    begun_at: float = 0.0
    ended_at: float = 0.0
    planned: int = 0
    """Arrivals."""
    sent: int = 0
    """Requests, repetitions included."""
    answers: dict[str, int] = field(default_factory=dict)
    """Arrivals by what became of them."""
    refusals: int = 0
    behind: int = 0
    latest: float = 0.0

    @property
    def kept_up(self) -> bool:
        """Whether the schedule was kept so well that the load was the one that was planned."""
        return self.behind <= self.planned * 0.01


class LoadFailed(Exception):
    """The process that plays the load ended without a summary; its last words are the message."""


class Load:
    """A load that is being played by another process."""

    def __init__(self, process: "subprocess.Popen[str]", setup: Setup, errors: Path) -> None:
        self._process, self._setup, self._errors = process, setup, errors

    @classmethod
    def start(cls, setup: Setup) -> "Load":
        """Start the process and return when it is ready to begin: all users are signed in."""
        told = setup.answers.with_suffix(".setup.json")
        setup.save(told)
        errors = setup.answers.with_suffix(".errors")
        with errors.open("w") as errors_file:
            process = subprocess.Popen(
                [sys.executable, "-m", "drills.traffic.play", str(told)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors_file,
                text=True,
                cwd=ROOT,
            )
        load = cls(process, setup, errors)
        if _pipe(process.stdout).readline().strip() != READY:
            process.wait()
            raise LoadFailed(load._last_words())
        return load

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def begin(self, at: float | None = None) -> float:
        """Have the first arrival's clock start `at` (seconds since 1970; None: now), and return that moment."""
        begins = time.time() if at is None else at
        stdin = _pipe(self._process.stdin)
        stdin.write(f"{begins}\n")
        stdin.close()
        return begins

    @property
    def is_playing(self) -> bool:
        """Whether there is still somebody without an answer."""
        return self._process.poll() is None

    def wait(self, timeout: float) -> Summary:
        """Return how it went; raises LoadFailed, also when it took longer than `timeout` seconds and was ended."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.stop()
            message = f"the load was not played to its end within {timeout:.0f} s"
            raise LoadFailed(message) from None
        written = self._setup.answers.with_suffix(".summary.json")
        if self._process.returncode or not written.exists():
            raise LoadFailed(self._last_words())
        return Summary(**json.loads(written.read_text()))

    def stop(self) -> None:
        """End the process if it still runs. What it wrote until then stays."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                pipe.close()

    def _last_words(self) -> str:
        return self._errors.read_text()[-2000:] or "it ended without a word"


def _pipe(pipe: Any) -> TextIO:
    if pipe is None:
        message = "the process has no pipe"
        raise LoadFailed(message)
    checked: TextIO = pipe
    return checked
