"""The beginning of a storm against the design of May 2011: the same arrivals, the same files, no queue."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drills.drill import CouldNotRun, Run
from drills.frame.judging import answers, described
from drills.traffic import arrivals
from drills.traffic.direct import Direct
from drills.traffic.load import Load, LoadFailed, Place, Setup, Summary
from drills.traffic.playing import Played

if TYPE_CHECKING:
    from drills.frame.running import Drive

LONGEST = 180
"""Seconds after the last arrival in which those who try again are waited for; not divided: neither are timeouts."""


@dataclass(frozen=True)
class DirectRun:
    """How the direct design fared."""

    answers: Path
    summary: Summary
    workers: int

    def as_json(self) -> dict[str, object]:
        """Return what a result shows of it."""
        served = [told["latency"] for told in answers(self.answers) if told["state"] == "ready"]
        asked = self.summary.planned
        return {
            "orders": asked,
            "workers": self.workers,
            "served": len(served),
            "turned away or given up": asked - len(served),
            "lost_percent": round(100 * (asked - len(served)) / asked, 1) if asked else 0.0,
            "wait_seconds": described(served),
        }


def play_direct(
    drive: "Drive", run: Run, played: Played, *, s3: str, processes: int, threads: int, first: float
) -> DirectRun:
    """Play what arrived within the `first` seconds again; its workers reach S3 at `s3`. Raises CouldNotRun."""
    surroundings = drive.environment() | {"AWS_ENDPOINT_URL_S3": s3}
    path = run.folder / "direct-arrivals.jsonl"
    count = arrivals.write(path, itertools.takewhile(lambda one: one.at < first, arrivals.read(played.arrivals)))
    run.say(f"direct: the first {count:,} orders again, without a queue")
    with Direct.started(surroundings, processes=processes, threads=threads) as direct:
        setup = Setup(
            arrivals=path,
            answers=run.folder / "direct-answers.jsonl",
            places=[Place("direct", direct.url)],
            time_scale=run.options.time_scale,
            patience=played.scenario.patience,
            seed=run.options.seed,
        )
        load = Load.start(setup)
        try:
            load.begin()
            summary = load.wait(first + LONGEST)
        except LoadFailed as error:
            message = f"direct: {error}"
            raise CouldNotRun(message) from error
        finally:
            load.stop()
    return DirectRun(setup.answers, summary, direct.workers)
