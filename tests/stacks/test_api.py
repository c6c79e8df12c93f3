import json
import re
from pathlib import Path
from typing import Any

import pytest

from seawall_constructs.zones import ZONES
from stacks.api import ROUTES, Api
from stacks.patterns.request_function import TARGET_UTILIZATION
from stacks.settings import Identity
from tests.stacks.synthesized import Template, all_of, capacity, one_of, synthesized

PRIMARY, STANDBY = "eu-west-1", "eu-central-1"
EVENT = {
    "name": "sale",
    "start": "2027-03-01T08:00:00Z",
    "end": "2027-03-02T08:00:00Z",
    "peak_requests_per_second": 1000,
}


def api(**arguments: Any) -> Template:
    given = {"region": PRIMARY, "peer": STANDBY, "capacity": capacity(PRIMARY), "identity": Identity(), **arguments}
    return synthesized(Api, **given)


@pytest.fixture(scope="session")
def with_everything() -> Template:
    return api(
        capacity=capacity(PRIMARY, events=[EVENT]),
        domain="drive.example.com",
        files_host="files.drive.example.com",
        signing_key_id="K2JCJMDEHXQW5F",
    )


@pytest.fixture(scope="session", params=[PRIMARY, STANDBY])
def template(templates: dict[str, Template], request: pytest.FixtureRequest) -> Template:
    return templates[f"Api-{request.param}"]


@pytest.fixture(scope="session")
def primary(templates: dict[str, Template]) -> Template:
    return templates[f"Api-{PRIMARY}"]


def targets(template: Template) -> dict[str, dict[str, Any]]:
    found = all_of(template, "AWS::ApplicationAutoScaling::ScalableTarget").values()
    return {
        next(role for role in ROUTES if f"{role.title()}Service" in json.dumps(target["ResourceId"])): target
        for target in found
    }


def test_what_is_left_after_the_loss_of_a_zone_serves_the_peak(primary: Template) -> None:
    needed = capacity(PRIMARY)
    for role, target in targets(primary).items():
        warm = target["MinCapacity"]
        assert warm == needed.running.functions[role]
        assert warm % ZONES == 0
        assert target["MaxCapacity"] >= 2 * warm


def test_functions_are_in_no_network_of_ours_that_could_lose_a_zone(template: Template) -> None:
    assert all("VpcConfig" not in function for function in all_of(template, "AWS::Lambda::Function").values())


def test_no_request_waits_for_the_other_region(primary: Template) -> None:
    for function in all_of(primary, "AWS::Lambda::Function").values():
        for variable, value in function["Environment"]["Variables"].items():
            if STANDBY in json.dumps(value):
                assert variable in {"PEER_REGION", "PEER_FILES_BUCKET", "PEER_REPLICA_BUCKET"}  # signed, never called
    assert f"dynamodb:{STANDBY}" not in json.dumps(primary)
    assert f"sqs.{STANDBY}" not in json.dumps(primary)


def test_what_is_beyond_the_peak_is_answered_429_with_retry_after(template: Template) -> None:
    every, downloads = one_of(template, "AWS::ApiGateway::Stage")["MethodSettings"]
    if every["ResourcePath"] != "/*":
        every, downloads = downloads, every
    assert every["ThrottlingRateLimit"] == capacity(PRIMARY).requests_per_second
    assert downloads["ResourcePath"] == "/~1v1~1downloads"
    assert downloads["ThrottlingRateLimit"] == every["ThrottlingRateLimit"] / 2
    throttled = [
        answer
        for answer in all_of(template, "AWS::ApiGateway::GatewayResponse").values()
        if answer["ResponseType"] == "THROTTLED"
    ]
    assert [answer["StatusCode"] for answer in throttled] == ["429"]
    assert "gatewayresponse.header.Retry-After" in throttled[0]["ResponseParameters"]


def test_the_capacity_of_an_event_is_warm_an_hour_before_it_starts(with_everything: Template) -> None:
    for role, target in targets(with_everything).items():
        starts, is_over = target["ScheduledActions"]
        assert starts["Schedule"] == "at(2027-03-01T07:00:00)"
        assert starts["ScalableTargetAction"]["MinCapacity"] > target["MinCapacity"], role
        assert is_over["Schedule"] == "at(2027-03-02T09:00:00)"
        assert is_over["ScalableTargetAction"]["MinCapacity"] == target["MinCapacity"]


