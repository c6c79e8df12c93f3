"""What limits the requests of a stage."""

from typing import Any

import pytest
from seawall.throttling import REST_STAGE, ROUTED_STAGE, Limit, firewall_limit, own_limit, plan_limit
from seawall.values import Unknown

from tests.designs import design

RATE = {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 50}
EVERY = {"ResourcePath": "/*", "HttpMethod": "*"}


def answer(limit: Limit | None) -> bool | str | None:
    if limit is None:
        return None
    return "unknown" if isinstance(limit.answer, Unknown) else limit.answer


def staged(kind: str, properties: dict[str, Any], **beside: Any) -> tuple[Any, Any]:
    resources = {"Live": {"Type": kind, "Properties": {"StageName": "live", **properties}}, **beside}
    found = design(resources, Parameters={"Rate": {"Type": "Number"}})
    return found.all["", "Live"], found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, None),
        ([{**EVERY, "LoggingLevel": "INFO"}], None),
        ([{**EVERY, **RATE}], True),
        ([{**EVERY, "ThrottlingRateLimit": 100}], False),
        ([{**EVERY, "ThrottlingBurstLimit": 100}], False),
        ([{**EVERY, "ThrottlingRateLimit": -1, "ThrottlingBurstLimit": -1}], None),
        ([{**EVERY, "ThrottlingRateLimit": {"Ref": "Rate"}, "ThrottlingBurstLimit": 5}], "unknown"),
        ([{"ResourcePath": "/orders", "HttpMethod": "GET", **RATE}], "unknown"),
        ([{"ResourcePath": "/orders", "HttpMethod": "GET", **RATE}, {**EVERY, **RATE}], True),
    ],
)
def test_the_settings_of_a_stage(settings: Any, expected: Any) -> None:
    assert answer(own_limit(*staged(REST_STAGE, {"MethodSettings": settings} if settings else {}))) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, None),
        ({"DefaultRouteSettings": RATE}, True),
        ({"DefaultRouteSettings": {"ThrottlingRateLimit": 5}}, False),
        ({"RouteSettings": {"GET /orders": RATE}}, "unknown"),
    ],
)
def test_the_settings_of_routes(properties: Any, expected: Any) -> None:
    assert answer(own_limit(*staged(ROUTED_STAGE, {"ApiId": "api", **properties}))) == expected


def plan(stage: str = "live", api: str = "api", **throttle: Any) -> dict[str, Any]:
    stages = [{"ApiId": api, "Stage": stage}]
    return {"Type": "AWS::ApiGateway::UsagePlan", "Properties": {"ApiStages": stages, "Throttle": throttle or None}}


def method(key: bool, verb: str = "GET") -> dict[str, Any]:
    properties = {"RestApiId": "api", "HttpMethod": verb, "ApiKeyRequired": key}
    return {"Type": "AWS::ApiGateway::Method", "Properties": properties}


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"Plan": plan(RateLimit=5, BurstLimit=5)}, True),
        ({"Plan": plan()}, None),
        ({"Plan": plan("test", RateLimit=5)}, None),
        ({"Plan": plan(api="other", RateLimit=5)}, None),
        ({"Plan": plan(RateLimit=5), "Get": method(False)}, False),
        ({"Plan": plan(RateLimit=5), "Get": method(True), "Preflight": method(False, "OPTIONS")}, True),
        ({"Plan": plan(RateLimit={"Ref": "Rate"})}, "unknown"),
    ],
)
def test_a_usage_plan_limits_who_needs_a_key(beside: Any, expected: Any) -> None:
    assert answer(plan_limit(*staged(REST_STAGE, {"RestApiId": "api"}, **beside))) == expected


def firewall(rules: list[Any], arn: Any = None) -> dict[str, Any]:
    stage = {"Fn::Sub": "arn:aws:apigateway:eu-west-1::/restapis/api/stages/${Live}"}
    named = {"ResourceArn": stage, "WebACLArn": arn or {"Fn::GetAtt": ["Rules", "Arn"]}}
    return {
        "Rules": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": rules}},
        "Association": {"Type": "AWS::WAFv2::WebACLAssociation", "Properties": named},
    }


BY_RATE = {"Statement": {"RateBasedStatement": {"Limit": 100}}}


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({}, None),
        (firewall([{**BY_RATE, "Action": {"Block": {}}}]), True),
        (firewall([{**BY_RATE, "Action": {"Count": {}}}]), False),
        (firewall([{"Statement": {"GeoMatchStatement": {"CountryCodes": ["DE"]}}, "Action": {"Block": {}}}]), False),
        (firewall([{"Statement": {"RuleGroupReferenceStatement": {"Arn": "arn:aws:wafv2:elsewhere"}}}]), "unknown"),
        (firewall([], "arn:aws:wafv2:elsewhere"), "unknown"),
    ],
)
def test_a_firewall_limits_by_a_rate_based_rule_that_blocks(beside: Any, expected: Any) -> None:
    assert answer(firewall_limit(*staged(REST_STAGE, {"RestApiId": "api"}, **beside))) == expected
