"""Who starts a function at its time."""

from aws_cdk import Stack
from aws_cdk.aws_iam import Role, ServicePrincipal
from constructs import Construct

from stacks.names import Names
from stacks.patterns.boundary import boundary


def caller(scope: Construct, names: Names, role: str) -> Role:
    """Return the scheduler's role; what it may start is granted by the schedule's target."""
    return Role(
        scope,
        "Caller",
        role_name=names.in_region(f"{role}-caller", Stack.of(scope).region),
        assumed_by=ServicePrincipal("scheduler.amazonaws.com"),
        permissions_boundary=boundary(scope, names),
    )
