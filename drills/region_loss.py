"""Survives the loss of a region in the middle of a storm: clients go on, and no accepted order is lost.

The primary's address goes away for clients and functions alike. A person throws the switch in the healthy region, as
the operator role that is denied control planes; the orders that the lost region had accepted are taken over; then the
region comes back, is let back in, and the two agree. Played twice: with records that are in both regions when a client
has its answer ("strong", simulated), and with records that are two seconds behind ("eventual").
"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from drills.drill import Drill, Findings, Run, main
from drills.frame.plan import Design, Step, call, person
from drills.frame.plots import Line, Panel, Point
from drills.frame.result import Promise
from drills.frame.stock import empty
from drills.region.region_probe import Function, View
from drills.region.region_scene import Scene
from drills.region.region_setting import Setting
from drills.region.region_stores import FILES, STORES, TABLES
from drills.traffic.pace_of_machine import rate_of
from drills.traffic.playing import warm_up
from stacks.promises import COPY_SECONDS, REGION_RECOVERY_MINUTES
from stacks.settings import Tier

if TYPE_CHECKING:
    from drills.frame.running import Drive

TIER = Tier.WARM_STANDBY
"""What is drilled: the standby runs one task in each zone, and nothing is started for the recovery."""

LAG = 2.0
"""Seconds, of this machine, that records are behind in the eventual mode. AWS says "typically within a second"."""
SHARE, MOST = 0.35, 5.0
"""Of the height of a storm on this machine, and orders a second at most: twelve probes ask as often as ten buyers."""
LATE = 0.75
"""Seconds by which the emulator may copy later than its lag says, on a busy machine: it looks every 20 ms."""

GAP = (math.nan, math.nan)
"""Keeps the plot's lines of two losses apart."""

STRONG = Setting(name="strong", record_lag=0.0)
EVENTUAL = Setting(name="eventual", record_lag=LAG)
SHORT = Setting(name="strong", record_lag=0.0, before=20.0, storm=80.0, after=20.0, lost_after=50.0)
"""For `make demo` and for every commit: a storm of two minutes, once."""

SIMULATED = (
    (
        "A lost region: its address refuses connections; its functions, pollers, schedules and streams stand still and "
        "its workers are killed; what it stored comes back with it."
    ),
    (
        "Replication: the emulator's, delayed by the drill and held back while the region is lost; the last writer "
        "wins. Without delay it stands for strong consistency, of which AWS makes more: a third region has a say."
    ),
    "There is no DNS: clients know both addresses, as they do of a deployment without a domain.",
    "The second factor with which the operator signs in.",
)
NOT_PROVEN = (
    "How long AWS takes to notice: alarms and canaries are not played, a person decides after a time that is set.",
    "What DNS adds: health checks every 30 s and records that are kept for 60 s.",
    (
        "How a strongly consistent table behaves while its third region decides, and that a returning region refuses "
        "reads until it has caught up."
    ),
    "A standby that has to grow: both regions run the same few workers here.",
)


def run(drive: "Drive", run: Run) -> Findings:
    """Play the losses one after the other."""
    warm_up(drive.places(), drive.identity.token("warm"))
    rate = min(MOST, SHARE * rate_of(drive, run))
    scenes = []
    for number, setting in enumerate([SHORT] if run.options.short else [STRONG, EVENTUAL]):
        if number:
            drive.mend()
            empty(drive)
        scene = Scene(drive, run, replace(setting, rate=rate))
        scene.play()
        scenes.append(scene)
    return findings(scenes)


def findings(scenes: Sequence[Scene]) -> Findings:
    """Turn what happened into promises, measurements and the plot."""
    found = Findings()
    for scene in scenes:
        if not scene.load.kept_up:
            found.not_proven.append(f"{scene.setting.name}: this machine was too slow for the planned load")
        found.promises += promises(scene)
        found.measurements |= {f"{scene.setting.name}: {name}": value for name, value in measured(scene).items()}
        found.settings |= {scene.setting.name: vars(scene.setting)}
        found.orders = scene.ledger if found.orders is None else found.orders + scene.ledger
        found.objects = scene.objects if found.objects is None else found.objects + scene.objects
        found.marks += scene.plot_marks
    found.panels += panels(scenes)
    return found


