"""A region can be deployed, rolled back and lost without asking another one."""

import json
import re
from typing import Any

from tests.matrix.conftest import Drive, Template

IN_REGION_CUSTOM_RESOURCES = {"Custom::AWS"}
"""Reads the address of the region's own table stream, which CloudFormation does not tell for a replica."""

PEER_MAY_APPEAR = (
    # What is copied to the peer, or read from it when this region has no copy of its own.
    "AWS::S3::Bucket",
    "AWS::Backup::BackupPlan",
    # What a function may reach there, and where it is told to find it.
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Function",
    "AWS::Events::Rule",
    "AWS::ECS::TaskDefinition",
    # Who may write into the replica.
    "AWS::S3::BucketPolicy",
    # What is shown and broken on purpose.
    "AWS::CloudWatch::Dashboard",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::ApplicationSignals::ServiceLevelObjective",
    "AWS::FIS::ExperimentTemplate",
    "AWS::Synthetics::Canary",
)
"""Types in a data region's own stacks that may name the other region."""

TIER_NUMBERS = (
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ECS::Service",
    "AWS::CloudWatch::Alarm",
)
"""Types whose numbers the tier table sets for each region."""


def test_no_stack_imports_or_exports_a_value(drive: Drive) -> None:
    for template in drive.templates.values():
        assert "Fn::ImportValue" not in json.dumps(template)
        assert [name for name, output in template.get("Outputs", {}).items() if "Export" in output] == []


def test_no_custom_resource_ties_one_region_to_another(drive: Drive) -> None:
    custom = [
        (stack, resource["Type"], json.dumps(resource))
        for stack, _, resource in drive.resources()
        if resource["Type"].startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
    ]
    assert {kind for _, kind, _ in custom} <= IN_REGION_CUSTOM_RESOURCES
    for stack, _, text in custom:
        others = set(drive.regions.values()) - {drive.regions[stack]}
        assert [region for region in others if region in text] == []


def test_the_peer_is_named_only_where_something_is_copied_or_watched(drive: Drive) -> None:
    regions = drive.settings.regions
    for region in regions.data:
        peer = regions.peer(region)
        for stack, template in drive.of_region(region).items():
            named = {resource["Type"] for resource in template["Resources"].values() if peer in json.dumps(resource)}
            assert named <= set(PEER_MAY_APPEAR), stack


def test_the_status_page_knows_no_other_stack(drive: Drive) -> None:
    text = json.dumps(drive.templates["Status"])
    assert "Fn::ImportValue" not in text
    for role in ("drive", "jobs", "switch"):
        assert f"table/{drive.settings.prefix}-{role}" not in text


def test_the_two_regions_differ_in_names_and_tier_numbers_only(drive: Drive) -> None:
    regions = drive.settings.regions
    here, there = (drive.of_region(region) for region in regions.data)
    assert here.keys() == there.keys()
    for name in here:
        one = differing(here[name], regions.primary, regions.standby)
        other = differing(there[name], regions.standby, regions.primary)
        assert one == other, name


def differing(template: Template, own: str, peer: str) -> Any:
    """The template with regions, hashes and the tier's numbers replaced by what they are."""
    text = json.dumps(template, sort_keys=True)
    for region, role in ((own, "own"), (peer, "peer")):
        text = text.replace(region, f"({role})").replace(region.replace("-", ""), f"({role})")
    # Logical ids and assets end in a hash of a path or of content that names the region.
    text = re.sub(r"(?<=[A-Za-z0-9])[0-9A-F]{8}([0-9a-f]{32})?\b", "", text)
    text = re.sub(r"\b[0-9a-f]{32,64}\b", "(hash)", text)
    document = in_order(json.loads(text))
    assert len(document["Resources"]) == len(template["Resources"])  # no two ids differ in their hash alone
    for resource in document["Resources"].values():
        # Where it comes from, and which findings are accepted: a standby that runs nothing has one more.
        resource.pop("Metadata", None)
    resources = sorted(
        (resource for resource in document["Resources"].values()),
        key=lambda resource: json.dumps(without_numbers(resource), sort_keys=True),
    )
    return [without_numbers(resource) if resource["Type"] in TIER_NUMBERS else resource for resource in resources]


def in_order(value: Any, parent: str = "") -> Any:
    """Lists sorted, unless a function puts them together: own region first is another order in each region."""
    if isinstance(value, dict):
        return {key: in_order(entry, key) for key, entry in value.items()}
    if isinstance(value, list):
        entries = [in_order(entry, parent) for entry in value]
        return entries if parent.startswith("Fn::") else sorted(entries, key=json.dumps)
    return value


def without_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_numbers(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_numbers(entry) for entry in value]
    return "(number)" if isinstance(value, int | float) and not isinstance(value, bool) else value


def test_tiers_change_numbers_and_never_the_topology(drive: Drive) -> None:
    """Each region has the same resources as its peer, so a tier can be raised in the middle of an incident."""
    types = [
        sorted(
            resource["Type"]
            for template in drive.of_region(region).values()
            for resource in template["Resources"].values()
        )
        for region in drive.settings.regions.data
    ]
    assert types[0] == types[1]
