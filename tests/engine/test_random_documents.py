"""No document, however odd, makes the engine or a policy fail."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.finding import Finding
from seawall.judging import judge_design
from seawall.loading import catalogue_folder, load_policies
from seawall.policy import Outcome
from seawall.scan import Options, check
from seawall.sources.cloudformation import decode, is_template, parse, template_of
from seawall.sources.terraform_language import read_blocks
from seawall.sources.terraform_mapping import KINDS

POLICIES = tuple(load_policies()[0])
SOURCES = "".join(file.read_text("utf-8") for file in sorted(catalogue_folder().rglob("*.py")))
TYPES = sorted(set(re.findall(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+", SOURCES)))
"""Every type that the engine or a policy knows."""

PROPERTIES = sorted(set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][A-Za-z]*)?\b", SOURCES)))
"""The properties that they read, and some other words: wrong types must reach every reader."""

bounded = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
"""The same examples in every run: a red build has a reason in the change that it builds."""


def said_in_one_line(refusal: Unreadable) -> None:
    assert refusal.reason
    assert "\n" not in refusal.reason


def judge_text(name: str, text: str) -> list[Finding]:
    """What every policy says about a text; raises what makes the engine or a policy fail."""
    problems: list[Unreadable] = []
    try:
        document = parse(name, text, problems)
    except Unreadable as refusal:
        said_in_one_line(refusal)
        return []
    if not is_template(document.root):
        return []
    findings = []
    for found in judge_design(Design([template_of(document, problems=problems)], {}), POLICIES):
        assert isinstance(found, Finding), found
        assert found.line >= 1
        findings.append(found)
    return findings


names = st.sampled_from(["A", "B", "C", "Prod", "Zones", "", "AWS::Region", "AWS::NoValue", "AWS::StackName"])
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 40), st.floats(), st.text(max_size=4), names,
    st.sampled_from([
        "true", "False", "1", "0", "us-east-1", "us-east-1a", "eu-west-1b", "*", "${A}", "${A.Arn}",
        "arn:aws:sqs:us-east-1:1:q", "arn:aws:dynamodb:*:*:table/*", "Enabled", "Suspended", "a,b", "ELB",
        "Delete", "Retain", "Snapshot", "{{resolve:ssm:x}}", "aurora-mysql", "postgres", "2026-01-01", "nan",
    ]),
)  # fmt: skip


keys = st.sampled_from(PROPERTIES)


def intrinsic(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A function called with something, mostly of the right shape."""
    pairs = st.lists(children, min_size=0, max_size=3)
    return st.one_of(
        st.builds(lambda name: {"Ref": name}, names),
        st.builds(lambda name: {"Fn::GetAtt": [name, "Arn"]}, names),
        st.builds(lambda a, b, c: {"Fn::If": [a, b, c]}, names, children, children),
        st.builds(lambda index, items: {"Fn::Select": [index, items]}, st.integers(-1, 3), children),
        st.builds(lambda items: {"Fn::Join": [",", items]}, pairs),
        st.builds(lambda text: {"Fn::Split": [",", text]}, children),
        st.builds(
            lambda name, argument: {name: argument},
            st.sampled_from([
                "Ref", "Condition", "Fn::GetAtt", "Fn::Sub", "Fn::GetAZs", "Fn::ImportValue", "Fn::FindInMap",
                "Fn::Cidr", "Fn::Length", "Fn::ToJsonString", "Fn::Base64", "Fn::Transform", "Fn::Equals",
                "Fn::And", "Fn::Or", "Fn::Not", "Fn::ForEach::X", "Fn::Select", "Fn::If", "Fn::Nonsense",
            ]),
            children,
        ),
    )  # fmt: skip


values = st.recursive(
    scalars,
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(keys, children, max_size=4), intrinsic(children)
    ),
    max_leaves=12,
)

conditions = st.recursive(
    st.builds(lambda left, right: {"Fn::Equals": [left, right]}, values, values)
    | st.builds(lambda name: {"Condition": name}, names),
    lambda children: st.one_of(
        st.builds(lambda each: {"Fn::Not": [each]}, children),
        st.builds(lambda name, both: {name: both}, st.sampled_from(["Fn::And", "Fn::Or"]), st.lists(children)),
    ),
    max_leaves=4,
)


def resources() -> st.SearchStrategy[Any]:
    shape = st.fixed_dictionaries(
        {"Type": st.sampled_from(TYPES)},
        optional={
            "Properties": st.dictionaries(keys, values, max_size=8) | values,
            "DeletionPolicy": values,
            "UpdateReplacePolicy": values,
            "Condition": names | values,
            "Metadata": values,
            "DependsOn": names | values,
        },
    )
    return st.dictionaries(names, shape | values, max_size=6)


templates = st.fixed_dictionaries(
    {"Resources": resources()},
    optional={
        "AWSTemplateFormatVersion": st.just("2010-09-09"),
        "Transform": st.sampled_from(["AWS::Serverless-2016-10-31", ["AWS::LanguageExtensions"], 3]),
        "Parameters": st.dictionaries(
            names,
            st.fixed_dictionaries(
                {"Type": st.sampled_from(["String", "Number", "List<AWS::EC2::Subnet::Id>", "CommaDelimitedList"])},
                optional={"Default": values, "AllowedValues": st.lists(scalars, max_size=3) | scalars},
            )
            | values,
            max_size=3,
        ),
        "Conditions": st.dictionaries(names, conditions | values, max_size=3),
        "Mappings": st.dictionaries(names, values, max_size=2),
        "Outputs": st.dictionaries(names, values, max_size=2),
        "Globals": st.dictionaries(st.sampled_from(["Function", "SimpleTable"]), values, max_size=2) | values,
    },
)


