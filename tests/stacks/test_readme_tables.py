from pathlib import Path

import pytest

from stacks.exceptions import accepted_in, listed, page, reasons_in
from stacks.promises import TARGETS
from stacks.readme_tables import between, recovery, sources_page
from stacks.settings import Tier


def test_the_readme_says_how_long_each_failure_may_last(repository: Path) -> None:
    readme = (repository / "README.md").read_text()
    assert between(readme, "recovery", recovery()) == readme, "run `make tables`"


def test_every_failure_and_every_tier_has_a_line() -> None:
    assert all(f"| {target.failure} |" in recovery() for target in TARGETS)
    assert all(f"A region is lost, `{tier}`" in recovery() for tier in Tier)


def test_the_promise_of_each_consistency_setting_is_told() -> None:
    assert "none (`strong`)" in recovery()
    assert "seconds (`eventual`)" in recovery()


def test_the_sources_of_the_prices_are_listed(repository: Path) -> None:
    assert (repository / "docs" / "costs.md").read_text() == sources_page(), "run `make tables`"


def test_a_table_without_its_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="costs"):
        between("# No tables here", "costs", "| |")


def test_the_page_of_exceptions_says_what_the_templates_accept(assembly: Path) -> None:
    """Whether it lists all that any combination of settings accepts, tests/matrix asks."""
    assert listed(page(assembly)) == reasons_in(assembly)


def test_every_exception_has_a_reason(assembly: Path) -> None:
    assert [found for found in accepted_in(assembly) if len(found.reason.split()) < 4] == []


def test_findings_of_both_validators_are_listed(assembly: Path) -> None:
    rules = {found.rule.split("_")[0].split("-")[0] for found in accepted_in(assembly)}
    assert {"SEA", "AwsSolutions"} <= rules
