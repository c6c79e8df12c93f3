"""The drive is broken on purpose, one way at a time: the drill has to notice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drills import region_loss
from drills.frame.running import Drive
from drills.region.region_scene import Scene
from drills.region.region_setting import Setting
from tests.drills.region_drive import SMALL, a_run, running_drive

BROKEN = Setting(**vars(SMALL) | {"name": "broken", "patience": 6.0})
NO_SWITCH = {"Statement": [{"Effect": "Deny", "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem"], "Resource": "*"}]}


@pytest.fixture
def drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return running_drive(request, tmp_path_factory.mktemp("drive"))


class CopiesPaused(Scene):
    def _lose(self) -> None:
        self.drive.cloud.pause_replication("dynamodb")
        super()._lose()


def broken_promises(scene: Scene) -> str:
    scene.play()
    return "\n".join(promise.text for promise in region_loss.promises(scene) if not promise.kept)


def test_without_replication_the_drill_fails(drive: Drive, tmp_path: Path) -> None:
    broken = broken_promises(CopiesPaused(drive, a_run(drive, tmp_path), BROKEN))
    assert "RPO of the table drive" in broken
    assert "accepted orders that the healthy region does not know at first" in broken


@pytest.fixture
def no_reconciler(drive: Drive) -> Iterator[None]:
    _schedule(drive, "DISABLED")
    yield
    _schedule(drive, "ENABLED")


def _schedule(drive: Drive, state: str) -> None:
    client, name = drive.client("scheduler", drive.design.standby), drive.design.name("reconciler")
    known: dict[str, Any] = client.get_schedule(Name=name)
    wanted = {key: known[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    client.update_schedule(**wanted, State=state)


@pytest.mark.usefixtures("no_reconciler")
def test_when_nobody_takes_the_orders_over_the_drill_fails(drive: Drive, tmp_path: Path) -> None:
    scene = Scene(drive, a_run(drive, tmp_path), BROKEN)
    assert "not taken over when it came back" in broken_promises(scene)
    assert scene.left_behind >= scene.open_at_loss > 0


@pytest.fixture
def powerless_operator(drive: Drive) -> Iterator[None]:
    import json

    iam, role = drive.client("iam"), drive.design.name("operator")
    iam.put_role_policy(RoleName=role, PolicyName="broken", PolicyDocument=json.dumps(NO_SWITCH))
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="broken")


@pytest.mark.usefixtures("powerless_operator")
def test_when_the_operator_may_not_write_the_switch_the_drill_fails(drive: Drive, tmp_path: Path) -> None:
    scene = Scene(drive, a_run(drive, tmp_path), BROKEN)
    broken = broken_promises(scene)
    assert "the switch is thrown" in broken
    assert "not taken over when it came back" in broken
    assert scene.evacuated.code != 0
