import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.aws_applicationautoscaling import Schedule

from seawall_constructs.worker_service import SCRATCH, USER
from seawall_constructs.zones import ZONES
from services.drive.limits import BUNDLE_SLOTS, LEASE, STOP_WITHIN
from stacks.bundling import MEMORY, Bundling
from stacks.capacity import BUILD_SECONDS, EARLY, Running, Scheduled, surviving
from stacks.patterns.backlog_scaling import GOAL_SECONDS
from stacks.patterns.planned_capacity import raise_minimum
from stacks.queues import BUNDLE
from tests.stacks.synthesized import Template, all_of, capacity, one_of, settings, synthesized

LARGEST_BUILD = 200
"""MB of memory that one build takes at most: tests/services/bundler holds it to that."""


@pytest.fixture(scope="session", params=settings().regions.data)
def region(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def template(templates: dict[str, Template], region: str) -> Template:
    return templates[f"Bundling-{region}"]


def container(template: Template) -> dict[str, Any]:
    (found,) = one_of(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    return dict(found)


def policies(template: Template) -> dict[str, dict[str, Any]]:
    """What scales the workers, by kind."""
    found = all_of(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    return {properties["PolicyType"]: properties for properties in found}


def test_workers_and_the_doors_they_need_stand_in_three_zones(template: Template) -> None:
    subnets = all_of(template, "AWS::EC2::Subnet")
    zones = {json.dumps(properties["AvailabilityZone"]) for properties in subnets.values()}
    assert len(zones) == len(subnets) == ZONES == 3
    everywhere = [{"Ref": name} for name in subnets]
    service = one_of(template, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert service["Subnets"] == everywhere
    for endpoint in all_of(template, "AWS::EC2::VPCEndpoint").values():
        if endpoint["VpcEndpointType"] == "Interface":
            assert endpoint["SubnetIds"] == everywhere


def test_what_a_lost_zone_leaves_serves_the_everyday_peak(templates: dict[str, Template]) -> None:
    everyday = settings().capacity
    builds_under_way = everyday.peak_bundles_per_minute / 60 * BUILD_SECONDS
    target = one_of(templates[f"Bundling-{settings().regions.primary}"], "AWS::ApplicationAutoScaling::ScalableTarget")
    assert target["MinCapacity"] * (ZONES - 1) / ZONES * BUNDLE_SLOTS >= builds_under_way
    assert target["MinCapacity"] % ZONES == 0
    assert target["MaxCapacity"] >= 2 * target["MinCapacity"]


@pytest.mark.parametrize(("tier", "least"), [("pilot_light", 0), ("warm_standby", ZONES), ("active_active", 9)])
def test_a_tier_changes_how_many_stand_by_and_nothing_else(tier: str, least: int) -> None:
    standby = settings().regions.standby
    assert capacity(standby, tier=tier).running.bundlers == least
    template = synthesized(
        Bundling, region=standby, peer=settings().regions.primary, capacity=capacity(standby, tier=tier)
    )
    target = one_of(template, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert target["MinCapacity"] == least
    # It has to be able to carry everything when it takes over.
    assert target["MaxCapacity"] >= surviving(6)


def test_zones_are_evened_out_again(template: Template) -> None:
    assert one_of(template, "AWS::ECS::Service")["AvailabilityZoneRebalancing"] == "ENABLED"


def test_workers_follow_the_messages_that_wait_for_each_of_them(template: Template) -> None:
    scaling = policies(template)["TargetTrackingScaling"]["TargetTrackingScalingPolicyConfiguration"]
    assert scaling["TargetValue"] == BUNDLE_SLOTS * GOAL_SECONDS / BUILD_SECONDS == 12
    metrics = {metric["Id"]: metric for metric in scaling["CustomizedMetricSpecification"]["Metrics"]}
    (returned,) = [metric for metric in metrics.values() if metric["ReturnData"]]
    assert {name for name in metrics if name in returned["Expression"]} == {"queue0", "queue1", "running"}
    waiting = json.dumps([metrics["queue0"], metrics["queue1"]])
    for queue in all_of(template, "AWS::SQS::Queue").items():
        is_worked_on = "RedrivePolicy" in queue[1]
        assert (f'"{queue[0]}"' in waiting) == is_worked_on


def test_late_work_starts_one_more_in_each_zone_at_least(template: Template) -> None:
    step = policies(template)["StepScaling"]["StepScalingPolicyConfiguration"]
    assert step["MinAdjustmentMagnitude"] == ZONES
    assert all(adjustment["ScalingAdjustment"] > 0 for adjustment in step["StepAdjustments"])
    (alarm,) = [
        alarm
        for alarm in all_of(template, "AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
    ]
    assert alarm["Threshold"] < BUNDLE.ticket_age


class Recorded:
    """Something that scales and only remembers when to."""

    def __init__(self) -> None:
        self.minimums: dict[str, tuple[str, float | None]] = {}

    def scale_on_schedule(self, name: str, /, *, schedule: Schedule, min_capacity: float | None = None) -> None:
        self.minimums[name] = (schedule.expression_string, min_capacity)


def event(name: str, start: datetime, end: datetime, workers: int) -> Scheduled:
    return Scheduled(name=name, start=start, end=end, running=Running(functions={}, bundlers=workers))


def test_the_minimum_follows_whatever_event_demands_most() -> None:
    eight, ten = datetime(2026, 11, 27, 8, tzinfo=UTC), datetime(2026, 11, 27, 10, tzinfo=UTC)
    hour = timedelta(hours=1)
    recorded = Recorded()
    raise_minimum(
        recorded,
        [event("large", eight, ten, 36), event("small", eight + hour, ten + hour, 12)],
        everyday=Running(functions={}, bundlers=9),
        of=lambda running: running.bundlers,
    )
    assert recorded.minimums == {
        "large-starts": ("at(2026-11-27T08:00:00)", 36),
        "small-starts": ("at(2026-11-27T09:00:00)", 36),
        "large-is-over": ("at(2026-11-27T10:00:00)", 12),
        "small-is-over": ("at(2026-11-27T11:00:00)", 9),
    }


def test_workers_for_a_planned_event_run_an_hour_before_it() -> None:
    primary = settings().regions.primary
    promo = {
        "name": "promo",
        "start": "2026-11-27T09:00:00+01:00",
        "end": "2026-11-28T08:00:00Z",
        "peak_requests_per_second": 500,
        "peak_bundles_per_minute": 300,
    }
    numbers = capacity(primary, events=[promo])
    template = synthesized(Bundling, region=primary, peer=settings().regions.standby, capacity=numbers)
    target = one_of(template, "AWS::ApplicationAutoScaling::ScalableTarget")
    actions = {action["ScheduledActionName"]: action for action in target["ScheduledActions"]}
    assert timedelta(hours=1) == EARLY
    assert actions["promo-starts"]["Schedule"] == "at(2026-11-27T07:00:00)"
    # 300 a minute are 100 under way, in four slots each: 25 that must be left without a zone.
    assert actions["promo-starts"]["ScalableTargetAction"] == {"MinCapacity": 39}
    assert actions["promo-is-over"]["ScalableTargetAction"] == {"MinCapacity": numbers.running.bundlers}


def test_a_worker_that_is_stopped_has_time_to_give_back_what_it_builds(template: Template) -> None:
    assert STOP_WITHIN < container(template)["StopTimeout"] <= 120 < LEASE


def test_a_worker_that_shows_no_life_is_replaced(template: Template, repository: Path) -> None:
    check = container(template)["HealthCheck"]
    in_image = (repository / "services" / "bundler" / "Dockerfile").read_text()
    # ECS ignores the image's own, which is for whoever runs it elsewhere: they must not drift apart.
    assert json.dumps(check["Command"][1:]) in in_image


def test_a_worker_is_told_what_its_code_asks_for(template: Template, repository: Path) -> None:
    told = {variable["Name"] for variable in container(template)["Environment"]}
    asked = {
        name.upper()
        for module in (repository / "services" / "bundler").glob("*.py")
        for name in re.findall(r"\bhere\.([a-z_]+)", module.read_text())
    }
    assert "BUNDLES_BUCKET" in asked
    assert asked <= told | {"AWS_REGION"}


def test_a_version_that_does_not_stay_up_or_fails_builds_is_taken_back(template: Template) -> None:
    deployment = one_of(template, "AWS::ECS::Service")["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["MinimumHealthyPercent"] == 100
    assert deployment["Alarms"]["Rollback"] is True
    (alarm,) = deployment["Alarms"]["AlarmNames"]
    failing = template["Resources"][alarm["Ref"]]["Properties"]
    assert (failing["Namespace"], failing["MetricName"]) == ("Drive", "BuildsFailed")
    assert failing["AlarmActions"]


def test_bundles_are_built_without_lambda(templates: dict[str, Template], template: Template, region: str) -> None:
    assert not all_of(template, "AWS::Lambda::Function")
    queues = [name for name, queue in all_of(template, "AWS::SQS::Queue").items() if "RedrivePolicy" in queue]
    for mapping in all_of(templates[f"Downloads-{region}"], "AWS::Lambda::EventSourceMapping").values():
        assert not any(f'"{queue}"' in json.dumps(mapping) for queue in queues)
        assert "clouddrive-bundle" not in json.dumps(mapping)


def test_nothing_leads_out_of_the_network(template: Template) -> None:
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    for door in ("InternetGateway", "NatGateway", "EgressOnlyInternetGateway", "VPCPeeringConnection", "Route"):
        assert f"AWS::EC2::{door}" not in kinds
    assert one_of(template, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == (
        "DISABLED"
    )


def test_buckets_and_tables_of_other_accounts_cannot_be_reached(template: Template) -> None:
    gateways = [
        endpoint
        for endpoint in all_of(template, "AWS::EC2::VPCEndpoint").values()
        if endpoint["VpcEndpointType"] == "Gateway"
    ]
    assert len(gateways) == 2
    for endpoint in gateways:
        for statement in endpoint["PolicyDocument"]["Statement"]:
            own = statement.get("Condition") == {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}
            image_layers = "starport-layer-bucket" in json.dumps(statement["Resource"])
            assert own or (image_layers and statement["Action"] == "s3:GetObject")


def test_an_intruder_is_nobody_and_can_change_nothing(template: Template) -> None:
    inside = container(template)
    assert inside["ReadonlyRootFilesystem"] is True
    assert inside["User"] not in {"", "0", "root"}
    assert inside["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [mount["ContainerPath"] for mount in inside["MountPoints"] if not mount["ReadOnly"]] == [SCRATCH]
    assert one_of(template, "AWS::ECS::Service")["EnableExecuteCommand"] is False
    assert inside.get("Privileged") is not True


def test_the_one_folder_that_is_written_to_belongs_to_the_user_of_the_image(repository: Path) -> None:
    # Fargate gives an empty volume to root; one that the image declares keeps the permissions that it has there
    # (Amazon ECS Developer Guide, "Use bind mounts with Amazon ECS").
    lines = (repository / "services" / "bundler" / "Dockerfile").read_text().splitlines()
    assert f"VOLUME {SCRATCH}" in lines
    assert any(line.startswith(f"USER {USER}") for line in lines)


def test_a_worker_has_memory_for_all_of_its_builds(template: Template) -> None:
    assert int(one_of(template, "AWS::ECS::TaskDefinition")["Memory"]) == MEMORY >= BUNDLE_SLOTS * LARGEST_BUILD * 2


def test_the_image_is_made_of_the_services_alone(assembly: Path, region: str) -> None:
    assets = json.loads((assembly / f"Bundling-{region}.assets.json").read_text())
    (image,) = assets["dockerImages"].values()
    assert image["source"]["platform"] == "linux/arm64"
    context = assembly / image["source"]["directory"]
    assert [entry.name for entry in context.iterdir()] == ["services"]
    assert (context / image["source"]["dockerFile"]).is_file()
    assert not list(context.rglob("__pycache__"))


def test_the_two_regions_differ_in_numbers_of_the_tier_only(templates: dict[str, Template]) -> None:
    regions = settings().regions
    first, second = (
        json.dumps(templates[f"Bundling-{here}"]).replace(here, "here").replace(regions.peer(here), "there")
        for here in regions.data
    )
    ours, theirs = (capacity(region).running.bundlers for region in regions.data)
    assert first.replace(f'"MinCapacity": {ours}', "") == second.replace(f'"MinCapacity": {theirs}', "")
    assert replace(capacity(regions.primary).running, functions={}) != replace(
        capacity(regions.standby).running, functions={}
    )
