"""How often a schedule of EventBridge comes round."""

import pytest
from seawall.schedules import comes_within_the_hour
from seawall.values import Unknown


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)",
        "rate(60 minutes)",
        "rate(1 hour)",
        "cron(0 * * * ? *)",
        "cron(0/5 8-18 ? * MON-FRI *)",
        "cron(0 0/1 * * ? *)",
    ],
)
def test_a_frequent_schedule_makes_up_for_a_lost_run(expression: str) -> None:
    assert comes_within_the_hour(expression) is True


@pytest.mark.parametrize(
    "expression",
    [
        "rate(2 hours)",
        "rate(1 day)",
        "cron(0 0 * * ? *)",
        "cron(0 * 1 * ? *)",
        "cron(0 * ? * SUN *)",
        "at(2030-01-01)",
        None,
        "cron()",
    ],
)
def test_a_rare_schedule_does_not(expression: str | None) -> None:
    assert comes_within_the_hour(expression) is False


def test_a_schedule_that_a_parameter_sets_is_unknown() -> None:
    assert comes_within_the_hour(Unknown(("parameter Times",))) == Unknown(("parameter Times",))