@bounded
@given(templates)
def test_a_template_with_anything_in_it_is_judged(template: dict[str, Any]) -> None:
    judge_text("a.json", json.dumps(template))


@bounded
@given(st.recursive(scalars, lambda children: st.lists(children) | st.dictionaries(st.text(), children), max_leaves=20))
def test_any_json_is_read_or_refused(value: Any) -> None:
    judge_text("a.json", json.dumps(value))
    judge_text("a.yaml", json.dumps({"AWSTemplateFormatVersion": value, "Resources": value}))


@bounded
@given(st.text(st.sampled_from("ab:{}[],-!&*?|>'\"#%@` \n\t<~1"), max_size=60))
def test_any_yaml_is_read_or_refused(text: str) -> None:
    judge_text("a.yaml", text)
    judge_text("a.yaml", f"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  A:\n    Type: {text}\n")


@bounded
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        text = decode(content)
    except Unreadable as refusal:
        said_in_one_line(refusal)
    else:
        judge_text("a.yaml", text)


@pytest.mark.parametrize("applies_to", TYPES)
@settings(bounded, max_examples=6)
@given(properties=st.dictionaries(keys, values, min_size=2, max_size=10), name=names)
def test_no_policy_fails_on_the_type_it_judges(applies_to: str, properties: dict[str, Any], name: str) -> None:
    other = {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"AvailabilityZone": properties.get("AvailabilityZone")},
    }
    template = {
        "Parameters": {"Zones": {"Type": "CommaDelimitedList"}},
        "Conditions": {"Prod": {"Fn::Equals": [{"Ref": "Zones"}, "x"]}},
        "Resources": {name: {"Type": applies_to, "Properties": properties}, "Other": other},
    }
    judge_text("a.json", json.dumps(template))


@settings(bounded, max_examples=20)
@given(st.lists(templates, min_size=1, max_size=3))
def test_a_folder_with_anything_in_it_is_judged(tmp_path: Path, some: list[dict[str, Any]]) -> None:
    for index, template in enumerate(some):
        (tmp_path / f"{index}.json").write_text(json.dumps(template))
    report = check([tmp_path], Options(POLICIES, jobs=1))
    assert not [each for each in report.unread if "failed on" in each.reason]
    assert all(finding.verdict is not Outcome.NOT_APPLICABLE for finding in report.findings)


ATTRIBUTES = sorted({name.split(".")[0] for kind in KINDS.values() for name in kind.names} | {"tags", "multi_az"})

planned = st.fixed_dictionaries(
    {"address": names, "type": st.sampled_from(sorted(KINDS)), "mode": st.just("managed"), "name": names},
    optional={"values": st.dictionaries(st.sampled_from(ATTRIBUTES), values, max_size=8) | values},
)
plans = st.fixed_dictionaries(
    {
        "format_version": st.just("1.2"),
        "planned_values": st.fixed_dictionaries(
            {"root_module": st.fixed_dictionaries({"resources": st.lists(planned | values, max_size=4)})}
        )
        | values,
    },
    optional={
        "resource_changes": st.lists(st.fixed_dictionaries({"address": names, "change": values}) | values, max_size=3),
        "configuration": values,
        "variables": values,
    },
)


@bounded
@given(plans)
def test_a_plan_with_anything_in_it_is_judged(tmp_path: Path, plan: dict[str, Any]) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan))
    report = check([file], Options(POLICIES, jobs=1))
    assert not [each for each in report.unread if "failed on" in each.reason]


manifests = st.fixed_dictionaries(
    {"version": st.just("36.0.0")},
    optional={
        "artifacts": st.dictionaries(
            names,
            st.fixed_dictionaries(
                {"type": st.sampled_from(["aws:cloudformation:stack", "cdk:cloud-assembly", "cdk:tree"])},
                optional={
                    "environment": st.sampled_from(["aws://unknown-account/us-east-1", "x"]) | values,
                    "properties": st.dictionaries(
                        st.sampled_from(["templateFile", "directoryName", "parameters", "tags", "stackName"]),
                        st.sampled_from(["a.json", "b.json", "missing.json", ".", ".."]) | values,
                    )
                    | values,
                    "dependencies": values,
                },
            )
            | values,
            max_size=3,
        )
        | values
    },
)


@settings(bounded, max_examples=60)
@given(manifests, templates)
def test_an_assembly_with_anything_in_it_is_judged(
    tmp_path: Path, manifest: dict[str, Any], template: dict[str, Any]
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "a.json").write_text(json.dumps(template))
    report = check([tmp_path], Options(POLICIES, jobs=1))
    assert not [each for each in report.unread if "failed on" in each.reason]


@bounded
@given(st.text(st.sampled_from('ab{}[]()="$.,:?!&|*+-%<>#/\n \t0~'), max_size=60))
def test_any_terraform_is_read_or_refused(text: str) -> None:
    for source in (text, f'resource "aws_db_instance" "a" {{\n  multi_az = {text}\n}}\n'):
        try:
            read_blocks(source)
        except Unreadable as refusal:
            said_in_one_line(refusal)
