"""State machines: the definition however it is written, and the states in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from seawall.values import Unknown
from seawall.workflows import MACHINE, definition_of, named, on_error_only, states_of

from tests.command import check
from tests.designs import design

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
SIMPLE = {"StartAt": "A", "States": {"A": TASK}}


def definition(**properties: Any) -> Any:
    machines = design({"Machine": {"Type": MACHINE, "Properties": properties}}, Parameters={"Name": {"Type": "String"}})
    return definition_of(machines.all["", "Machine"], machines).definition


def test_a_definition_is_read_as_mapping_and_as_text() -> None:
    assert definition(Definition=SIMPLE) == definition(DefinitionString=json.dumps(SIMPLE)) == SIMPLE


def test_references_inside_the_text_leave_the_rest_readable() -> None:
    head, tail = json.dumps(SIMPLE).split("arn:aws:states:::lambda:invoke")
    found = definition(DefinitionString={"Fn::Join": ["", [head, {"Ref": "Name"}, tail]]})
    assert found["States"]["A"]["Type"] == "Task"
    assert found["States"]["A"]["Resource"].because == ("parameter Name",)


def test_substitutions_are_filled_in_also_for_numbers_without_quotes() -> None:
    text = '{"StartAt": "A", "TimeoutSeconds": ${Limit}, "States": {"A": {"Type": "Task", "Resource": "${Function}"}}}'
    found = definition(DefinitionString=text, DefinitionSubstitutions={"Limit": 60, "Function": {"Ref": "Name"}})
    assert found["TimeoutSeconds"] == 60
    assert found["States"]["A"]["Resource"].because == ("parameter Name",)


@pytest.mark.parametrize("text", ["{", "[]", '{"StartAt": "A"}', {"Ref": "Name"}])
def test_what_is_no_definition_is_unknown(text: Any) -> None:
    assert isinstance(definition(DefinitionString=text), Unknown)


def test_the_states_of_branches_and_loops_are_found_with_what_is_around_them() -> None:
    inner = {"StartAt": "B", "States": {"B": TASK}}
    outer = {
        "StartAt": "Both",
        "States": {
            "Both": {"Type": "Parallel", "Branches": [inner], "Next": "Each"},
            "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "C", "States": {"C": TASK}}, "End": True},
        },
    }
    found = {state.name: len(state.inside) for state in states_of(outer)}
    assert found == {"Both": 0, "B": 1, "Each": 0, "C": 1}


def test_states_after_a_caught_error_only_are_told_apart() -> None:
    states = {
        "A": {"Type": "Choice", "Choices": [{"Next": "B"}], "Default": "C"},
        "B": {**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}]},
        "C": TASK,
        "Tell": TASK,
    }
    assert on_error_only({"StartAt": "A", "States": states}) == {"Tell"}


def test_many_names_are_shortened() -> None:
    states = list(states_of({"States": dict.fromkeys("ABCDE", TASK)}))
    assert named(states) == "A, B, C and 2 more"


SAM = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Order:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: arn:aws:iam::111122223333:role/order
      DefinitionUri: {place}
"""


def verdicts(folder: Path, place: str) -> list[str]:
    (folder / "template.yaml").write_text(SAM.format(place=place))
    findings = check(folder / "template.yaml", "--policy", "SEA_WORKFLOW_WITHOUT_RETRY")[1]["findings"]
    return [finding["verdict"] for finding in findings]


def test_a_definition_beside_the_template_is_read(tmp_path: Path) -> None:
    (tmp_path / "order.asl.json").write_text(json.dumps(SIMPLE))
    (tmp_path / "order.asl.yaml").write_text("StartAt: A\nStates:\n  A: {Type: Task, Retry: [{MaxAttempts: 3}]}\n")
    assert verdicts(tmp_path, "order.asl.json") == ["flagged"]
    assert verdicts(tmp_path, "./order.asl.yaml") == ["accepted"]


def test_a_definition_outside_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "order.asl.json").write_text(json.dumps(SIMPLE))
    (tmp_path / "below").mkdir()
    assert verdicts(tmp_path / "below", "../order.asl.json") == ["undecided"]
    assert verdicts(tmp_path, "missing.asl.json") == ["undecided"]
