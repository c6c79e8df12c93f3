"""Local nested stacks: one design with their parent, read from its folder only, judged once."""

import os
from pathlib import Path

import pytest
from seawall.design import Design
from seawall.documents import Unreadable
from seawall.scenarios import scenarios_of
from seawall.sources.cloudformation import read_document
from seawall.sources.nested import MAX_LEVELS, MAX_NESTED, taken_as_nested, templates_of
from seawall.template import Template
from seawall.values import Reference, Unknown

PARENT = """
Parameters:
  Stage: {Type: String, Default: dev}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
Conditions: {Production: !Equals [!Ref Stage, prod]}
Resources:
  Failed: {Type: "AWS::SQS::Queue"}
  Network:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./parts/child.yaml
      Parameters:
        Stage: !Ref Stage
        Failed: !GetAtt Failed.Arn
        Subnets: !Join [",", !Ref Subnets]
  Spare:
    Type: AWS::CloudFormation::Stack
    Condition: Production
    Properties: {TemplateURL: parts/child.yaml, Parameters: {Stage: spare}}
  User:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Network.Outputs.Jobs}}
"""

CHILD = """
Parameters:
  Stage: {Type: String, Default: unused}
  Failed: {Type: String, Default: none}
  Size: {Type: Number, Default: 3}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>", Default: ""}
Conditions: {Big: !Equals [!Ref Stage, prod]}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Ref Stage
      DelaySeconds: !Ref Size
      Subnets: !Ref Subnets
      RedrivePolicy: {deadLetterTargetArn: !Ref Failed}
  More: {Type: "AWS::SQS::Queue", Condition: Big}
Outputs: {Jobs: {Value: !GetAtt Jobs.Arn}}
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / next(iter(files))


def read(file: Path, problems: list[Unreadable] | None = None, within: Path | None = None) -> list[Template]:
    found: list[Unreadable] = [] if problems is None else problems
    document = read_document(file, str(file), found)
    assert document is not None
    return templates_of(document, file, found, within=within)


def stack_at(address: str) -> str:
    properties = f"Properties: {{TemplateURL: '{address}'}}"
    return f"Resources: {{A: {{Type: 'AWS::CloudFormation::Stack', {properties}}}}}\n"


@pytest.fixture
def design(tmp_path: Path) -> Design:
    return Design(read(write(tmp_path, {"parent.yaml": PARENT, "parts/child.yaml": CHILD})))


def test_parent_and_children_are_one_design_with_names_that_tell_them_apart(design: Design) -> None:
    assert [template.name for template in design.templates] == ["", "Network", "Spare"]
    assert ("Network", "Jobs") in design.all


def test_a_finding_in_a_child_names_the_file_of_the_child(design: Design) -> None:
    jobs = design.all["Network", "Jobs"]
    assert jobs.file.endswith(os.path.join("parts", "child.yaml"))
    assert jobs.line_of("QueueName") == 1 + CHILD.splitlines().index("      QueueName: !Ref Stage")


def test_a_child_has_what_its_parent_passes_and_its_own_defaults_for_the_rest(design: Design) -> None:
    jobs = design.all["Network", "Jobs"]
    assert jobs.get("QueueName") == "dev"
    assert jobs.get("RedrivePolicy.deadLetterTargetArn") == Reference(("", "Failed"), "Arn")
    assert jobs.get("DelaySeconds") == 3


def test_a_list_that_is_joined_for_the_way_is_the_same_list_in_the_child(design: Design) -> None:
    subnets = design.all["Network", "Jobs"].get("Subnets")
    assert isinstance(subnets, Unknown)
    assert subnets == design.stacks[""].parameter("Subnets")


def test_an_output_of_a_child_is_known_in_the_parent(design: Design) -> None:
    target = design.all["", "User"].get("RedrivePolicy.deadLetterTargetArn")
    assert target == Reference(("Network", "Jobs"), "Arn")


def test_a_child_exists_only_where_its_stack_does(design: Design) -> None:
    assert design.all["Network", "Jobs"].exists is True
    assert design.all["Spare", "Jobs"].exists is False
    production = next(found for found in scenarios_of(design).designs if found.scenario == "Stage is 'prod'")
    assert production.all["Spare", "Jobs"].exists is True


def test_a_condition_of_a_child_is_turned_by_the_parameter_of_its_parent(tmp_path: Path) -> None:
    parent = PARENT.replace("Conditions: {Production: !Equals [!Ref Stage, prod]}\n", "")
    parent = parent.replace("    Condition: Production\n", "")
    design = Design(read(write(tmp_path, {"parent.yaml": parent, "parts/child.yaml": CHILD})))
    (scenario,) = scenarios_of(design).designs
    assert scenario.scenario == "Stage is 'prod'"
    assert scenario.all["Network", "More"].exists is True


def test_what_the_user_sets_goes_to_the_top_template_only(tmp_path: Path) -> None:
    templates = read(write(tmp_path, {"parent.yaml": PARENT, "parts/child.yaml": CHILD}))
    design = Design(templates, {"Size": 9, "Stage": "test"})
    assert design.all["Network", "Jobs"].get("DelaySeconds") == 3
    assert design.all["Network", "Jobs"].get("QueueName") == "test"


def test_the_children_share_the_region_of_their_parent(design: Design) -> None:
    assert design.stacks["Network"].region == design.stacks[""].region


def test_a_queue_of_the_parent_knows_who_refers_to_it_in_the_child(design: Design) -> None:
    referrers = {(other.key, path) for other, path in design.referrers(design.all["", "Failed"])}
    assert (("Network", "Jobs"), "RedrivePolicy.deadLetterTargetArn") in referrers


def test_tags_of_a_nested_stack_are_tags_of_its_resources(tmp_path: Path) -> None:
    parent = PARENT.replace(
        "      TemplateURL: ./parts/child.yaml\n",
        "      TemplateURL: ./parts/child.yaml\n      Tags: [{Key: stage, Value: !Ref Stage}]\n",
    )
    design = Design(read(write(tmp_path, {"parent.yaml": parent, "parts/child.yaml": CHILD})))
    assert design.all["Network", "Jobs"].tags == {"stage": "dev"}
    assert design.all["Spare", "Jobs"].tags == {}


def test_an_application_of_sam_is_a_nested_stack(tmp_path: Path) -> None:
    parent = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Part: {Type: "AWS::Serverless::Application", Properties: {Location: child.yaml, Parameters: {Stage: x}}}
"""
    design = Design(read(write(tmp_path, {"parent.yaml": parent, "child.yaml": CHILD})))
    assert design.all["Part", "Jobs"].get("QueueName") == "x"


