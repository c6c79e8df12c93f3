"""Wildcards in what a role may touch, each accepted for a reason."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk.aws_iam import PolicyStatement
from constructs import IConstruct

from stacks.patterns.exception import accept_finding

REASON = "Objects of one named bucket, or keys that the condition names by their alias: narrower than this is no policy"


def accept_wildcards(role: IConstruct, *statements: PolicyStatement, reason: str = REASON) -> None:
    """Accept cdk-nag's finding for each resource with a wildcard in `statements`, and for no other of the role."""
    resources = {_as_nag_writes(role, resource) for statement in statements for resource in statement.resources}
    findings = [f"AwsSolutions-IAM5[Resource::{resource}]" for resource in sorted(resources) if "*" in resource]
    if findings:
        accept_finding(role, *findings, reason=reason)


def _as_nag_writes(scope: IConstruct, resource: str) -> str:
    """The ARN with `<AWS::Partition>` and the like for what CloudFormation fills in."""
    resolved: str | Mapping[str, Any] = Stack.of(scope).resolve(resource)
    if isinstance(resolved, str):
        return resolved
    parts = resolved["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
