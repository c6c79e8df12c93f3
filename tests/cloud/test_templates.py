"""Plain CloudFormation templates become an assembly, which is deployed like that of a CDK app."""

import json
from pathlib import Path
from typing import Any

import pytest

from embedded_cloud.assembly_stacks import stacks_of
from embedded_cloud.deployment import deploy
from embedded_cloud.embedded import EmbeddedCloud
from embedded_cloud.templates import ASSETS_BUCKET, Template, TemplateError, assembly_of

WEST, CENTRAL = "eu-west-1", "eu-central-1"
HANDLER = """
import os

def handle(event, context):
    return {"peer": os.environ["PEER"], "queue": os.environ["QUEUE"]}
"""
SERVICE = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Name: {Type: String}
  Peer: {Type: String, Default: none}
Conditions:
  Peered: {Fn::Not: [{Fn::Equals: [{Ref: Peer}, none]}]}
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${Name}-work"
      VisibilityTimeout: 100
  Spare:
    Type: AWS::SQS::Queue
    Condition: Peered
    Properties: {QueueName: {Fn::Sub: "${Name}-spare"}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
  Look:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: {Fn::Sub: "${Name}-look"}
      Runtime: python3.13
      Handler: look.handler.handle
      Code: ../services
      Role: !GetAtt Role.Arn
      Environment: {Variables: {PEER: {Ref: Peer}, QUEUE: {Fn::GetAtt: [Work, QueueName]}}}
Outputs:
  Url: {Value: {Ref: Work}}
"""
FUNCTION = {
    "Parameters": {"Bucket": {"Type": "String"}, "Key": {"Type": "String"}},
    "Resources": {
        "Look": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Code": {"S3Bucket": {"Ref": "Bucket"}, "S3Key": {"Ref": "Key"}}},
        }
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "services" / "look" / "__pycache__").mkdir(parents=True)
    (tmp_path / "services" / "look" / "__pycache__" / "handler.pyc").write_bytes(b"old")
    (tmp_path / "services" / "look" / "handler.py").write_text(HANDLER)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "service.yaml").write_text(SERVICE)
    (tmp_path / "templates" / "function.json").write_text(json.dumps(FUNCTION))
    return tmp_path


def _service(project: Path, region: str, **parameters: Any) -> Template:
    return Template("orders", region, project / "templates" / "service.yaml", {"Name": "orders", **parameters})


def test_templates_of_two_regions_are_deployed_with_their_own_values(cloud: EmbeddedCloud, project: Path) -> None:
    templates = [_service(project, WEST, Peer=CENTRAL), _service(project, CENTRAL)]

    deployed = deploy(cloud, assembly_of(templates, project / "assembly"))

    assert deployed.invoke("look", WEST) == {"peer": CENTRAL, "queue": "orders-work"}
    assert deployed.invoke("look", CENTRAL) == {"peer": "none", "queue": "orders-work"}
    assert list(deployed.stacks) == ["orders", f"orders-{CENTRAL}"]
    assert deployed.stacks["orders"].outputs["Url"].endswith("/orders-work")
    queues = [[queue.logical for queue in stack.resources("AWS::SQS::Queue")] for stack in deployed.stacks.values()]
    assert queues == [["Work", "Spare"], ["Work"]]
    assert [change.what for change in deployed.changes if change.type == "AWS::SQS::Queue"] == [
        "VisibilityTimeout: 100 s becomes 5 s"
    ] * 2


def test_stacks_are_deployed_in_the_order_given(project: Path) -> None:
    assembly = assembly_of([_service(project, WEST), _service(project, CENTRAL)], project / "assembly")

    first, second = stacks_of(assembly, home=WEST)

    assert (first.key, first.name, first.region, first.dependencies) == ("orders", "orders", WEST, ())
    assert (second.key, second.name, second.region, second.dependencies) == (
        f"orders-{CENTRAL}",
        "orders",
        CENTRAL,
        ("orders",),
    )


def test_code_that_parameters_name_is_packaged(project: Path) -> None:
    parameters = {"Bucket": ASSETS_BUCKET, "Key": project / "services"}
    function = Template("look", WEST, project / "templates" / "function.json", parameters)

    assembly = assembly_of([function], project / "assembly")

    [stack] = stacks_of(assembly, home=WEST)
    code = stack.template(assembly)["Resources"]["Look"]["Properties"]["Code"]
    [asset] = [file for file in stack.assets(assembly)["files"].values() if file["source"]["packaging"] == "zip"]
    assert code["S3Bucket"] == f"cdk-hnb659fds-assets-000000000000-{WEST}"
    assert code["S3Key"] == asset["destinations"][WEST]["objectKey"]
    packaged = assembly / asset["source"]["path"]
    assert [str(path.relative_to(packaged)) for path in packaged.rglob("*.py*")] == ["look/handler.py"]


def test_the_same_code_has_the_same_key_and_other_code_another(project: Path) -> None:
    def key() -> str:
        parameters = {"Bucket": ASSETS_BUCKET, "Key": project / "services"}
        function = Template("look", WEST, project / "templates" / "function.json", parameters)
        [stack] = stacks_of(assembly_of([function], project / "assembly"), home=WEST)
        return str(stack.template(project / "assembly")["Resources"]["Look"]["Properties"]["Code"]["S3Key"])

    before = key()
    assert key() == before
    (project / "services" / "look" / "handler.py").write_text(HANDLER + "\n")
    assert key() != before


def test_what_is_not_a_template_is_named(project: Path) -> None:
    broken = project / "templates" / "broken.yaml"
    for text, message in (("Resources: [", "cannot be read"), ("a: 1", "has no Resources")):
        broken.write_text(text)
        with pytest.raises(TemplateError, match=message):
            assembly_of([Template("broken", WEST, broken)], project / "assembly")


def test_code_that_is_not_there_is_named(project: Path) -> None:
    (project / "services").rename(project / "moved")
    with pytest.raises(FileNotFoundError, match="there is no code in"):
        assembly_of([_service(project, WEST)], project / "assembly")


def test_no_templates_and_two_stacks_of_one_name_are_refused(project: Path) -> None:
    with pytest.raises(TemplateError, match="there is no template"):
        assembly_of([], project / "assembly")
    with pytest.raises(TemplateError, match="two stacks orders"):
        assembly_of([_service(project, WEST)] * 3, project / "assembly")
