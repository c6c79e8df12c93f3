"""The drive as it runs in an embedded cloud."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from embedded_cloud.deployment import Deployed, deploy
from embedded_cloud.embedded import EmbeddedCloud

LOOKED_UP = ("Foundation-", "ReplicaStorage-", "Catalogue")
"""Deployed before the tables' replicas are made, which the other stacks look up."""


@dataclass(frozen=True)
class LocalDrive(Deployed):
    """The deployed drive, with what only the drive has."""

    @property
    def data_regions(self) -> tuple[str, str]:
        """The regions that serve it, the primary first."""
        served = [stack.region for name, stack in self.stacks.items() if name.startswith("Api-")]
        primary = self.stacks["Catalogue"].region
        return primary, next(region for region in served if region != primary)

    def api(self, region: str) -> str:
        """The address of a region's API, without a slash at the end."""
        stack = self.stack("Api", region)
        [api] = stack.resources("AWS::ApiGateway::RestApi")
        [stage] = stack.resources("AWS::ApiGateway::Stage")
        path = f"restapis/{api.physical}/{stage.properties['StageName']}/_user_request_"
        return f"{self.cloud.endpoint(region)}/{path}"


def deploy_drive(cloud: EmbeddedCloud, assembly: Path, *, tell: Callable[[str], None] = print) -> LocalDrive:
    """Deploy the drive's assembly; everything as `embedded_cloud.deployment.deploy` does it."""
    # tests/cloud/test_deployment.py compares every property once and for all.
    deployed = deploy(cloud, assembly, first=LOOKED_UP, check=False, tell=tell)
    return LocalDrive(**{field.name: getattr(deployed, field.name) for field in fields(deployed)})
