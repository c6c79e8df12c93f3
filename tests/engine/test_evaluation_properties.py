"""What holds for every template: nothing raises, and what is called known does not depend on the unknown."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from seawall.design import Design
from seawall.intrinsics import FUNCTIONS, decide, evaluate
from seawall.scenarios import scenarios_of
from seawall.source import Document
from seawall.sources.cloudformation import is_template, template_of
from seawall.stack import Stack
from seawall.values import Unknown, is_known, plain_text

PARAMETERS = ("P", "Q")
CHOICES = ("", "a", "b", "true")
LISTS = ("L",)
LIST_CHOICES = ("a", "a,b", "true,a,b")

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        **{name: {"Type": "String"} for name in PARAMETERS},
        **{name: {"Type": "CommaDelimitedList"} for name in LISTS},
    },
    "Mappings": {
        "M": {"a": {"x": "1", "y": "2"}, "b": {"x": "1", "y": "3"}, "true": {"x": "1", "y": "4"}},
    },
    "Conditions": {
        "PIsA": {"Fn::Equals": [{"Ref": "P"}, "a"]},
        "QIsB": {"Fn::Equals": [{"Ref": "Q"}, "b"]},
        "Both": {"Fn::And": [{"Condition": "PIsA"}, {"Condition": "QIsB"}]},
    },
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
}


def stack_with(parameters: dict[str, str] | None = None) -> Stack:
    return Design([template_of(Document("t.yaml", "", TEMPLATE))], parameters).stacks[""]


ASSIGNMENTS = [
    dict(zip((*PARAMETERS, *LISTS), values, strict=True))
    for values in itertools.product(CHOICES, CHOICES, LIST_CHOICES)
]
UNDECIDED = stack_with()
DECIDED = [stack_with(assignment) for assignment in ASSIGNMENTS]

texts = st.sampled_from(["a", "b", "", "x", "true", "a,b", ",", "${P}", "${P}-${Q}", "${!P}", "${Queue}"])
references = st.sampled_from([{"Ref": name} for name in (*PARAMETERS, "AWS::NoValue", "AWS::Region", "Queue")])
leaves = texts | references | st.sampled_from([0, 1, True, {"Ref": "L"}])
separators = st.sampled_from([",", "-", ""])
names_of_conditions = st.sampled_from(sorted(TEMPLATE["Conditions"]))


def functions(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=3)
    indices = st.sampled_from([0, 1, "0", {"Ref": "P"}])
    return (
        st.builds(lambda name, one, two: {"Fn::If": [name, one, two]}, names_of_conditions, inner, inner)
        | st.builds(lambda text: {"Fn::Sub": text}, texts)
        | st.builds(lambda text, one: {"Fn::Sub": [text, {"P": one}]}, texts, inner)
        | st.builds(lambda mark, pieces: {"Fn::Join": [mark, pieces]}, separators, lists | inner)
        | st.builds(lambda mark, text: {"Fn::Split": [mark, text]}, separators, inner)
        | st.builds(lambda index, pieces: {"Fn::Select": [index, pieces]}, indices, lists | inner)
        | st.builds(lambda row, column: {"Fn::FindInMap": ["M", row, column]}, inner, st.sampled_from("xy"))
        | st.builds(lambda row, other: {"Fn::FindInMap": ["M", row, "x", {"DefaultValue": other}]}, inner, inner)
        | st.builds(lambda pieces: {"Fn::Length": pieces}, lists | inner)
        | st.builds(lambda one: {"Fn::ToJsonString": {"k": one}}, texts | references)
        | st.builds(lambda one, two: {"k": one, "l": two}, inner, inner)
        | lists
    )


expressions = st.recursive(leaves, functions, max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(expressions)
def test_a_known_value_is_the_same_whatever_the_parameters_are(node: Any) -> None:
    value = evaluate(UNDECIDED, node)
    if not is_known(value):
        return
    for stack in DECIDED:
        decided = evaluate(stack, node)
        # A deployment that fails (no such row, no such element) decides nothing.
        assert _texts(decided) == _texts(value) or not is_known(decided)


def _texts(value: Any) -> Any:
    """A value as deployments compare it: ``true`` and true are one."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else plain_text(value)


