"""CDK cloud assemblies, as aws-cdk-lib writes them: all stacks of an app are one design."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.sources.cdk_assembly import is_assembly, read_assembly
from seawall.values import Reference, Unknown, same

NESTED = "Shared/PartNestedStackPartNestedStackResource"


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with regions, tags, a nested stack, exports, a stage and a reference to another region."""
    import aws_cdk as cdk
    from aws_cdk import aws_sqs as sqs

    folder = tmp_path_factory.mktemp("cdk") / "cdk.out"
    app = cdk.App(outdir=str(folder))
    home = cdk.Environment(account="111111111111", region="eu-west-1")
    away = cdk.Environment(account="111111111111", region="us-east-1")
    source = cdk.Stack(app, "Home", env=home, cross_region_references=True)
    copy = cdk.Stack(app, "Away", env=away, cross_region_references=True)
    cdk.CfnOutput(copy, "Carried", value=sqs.Queue(source, "Queue").queue_arn)

    shared = cdk.Stack(app, "Shared", tags={"team": "orders"})
    failed = sqs.Queue(shared, "Failed")
    part = cdk.NestedStack(shared, "Part")
    dead_letters = sqs.DeadLetterQueue(queue=failed, max_receive_count=3)
    inner = sqs.Queue(part, "Inner", dead_letter_queue=dead_letters)
    user = cdk.Stack(app, "User")
    sqs.Queue(user, "Outer", dead_letter_queue=dead_letters)
    to_inner = sqs.DeadLetterQueue(queue=inner, max_receive_count=3)
    sqs.Queue(user, "Further", dead_letter_queue=to_inner)

    stage = cdk.Stage(app, "Live", env=cdk.Environment(region="eu-central-1"))
    sqs.Queue(cdk.Stack(stage, "Service"), "Staged")
    app.synth()
    return folder


@pytest.fixture(scope="session")
def design(app_folder: Path) -> Design:
    problems: list[Unreadable] = []
    found = Design(read_assembly(app_folder, problems, shown="cdk.out"))
    assert problems == []
    return found


def only(design: Design, stack: str, start: str) -> Any:
    (found,) = [one for key, one in design.all.items() if key[0].startswith(stack) and key[1].startswith(start)]
    return found


def dead_letters_of(queue: Any) -> Any:
    return queue.get("RedrivePolicy.deadLetterTargetArn")


def test_every_stack_is_there_by_the_name_that_cdk_shows(design: Design) -> None:
    names = {template.name for template in design.templates if template.parent is None}
    assert names == {"Home", "Away", "Shared", "User", "Live/Service"}


def test_regions_and_accounts_are_those_of_the_stacks(design: Design) -> None:
    queue = only(design, "Home", "Queue")
    assert (queue.region, queue.account) == ("eu-west-1", "111111111111")
    staged = only(design, "Live/Service", "Staged")
    assert (staged.region, staged.account) == ("eu-central-1", None)


def test_stacks_without_a_region_share_the_one_that_the_deployment_chooses(design: Design) -> None:
    assert isinstance(design.stacks["Shared"].region, Unknown)
    assert same(design.stacks["Shared"].region, design.stacks["User"].region) is True


def test_tags_of_a_stack_are_tags_of_its_resources(design: Design) -> None:
    assert only(design, "Shared", "Failed").tags == {"team": "orders"}


def test_an_export_of_one_stack_is_known_where_another_imports_it(design: Design) -> None:
    failed = only(design, "Shared", "Failed")
    assert dead_letters_of(only(design, "User", "Outer")) == Reference(failed.key, "Arn")


def test_nested_stacks_are_read_with_the_parameters_of_their_parent(design: Design) -> None:
    inner = only(design, NESTED, "Inner")
    assert dead_letters_of(inner) == Reference(only(design, "Shared", "Failed").key, "Arn")
    assert dead_letters_of(only(design, "User", "Further")) == Reference(inner.key, "Arn")


