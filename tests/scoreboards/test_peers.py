"""The scoreboard over the peers' own test cases is current and good."""

import pytest

from tests.other_people import shared_folder
from tests.scoreboards.concerns import PEERS
from tests.scoreboards.peers import TABLE, Case, differences, score, table


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    shared_folder("peers")
    return score()


def test_the_published_table_says_what_the_policies_say(cases: list[Case]) -> None:
    assert TABLE.read_text("utf-8") == table(cases), "write it again: python -m tests.scoreboards.peers --write"


def test_nine_of_ten_answers_are_the_peers_answers(cases: list[Case]) -> None:
    """Counting every difference against us, the explained ones too; the next test holds that each is explained."""
    answered = [case for case in cases if case.concern in PEERS and case.outcome != "none"]
    agreed = [case for case in answered if case.outcome == "agree"]
    assert len(agreed) >= 0.9 * len(answered)


def test_every_difference_has_a_reason(cases: list[Case]) -> None:
    assert [case.name for case in cases if case.outcome == "disagree"] == []


@pytest.mark.parametrize("concern", PEERS)
def test_what_we_claim_to_answer_is_answered(cases: list[Case], concern: str) -> None:
    assert "agree" in {case.outcome for case in cases if case.concern == concern}


def test_no_reason_is_left_for_a_case_that_agrees_now(cases: list[Case]) -> None:
    needed = {case.reason for case in cases if case.outcome == "differs"}
    assert {entry["reason"] for entry in differences()} == needed
