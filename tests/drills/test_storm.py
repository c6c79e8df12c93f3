from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drills import storm, ten_thousand
from drills.frame import judging
from drills.frame.judging import Build, Evidence
from drills.frame.ledger import Counts, Wait
from drills.frame.plan import Actor, Design
from drills.frame.watching import DEAD_LETTERS, QUEUES, Look, Watch
from drills.traffic import arrivals
from drills.traffic.arrivals import Who
from drills.traffic.load import Summary
from drills.traffic.playing import Event, Played, Timetable
from services.drive.limits import LONGEST_WAIT
from tests.drills.told import told

MEGABYTE = 2**20


def look(at: float, *, wait: float = 10.0, memory: int = 100, depth: int = 0) -> Look:
    sizes = {("emulator", 1): memory * MEGABYTE, ("eu-west-1:clouddrive-deliver", 2): memory * MEGABYTE}
    return Look(at, dict.fromkeys(QUEUES, depth), wait, sizes)


def evidence(folder: Path, **changes: Any) -> Evidence:
    """What a storm leaves behind in which everything went well; `changes` say what did not."""
    watch: Any = Watch(drive=None, region="here", looks=[look(float(second)) for second in range(100)])  # type: ignore[arg-type]
    answers = folder / "answers.jsonl"
    refused = [told("r", who=Who.ORDINARY, refused_at=at) for at in (20.0, 60.0)]
    answers.write_text("".join([told("a"), told("p", who=Who.BUYER), *refused]))
    played = Played(
        scenario=storm.scenario(storm.SHORT, 20),
        arrivals=answers,
        answers=answers,
        begun=0.0,
        summary=Summary(planned=4, ended_at=80.0),
        watch=changes.pop("watch", watch),
        timetable=Timetable([]),
        poison=frozenset({"poison"}),
        is_settled=True,
        settled_at=99,
    )
    known: dict[str, Any] = {
        "played": played,
        "time_scale": 20,
        "orders": Counts(into=3, out=2, given_up=1),
        "purchases": Counts(into=1, out=1),
        "waits": [Wait(Who.CROWD, "bundle", 1.0, 3.0)],
        "builds": [Build("here", "album", "READY", 2, 0), Build("here", "bad", "FAILED", 3, 3)],
        "published": {"contents": 2, "started": 5, "published": 1, "published_and_gone": 0, "spare": 0},
        "dead_letters": dict.fromkeys(DEAD_LETTERS, 0) | {"bundle-dead-letters": 1},
        "poisoned": frozenset({"bad"}),
        "leases_lost": 0,
        "unforeseen": 0,
        "kills": 1,
        "examples": {},
    }
    return Evidence(**known | changes)


def broken(found: Evidence, size: storm.Size = storm.SHORT) -> list[str]:
    return [promise.text for promise in storm.findings(found, size).promises if not promise.kept]


def test_a_storm_in_which_all_went_well_passes(tmp_path: Path) -> None:
    assert broken(evidence(tmp_path)) == []


@pytest.mark.parametrize(
    ("orders", "text"),
    [
        (Counts(into=3, out=1, lost=1, given_up=1), "orders lost"),
        (Counts(into=3, out=2, doubled=1, given_up=1), "more than once"),
        (Counts(into=3, out=1, waiting=1, given_up=1), "not delivered when all had settled"),
        (Counts(into=3, out=1, given_up=2), "users told that it cannot be had"),
    ],
)
def test_an_order_that_goes_another_way_breaks_a_promise(tmp_path: Path, orders: Counts, text: str) -> None:
    assert any(text in name for name in broken(evidence(tmp_path, orders=orders)))


@pytest.mark.parametrize(
    ("builds", "text"),
    [
        ([Build("here", "album", "READY", 3, 0)], "for any one content"),
        ([Build("here", "album", "QUEUED", 1, 0)], "one published bundle"),
        ([Build("here", "album", "READY", 1, 0), Build("here", "bad", "READY", 1, 0)], "poison"),
    ],
)
def test_a_build_too_many_or_too_few_breaks_a_promise(tmp_path: Path, builds: list[Build], text: str) -> None:
    assert any(text in name for name in broken(evidence(tmp_path, builds=builds)))