def test_cdk_names_the_file_in_the_metadata(tmp_path: Path) -> None:
    parent = """
Resources:
  Part:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: "https://s3.amazonaws.com/assets/abc.json"}
    Metadata: {"aws:asset:path": child.yaml, "aws:asset:property": TemplateURL}
"""
    assert len(read(write(tmp_path, {"parent.yaml": parent, "child.yaml": CHILD}))) == 2


@pytest.mark.parametrize("address", ["https://example.com/child.yaml", "s3://bucket/child.yaml", "gone.yaml", "."])
def test_a_stack_that_is_not_on_disk_is_left_alone_and_its_outputs_are_named(tmp_path: Path, address: str) -> None:
    problems: list[Unreadable] = []
    design = Design(read(write(tmp_path, {"parent.yaml": stack_at(address), "child.yaml": CHILD}), problems))
    output = design.stacks[""].attribute("A", "Outputs.Subnet")
    assert (list(design.stacks), problems) == ([""], [])
    assert isinstance(output, Unknown)
    assert output.because == ("A.Outputs.Subnet",)


def test_files_outside_the_folder_are_never_read(tmp_path: Path) -> None:
    write(tmp_path, {"secret.yaml": CHILD})
    parent = write(tmp_path / "inside", {"parent.yaml": stack_at("../secret.yaml")})
    (tmp_path / "inside" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    linked = write(tmp_path / "inside", {"linked.yaml": stack_at("link.yaml")})
    absolute = write(tmp_path / "inside", {"absolute.yaml": stack_at(str(tmp_path / "secret.yaml"))})
    assert [len(read(file)) for file in (parent, linked, absolute)] == [1, 1, 1]


def test_a_folder_that_the_user_named_may_be_read_whole(tmp_path: Path) -> None:
    write(tmp_path, {"shared/child.yaml": CHILD})
    parent = write(tmp_path / "team", {"parent.yaml": stack_at("../shared/child.yaml")})
    assert len(read(parent, within=tmp_path)) == 2


def test_a_stack_that_contains_itself_is_read_once_and_named(tmp_path: Path) -> None:
    problems: list[Unreadable] = []
    file = write(tmp_path, {"a.yaml": stack_at("b.yaml"), "b.yaml": stack_at("a.yaml")})
    assert len(read(file, problems)) == 2
    assert [problem.reason for problem in problems] == ["nested stack A (a.yaml) contains itself and is not read again"]
    assert problems[0].file.endswith("b.yaml")


def test_depth_is_bounded_and_named(tmp_path: Path) -> None:
    problems: list[Unreadable] = []
    files = {f"{level}.yaml": stack_at(f"{level + 1}.yaml") for level in range(MAX_LEVELS + 2)}
    assert len(read(write(tmp_path, files | {f"{MAX_LEVELS + 2}.yaml": CHILD}), problems)) == MAX_LEVELS + 1
    assert [problem.reason for problem in problems] == [
        "nested stack A (6.yaml) lies deeper than 5 nested stacks and is not read"
    ]


def test_files_that_multiply_are_bounded(tmp_path: Path) -> None:
    problems: list[Unreadable] = []
    files = {}
    for level in range(MAX_LEVELS):
        properties = f"Properties: {{TemplateURL: {level + 1}.yaml}}"
        stacks = ", ".join(f"S{number}: {{Type: 'AWS::CloudFormation::Stack', {properties}}}" for number in range(9))
        files[f"{level}.yaml"] = f"Resources: {{{stacks}}}\n"
    assert len(read(write(tmp_path, files | {f"{MAX_LEVELS}.yaml": CHILD}), problems)) == MAX_NESTED + 1
    assert f"more than {MAX_NESTED} nested stacks" in problems[0].reason


def test_a_child_that_cannot_be_read_is_named_and_the_others_count(tmp_path: Path) -> None:
    problems: list[Unreadable] = []
    parent = PARENT.replace("./parts/child.yaml", "parts/broken.yaml")
    broken = "Resources:\n  A: [\n"
    file = write(tmp_path, {"parent.yaml": parent, "parts/child.yaml": CHILD, "parts/broken.yaml": broken})
    assert [template.name for template in read(file, problems)] == ["", "Spare"]
    assert problems[0].reason.startswith("nested stack Network (parts/broken.yaml) cannot be read in line")


def test_children_are_judged_with_their_parents_and_not_once_more() -> None:
    assert taken_as_nested({"top": ["middle", "leaf"], "middle": ["leaf"], "leaf": []}) == {"middle", "leaf"}
    assert taken_as_nested({"top": [], "other": []}) == frozenset()


def test_of_files_that_nest_each_other_the_first_stays() -> None:
    assert taken_as_nested({"a": ["b"], "b": ["a"]}) == {"b"}
    assert taken_as_nested({"a": ["b", "c"], "b": ["a", "c"], "c": []}) == {"b", "c"}
    assert taken_as_nested({"a": ["a"]}) == frozenset()


def test_parameters_that_a_macro_makes_leave_the_parameters_of_the_child_unknown(tmp_path: Path) -> None:
    parent = """
Resources:
  Part:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: child.yaml, Parameters: {"Fn::Transform": {Name: Choose}}}
"""
    design = Design(read(write(tmp_path, {"parent.yaml": parent, "child.yaml": CHILD})))
    assert isinstance(design.all["Part", "Jobs"].get("QueueName"), Unknown)
