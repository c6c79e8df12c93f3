from typing import Any

import pytest

from drills import control_plane_loss
from drills.frame.plan import Actor, Design
from drills.frame.running import Drive
from drills.region.region_operator import DENIED, Operator
from drills.region.region_scene import Scene
from embedded_cloud.outages import is_data_plane
from tests.drills.region_drive import SMALL, played, running_drive

REFUSED = type(SMALL)(**vars(SMALL) | {"name": "refused", "refuse_control_planes": True})


@pytest.fixture(scope="module")
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


@pytest.fixture(scope="module")
def scene(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return played(drive, tmp_path_factory.mktemp("scene"), REFUSED)


@pytest.fixture
def operator(drive: Drive, tmp_path: Any) -> Operator:
    healthy, lost = drive.design.standby, drive.design.primary
    return Operator.on_duty(drive, tmp_path, healthy=healthy, lost=lost)


def test_while_control_planes_are_refused_even_root_is(drive: Drive) -> None:
    assert control_plane_loss.control_call_fails(drive) == control_plane_loss.REFUSED
    assert drive.client("lambda", drive.design.standby).list_functions()["Functions"]


def test_a_region_is_evacuated_without_any_control_plane(scene: Scene) -> None:
    assert scene.evacuated.code == 0, scene.evacuated.text
    assert scene.restored.code == 0, scene.restored.text
    assert scene.refused_control_calls == 0
    assert scene.ledger.lost == 0


def test_every_call_of_the_recovery_is_one_of_a_data_plane(scene: Scene) -> None:
    calls = scene.operator.calls()
    assert [str(call) for call in calls if not is_data_plane(call.action)] == []
    assert {call.region for call in calls if call.outcome == "ok"} == {scene.healthy}


def test_the_operator_is_denied_control_planes_while_they_are_well(operator: Operator, drive: Drive) -> None:
    tried = control_plane_loss.denials(operator, drive)
    assert len(tried) > 10
    assert {action: outcome for action, outcome in tried.items() if outcome not in DENIED} == {}


def test_a_call_that_the_operator_may_make_is_not_denied(operator: Operator, drive: Drive) -> None:
    key = {"pk": {"S": f"REGION#{operator.lost}"}}
    assert operator.refusal("dynamodb", "get_item", TableName=drive.design.name("switch"), Key=key) == "allowed"


def test_the_url_of_the_switch_wants_a_signature(operator: Operator) -> None:
    assert control_plane_loss.at_url(operator) == {"signed": 200, "unsigned": 403}


def test_the_plan_names_each_call_and_changes_nothing_of_a_control_plane(design: Design) -> None:
    steps = control_plane_loss.plan(design)
    allowed = {"SimulatePrincipalPolicy", "LookupEvents", "ListExperimentTemplates"}  # they only read
    calls = {f"{step.service}:{step.operation}" for step in steps if step.actor == Actor.CALL}
    assert {call for call in calls if not is_data_plane(call) and call.split(":")[1] not in allowed} == set()