def test_one_greedy_address_is_answered_429(template: Template) -> None:
    acl = one_of(template, "AWS::WAFv2::WebACL")
    (rule,) = acl["Rules"]
    assert rule["Statement"]["RateBasedStatement"]["Limit"] == 2000
    assert rule["Statement"]["RateBasedStatement"]["EvaluationWindowSec"] == 60
    assert rule["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    assert len(all_of(template, "AWS::WAFv2::WebACLAssociation")) == 1


def test_no_function_can_use_up_anothers_concurrency(template: Template) -> None:
    functions = all_of(template, "AWS::Lambda::Function").values()
    assert len(functions) == len(ROUTES)
    assert all(function["ReservedConcurrentExecutions"] > 0 for function in functions)


def test_provisioned_concurrency_fits_into_what_is_reserved(template: Template) -> None:
    reserved = {
        function["FunctionName"].removeprefix("clouddrive-api-"): function["ReservedConcurrentExecutions"]
        for function in all_of(template, "AWS::Lambda::Function").values()
    }
    assert {role: target["MaxCapacity"] for role, target in targets(template).items()} == reserved


def test_a_bad_deployment_is_taken_back_after_a_tenth_of_the_requests_saw_it(template: Template) -> None:
    groups = all_of(template, "AWS::CodeDeploy::DeploymentGroup").values()
    assert len(groups) == len(ROUTES)
    for group in groups:
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert len(group["AlarmConfiguration"]["Alarms"]) == 1
    aliases = [resource for resource in template["Resources"].values() if resource["Type"] == "AWS::Lambda::Alias"]
    assert all("CodeDeployLambdaAliasUpdate" in alias["UpdatePolicy"] for alias in aliases)


@pytest.mark.parametrize("tier", ["pilot_light", "active_active"])
def test_tiers_differ_in_numbers_only(tier: str) -> None:
    template = api(region=STANDBY, peer=PRIMARY, capacity=capacity(STANDBY, tier=tier))
    found = targets(template)
    assert found.keys() == ROUTES.keys()
    assert len(all_of(template, "AWS::ApplicationAutoScaling::ScalingPolicy")) == len(ROUTES)
    assert all(target["MinCapacity"] >= 0 for target in found.values())
    policies = all_of(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    assert {p["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for p in policies} == {TARGET_UTILIZATION}


def test_every_route_of_the_services_is_served_by_its_function(repository: Path) -> None:
    for role, routes in ROUTES.items():
        source = (repository / "services" / "api" / f"{role}.py").read_text()
        served = {
            f"{method.upper()} {re.sub('<[a-z_]+>', '{}', path)}"
            for method, path in re.findall(r'@app\.(get|post|put|delete)\("([^"]+)"\)', source)
        }
        assert {re.sub(r"\{[a-z]+\}", "{}", route) for route in routes} == served


def test_the_functions_are_told_all_that_they_ask_for(primary: Template, repository: Path) -> None:
    asked: set[str] = set()
    for path in (repository / "services" / "api").glob("*.py"):
        asked |= {name.upper() for name in re.findall(r"\bhere\.([a-z_]+)", path.read_text())}
    told: set[str] = set()
    for function in all_of(primary, "AWS::Lambda::Function").values():
        told |= set(function["Environment"]["Variables"])
    only_with_the_edge = {"FILES_HOST", "SIGNING_KEY_ID"}
    assert asked - told - only_with_the_edge == {"AWS_REGION"}  # which Lambda itself gives


def test_with_a_domain_each_region_answers_to_the_common_name_and_to_its_own(
    with_everything: Template,
) -> None:
    hosts = {domain["DomainName"] for domain in all_of(with_everything, "AWS::ApiGateway::DomainName").values()}
    assert hosts == {"api.drive.example.com", "api.eu-west-1.drive.example.com"}
    records = all_of(with_everything, "AWS::Route53::RecordSet").values()
    assert {record["Name"] for record in records} == {
        "entry.eu-west-1.drive.example.com",
        "api.eu-west-1.drive.example.com",
    }


def test_links_lead_through_the_edge_once_its_host_and_key_are_known(
    primary: Template, with_everything: Template
) -> None:
    signing: tuple[tuple[Template, set[str]], ...] = ((primary, set()), (with_everything, {"api-read", "api-order"}))
    for template, expected in signing:
        linking = {
            function["FunctionName"].removeprefix("clouddrive-")
            for function in all_of(template, "AWS::Lambda::Function").values()
            if "FILES_HOST" in function["Environment"]["Variables"]
        }
        assert linking == expected


def test_a_function_that_only_reads_cannot_write_items(primary: Template) -> None:
    policies = {
        name: json.dumps(policy)
        for name, policy in all_of(primary, "AWS::IAM::Policy").items()
        if name.startswith("ReadService")
    }
    assert policies
    assert not any(word in text for text in policies.values() for word in ("PutItem", "UpdateItem", "DeleteItem"))