def test_a_reference_across_regions_leads_to_its_resource(design: Design) -> None:
    assert design.stacks["Away"].output("Carried") == Reference(only(design, "Home", "Queue").key, "Arn")


def test_a_resource_knows_who_refers_to_it_from_other_stacks(design: Design) -> None:
    referrers = {other.key[0] for other, _ in design.referrers(only(design, "Shared", "Failed"))}
    assert {"User", only(design, NESTED, "Inner").key[0]} <= referrers


def test_files_are_named_below_the_folder_that_the_user_named(design: Design) -> None:
    assert only(design, "Home", "Queue").file == "cdk.out/Home.template.json"
    assert only(design, "Live/Service", "Staged").file.startswith("cdk.out/assembly-Live/")


def test_an_assembly_is_told_from_any_other_folder(app_folder: Path, tmp_path: Path) -> None:
    assert is_assembly(app_folder)
    assert not is_assembly(tmp_path)
    (tmp_path / "manifest.json").write_text('{"name": "a web page", "icons": []}')
    assert not is_assembly(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    assert not is_assembly(tmp_path)
    (tmp_path / "cdk.out").write_text('{"version": "1"}')
    assert is_assembly(tmp_path)
    with pytest.raises(Unreadable):
        read_assembly(tmp_path, [])


@pytest.fixture
def copied(app_folder: Path, tmp_path: Path) -> Path:
    """The assembly again, to be changed."""
    return Path(shutil.copytree(app_folder, tmp_path / "cdk.out"))


def manifest_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return content


def test_a_stack_that_cannot_be_read_is_named_and_the_others_count(copied: Path) -> None:
    (copied / "User.template.json").write_text('{"Resources": {')
    problems: list[Unreadable] = []
    names = [template.name for template in read_assembly(copied, problems, shown="cdk.out")]
    assert "User" not in names
    assert "Shared" in names
    assert [problem.file for problem in problems] == ["cdk.out/User.template.json"]


def test_files_outside_the_assembly_are_never_read(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text((copied / "User.template.json").read_text())
    manifest = manifest_of(copied)
    manifest["artifacts"]["User"]["properties"]["templateFile"] = "../outside.json"
    (copied / "manifest.json").write_text(json.dumps(manifest))
    problems: list[Unreadable] = []
    assert "User" not in [template.name for template in read_assembly(copied, problems)]
    assert [problem.reason for problem in problems] == ["lies outside the assembly and is not read"]


@pytest.mark.parametrize("wrong", [None, [], "x", 3, {"a": 1}], ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        "artifacts.User",
        "artifacts.User.type",
        "artifacts.User.environment",
        "artifacts.User.displayName",
        "artifacts.User.properties",
        "artifacts.User.properties.templateFile",
        "artifacts.User.properties.tags",
        "artifacts.User.properties.stackName",
        "artifacts.User.assets",
        "artifacts.assembly-Live.properties",
        "artifacts.assembly-Live.properties.directoryName",
    ],
)
def test_wrong_types_in_the_manifest_do_not_stop_the_reading(copied: Path, place: str, wrong: Any) -> None:
    manifest = manifest_of(copied)
    *way, last = place.split(".")
    node: Any = manifest
    for name in way:
        node = node[name]
    node[last] = wrong
    (copied / "manifest.json").write_text(json.dumps(manifest))
    design = Design(read_assembly(copied, []))
    assert only(design, "Home", "Queue").region == "eu-west-1"


def test_a_stage_is_read_once_however_often_it_is_named(copied: Path) -> None:
    manifest = manifest_of(copied)
    again = json.loads((copied / "assembly-Live" / "manifest.json").read_text())
    again["artifacts"]["self"] = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}}
    (copied / "assembly-Live" / "manifest.json").write_text(json.dumps(again))
    manifest["artifacts"]["again"] = manifest["artifacts"]["assembly-Live"]
    (copied / "manifest.json").write_text(json.dumps(manifest))
    problems: list[Unreadable] = []
    names = [template.name for template in read_assembly(copied, problems)]
    assert len(names) == len(set(names)) == 6
    assert len(problems) == 2
