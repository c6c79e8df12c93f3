from pathlib import Path

import pytest

from seawall_constructs.error_budget import FAST_BURN, SLOW_BURN
from stacks.promises import OBJECTIVES, REGION_RECOVERY_MINUTES, TARGETS, Objective
from stacks.settings import Tier
from stacks.sla import page


def test_the_page_is_what_the_constants_say(repository: Path) -> None:
    written = (repository / "docs" / "SLA.md").read_text()
    assert written == page(), "run `python -m stacks.sla`"


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.role)
def test_every_objective_stands_in_the_page_with_its_number(objective: Objective) -> None:
    assert f"| {objective.promise} | {objective.percent} % |" in page()


def test_every_failure_has_a_time_to_recover_and_a_loss() -> None:
    for target in TARGETS:
        (row,) = (line for line in page().splitlines() if line.startswith(f"| {target.failure} |"))
        assert len(row.split("|")) == 6


def test_every_tier_says_how_long_a_lost_region_lasts() -> None:
    assert set(REGION_RECOVERY_MINUTES) == set(Tier)
    assert all(f"| `{tier}`" in page() for tier in Tier)


def test_no_amount_is_promised_back() -> None:
    _, paid_back = page().split("## Credits")
    assert not any(sign in paid_back for sign in ("%", "$", "€"))


def test_a_fast_burn_is_two_percent_of_the_budget_in_an_hour_and_a_slow_one_five_in_six() -> None:
    hours = 28 * 24
    assert pytest.approx(0.02 * hours) == FAST_BURN
    assert pytest.approx(0.05 * hours / 6) == SLOW_BURN
