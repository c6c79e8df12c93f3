from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from stacks.costs import BLANK, cell, quantities, table
from stacks.prices import ALARM, CANARY, PRICES, PROVISIONED, TASK_CPU, Price
from stacks.settings import Tier


@pytest.fixture(scope="module")
def counted(assembly: Path) -> Counter[str]:
    return quantities(assembly)


@pytest.mark.parametrize("price", PRICES, ids=lambda price: price.what)
def test_every_price_has_a_source_a_region_and_a_date(price: Price) -> None:
    assert price.source.startswith("https://")
    assert price.said
    assert price.region
    assert price.read <= date.today()  # noqa: DTZ011 - a day, wherever it is read
    assert price.dollars is None or price.dollars > 0


def test_a_price_that_was_not_found_stays_empty_and_out_of_the_sum() -> None:
    text = table({Tier.PILOT_LIGHT: Counter({PROVISIONED.what: 5, ALARM.what: 100})})
    assert PROVISIONED.dollars is None
    assert f"| {PROVISIONED.what} | {BLANK} | 5 × {BLANK} |" in text
    assert "**10**" in text


def test_what_runs_at_least_is_counted(counted: Counter[str]) -> None:
    """Nine tasks in the primary and three in the standby, each with one vCPU; 12 and 9 functions of half a GB."""
    assert counted[TASK_CPU.what] == 12
    assert counted[PROVISIONED.what] == (12 + 9) / 2


def test_a_canary_runs_every_five_minutes(counted: Counter[str]) -> None:
    month = 730 * 60 / 5
    assert counted[CANARY.what] % month == 0
    assert counted[CANARY.what] >= 6 * month


def test_an_alarm_over_several_metrics_is_paid_for_by_each(counted: Counter[str], assembly: Path) -> None:
    alarms = sum(file.read_text().count('"AWS::CloudWatch::Alarm"') for file in assembly.glob("*.template.json"))
    assert counted[ALARM.what] > alarms > 100


def test_the_readme_counts_what_the_templates_hold(counted: Counter[str], repository: Path) -> None:
    """For the tier of cdk.json; the other two are written by the same command."""
    readme = (repository / "README.md").read_text()
    column = list(Tier).index(Tier.WARM_STANDBY) + 2
    written = {row[0]: row[column] for row in _rows(readme.split("<!-- costs -->")[1].split("<!-- /costs -->")[0])}
    expected = {price.what: cell(price, counted[price.what]) for price in PRICES if counted[price.what]}
    assert {name: written.get(name) for name in expected} == expected, "run `make tables`"


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines()]
