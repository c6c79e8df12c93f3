"""The assembly for the embedded cloud: nothing names what is not there, and the one for AWS stays as it is."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded_cloud.assembly import embedded_assembly
from embedded_cloud.holes import REFUSED_TYPES, Fate, scaled
from tests.cloud.assemblies import contents, references, write_assembly

TAKEN = ("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::IAM::Role")
NAMES = st.sampled_from(["First", "Second", "Third", "Fourth", "Fifth"])
LEAVES = st.one_of(
    st.integers(0, 999),
    st.booleans(),
    st.text("abc${}", max_size=6).filter(lambda text: "${" not in text),
    NAMES.map(lambda name: {"Ref": name}),
    NAMES.map(lambda name: {"Fn::GetAtt": [name, "Arn"]}),
    NAMES.map(lambda name: {"Fn::GetAtt": f"{name}.Arn"}),
    NAMES.map(lambda name: {"Fn::Sub": f"a ${{{name}}} b"}),
    NAMES.map(lambda name: {"Fn::Sub": [f"a ${{{name}.Arn}} b ${{own}}", {"own": "c"}]}),
    NAMES.map(lambda name: {"Fn::Join": ["", ["a", {"Ref": name}]]}),
    NAMES.map(lambda name: {"Fn::Select": [0, {"Fn::Split": [":", {"Ref": name}]}]}),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(st.sampled_from(["A", "B", "C"]), inner, min_size=1)
    ),
    max_leaves=8,
)
RESOURCES = st.fixed_dictionaries(
    {
        "Type": st.sampled_from([*TAKEN, *REFUSED_TYPES]),
        "Properties": st.dictionaries(st.sampled_from(["P", "Q", "R"]), VALUES),
    },
    optional={
        "DependsOn": st.one_of(NAMES, st.lists(NAMES, unique=True)),
        "UpdatePolicy": st.dictionaries(st.sampled_from(["S", "T"]), VALUES),
    },
)
TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(NAMES, RESOURCES, min_size=1)},
    optional={"Outputs": st.dictionaries(st.sampled_from(["X", "Y"]), VALUES.map(lambda value: {"Value": value}))},
)


@given(template=TEMPLATES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_names_a_resource_that_is_not_there(
    tmp_path_factory: pytest.TempPathFactory, template: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("assembly")
    written = _adapted(folder, template)

    refused = {name for name, one in template["Resources"].items() if one["Type"] in REFUSED_TYPES}
    assert set(written["Resources"]) == set(template["Resources"]) - refused
    assert not references(written) & refused


@given(template=TEMPLATES)
@settings(max_examples=50, deadline=None)
def test_what_names_nothing_refused_stays_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, template: dict[str, Any]
) -> None:
    kept = {name: {**one, "Type": TAKEN[1]} for name, one in template["Resources"].items()}
    written = _adapted(tmp_path_factory.mktemp("assembly"), {**template, "Resources": kept})

    assert {name: one["Properties"] for name, one in written["Resources"].items()} == {
        name: one["Properties"] for name, one in kept.items()
    }


@given(template=TEMPLATES)
@settings(max_examples=50, deadline=None)
def test_the_assembly_for_aws_is_not_touched_and_every_hash_is_that_of_the_contents(
    tmp_path_factory: pytest.TempPathFactory, template: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("assembly")
    source, target = write_assembly(folder / "cdk.out", {"Stack": template}), folder / "embedded"
    before = contents(source)

    embedded_assembly(source, target, time_scale=20)

    assert contents(source) == before
    [(digest, asset)] = json.loads((target / "Stack.assets.json").read_text())["files"].items()
    assert hashlib.sha256((target / asset["source"]["path"]).read_bytes()).hexdigest() == digest
    assert all(digest in one["objectKey"] for one in asset["destinations"].values())
    stack = json.loads((target / "manifest.json").read_text())["artifacts"]["Stack"]["properties"]
    assert digest in stack["stackTemplateAssetObjectUrl"]


@given(seconds=st.integers(0, 43_200))
def test_a_time_scale_of_one_leaves_durations_as_they_are(seconds: int) -> None:
    assert scaled("AWS::SQS::Queue", "VisibilityTimeout", seconds, 1) == seconds


@given(seconds=st.integers(1, 43_200), time_scale=st.floats(1, 1000))
def test_a_scaled_duration_is_whole_and_never_nothing(seconds: int, time_scale: float) -> None:
    found = scaled("AWS::SQS::Queue", "VisibilityTimeout", seconds, time_scale)

    assert isinstance(found, int)
    assert 1 <= found <= seconds
    assert found >= math.floor(seconds / time_scale)


def test_a_scaled_duration_is_printed(tmp_path: Path) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 900}}
    source = write_assembly(tmp_path / "cdk.out", {"Stack": {"Resources": {"Queue": queue}}})

    [change] = embedded_assembly(source, tmp_path / "embedded", time_scale=20)

    assert (change.fate, change.what) == (Fate.SCALED, "VisibilityTimeout: 900 s becomes 45 s")


def test_a_refused_alarm_is_named_where_it_was_referred_to(tmp_path: Path) -> None:
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "late", "Metrics": []}}
    policy = {
        "Type": "AWS::SNS::Topic",
        "Properties": {"Name": {"Ref": "Late"}, "Arn": {"Fn::GetAtt": ["Late", "Arn"]}},
    }
    written = _adapted(tmp_path, {"Resources": {"Late": alarm, "Topic": policy}})

    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:late"
    assert written["Resources"] == {"Topic": {**policy, "Properties": {"Name": "late", "Arn": {"Fn::Sub": arn}}}}


def test_stacks_with_a_custom_resource_wait_for_each_other(tmp_path: Path) -> None:
    custom = {"Resources": {"Look": {"Type": "Custom::AWS", "Properties": {}}}}
    source = write_assembly(tmp_path / "cdk.out", {"One": custom, "Two": custom})

    embedded_assembly(source, tmp_path / "embedded", time_scale=1)

    artifacts = json.loads((tmp_path / "embedded" / "manifest.json").read_text())["artifacts"]
    assert artifacts["Two"]["dependencies"] == ["Two.assets", "One"]


def test_a_folder_without_an_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        embedded_assembly(tmp_path, tmp_path / "embedded", time_scale=20)


def _adapted(folder: Path, template: dict[str, Any]) -> dict[str, Any]:
    source, target = write_assembly(folder / "cdk.out", {"Stack": template}), folder / "embedded"
    embedded_assembly(source, target, time_scale=1)
    written: dict[str, Any] = json.loads((target / "Stack.template.json").read_text())
    return written


def test_a_type_that_the_emulator_does_not_take_is_left_out(tmp_path: Path) -> None:
    fleet = {"Type": "AWS::GameLift::Fleet"}
    custom = {"Type": "Custom::Look"}
    source = write_assembly(tmp_path / "cdk.out", {"Stack": {"Resources": {"Fleet": fleet, "Look": custom}}})

    [change] = embedded_assembly(source, tmp_path / "embedded", time_scale=1, taken={"AWS::SQS::Queue"})

    assert (change.resource, change.fate) == ("Fleet", Fate.LOST)
    written = json.loads((tmp_path / "embedded" / "Stack.template.json").read_text())
    assert written["Resources"] == {"Look": custom}


def test_attributes_that_the_emulator_does_not_know_are_written_down(tmp_path: Path) -> None:
    network = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
    database = {"Type": "AWS::RDS::DBCluster", "Properties": {}}
    asking = {
        "Range": {"Fn::GetAtt": ["Net", "CidrBlock"]},
        "Secret": {"Fn::GetAtt": ["Data", "MasterUserSecret.SecretArn"]},
    }
    topic = {"Type": "AWS::SNS::Topic", "Properties": asking}

    written = _adapted(tmp_path, {"Resources": {"Net": network, "Data": database, "Topic": topic}})

    said = written["Resources"]["Topic"]["Properties"]
    assert said["Range"] == "10.0.0.0/16"
    assert said["Secret"]["Fn::Sub"].endswith(":secret:rds!cluster-${Data}")


def test_an_assembly_for_an_account_is_deployed_to_the_emulators(tmp_path: Path) -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-123456789012"}}
    source = write_assembly(tmp_path / "cdk.out", {"Stack": {"Resources": {"Topic": topic}}})
    manifest = (source / "manifest.json").read_text()
    (source / "manifest.json").write_text(manifest.replace("unknown-account", "123456789012"))

    embedded_assembly(source, tmp_path / "embedded", time_scale=1)

    written = contents(tmp_path / "embedded")
    assert not [name for name, text in written.items() if b"123456789012" in text]
    assert b"of-000000000000" in written["Stack.template.json"]


def test_packages_and_files_are_copied_and_images_are_not(tmp_path: Path) -> None:
    source = write_assembly(tmp_path / "cdk.out", {"Stack": {"Resources": {}}})
    (source / "asset.1").mkdir()
    (source / "asset.1" / "index.js").write_text("")
    (source / "asset.2.zip").write_bytes(b"zipped")
    assets = json.loads((source / "Stack.assets.json").read_text())
    for number, path in (("1", "asset.1"), ("2", "asset.2.zip")):
        assets["files"][number] = {"source": {"path": path, "packaging": "zip"}, "destinations": {}}
    assets["dockerImages"] = {"3": {"source": {"directory": "asset.3"}, "destinations": {}}}
    (source / "Stack.assets.json").write_text(json.dumps(assets))

    [change] = embedded_assembly(source, tmp_path / "embedded", time_scale=1)

    assert (change.type, change.fate) == ("image", Fate.SIMULATED)
    assert {"asset.1/index.js", "asset.2.zip"} <= set(contents(tmp_path / "embedded"))
    assert "dockerImages" not in json.loads((tmp_path / "embedded" / "Stack.assets.json").read_text())
