"""Findings that are accepted, each with the reason why."""

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import IConstruct


def accept_finding(construct: IConstruct, *findings: str, reason: str) -> None:
    """Accept `findings` of `construct`: ids of Seawall (`SEA_…`) or of cdk-nag (`AwsSolutions-…`).

    Seawall reads the reason in the template, so that `seawall check cdk.out` knows it too; cdk-nag in the assembly. A
    test lists every exception, so that a new one is seen. Raises TypeError for a construct that is no single resource.
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