def test_a_poison_message_that_nobody_can_look_at_breaks_a_promise(tmp_path: Path) -> None:
    nowhere = dict.fromkeys(DEAD_LETTERS, 0)
    assert broken(evidence(tmp_path, dead_letters=nowhere)) == ["messages about it in the dead-letter queue"]


def test_refusals_that_come_too_late_break_a_promise(tmp_path: Path) -> None:
    late: Any = Watch(drive=None, region="here", looks=[look(1.0, wait=1.1 * LONGEST_WAIT / 20)])  # type: ignore[arg-type]
    assert any("when the first 429 came" in name for name in broken(evidence(tmp_path, watch=late)))


def test_a_process_that_grows_breaks_a_promise(tmp_path: Path) -> None:
    looks = [look(float(second), memory=100 + second) for second in range(100)]
    growing: Any = Watch(drive=None, region="here", looks=looks)  # type: ignore[arg-type]
    assert any("grew most" in name for name in broken(evidence(tmp_path, watch=growing)))


def test_a_large_process_breaks_a_promise(tmp_path: Path) -> None:
    large: Any = Watch(drive=None, region="here", looks=[look(float(second), memory=400) for second in range(100)])  # type: ignore[arg-type]
    assert any("largest process" in name for name in broken(evidence(tmp_path, watch=large)))


def test_a_purchase_that_is_refused_breaks_a_promise(tmp_path: Path) -> None:
    found = evidence(tmp_path)
    with found.played.answers.open("a") as lines:
        lines.write(told("q", who=Who.BUYER, refused_at=30.0))
    assert broken(found) == ["purchases refused with a 429"]


def test_ten_thousand_orders_are_promised_and_fewer_break_the_promise(tmp_path: Path) -> None:
    found = ten_thousand.findings(evidence(tmp_path), ten_thousand.ORDERS)
    assert [one.text for one in found.promises if not one.kept] == ["orders accepted in this run"]
    asked = sum(phase.seconds * phase.rate for phase in ten_thousand.scenario(ten_thousand.ORDERS).phases)
    assert asked > ten_thousand.ORDERS == 10_000


def test_the_storm_is_twenty_times_what_was_before() -> None:
    before, height, _ = (phase.rate for phase in storm.SHORT.phases(20))
    assert height == 20 * before


def test_the_workers_are_so_slow_that_admission_has_to_refuse() -> None:
    for rate in (10.0, 20.0, 40.0):
        builds = storm.WORKERS / (storm.CALLS * storm.far(rate))
        wanted = 0.24 * rate
        assert wanted > 3 * builds


def test_one_content_of_a_storm_is_poison_and_an_ordinary_user_wants_it(tmp_path: Path) -> None:
    from drills.traffic.playing import _poisoned

    path = tmp_path / "arrivals.jsonl"
    scenario = storm.scenario(storm.SHORT, 20)
    arrivals.write(path, scenario.orders(1))
    [content] = _poisoned(scenario, path)
    assert {one.who for one in arrivals.read(path) if one.content == content} == {Who.ORDINARY}
    assert _poisoned(replace(scenario, poison=False), path) == frozenset()


def test_an_event_that_fails_ends_the_drill() -> None:
    def fail() -> None:
        raise OSError("as planned")

    with pytest.raises(OSError, match="as planned"), Timetable([Event(0.0, "fails", fail)]).running(0.0):
        pass


def test_waits_are_told_by_class_and_who_found_a_bundle_ready_did_not_wait(tmp_path: Path) -> None:
    found = evidence(tmp_path)
    found.played.answers.write_text(told("b", state="ready"))
    assert found.by_class() == {"album": {"count": 2, "p50": 0.0, "p95": 2.0, "p99": 2.0}}
    assert judging.described([])["count"] == 0


def test_the_plan_for_a_real_account_kills_workers_by_an_experiment_of_the_assembly(design: Design) -> None:
    steps = storm.DRILL.plan(design)
    assert [step.parameters["tags"]["Name"] for step in steps if step.actor == Actor.EXPERIMENT] == [
        design.name("workers-lost")
    ]
    assert all(step.region in design.data_regions for step in steps)
