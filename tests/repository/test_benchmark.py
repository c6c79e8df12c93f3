"""The published speed keeps the promises, and the benchmark counts what it says it counts."""

import re
from collections import Counter
from pathlib import Path

import pytest
from seawall.loading import load_policies

from benchmarks import costs
from benchmarks.verdicts_over_corpus import REASONS, judge, reasons

TEMPLATE = """
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
"""


@pytest.fixture(scope="module")
def results(repository: Path) -> str:
    return (repository / "benchmarks" / "RESULTS.md").read_text("utf-8")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    return file


def test_seawall_takes_less_than_a_second_and_checkov_thirty_times_as_long(results: str) -> None:
    seawall = re.search(r"^\| seawall, every policy \| ([\d.]+) s", results, re.MULTILINE)
    checkov = re.search(r"^\| checkov .* \| (\d+) \| \d+ \|$", results, re.MULTILINE)
    assert seawall is not None
    assert checkov is not None
    assert float(seawall[1]) < 1
    assert int(checkov[1]) >= 30


def test_no_policy_takes_more_than_three_hundredths_of_the_run(results: str) -> None:
    shares = re.findall(r"^\| \w+ \| [\d.]+ \| ([\d.]+)% \|", results, re.MULTILINE)
    assert len(shares) > 100
    assert max(map(float, shares)) <= 3


def test_each_policy_that_leaves_much_undecided_says_why(results: str) -> None:
    assert "nobody has looked at it yet" not in results
    assert set(REASONS) <= {policy.name for policy in load_policies()[0]}


def test_a_reason_is_asked_for_above_a_third(monkeypatch: pytest.MonkeyPatch) -> None:
    name = load_policies()[0][0].name
    some = Counter({(f"SEA_{name.upper()}", "undecided"): 1, (f"SEA_{name.upper()}", "accepted"): 2})
    monkeypatch.setitem(REASONS, name, "Because.")
    assert list(reasons(some)) == []
    some[f"SEA_{name.upper()}", "undecided"] = 2
    assert list(reasons(some)) == [f"- {name}, 50%: Because."]


def test_verdicts_are_counted(template: Path) -> None:
    judged = judge([str(template)])
    assert judged.templates == 1
    assert judged.counts["SEA_TABLE_WITHOUT_RECOVERY", "flagged"] == 1


def test_every_policy_has_a_cost_and_together_they_are_the_judgement(template: Path) -> None:
    measured = costs.measure([template], rounds=2)
    assert set(measured.policies) == {policy.id for policy in load_policies()[0]}
    assert all(seconds >= 0 for seconds in measured.policies.values())
    (judgement,) = (seconds for step, seconds in measured.steps.items() if step.startswith("judgement"))
    assert judgement == pytest.approx(sum(measured.policies.values()))
    assert measured.policies["SEA_TABLE_WITHOUT_RECOVERY"] > measured.policies["SEA_SINGLE_AZ_CACHE"]
