"""Templates resolved with what was deployed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_cloud.deployed_stacks import UNKNOWN, DeployedStack, Unresolvable, without_unknown

NAMES = {"Queue": "http://x/000000000000/orders", "Role": "worker"}
TYPES = {"Queue": "AWS::SQS::Queue", "Role": "AWS::IAM::Role", "Missing": "AWS::FIS::ExperimentTemplate"}
TEXT = st.text("abc-/", max_size=5)


def _stack(properties: dict[str, Any]) -> DeployedStack:
    resources: dict[str, Any] = {name: {"Type": kind} for name, kind in TYPES.items()}
    resources["Asked"] = {"Type": "AWS::SNS::Topic", "Properties": properties}
    # Nothing is asked of a cloud: every name is given.
    stack = DeployedStack(None, "Stack", "eu-west-1", {"Resources": resources})  # type: ignore[arg-type]
    stack.__dict__["_deployed"] = NAMES
    return stack


def _resolved(value: Any) -> Any:
    return _stack({"Value": value}).resource("Asked").properties.get("Value")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Queue"}, "http://x/000000000000/orders"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::NoValue"}, None),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:eu-west-1:000000000000:orders"),
        ({"Fn::GetAtt": "Role.Arn"}, "arn:aws:iam::000000000000:role/worker"),
        ({"Fn::Sub": "a ${Role} b ${Queue.QueueName} ${!Role}"}, "a worker b orders ${Role}"),
        ({"Fn::Sub": ["${own}/${AWS::Partition}", {"own": {"Ref": "Role"}}]}, "worker/aws"),
        ({"Fn::Select": [1, {"Fn::GetAZs": ""}]}, "eu-west-1b"),
        ({"Fn::Select": [2, {"Fn::Split": ["/", "a/b/c"]}]}, "c"),
        ([{"Ref": "Role"}, {"Ref": "AWS::NoValue"}], ["worker"]),
        ({"Ref": "Missing"}, f"{UNKNOWN}Missing"),
        ({"Fn::GetAtt": ["Role", "Unheard"]}, f"{UNKNOWN}Role.Unheard"),
    ],
)
def test_functions_are_resolved_as_cloudformation_does(value: Any, expected: Any) -> None:
    assert _resolved(value) == expected


def test_a_function_that_is_not_known_is_named() -> None:
    with pytest.raises(Unresolvable, match="Fn::Transform"):
        _resolved({"Fn::Transform": "x"})


@given(parts=st.lists(TEXT, min_size=1), delimiter=st.sampled_from(["", ":", "::"]))
def test_joining_and_splitting_are_pythons(parts: list[str], delimiter: str) -> None:
    assert _resolved({"Fn::Join": [delimiter, parts]}) == delimiter.join(parts)
    if delimiter:
        joined = delimiter.join(parts)
        assert _resolved({"Fn::Split": [delimiter, joined]}) == joined.split(delimiter)


@given(
    value=st.recursive(
        st.one_of(TEXT, st.integers(), st.booleans()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.sampled_from(["A", "B"]), inner, min_size=2)),
        max_leaves=10,
    )
)
def test_what_holds_no_function_stays_as_it_is(value: Any) -> None:
    assert _resolved(value) == value
    assert without_unknown(value) == value


@given(names=st.lists(st.sampled_from([*NAMES, "Missing"])))
def test_what_is_not_there_is_left_out_of_what_is_compared(names: list[str]) -> None:
    resolved = _resolved([{"Ref": name} for name in names])

    assert without_unknown(resolved) == [NAMES[name] for name in names if name != "Missing"]


def test_what_a_completion_made_can_be_referred_to() -> None:
    stack = _stack({"Value": {"Ref": "Missing"}})
    stack.adopt("Missing", "K123")

    assert stack.resource("Asked").properties == {"Value": "K123"}