def promises(scene: Scene) -> Iterator[Promise]:
    """Yield what is promised about one loss, beside what was measured."""
    yield Promise.exactly(f"{scene.setting.name}: the switch is thrown, by data planes alone", scene.evacuated.code, 0)
    yield from recovery_promises(scene)
    yield from _loss_promises(scene)
    yield from _return_promises(scene)


def recovery_promises(scene: Scene) -> Iterator[Promise]:
    """Yield the RTO of each function, against docs/SLA.md."""
    mode, promised = scene.setting.name, scene.run.scaled(REGION_RECOVERY_MINUTES[TIER] * 60)
    for function in Function:
        seen = {view: scene.probes.recovery(view, function, scene.lost_at, scene.marks["region back"]) for view in View}
        told = ", ".join(f"{view} {_seconds(value)}" for view, value in seen.items())
        kept = all(value is not None and value <= promised for value in seen.values())
        yield Promise(f"{mode}: {function} works again", f"≤ {promised:g} s", told, kept)
    yield Promise.at_least(f"{mode}: orders open in the region when it was lost", scene.open_at_loss, 1)
    yield Promise.exactly(f"{mode}: of these not taken over when it came back", scene.left_behind, 0)
    last = scene.last_takeover
    yield Promise(
        f"{mode}: the last order that was taken over is delivered",
        f"≤ {promised:g} s",
        _seconds(last) if last is not None else "no such order",
        last is not None and last <= promised,
    )
    for command, worked in scene.client.items():
        yield Promise.exactly(f"{mode}: `{command}` while the region is gone", "works" if worked else "fails", "works")


def _loss_promises(scene: Scene) -> Iterator[Promise]:
    mode, lag = scene.setting.name, scene.setting.record_lag
    ages = recovery_points(scene)
    for store in TABLES:
        allowed = lag + LATE if lag else 0.0
        yield Promise.at_most(f"{mode}: RPO of the table {store}", ages[store], allowed, "s")
    yield Promise.at_most(f"{mode}: RPO of files", ages[FILES], scene.run.scaled(COPY_SECONDS), "s")
    yield Promise.at_most(
        f"{mode}: accepted orders that the healthy region does not know at first"
        + (f" (lag × rate: those of the last {lag:g} s)" if lag else ""),
        len(scene.missing_at_first),
        at_risk(scene) if lag else 0,
    )
    if lag:
        text = f"{mode}: of these, lost after their clients asked again with the same key"
        yield Promise.exactly(text, scene.missing_after_retry, 0)
    yield Promise.exactly(f"{mode}: orders lost", scene.ledger.lost, 0)
    yield Promise.exactly(f"{mode}: orders doubled", scene.ledger.doubled, 0)
    yield Promise.exactly(f"{mode}: orders not delivered in the end", scene.ledger.waiting + scene.ledger.given_up, 0)
    yield Promise.exactly(f"{mode}: uploaded files lost", scene.objects.lost, 0)


def _return_promises(scene: Scene) -> Iterator[Promise]:
    yield Promise.exactly(f"{scene.setting.name}: the region is let back in", scene.restored.code, 0)
    for what, differences in scene.disagreements.items():
        unlike = len(differences)
        shown = f"{unlike}: {', '.join(differences[:2])}" if unlike else "0"
        yield Promise(f"{scene.setting.name}: {what}: items in which the regions differ", "0", shown, not unlike)


def recovery_points(scene: Scene) -> dict[str, float]:
    """Return for each store for how many seconds before the loss its last writes are missing."""
    return {
        store: 0.0 if (since := scene.missing_since[store]) is None else max(0.0, scene.lost_at - since)
        for store in STORES
    }


def at_risk(scene: Scene) -> int:
    """Return how many orders the lost region accepted within the lag before its loss."""
    since = scene.lost_at - scene.setting.record_lag - LATE
    return sum(one["answered_at"] >= since for one in scene.accepted(scene.lost))


def measured(scene: Scene) -> dict[str, object]:
    """Return what was measured besides."""
    gone = (scene.lost_at, scene.marks["region back"])
    taken = scene.taken_over_at
    return {
        "orders accepted by the lost region": len(scene.accepted(scene.lost)),
        "orders accepted by the healthy region": len(scene.accepted(scene.healthy)),
        "orders at risk, by lag × rate": at_risk(scene),
        "open orders of the lost region at most": max((count for _, count in scene.open_orders), default=0),
        "seconds from the loss to the switch": scene.marks["switch"] - scene.lost_at,
        "seconds that the switch took": scene.evacuated.seconds,
        "seconds from the switch to the last order taken over": taken and taken - scene.marks["switch"],
        "what the operator saw": scene.shown.text,
        "RPO in seconds": recovery_points(scene),
        "files unreadable while the region was gone": scene.unread_meanwhile,
        "failed attempts while it was gone": {
            view: sum(scene.probes.failures(view, function, *gone) for function in Function) for view in View
        },
        "why, for example": scene.probes.reasons(View.CLIENTS),
        "requests by clients": scene.load.sent,
    }


