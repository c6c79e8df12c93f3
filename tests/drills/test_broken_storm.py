"""The drive is broken on purpose, one way at a time: the storm and the zone loss have to notice."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drills import storm, zone_loss
from drills.frame import judging
from drills.frame.judging import Evidence
from drills.frame.ledger import Counts
from drills.frame.running import Drive
from drills.frame.stock import Files
from drills.throughput import outbox_stopped
from drills.traffic import arrivals, playing
from drills.traffic.arrivals import Phase
from drills.traffic.playing import Event, Scenario, play, warm_up
from drills.traffic.weather import Weather
from tests.drills.region_drive import a_run, running_drive

FEW = Scenario(
    name="few",
    phases=[Phase(8.0, 3.0)],
    crowd=arrivals.Crowd(users=20, purchases=0.5, repeats=0.2),
    files=Files(count=2, size=1024),
)
"""Two dozen orders, some of them asked for twice."""


@pytest.fixture
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    drive = running_drive(request, tmp_path_factory.mktemp("drive"))
    warm_up(drive.places(), drive.identity.token("warm"))
    return drive


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never settles is not waited for as long as in a drill."""
    monkeypatch.setattr(playing, "SETTLED_WITHIN", 900)


def played(
    drive: Drive, folder: Path, scenario: Scenario = FEW, events: tuple[Event, ...] = (), *, kills: int = 0
) -> Evidence:
    run = a_run(drive, folder)
    return judging.gather(drive, run, play(drive, run, scenario, events), kills=kills)


def broken(evidence: Evidence) -> str:
    promises = [
        *judging.nothing_lost(evidence),
        *judging.built_once(evidence),
        *judging.poison_set_aside(evidence),
        *judging.purchases_taken(evidence),
    ]
    return "\n".join(promise.text for promise in promises if not promise.kept)


def test_a_drive_that_is_whole_keeps_its_promises(drive: Drive, tmp_path: Path) -> None:
    evidence = played(drive, tmp_path, replace(FEW, poison=True))
    assert broken(evidence) == ""
    assert evidence.orders.into > 10


@contextmanager
def no_schedule(drive: Drive, name: str) -> Iterator[None]:
    """Disable a schedule of the primary region."""
    rules = drive.client("scheduler")
    known: dict[str, Any] = rules.get_schedule(Name=drive.design.name(name))
    wanted = {key: known[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    rules.update_schedule(**wanted, State="DISABLED")
    try:
        yield
    finally:
        rules.update_schedule(**wanted, State="ENABLED")


@pytest.mark.usefixtures("impatient")
def test_without_the_outbox_and_the_reconciler_orders_are_stranded_and_the_drill_fails(
    drive: Drive, tmp_path: Path
) -> None:
    with no_schedule(drive, "reconciler"), outbox_stopped(drive):
        evidence = played(drive, tmp_path)
    assert "not delivered when all had settled" in broken(evidence)
    assert evidence.orders.waiting > 0


def patched(package: bytes, path: str, change: Callable[[str], str]) -> bytes:
    """Return a function's package with one file of it changed."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text.decode()) if name == path else text)
    return changed.getvalue()


@contextmanager
def broken_code(drive: Drive, role: str, path: str, change: Callable[[str], str]) -> Iterator[None]:
    """Run a function with one file of its package changed, behind the alias that everybody calls."""
    awslambda, name = drive.client("lambda"), drive.design.name(role)
    alias = awslambda.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    awslambda.update_function_code(FunctionName=name, ZipFile=patched(package_of(drive), path, change))
    version = awslambda.publish_version(FunctionName=name)["Version"]
    awslambda.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    try:
        yield
    finally:
        awslambda.update_alias(FunctionName=name, Name="live", FunctionVersion=alias)


def package_of(drive: Drive) -> bytes:
    """Return the functions' package as it was deployed."""
    [folder] = [found.parent for found in (drive.cloud.folder / "cdk.out").glob("*/services") if found.is_dir()]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return package.getvalue()


def forget_the_key(source: str) -> str:
    """Give every request an order of its own, whatever its idempotency key."""
    known = "return _hash(user, kind, idempotency_key)[:32]"
    assert known in source
    return source.replace(known, "import uuid\n    return uuid.uuid4().hex")


def test_without_the_check_of_idempotency_one_order_becomes_two_and_the_drill_fails(
    drive: Drive, tmp_path: Path
) -> None:
    with broken_code(drive, "api-order", "services/drive/orders.py", forget_the_key):
        evidence = played(drive, tmp_path)
    assert "orders lost" in broken(evidence)


def give_without_a_look(source: str) -> str:
    """Deliver an order whatever became of it, with a pointer for each time."""
    known = 'key(f"USER#{order.user}", f"ITEM#{order.content}")'
    assert known in source
    return source.replace(known, 'key(f"USER#{order.user}", f"ITEM#{order.content}-{clock.milliseconds()}")')


def test_a_delivery_that_does_not_look_what_is_there_doubles_and_the_drill_fails(drive: Drive, tmp_path: Path) -> None:
    with broken_code(drive, "deliver", "services/drive/orders.py", give_without_a_look):
        evidence = played(drive, tmp_path)
    assert "every accepted order led to its pointer or its bundle" in broken(evidence)


@contextmanager
def no_dead_letters(drive: Drive, role: str) -> Iterator[None]:
    """Drop a queue's dead-letter queue."""
    sqs, url = drive.client("sqs"), drive.queue_url(role)
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(json.loads(policy))})


@pytest.mark.usefixtures("impatient")
def test_without_a_dead_letter_queue_the_poison_goes_round_for_ever_and_the_drill_fails(
    drive: Drive, tmp_path: Path
) -> None:
    with no_dead_letters(drive, "bundle"), no_dead_letters(drive, "bundle-sideline"):
        evidence = played(drive, tmp_path, replace(FEW, poison=True))
    assert "messages about it in the dead-letter queue" in broken(evidence)


def test_a_drive_that_runs_in_one_zone_only_fails_the_loss_of_that_zone(drive: Drive, tmp_path: Path) -> None:
    weather = Weather(drive, drive.design.primary)
    for zone in ("b", "c"):
        weather.kill(zone)
    lost_at, again_at = 4.0, 14.0
    events = (
        Event(lost_at, "zone lost", lambda: weather.kill("a")),
        Event(again_at, "zone back", lambda: weather.start("a", 1)),
    )
    longer = replace(FEW, phases=[Phase(16.0, 3.0)], crowd=arrivals.Crowd(users=20, purchases=0, album_share=0.2))
    evidence = played(drive, tmp_path, longer, events, kills=1)
    begun = evidence.played.begun
    delivered = sorted(wait.delivered_at - begun for wait in evidence.waits)
    pause = zone_loss.longest_pause(delivered, lost_at, again_at)
    promise = zone_loss._goes_on("bundles", {"before": 1.0, "after": pause}, restart=3.0)
    assert not promise.kept
    assert broken(evidence) == ""


def test_the_drill_itself_says_fail_and_not_could_not_run(drive: Drive, tmp_path: Path) -> None:
    evidence = replace(played(drive, tmp_path), orders=Counts(into=2, out=1, lost=1))
    found = storm.findings(evidence, storm.SHORT)
    assert any(promise.text == "orders lost" and not promise.kept for promise in found.promises)
