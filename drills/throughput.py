"""How much of what the emulator carries is left when our code is on the way: accept, queue, worker, delivered.

Two measurements in one run, in turn, on the same emulator. **Ours**: clients buy through the API as fast as they are
answered; it is over when every purchase is delivered and its user told. **Bare**: the very calls that our code makes
for one purchase, recorded by botocore's events (drills/surge/order_calls.py), are made as often by plain boto3 clients.

What "the same calls" includes: one request through an API of the same kind to a function that answers at once; each
call to the table (one with the same indexes, stream and replica), the queues and the topic, under a role that is
checked as the functions' are; and for each message a function that is started with it and does nothing. Not included,
to our disadvantage: the functions that the table's stream starts for our orders, and what the drive does by the clock.

Promised: at least half.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx

from drills.drill import CouldNotRun, Drill, Findings, Run, main
from drills.frame.plan import Design, Step, person
from drills.frame.plots import Line, Panel
from drills.frame.result import Promise
from drills.frame.stock import Files, stock
from drills.frame.watching import messages, open_orders
from drills.surge.bare_cloud import BareCloud, bare_cloud, functions_environment
from drills.surge.bare_orders import Bare
from drills.traffic.arrivals import Wanted
from drills.traffic.playing import warm_up

if TYPE_CHECKING:
    from drills.frame.running import Drive

ROOT = Path(__file__).resolve().parents[1]
LEAST = 0.5
ROUNDS, SHORT_ROUNDS = 3, 2
ORDERS, SHORT_ORDERS = 300, 80
CLIENTS = 16
PROCESSES = 4
"""Of plain clients: about as many as the drive's functions on an order's way have."""
LOOK = 0.1
LONGEST = 240
"""Seconds for one measurement."""
SONG = "throughput"


@dataclass(frozen=True)
class Measured:
    """One measurement."""

    orders: int
    seconds: float

    @property
    def rate(self) -> float:
        """Orders per second."""
        return self.orders / self.seconds


def run(drive: "Drive", run: Run) -> Findings:
    """Measure both in turn and compare."""
    count = SHORT_ORDERS if run.options.short else ORDERS
    warm_up(drive.places(), drive.identity.token("warm"))
    contents = frozenset({SONG, f"{SONG}-recorded"})
    stock(drive, Wanted(frozenset(), contents, frozenset()), Files(count=1, size=64))
    recorded = record_calls(drive, run)
    ours: list[Measured] = []
    bare: list[Measured] = []
    cloud = bare_cloud(drive)
    first = int(run.started_at.timestamp()) * 10_000_000  # no order is made twice, in whatever run
    _bare(drive, run, cloud, recorded, count=PROCESSES * 4, first=first)  # everything has been started once
    _ours(drive, count=CLIENTS, name="warm")
    for turn in range(SHORT_ROUNDS if run.options.short else ROUNDS):
        ours.append(_ours(drive, count=count, name=f"{run.started_at:%H%M%S}-{turn}"))
        bare.append(_bare(drive, run, cloud, recorded, count=count, first=first + (turn + 1) * 100_000))
        run.say(f"ours {ours[-1].rate:.1f}, bare {bare[-1].rate:.1f} orders a second")
    return _findings(ours, bare, recorded["calls"])


def record_calls(drive: "Drive", run: Run) -> dict[str, Any]:
    """Return the calls of one purchase, with the names in them that are its own; raises CouldNotRun."""
    path = run.folder / "calls.json"
    environment = functions_environment(drive)
    command = [sys.executable, "-m", "drills.surge.order_calls", str(path), f"{SONG}-recorded"]
    with outbox_stopped(drive):
        said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if said.returncode:
        message = f"the calls of an order could not be recorded: {said.stderr[-1000:]}"
        raise CouldNotRun(message)
    return dict(json.loads(path.read_text()))


class outbox_stopped:  # noqa: N801  used as a verb
    """While it lasts the table's stream starts no outbox: the recorder does what it would do."""

    def __init__(self, drive: "Drive") -> None:
        self._client: Any = drive.client("lambda")
        found = self._client.list_event_source_mappings()["EventSourceMappings"]
        self._mappings = [one["UUID"] for one in found if f":{drive.design.name('outbox')}" in one["FunctionArn"]]

    def __enter__(self) -> None:
        self._enable(False)

    def __exit__(self, *_: object) -> None:
        self._enable(True)

    def _enable(self, on: bool) -> None:
        for mapping in self._mappings:
            self._client.update_event_source_mapping(UUID=mapping, Enabled=on)


