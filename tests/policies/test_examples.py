"""Every example of every page gets the verdict that its section promises."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.command import check_everything
from tests.examples import EXAMPLES, Shown, verdicts_by_folder, write_examples

Verdicts = dict[str, Counter[tuple[str, str]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every example in a folder of its own."""
    folder = tmp_path_factory.mktemp("examples")
    write_examples(folder)
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    """One run of every policy over all examples."""
    return check_everything(folder)[1]


@pytest.fixture(scope="module")
def verdicts(report: dict[str, Any], folder: Path) -> Verdicts:
    """How often each policy gave each verdict, by the example's folder."""
    return verdicts_by_folder(report["findings"], folder)


def test_every_example_is_read(report: dict[str, Any]) -> None:
    assert report["unread"] == []


@pytest.mark.parametrize("shown", EXAMPLES, ids=lambda shown: shown.folder)
def test_the_example_gets_its_verdict(shown: Shown, verdicts: Verdicts) -> None:
    given = verdicts[shown.folder]
    count = {name: given[shown.policy.id, name] for name in ("flagged", "accepted", "undecided")}
    where = f"{shown.policy.page}:{shown.example.line}: {shown.example.sentence}"
    assert count[shown.example.verdict] >= 1, where
    if shown.example.verdict != "flagged":
        assert count["flagged"] == 0, where
    if shown.example.verdict == "accepted":
        assert count["undecided"] == 0, where


def test_examples_of_every_group_were_judged(verdicts: Verdicts) -> None:
    judged = {Path(folder).parts[0] for folder in verdicts}
    assert judged == {shown.policy.group for shown in EXAMPLES}
