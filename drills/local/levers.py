"""Publishes an AppConfig profile of the running drive, as an operator does in an emergency: to every reader at once."""

import json
from typing import Any

from drills.local.local_drive import LocalDrive

AT_ONCE = "clouddrive-at-once"


def publish(drive: LocalDrive, region: str, profile: str, content: dict[str, Any]) -> None:
    """Deploy a new version of a profile ("levers", "identity") of a region; functions see it at their next look."""
    client: Any = drive.cloud.client("appconfig", region)
    [application] = drive.stack("Foundation", region).resources("AWS::AppConfig::Application")
    [environment] = drive.stack("Foundation", region).resources("AWS::AppConfig::Environment")
    profiles = drive.stack("Foundation", region).resources("AWS::AppConfig::ConfigurationProfile")
    strategies = drive.stack("Foundation", region).resources("AWS::AppConfig::DeploymentStrategy")
    named = {found.properties["Name"]: found.physical for found in (*profiles, *strategies)}
    whose = {"ApplicationId": application.physical, "ConfigurationProfileId": named[profile]}
    version = client.create_hosted_configuration_version(
        **whose, Content=json.dumps(content).encode(), ContentType="application/json"
    )
    client.start_deployment(
        **whose,
        EnvironmentId=environment.physical,
        DeploymentStrategyId=named[AT_ONCE],
        ConfigurationVersion=str(version["VersionNumber"]),
    )