def _ours(drive: "Drive", *, count: int, name: str) -> Measured:
    """Buy `count` times, each time as somebody else."""
    place = drive.places(drive.design.primary)[0]
    users = [f"{name}-{number}" for number in range(count)]
    drive.identity.sign_in(users)
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool, httpx.Client(timeout=60, trust_env=False) as client:

        def buy(user: str) -> bool:
            headers = {"Authorization": f"Bearer {drive.identity.token(user)}", "Idempotency-Key": name}
            said = client.post(f"{place.url}/v1/purchases", json={"content": SONG}, headers=headers)
            return said.status_code == httpx.codes.ACCEPTED

        accepted = sum(pool.map(buy, users))
    if accepted != count:
        message = f"{count - accepted} of {count} purchases were not accepted: the machine is too busy"
        raise CouldNotRun(message)
    return _over(began, count, lambda: _is_idle(drive))


def _is_idle(drive: "Drive") -> bool:
    region = drive.design.primary
    # Delivered orders first: the last one's notice comes after it.
    return not open_orders(drive, region) and not any(
        sum(messages(drive, queue, region)) for queue in ("deliver", "deliver-sideline", "notify")
    )


def _bare(drive: "Drive", run: Run, cloud: BareCloud, recorded: dict[str, Any], *, count: int, first: int) -> Measured:
    """Make the calls of `count` orders."""
    each = count // PROCESSES
    environment = {**drive.cloud.task_environment(cloud.role, drive.design.primary), "PATH": "/usr/bin"}
    started = []
    for number in range(PROCESSES):
        bare = Bare(
            url=cloud.url,
            calls=recorded["calls"],
            names=cloud.names,
            order=recorded["order"],
            user=recorded["user"],
            first=first + number * each,
            count=each,
            threads=CLIENTS // PROCESSES,
        )
        path = run.folder / f"bare-{first}-{number}.json"
        bare.save(path)
        started.append(_start(path, environment))
    for process in started:
        _line(process)
    began = time.monotonic()
    for process in started:
        _tell(process)
    for process in started:
        _line(process)
        process.wait()
    return _over(began, each * PROCESSES, lambda: _is_empty(drive, cloud))


def _is_empty(drive: "Drive", cloud: BareCloud) -> bool:
    sqs: Any = drive.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for url in cloud.queues.values():
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if any(int(counts[name]) for name in names):
            return False
    return True


def _over(began: float, count: int, is_over: Any) -> Measured:
    while not is_over():
        if time.monotonic() - began > LONGEST:
            message = f"{count} orders were not through within {LONGEST} s: the machine is too busy"
            raise CouldNotRun(message)
        time.sleep(LOOK)
    return Measured(count, time.monotonic() - began)


def _start(path: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "drills.surge.bare_orders", str(path)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _line(process: "subprocess.Popen[str]") -> None:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        message = f"a process of plain clients ended with {process.wait()}"
        raise CouldNotRun(message)


def _tell(process: "subprocess.Popen[str]") -> None:
    if process.stdin:
        process.stdin.write("begin\n")
        process.stdin.close()


def _findings(ours: Sequence[Measured], bare: Sequence[Measured], calls: Sequence[Any]) -> Findings:
    our_rate, bare_rate = median(one.rate for one in ours), median(one.rate for one in bare)
    share = round(our_rate / bare_rate, 2)

    def line(name: str, found: Sequence[Measured]) -> Line:
        return Line(name, [(float(turn), one.rate) for turn, one in enumerate(found, 1)])

    return Findings(
        promises=[Promise.at_least("orders a second, as a share of what plain clients reach", share, LEAST)],
        measurements={
            "ours, orders a second": [round(one.rate, 1) for one in ours],
            "bare, orders a second": [round(one.rate, 1) for one in bare],
            "calls for each order": len(calls),
            "which are": [f"{service}:{operation}" for service, operation, _ in calls],
        },
        settings={"orders": ours[0].orders, "clients": CLIENTS},
        panels=[Panel("Orders a second, in each round", "per second", [line("ours", ours), line("bare", bare)])],
    )


def plan(design: Design) -> Sequence[Step]:
    """Say that it makes no sense there."""
    return [person(design.primary, "nothing", "this compares our code with the emulator; AWS is measured by the storm")]


DRILL = Drill(
    name="throughput",
    title="Throughput",
    promise=__doc__ or "",
    run=run,
    plan=plan,
    simulated=["AWS itself: one emulator process for all services; at most two processes for each function."],
    not_proven=["What AWS carries: the numbers of this machine say only how much our code adds to its calls."],
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
