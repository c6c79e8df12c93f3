"""What the drill of the sale day reads and simulates, without a cloud; drills/sale_day.py itself needs one."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drills import sale_day
from drills.drill import CouldNotRun
from drills.frame.plan import Design
from drills.surge import planned_event, sale_judging
from drills.surge.autoscaling import Autoscaler, Late, Raise, Scaling
from drills.surge.fleet import Clock
from drills.surge.planned_event import all_raises, design_with_event, event

START = datetime(2026, 11, 27, 8, tzinfo=UTC)
SCALING = Scaling(
    minimum=9,
    maximum=72,
    raises=(Raise("starts", START - timedelta(hours=1), 36), Raise("is-over", START + timedelta(hours=25), 9)),
    late=Late(threshold=120, steps=((0, 50), (180, 100)), least=3, cooldown=60),
    backlog_per_task=12,
)
UNPLANNED = replace(SCALING, maximum=18, raises=())


def test_the_templates_say_how_many_tasks_run_and_when_there_are_more(design: Design) -> None:
    scaling = Scaling.of(design.templates[f"Bundling-{design.primary}"])
    assert (scaling.minimum, scaling.maximum, scaling.raises) == (9, 18, ())
    assert scaling.late == SCALING.late
    assert scaling.backlog_per_task == 12


def test_a_scheduled_action_raises_the_minimum_from_its_moment_on() -> None:
    autoscaler = Autoscaler(SCALING)
    assert autoscaler.look(START - timedelta(hours=1, minutes=1), age=0, backlog=0) == 9
    assert autoscaler.look(START - timedelta(hours=1), age=0, backlog=0) == 36


def test_what_is_late_starts_half_as_many_again_and_what_is_very_late_twice_as_many() -> None:
    autoscaler = Autoscaler(SCALING)
    moment = START - timedelta(days=1)
    assert autoscaler.look(moment, age=119, backlog=0) == 9
    assert autoscaler.look(moment, age=120, backlog=0) == 13
    assert autoscaler.look(moment + timedelta(seconds=59), age=130, backlog=0) == 13, "it waits for its last step"
    assert autoscaler.look(moment + timedelta(seconds=60), age=300, backlog=0) == 26


def test_a_backlog_starts_tasks_after_three_minutes() -> None:
    autoscaler = Autoscaler(SCALING)
    wanted = [autoscaler.look(START - timedelta(days=1, minutes=-n), age=0, backlog=240) for n in range(3)]
    assert wanted == [9, 9, 20]


def test_without_the_event_there_are_never_more_than_the_everyday_maximum() -> None:
    autoscaler = Autoscaler(UNPLANNED)
    for minute in range(20):
        assert autoscaler.look(START + timedelta(minutes=minute), age=900, backlog=5000) <= 18


def test_time_before_the_sale_passes_faster_and_then_at_the_drills_pace() -> None:
    clock = Clock(START, begins=12, lead=timedelta(minutes=75), time_scale=20)
    assert clock.moment(0) == START - timedelta(minutes=75)
    assert clock.moment(12) == START
    assert clock.moment(15) == START + timedelta(minutes=1)


def test_the_plan_needs_no_assembly_of_the_event_and_names_what_it_would_call(design: Design) -> None:
    steps = list(sale_day.plan(design))
    assert {"application-autoscaling", "ecs", "cloudwatch"} <= {step.service for step in steps}
    assert any("admit_percent" in step.parameters for step in steps)


def _assembly(folder: Path, design: Design, minimum: int) -> Path:
    """Write an assembly with the event, as the CDK writes it."""
    actions = [
        {"ScheduledActionName": name, "Schedule": f"at({at})", "ScalableTargetAction": {"MinCapacity": tasks}}
        for name, at, tasks in (("a", "2026-11-27T07:00:00", minimum), ("b", "2026-11-28T09:00:00", 9))
    ]
    for path in design.folder.iterdir():
        written = json.loads(path.read_text())
        for resource in written.get("Resources", {}).values():
            if resource["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget" and path.stem.startswith("Bundling"):
                resource["Properties"]["ScheduledActions"] = actions
        (folder / path.name).write_text(json.dumps(written))
    return folder


def test_an_event_is_read_from_the_assembly_that_was_prepared(
    design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned_event, "ASSEMBLY", _assembly(tmp_path, design, 36))
    planned = design_with_event()
    assert Scaling.of(planned.templates[f"Bundling-{design.primary}"]).minimum_at(event().start) == 36
    found = {name: actions for name, _, actions in all_raises(planned) if actions}
    assert [action.minimum for actions in found.values() for action in actions] == [36, 9]


def test_without_an_assembly_and_without_what_makes_it_the_drill_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned_event, "ASSEMBLY", tmp_path / "none")
    monkeypatch.setattr(planned_event, "PYTHON", tmp_path / "python")
    with pytest.raises(CouldNotRun, match="make drills"):
        design_with_event()


def test_a_synthesis_that_fails_is_told_with_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'cdk.json: events: end must be after start' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(planned_event, "ASSEMBLY", tmp_path / "none")
    monkeypatch.setattr(planned_event, "PYTHON", python)
    with pytest.raises(CouldNotRun, match="end must be after start"):
        design_with_event()


def test_an_assembly_older_than_the_event_is_made_anew(
    design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    folder = _assembly(tmp_path, design, 36)
    os.utime(folder / "manifest.json", (0, 0))
    asked: list[Any] = []
    monkeypatch.setattr(planned_event, "ASSEMBLY", folder)
    monkeypatch.setattr(planned_event, "PYTHON", planned_event.SETTINGS)
    monkeypatch.setattr(subprocess, "run", lambda *told, **named: asked.append((told, named)))
    design_with_event()
    [(_, named)] = asked
    assert named["env"]["CDK_OUTDIR"] == str(folder)
    assert json.loads(named["env"]["CDK_CONTEXT_JSON"])["events"][0]["name"] == event().name


@pytest.mark.parametrize(
    "actions",
    [
        (),
        (Raise("starts", START - timedelta(minutes=5), 36), Raise("is-over", START + timedelta(hours=25), 9)),
        (Raise("starts", START - timedelta(hours=1), 9), Raise("is-over", START + timedelta(hours=25), 9)),
        (Raise("starts", START - timedelta(hours=1), 36),),
    ],
    ids=["missing", "too late", "no more than every day", "for ever"],
)
def test_an_event_that_the_templates_do_not_carry_fails_the_drill(actions: tuple[Raise, ...]) -> None:
    [promise] = sale_judging._raised([("Bundling", 9, SCALING.raises), ("Api", 9, actions)])
    assert (promise.kept, promise.measured) == (False, "1 of 2")


def test_an_event_that_the_templates_carry_keeps_its_promise() -> None:
    [promise] = sale_judging._raised([("Bundling", 9, SCALING.raises)])
    assert promise.kept
