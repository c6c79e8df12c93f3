import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from drills.frame.ledger import Counts, side_by_side
from drills.frame.result import SCHEMA, Promise, Result

VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text()))

RESULT = Result(
    drill="storm",
    title="Storm",
    started_at=datetime(2026, 11, 22, 8, 0, 7, tzinfo=UTC),
    seconds=61.3,
    target="embedded",
    time_scale=20,
    seed=1,
    settings={"users": 400},
    measurements={"wait_p99_seconds": 12.3456789, "queues": {"bundle": 40, "deliver": 7}},
    promises=[Promise.exactly("orders lost", 0, 0), Promise.at_most("longest wait", 1234.5, 1800, "s")],
    ledger=side_by_side(Counts(into=100, out=100)),
    simulated=["fair queues"],
    not_proven=["the latency of a real queue"],
)


def test_the_json_file_is_what_its_schema_says(tmp_path: Path) -> None:
    Draft202012Validator.check_schema(VALIDATOR.schema)
    RESULT.write(tmp_path)
    written = json.loads((tmp_path / "storm-20261122T080007Z.json").read_text())
    VALIDATOR.validate(written)
    assert written["verdict"] == "PASS"
    assert written["promises"][1] == {
        "text": "longest wait",
        "promised": "≤ 1,800 s",
        "measured": "1,234 s",
        "kept": True,
    }


@pytest.mark.parametrize("wrong", [{"ledger": {"orders": {}}}, {"target": "moon"}, {"time_scale": 0}, {"drill": "A B"}])
def test_the_schema_refuses_what_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate(RESULT.as_json() | wrong)


def test_the_page_says_what_a_reader_needs(tmp_path: Path) -> None:
    page = RESULT.write(tmp_path, Path.touch).read_text()
    for words in (
        "# Storm: PASS",
        "15 minutes take 45 seconds",
        "| kept | longest wait | ≤ 1,800 s | 1,234 s |",
        "![What happened, over time](storm-20261122T080007Z.png)",
        "0.07 %",
        "https://aws.amazon.com/message/65648/",
        "- fair queues",
        "- the latency of a real queue",
        "| wait p99 seconds | 12.35 |",
        "bundle: 40, deliver: 7",
        "ministack 1.5",
        "cores",
        "seed 1",
    ):
        assert words in page


def test_one_broken_promise_fails_the_drill(tmp_path: Path) -> None:
    broken = replace(RESULT, promises=[*RESULT.promises, Promise.at_least("copies", 1, 2)])
    assert broken.verdict == "FAIL"
    assert "| **broken** | copies | ≥ 2 | 1 |" in broken.write(tmp_path).read_text()


def test_a_drill_that_promises_nothing_has_not_passed() -> None:
    assert not replace(RESULT, promises=[]).passed


def test_text_with_bars_stays_in_its_cell(tmp_path: Path) -> None:
    page = replace(RESULT, settings={"a|b": "c\nd"}).write(tmp_path).read_text()
    assert "| a\\|b | c d |" in page


def test_a_result_without_a_ledger_is_a_result() -> None:
    VALIDATOR.validate(replace(RESULT, ledger=None).as_json())