def combinations(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    return (
        st.builds(lambda one: {"Fn::Not": [one]}, inner)
        | st.builds(lambda all_of: {"Fn::And": all_of}, several)
        | st.builds(lambda any_of: {"Fn::Or": any_of}, several)
    )


comparisons = st.builds(lambda one, two: {"Fn::Equals": [one, two]}, leaves, leaves)
conditions = st.recursive(
    comparisons | st.builds(lambda name: {"Condition": name}, names_of_conditions), combinations, max_leaves=6
)


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_a_decided_condition_is_the_same_whatever_the_parameters_are(node: Any) -> None:
    answer = decide(UNDECIDED, node)
    if isinstance(answer, bool):
        assert all(decide(stack, node) == answer or _undecided(stack, node) for stack in DECIDED)
    else:
        assert answer.because


def _undecided(stack: Stack, node: Any) -> bool:
    return isinstance(decide(stack, node), Unknown)


@settings(max_examples=200, deadline=None)
@given(conditions, conditions)
def test_the_laws_of_and_or_and_not_hold_with_unknowns(one: Any, two: Any) -> None:
    def answer(node: Any) -> bool | None:
        found = decide(UNDECIDED, node)
        return found if isinstance(found, bool) else None

    assert answer({"Fn::Not": [{"Fn::Not": [one]}]}) == answer(one)
    assert answer({"Fn::And": [one, two]}) == answer({"Fn::And": [two, one]})
    neither = {"Fn::And": [{"Fn::Not": [one]}, {"Fn::Not": [two]}]}
    assert answer({"Fn::Not": [{"Fn::Or": [one, two]}]}) == answer(neither)


@given(
    st.lists(st.text(alphabet="abc -/", max_size=5), min_size=1, max_size=5),
    st.sampled_from([",", ";", "::"]),
)
def test_splitting_what_was_joined_gives_the_pieces_again(pieces: list[str], separator: str) -> None:
    node = {"Fn::Split": [separator, {"Fn::Join": [separator, pieces]}]}
    assert evaluate(UNDECIDED, node) == pieces


scalars = st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=8) | texts
names = st.sampled_from(
    [
        *FUNCTIONS,
        "Fn::ForEach::X",
        "Fn::Transform",
        "Condition",
        "Type",
        "Properties",
        "Ref",
        "Default",
        "Export",
    ]
) | st.text(max_size=4)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=25,
)
types = st.sampled_from(
    [
        "AWS::SQS::Queue",
        "AWS::Serverless::Function",
        "AWS::Serverless::Api",
        "AWS::Serverless::StateMachine",
        "AWS::CloudFormation::Stack",
        "Custom::CrossRegionExportReader",
    ]
)
resources = st.fixed_dictionaries(
    {"Type": types},
    optional={
        "Properties": anything,
        "Condition": anything,
        "Metadata": anything,
        "DeletionPolicy": anything,
    },
)
sections = {
    "Parameters": st.dictionaries(st.sampled_from("PQL"), anything, max_size=3),
    "Mappings": st.dictionaries(st.sampled_from("MN"), anything, max_size=2),
    "Conditions": st.dictionaries(st.sampled_from(["A", "B", "Fn::ForEach::C"]), anything, max_size=3),
    "Outputs": st.dictionaries(st.sampled_from(["O", "Fn::ForEach::R"]), anything, max_size=2),
    "Globals": anything,
}
documents = st.fixed_dictionaries(
    {"Resources": st.dictionaries(st.sampled_from(["R", "S", "Fn::ForEach::T"]), resources | anything, max_size=3)},
    optional={
        **{name: section | anything for name, section in sections.items()},
        "Transform": st.sampled_from(["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"]),
    },
)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_no_document_stops_the_evaluation(root: Any) -> None:
    is_template(root)
    design = Design([template_of(Document("t.yaml", "", root))])
    for one in [design, *scenarios_of(design).designs]:
        for resource in one.all.values():
            for name in resource._properties:
                resource.get(str(name))
                resource.line_of(str(name))
            _ = (
                resource.exists,
                resource.tags,
                resource.line,
                resource.last_line,
                list(resource.references()),
            )
        for stack in one.stacks.values():
            for name in stack.outputs:
                stack.output(name)
            stack.imported("x")


@settings(max_examples=300, deadline=None)
@given(anything)
def test_no_node_stops_the_evaluation(node: Any) -> None:
    evaluate(UNDECIDED, node)
    decide(UNDECIDED, node)
