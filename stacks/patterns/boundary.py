"""The permission boundary that Foundation makes in each region."""

from aws_cdk import Stack
from aws_cdk.aws_iam import IManagedPolicy, ManagedPolicy
from constructs import Construct

from stacks.names import Names


def boundary(scope: Construct, names: Names, name: str = "Boundary") -> IManagedPolicy:
    """Return the region's permission boundary, beyond which none of the drive's roles can go."""
    role = names.in_region("boundary", Stack.of(scope).region)
    return ManagedPolicy.from_managed_policy_arn(scope, name, names.arn("iam", "", f"policy/{role}"))
