"""Findings that are accepted, each with the reason why."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, CfnResource, Stack, Validations
from aws_cdk.aws_iam import PolicyStatement
from constructs import IConstruct

WILDCARDS = (
    "Objects of one named bucket, or keys that the condition names by their alias: narrower than this is no policy"
)
"""Why most wildcards in a policy are there."""


def accept_finding(construct: IConstruct, *findings: str, reason: str) -> None:
    """Accept `findings` of `construct`: ids of Seawall (`SEA_…`) or of cdk-nag (`AwsSolutions-…`).

    Seawall reads the reason in the template, so that `seawall check cdk.out` knows it too; cdk-nag in the assembly.
    Raises TypeError where a finding of Seawall is accepted for a construct that is no single resource.
    """
    for finding in findings:
        if not finding.startswith("SEA_"):
            Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
    ours = [{"id": finding, "reason": reason} for finding in findings if finding.startswith("SEA_")]
    if ours:
        resource = construct if isinstance(construct, CfnResource) else construct.node.default_child
        if not isinstance(resource, CfnResource):
            raise TypeError(f"{construct.node.path} is no single resource: accept the finding where it is")
        skipped = (resource.get_metadata("seawall") or {}).get("skip", [])
        resource.add_metadata("seawall", {"skip": [*skipped, *ours]})


def accept_wildcards(role: IConstruct, *statements: PolicyStatement, reason: str = WILDCARDS) -> None:
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
    if "Fn::Join" not in resolved:
        return _reference(resolved)
    parts = resolved["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else _reference(part) for part in parts)


def _reference(part: Mapping[str, Any]) -> str:
    return f"<{part['Ref']}>" if "Ref" in part else f"<{'.'.join(part['Fn::GetAtt'])}>"
