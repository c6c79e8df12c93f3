"""Lambda functions of a few lines, deployed to an embedded cloud with a role that may do what the test names."""

import io
import json
import zipfile
from typing import Any

from embedded_cloud.embedded import EmbeddedCloud

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def make_role(
    cloud: EmbeddedCloud, name: str, actions: list[str], trust: dict[str, Any] = TRUST, resource: str = "*"
) -> str:
    """A role with this trust that may do these actions; its ARN."""
    iam = cloud.client("iam", "us-east-1")
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    if actions:
        may = {"Effect": "Allow", "Action": actions, "Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)
    return str(role["Arn"])


def zipped(source: str) -> bytes:
    """A deployment package with one file, index.py."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", source)
    return packed.getvalue()


def deploy_function(
    cloud: EmbeddedCloud,
    name: str,
    source: str,
    region: str,
    *,
    may: tuple[str, ...] = (),
    variables: dict[str, str] | None = None,
    timeout: int = 20,
) -> str:
    """A function whose `index.handler` is in the source; its ARN."""
    made = cloud.client("lambda", region).create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="index.handler",
        Role=make_role(cloud, f"{name}-{region}", list(may)),
        Code={"ZipFile": zipped(source)},
        Timeout=timeout,
        Environment={"Variables": variables or {}},
    )
    return str(made["FunctionArn"])


def invoke(cloud: EmbeddedCloud, name: str, region: str, event: object = None) -> Any:
    """The function's answer; raises AssertionError when it failed."""
    answer = cloud.client("lambda", region).invoke(FunctionName=name, Payload=json.dumps(event))
    content = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, content
    return content
