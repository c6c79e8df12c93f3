"""The scoreboard over labelled real templates is current and good."""

import pytest

from tests.other_people import shared_folder
from tests.scoreboards.concerns import LABELLED
from tests.scoreboards.labelled import TABLE, Judged, precision, recall, score, table


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    shared_folder("labelled")
    return score()


def test_the_published_table_says_what_the_policies_say(judged: list[Judged]) -> None:
    assert TABLE.read_text("utf-8") == table(judged), "write it again: python -m tests.scoreboards.labelled --write"


@pytest.mark.parametrize("concern", LABELLED)
def test_nine_of_ten_failures_are_found(judged: list[Judged], concern: str) -> None:
    found = recall(each for each in judged if each.concern == concern)
    assert found is None or found >= 0.9


@pytest.mark.parametrize("concern", LABELLED)
def test_at_most_one_alarm_of_twenty_is_false(judged: list[Judged], concern: str) -> None:
    right = precision(each for each in judged if each.concern == concern)
    assert right is None or right >= 0.95


def test_every_disagreement_is_explained(judged: list[Judged]) -> None:
    unexplained = [
        f"{each.concern} {each.resource} in {each.file}"
        for each in judged
        if each.outcome in ("missed", "alarm") and not each.reason
    ]
    assert unexplained == []
