from typing import Any

import pytest

from services.drive import switch_records
from services.drive.switch_records import RegionState

pytestmark = pytest.mark.usefixtures("cloud")


def test_a_region_is_active_until_somebody_says_otherwise() -> None:
    assert not switch_records.is_evacuated("us-east-2")


def test_an_evacuation_says_who_when_and_why(time: Any) -> None:
    switch_records.turn(switch_records.read("us-east-2"), RegionState.EVACUATED, by="ada", reason="storage is down")
    switch = switch_records.read("us-east-2")
    assert (switch.state, switch.by, switch.reason) == (RegionState.EVACUATED, "ada", "storage is down")
    assert (switch.since, switch.version) == (time.now, 1)


def test_of_two_operators_the_second_is_told_that_the_switch_moved() -> None:
    seen = switch_records.read("us-east-2")
    assert switch_records.turn(seen, RegionState.EVACUATED, by="ada", reason="storage is down")
    assert not switch_records.turn(seen, RegionState.EVACUATED, by="bob", reason="a drill")
    assert switch_records.read("us-east-2").by == "ada"


def test_each_region_has_its_own_belief(cloud: Any) -> None:
    switch_records.turn(switch_records.read("us-east-2"), RegionState.EVACUATED, by="ada", reason="storage is down")
    with cloud.acting_in("us-east-2"):
        assert not switch_records.is_evacuated("us-east-2")
