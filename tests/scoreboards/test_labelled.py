"""The scoreboard over labelled real templates is current and good."""

import pytest

from tests.other_people import shared_folder
from tests.scoreboards.concerns import LABELLED
from tests.scoreboards.labelled import TABLE, Judged, precision, recall, score, table, undecided_share


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    shared_folder("labelled")
    return score()


def test_the_published_table_says_what_the_policies_say(judged: list[Judged]) -> None:
    assert TABLE.read_text("utf-8") == table(judged), "write it again: python -m tests.scoreboards.labelled --write"


def test_nineteen_of_twenty_failures_are_found(judged: list[Judged]) -> None:
    found = recall(judged)
    assert found is not None
    assert found >= 0.95


def test_of_a_hundred_alarms_at_most_three_are_false(judged: list[Judged]) -> None:
    right = precision(judged)
    assert right is not None
    assert right >= 0.97


def test_less_than_a_tenth_of_what_an_operator_decides_is_undecided(judged: list[Judged]) -> None:
    left = undecided_share(judged)
    assert left is not None
    assert left < 0.1


@pytest.mark.parametrize("concern", LABELLED)
def test_no_concern_is_far_behind_the_others(judged: list[Judged], concern: str) -> None:
    chosen = [each for each in judged if each.concern == concern]
    found, right = recall(chosen), precision(chosen)
    assert found is None or found >= 0.9
    assert right is None or right >= 0.95


def test_every_disagreement_is_explained(judged: list[Judged]) -> None:
    unexplained = [
        f"{each.concern} {each.resource} in {each.file}"
        for each in judged
        if each.outcome in ("missed", "alarm") and not each.reason
    ]
    assert unexplained == []