def panels(scenes: Sequence[Scene]) -> list[Panel]:
    """Return the plot: who took the orders, what worked when, and whose orders were open."""
    views = {View.CLIENTS: "As clients see it", View.HEALTHY: "Through the healthy region's API"}
    return [
        Panel("Orders accepted, by the region that did", "per second", list(_accepted(scenes))),
        *(
            Panel(f"{title}: a line that is down is a function that fails", "function", _joined(scenes, view))
            for view, title in views.items()
        ),
        Panel(
            "Open orders of the lost region, as the healthy one knows them",
            "orders",
            [Line("open", [point for scene in scenes for point in _open_orders(scene)], steps=True)],
        ),
    ]


def _joined(scenes: Sequence[Scene], view: View) -> list[Line]:
    each = [scene.probes.lines(view, scene.run.started_at.timestamp()) for scene in scenes]
    return [
        Line(lines[0].name, [point for line in lines for point in (*line.points, GAP)], steps=True)
        for lines in zip(*each, strict=True)
    ]


def _open_orders(scene: Scene) -> Iterator[Point]:
    yield from ((scene.at(moment), float(count)) for moment, count in scene.open_orders)
    yield GAP


def _accepted(scenes: Sequence[Scene]) -> Iterator[Line]:
    for region in (scenes[0].lost, scenes[0].healthy):
        points: list[Point] = []
        for scene in scenes:
            first, last = int(scene.at(scene.begun_at)), int(scene.at(scene.load.ended_at))
            counts = dict.fromkeys(range(first, last + 1), 0)
            for one in scene.accepted(region):
                counts[int(scene.at(one["answered_at"]))] += 1
            points += [(float(at), float(count)) for at, count in counts.items()] + [GAP]
        yield Line(region, points, steps=True)


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"


def plan(design: Design) -> Sequence[Step]:
    """Return what would be done in a real account: no experiment takes a whole region away, so clients are kept out."""
    lost, healthy = design.data_regions
    table, region = design.name("switch"), {"pk": {"S": f"REGION#{lost}"}}
    return [
        person(lost, "play the storm", "from machines in neither region", regions=[lost, healthy]),
        *design.experiment("tables-paused", lost),
        *design.experiment("copies-paused", lost),
        *design.experiment("outbox-refused", lost),
        *design.experiment("deliver-refused", lost),
        person(lost, "keep clients out", "the load's machines refuse connections to the region's API"),
        call(healthy, "sts", "AssumeRole", "with a second factor", RoleArn=f"<arn of {design.name('operator')}>"),
        person(healthy, "show", "python -m services.switch show: how far the copies are behind"),
        call(healthy, "dynamodb", "GetItem", "whether the region was evacuated before", TableName=table, Key=region),
        call(healthy, "dynamodb", "PutItem", "evacuate: the switch is one item", TableName=table,
             Item={**region, "state": {"S": "evacuated"}}, ConditionExpression="attribute_not_exists(pk)"),
        person(healthy, "watch", "the reconciler takes the open orders over within a minute", alarm="deliver-late"),
        person(lost, "let clients in", "the experiments have ended and what was paused has caught up"),
        call(healthy, "dynamodb", "UpdateItem", "restore", TableName=table, Key=region,
             ConditionExpression="version = :seen"),
        call(lost, "dynamodb", "Scan", "compare the tables, item by item", TableName=design.name("drive")),
        call(lost, "s3", "ListObjectVersions", "compare the files with the other region's replicas",
             Bucket=f"{design.prefix}-{FILES}-<account>-{lost}"),
    ]  # fmt: skip


DRILL = Drill(
    name="region_loss",
    title="Region loss",
    promise=__doc__ or "",
    run=run,
    plan=plan,
    simulated=SIMULATED,
    not_proven=NOT_PROVEN,
)

if __name__ == "__main__":
    sys.exit(main(DRILL))
