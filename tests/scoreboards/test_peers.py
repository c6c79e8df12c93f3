"""The scoreboard over the peers' own test cases is current and good."""

import pytest

from tests.other_people import shared_folder
from tests.scoreboards.concerns import PEERS
from tests.scoreboards.peers import TABLE, Case, score, table


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    shared_folder("peers")
    return score()


def test_the_published_table_says_what_the_policies_say(cases: list[Case]) -> None:
    assert TABLE.read_text("utf-8") == table(cases), (
        "write it again: python -m tests.scoreboards.peers --write"
    )


def test_peers_agree_on_95_percent_of_what_we_answer(cases: list[Case]) -> None:
    answered = [case for case in cases if case.concern in PEERS and case.outcome in ("agree", "disagree")]
    agreed = [case for case in answered if case.outcome == "agree"]
    assert len(agreed) >= 0.95 * len(answered)


def test_every_difference_has_a_reason(cases: list[Case]) -> None:
    assert [case.name for case in cases if case.outcome == "disagree"] == []


@pytest.mark.parametrize("concern", PEERS)
def test_an_answered_concern_gets_both_answers_right_somewhere(cases: list[Case], concern: str) -> None:
    expected = {case.expected for case in cases if case.concern == concern}
    right = {case.answer for case in cases if case.concern == concern and case.outcome == "agree"}
    assert right == expected
