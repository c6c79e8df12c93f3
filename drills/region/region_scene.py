"""One loss of a region, from the storm before it to the agreement after it; what happened, with its moments.

    scene = Scene(drive, run, setting)
    scene.play()
    scene.lost_at, scene.missing_at_first, scene.probes.recovery(…)

The promises about it are in region_loss.py and control_plane_loss.py.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.frame.ledger import Counts, Ledger, objects
from drills.frame.plots import Mark
from drills.frame.running import TASKS_PER_ZONE
from drills.frame.stock import Files, stock
from drills.region import region_client, region_stores
from drills.region.region_operator import Operator, Said
from drills.region.region_probe import Probes
from drills.region.region_setting import Setting
from drills.region.region_stores import Markers
from drills.traffic.arrivals import Arrival, Wanted, even, read, wanted, write
from drills.traffic.arrivals import Phase as LoadPhase
from drills.traffic.load import Load, Setup, Summary
from drills.traffic.playing import warm_up
from embedded_cloud.workers import ZONES

if TYPE_CHECKING:
    from drills.drill import Run
    from drills.frame.running import Drive

LOOK = 1.0
RETRIES_PER_SECOND = 10.0
AFTERWARDS = 6.0
"""Seconds for which everything is tried once more after the region was let back in."""


class Scene:
    """One loss of the primary."""

    probes: Probes
    markers: Markers
    ledger: Counts
    objects: Counts
    load: Summary
    evacuated: Said
    restored: Said
    shown: Said

    def __init__(self, drive: "Drive", run: "Run", setting: Setting) -> None:
        self.drive, self.run, self.setting = drive, run, setting
        self.lost, self.healthy = drive.design.data_regions
        self.folder = run.folder / setting.name
        self.folder.mkdir()
        self.operator = Operator.on_duty(drive, self.folder, healthy=self.healthy, lost=self.lost)
        self.begun_at = self.lost_at = 0.0
        self.marks: dict[str, float] = {}
        self.missing_since: dict[str, float | None] = {}
        self.missing_at_first: list[Mapping[str, Any]] = []
        self.missing_after_retry = 0
        self.open_at_loss = self.left_behind = 0
        self.open_orders: list[tuple[float, int]] = []
        self.client: dict[str, bool] = {}
        self.refused_control_calls = 0
        self.last_takeover: float | None = None
        self.disagreements: dict[str, list[str]] = {}
        self.unread_meanwhile = 0
        self._ended = threading.Event()

    def play(self) -> None:
        """Lose the region in the middle of a storm, evacuate it, have it back, and compare."""
        self._prepare()
        load = Load.start(self._setup("storm", self.lost, self.healthy))
        try:
            with Markers.written(self.drive, self.lost) as self.markers, self._probing(), self._watching():
                self.drive.cloud.set_lag(self.setting.record_lag, "dynamodb")
                self.begun_at = load.begin()
                self._lose()
                self._evacuate()
                self.client = region_client.tried(self.drive, self.folder, self._probe, (self.lost, self.healthy))
                self.load = load.wait(self.setting.after + self.setting.storm + self.setting.patience)
                self._drain()
                self._retry()
                self._return()
        finally:
            load.stop()
        self._compare()
        self._count()

    def at(self, moment: float) -> float:
        """Return the seconds since the run began, for its plot."""
        return moment - self.run.started_at.timestamp()

    @property
    def taken_over_at(self) -> float | None:
        """When, after the switch, the healthy region first knew of no open order of the lost one."""
        moments = (at for at, count in self.open_orders if at >= self.marks.get("switch", at + 1) and not count)
        return next(moments, None)

    @property
    def answers(self) -> Path:
        """What clients were told during the storm."""
        return self.folder / "storm.answers.jsonl"

    def accepted(self, region: str | None = None) -> list[Mapping[str, Any]]:
        """Return the orders of which clients were told that they were accepted, by one region or by both."""
        with self.answers.open() as lines:
            told = (json.loads(line) for line in lines)
            orders = {one["order"]: one for one in told if one["state"] == "accepted"}  # who clicks twice orders once
        return [one for one in orders.values() if region in (None, one["region"])]

    @property
    def plot_marks(self) -> list[Mark]:
        """Return the moments that the plot shows: more of them cannot be read."""
        shown = {"region lost": f"{self.setting.name}: lost", "switch": "switch", "region back": "back"}
        return [Mark(self.at(self.marks[name]), short) for name, short in shown.items() if name in self.marks]

    def _prepare(self) -> None:
        drive, setting = self.drive, self.setting
        warm_up(drive.places(), drive.identity.token("warm"))
        self.run.say(f"{setting.name}: records {setting.record_lag:g} s behind, files {setting.file_lag:g} s")
        drive.cloud.set_lag(0)
        write(self.folder / "storm.arrivals.jsonl", setting.arrivals(self.run.options.seed))
        needed = wanted(read(self.folder / "storm.arrivals.jsonl"))
        probes = Probes.wanted(self._probe, setting.probe_contents)
        stock(drive, _both(needed, probes), Files(count=2, size=16 * 1024), seed=self.run.options.seed)
        drive.cloud.set_lag(setting.file_lag, "s3")

    @property
    def _probe(self) -> str:
        return f"probe-{self.setting.name}"

    def _setup(self, name: str, *regions: str) -> Setup:
        return Setup(
            arrivals=self.folder / f"{name}.arrivals.jsonl",
            answers=self.folder / f"{name}.answers.jsonl",
            places=self.drive.places(*regions),
            identity=self.drive.identity_file,
            time_scale=self.run.options.time_scale,
            in_flight=100,
            seed=self.run.options.seed,
        )

    @contextmanager
    def _probing(self) -> Iterator[None]:
        with Probes.running(self.drive, self.folder, lost=self.lost, run=self._probe) as self.probes:
            yield

    def _lose(self) -> None:
        workers = self.drive.workers[self.lost]
        _sleep_until(self.begun_at + self.setting.lost_after - self.setting.sick)
        workers.kill(list(workers.tasks))
        _sleep_until(self.begun_at + self.setting.lost_after)
        self.run.say(f"{self.lost} is lost, for clients and functions alike")
        if self.setting.refuse_control_planes:
            self.refused_control_calls = -self._refused_so_far()
            self.drive.cloud.refuse_control_planes()
        self.lost_at = time.time()
        self.drive.cloud.take_down(self.lost)
        self._mark("region lost", self.lost_at)
        self.missing_since = self.markers.missing_since(self.healthy)
        self.open_at_loss = region_stores.open_orders(self.drive, self.healthy, self.lost)

    def _evacuate(self) -> None:
        _sleep_until(self.lost_at + self.run.scaled(self.setting.decision))
        self.shown = self.operator.command("show")
        self.run.say(f"the operator looks: {self.shown.text}")
        self.evacuated = self.operator.command("evacuate", self.lost, "--reason", "the drill: no answer")
        self.run.say(f"the operator throws the switch in {self.healthy}: {self.evacuated.text}")
        self._mark("switch", time.time())

    def _drain(self) -> None:
        """Wait until the healthy region has ended all that it knows of."""
        deadline = time.time() + self.setting.patience
        while time.time() < deadline:
            if not any(region_stores.open_orders(self.drive, self.healthy, home) for home in (self.lost, self.healthy)):
                return
            time.sleep(LOOK)
        self.run.say("not every order has ended")

    def _retry(self) -> None:
        """Have those clients ask again, with the same keys, whose order the healthy region does not know."""
        known = region_stores.order_ids(self.drive, self.healthy)
        self.missing_at_first = [one for one in self.accepted() if one["order"] not in known]
        self.run.say(f"{len(self.missing_at_first)} accepted orders are unknown in {self.healthy}")
        self.unread_meanwhile = self._objects(elsewhere=True).lost
        keys = {one["key"] for one in self.missing_at_first}
        if not keys:
            return
        again = [arrival for arrival in read(self.folder / "storm.arrivals.jsonl") if arrival.key in keys]
        moments = even([LoadPhase(len(again) / RETRIES_PER_SECOND, RETRIES_PER_SECOND)])
        later = [Arrival(**asdict(one) | {"at": at}) for one, at in zip(again, moments, strict=False)]
        write(self.folder / "retry.arrivals.jsonl", later)
        load = Load.start(self._setup("retry", self.healthy))
        self._mark("clients ask again", load.begin())
        load.wait(self.setting.patience)
        with (self.folder / "retry.answers.jsonl").open() as lines:
            told = {one["key"]: one["state"] for one in map(json.loads, lines)}
        # "ready": the album was built here meanwhile, and is had without an order.
        self.missing_after_retry = sum(told.get(key) not in {"accepted", "ready"} for key in keys)
        self._drain()

    def _return(self) -> None:
        self.left_behind = region_stores.open_orders(self.drive, self.healthy, self.lost)
        last = region_stores.last_delivery(self.drive, self.healthy, accepted_before=self.lost_at)
        self.last_takeover = None if last is None else last - self.lost_at
        self._mark("region back", time.time())
        self.run.say(f"{self.lost} comes back")
        self.drive.cloud.bring_up(self.lost)
        self.drive.workers[self.lost].start(zone for zone in ZONES for _ in range(TASKS_PER_ZONE))
        self._wait_for_copies()
        self.restored = self.operator.command("restore", self.lost, "--reason", "the drill: it has caught up")
        self.run.say(f"the operator lets clients back: {self.restored.text}")
        self._mark("let back in", time.time())
        if self.setting.refuse_control_planes:
            self.refused_control_calls += self._refused_so_far()
        time.sleep(AFTERWARDS)

    def _refused_so_far(self) -> int:
        """Allow control planes and return how many of their calls were refused since the emulator started."""
        return int(self.drive.cloud.allow_control_planes()["control_plane_calls_refused"])

    def _wait_for_copies(self, behind: float | None = None) -> None:
        """Wait until nothing is further behind than it usually is, or than so many seconds."""
        usual = max(self.setting.record_lag, self.setting.file_lag) + LOOK
        deadline = time.time() + self.setting.patience
        while time.time() < deadline:
            stores = self.drive.cloud.replication()["stores"].values()
            if all(store["oldest_seconds"] <= (usual if behind is None else behind) for store in stores):
                return
            time.sleep(LOOK)
        self.run.say("the copies have not caught up")

    def _compare(self) -> None:
        """Compare the regions item by item, when nothing is on its way any more."""
        self.drive.cloud.set_lag(0)
        self._wait_for_copies(behind=0.0)
        self._drain()
        self.disagreements = {
            table: region_stores.differing_items(self.drive, table) for table in region_stores.TABLES
        } | {"replica buckets": region_stores.missing_copies(self.drive)}
        self._mark("compared", time.time())

    def _count(self) -> None:
        with Ledger(self.folder / "ledger.sqlite") as ledger:
            for answers in (self.answers, self.folder / "retry.answers.jsonl", self.probes.answers):
                if answers.exists():
                    ledger.add_answers(answers, self.drive.identity)
            for region in self.drive.design.data_regions:
                ledger.add_region(self.drive.store(region))
            self.ledger = ledger.orders()
        self.objects = self._objects(elsewhere=False)

    def _objects(self, *, elsewhere: bool) -> Counts:
        """Read every uploaded file again, where its record says; while the region is gone, its files' copies."""
        kept = list(self.probes.kept)
        puts = region_stores.puts(self.drive, self.healthy, kept)
        unrecorded = len(kept) - len(puts)
        copies = {self.drive.bucket("files", self.lost): self.drive.bucket("replica", self.healthy)}
        found = objects(puts, self.drive.client("s3", self.healthy), elsewhere=copies if elsewhere else None)
        return found + Counts(into=unrecorded, lost=unrecorded)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Count the lost region's open orders as the healthy one knows them."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK / 2):
            count = region_stores.open_orders(self.drive, self.healthy, self.lost)
            self.open_orders.append((time.time(), count))

    def _mark(self, name: str, moment: float) -> None:
        self.marks[name] = moment


def _both(first: Wanted, second: Wanted) -> Wanted:
    return Wanted(first.users | second.users, first.for_sale | second.for_sale, first.owned | second.owned)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))
