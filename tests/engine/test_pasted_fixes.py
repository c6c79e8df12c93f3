"""Every report that people read ends a finding with the fix to paste."""

import json
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
from seawall.finding import Finding, Report
from seawall.loading import load_policies
from seawall.policy import Outcome
from seawall.reports.presentation import Presentation

POLICIES = tuple(load_policies()[0])
SETTING = Finding(
    "SEA_SINGLE_AZ_DATABASE",
    "zone",
    Outcome.FLAGGED,
    "Orders",
    "AWS::RDS::DBInstance",
    "orders.yaml",
    3,
    "no standby waits",
    "set MultiAZ: true",
    sets=(("MultiAZ", True),),
    language="yaml",
)
SHOWING = SETTING._replace(
    policy="SEA_QUEUE_WITHOUT_DEAD_LETTER", group="surge", type="AWS::SQS::Queue", resource="Payments", sets=()
)


def rendered(kind: str, finding: Finding) -> str:
    render: Callable[[Report, Presentation], Iterator[str]] = import_module(f"seawall.reports.{kind}_report").render
    return "\n".join(render(Report([finding]), Presentation(POLICIES)))


@pytest.mark.parametrize(("kind", "indent"), [("text", "      "), ("markdown", ""), ("junit", "")])
def test_it_stands_in_lines_of_its_own(kind: str, indent: str) -> None:
    block = f"\n{indent}Orders:\n{indent}  Properties:\n{indent}    MultiAZ: true"
    assert block in rendered(kind, SETTING)


def test_programs_get_it_as_text() -> None:
    found = json.loads(rendered("json", SETTING))["findings"][0]
    assert found["sets"] == {"MultiAZ": True}
    assert found["paste"] == "Orders:\n  Properties:\n    MultiAZ: true"
    result = json.loads(rendered("sarif", SETTING))["runs"][0]["results"][0]
    assert result["message"]["text"].endswith("Orders:\n  Properties:\n    MultiAZ: true")


def test_what_needs_another_resource_is_shown_by_the_page_under_the_name_of_the_resource() -> None:
    pasted = json.loads(rendered("json", SHOWING))["findings"][0]["paste"]
    assert pasted.startswith("Payments:\n  Type: AWS::SQS::Queue\n")
    assert "deadLetterTargetArn: !GetAtt Payments" in pasted


def test_json_templates_get_json() -> None:
    pasted = json.loads(rendered("json", SHOWING._replace(language="json")))["findings"][0]["paste"]
    assert json.loads(f"{{{pasted}}}")["Payments"]["Type"] == "AWS::SQS::Queue"


def test_the_text_says_what_can_be_set_in_place() -> None:
    assert "Set in place, 1 of them: seawall fix PATH (--diff only shows)" in rendered("text", SETTING)
    assert "seawall fix" not in rendered("text", SHOWING)


def test_a_fix_cannot_give_a_terminal_orders() -> None:
    text = rendered("text", SETTING._replace(sets=(("Name", "a\x1b[31m"),)))
    assert "\x1b" not in text


def test_a_long_example_is_shown_once_for_a_type() -> None:
    findings = [SHOWING, SHOWING._replace(resource="Returns")]
    render = import_module("seawall.reports.text_report").render
    lines = list(render(Report(findings), Presentation(POLICIES)))
    assert lines.count("      Payments:") == 1
    assert lines.count("      as for Payments above") == 1
