"""What limits the requests that a stage of an API takes: its own settings, a usage plan, a firewall's rate rule.

Source: "Throttle requests to your REST APIs" and "Throttle requests to your HTTP APIs" in the API Gateway developer
guide, and "Rate-based rule statement" in the AWS WAF one. A rate of -1 is Terraform's word for no limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from seawall.design import Design, Resource, mentioned
from seawall.links import function_of
from seawall.values import Unknown, Value, field, items, number, reasons, same, values_at

REST_STAGE = "AWS::ApiGateway::Stage"
REST_API = "AWS::ApiGateway::RestApi"
DEPLOYMENT = "AWS::ApiGateway::Deployment"
ROUTED_STAGE = "AWS::ApiGatewayV2::Stage"
METHOD_SETTINGS = "AWS::ApiGateway::MethodSettings"
"""Terraform writes them beside the stage; CloudFormation has no such type, only a property of the stage."""
FUNCTION_URL = "AWS::Lambda::Url"
EVERYTHING = "one surge takes all the requests that the account may have in its region and drowns what is behind it"
ALL_METHODS = ("/*", "*", "*/*")


class Limit(NamedTuple):
    """Whether requests are limited: yes, no (``message`` says what is missing), or the ``Unknown`` that decides."""

    answer: bool | Unknown
    message: str
    at: str = ""
    evidence: tuple[str, ...] = ()


def own_limit(stage: Resource, design: Design) -> Limit | None:
    """What the settings of a stage itself say, ``None`` where they say nothing about limits."""
    if stage.type == ROUTED_STAGE:
        return _routed_limit(stage)
    if stage.type == DEPLOYMENT:
        described = _limit_of(stage.get("StageDescription"), "StageDescription")
        if described is not None:
            return described
    at = "StageDescription.MethodSettings" if stage.type == DEPLOYMENT else "MethodSettings"
    settings = items(stage.get(at))
    if isinstance(settings, Unknown):
        return Limit(settings, "", at)
    found = [(_limit_of(one, at), _is_for_all(one)) for one in (*settings, *_beside(stage, design))]
    return _narrowest(found, at)


def _routed_limit(stage: Resource) -> Limit | None:
    every = _limit_of(stage.get("DefaultRouteSettings"), "DefaultRouteSettings")
    routes = stage.get("RouteSettings")
    if isinstance(routes, Unknown):
        return every or Limit(routes, "", "RouteSettings")
    settings = list(routes.values()) if isinstance(routes, dict) else items(routes) or []
    single = [(_limit_of(one, "RouteSettings"), False) for one in settings]
    return _narrowest([(every, True), *single], "RouteSettings")


def _narrowest(found: list[tuple[Limit | None, bool]], at: str) -> Limit | None:
    for limit, for_all in found:
        if limit is not None and for_all:
            return limit
    partly = [limit for limit, _ in found if limit is not None and limit.answer is not False]
    if not partly:
        return None
    return Limit(
        Unknown(("which methods there are",)), "some of its methods have a limit, and others may have none", at
    )


def _limit_of(settings: Value, at: str) -> Limit | None:
    if isinstance(settings, Unknown):
        return Limit(settings, "", at)
    rate, burst = (_set_number(settings, name) for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"))
    unknown = [value for value in (rate, burst) if isinstance(value, Unknown)]
    if unknown:
        return Limit(Unknown(reasons(unknown)), "", at)
    if rate is None and burst is None:
        return None
    if rate is None:
        return Limit(False, f"ThrottlingBurstLimit is set without ThrottlingRateLimit: {EVERYTHING}", at)
    if burst is None:
        return Limit(
            False, "ThrottlingRateLimit is set without ThrottlingBurstLimit: a burst of 5,000 passes at once", at
        )
    return Limit(True, f"it takes {rate:g} requests a second and answers the others with 429", at)


def _set_number(settings: Value, name: str) -> float | Unknown | None:
    value = number(field(settings, name))
    return None if isinstance(value, float) and value < 0 else value


def _is_for_all(settings: Value) -> bool:
    path = field(settings, "MethodPath")
    if path is not None:
        return path in ALL_METHODS
    return field(settings, "ResourcePath") in ALL_METHODS and field(settings, "HttpMethod") in ("*", "ANY")


def _beside(stage: Resource, design: Design) -> Iterator[Value]:
    for one in design.of_type(METHOD_SETTINGS):
        if _is_stage(one.get("StageName"), stage, design) and _same_api(one.get("RestApiId"), stage, design):
            settings = one.get("Settings")
            yield {**settings, "MethodPath": one.get("MethodPath")} if isinstance(settings, dict) else settings


def _is_stage(value: Value, stage: Resource, design: Design) -> bool:
    return any(one.key == stage.key for one in mentioned(value)) or same(value, stage.get("StageName")) is True


def _same_api(value: Value, stage: Resource, design: Design) -> bool:
    api = api_of(stage, design)
    if api is not None and design.resolve(value) is api:
        return True
    return same(value, stage.get("RestApiId")) is True


def api_of(stage: Resource, design: Design) -> Resource | None:
    """The API of a stage, where the design holds it."""
    name = "ApiId" if stage.type == ROUTED_STAGE else "RestApiId"
    return design.resolve(stage.get(name), "AWS::ApiGatewayV2::Api", REST_API)


def is_private(stage: Resource, design: Design) -> bool:
    """Whether only callers inside a VPC reach the stage."""
    api = api_of(stage, design)
    types = api.items("EndpointConfiguration.Types") if api is not None else []
    return isinstance(types, list) and "PRIVATE" in types


def plan_limit(stage: Resource, design: Design) -> Limit | None:
    """What usage plans say: they count requests that carry an API key, and no others."""
    for plan in design.of_type("AWS::ApiGateway::UsagePlan"):
        stages = items(plan.get("ApiStages"))
        for one in stages if isinstance(stages, list) else []:
            covered = _same_api(field(one, "ApiId"), stage, design) and _is_stage(field(one, "Stage"), stage, design)
            throttle = plan.get("Throttle")
            if covered and (throttle is not None or field(one, "Throttle") is not None):
                return _counted_by_key(plan, stage, design)
    return None


def _counted_by_key(plan: Resource, stage: Resource, design: Design) -> Limit:
    evidence = (f"{stage.id} ← {plan.id}",)
    rate = plan.number("Throttle.RateLimit")
    if isinstance(rate, Unknown):
        return Limit(rate, "", "", evidence)
    methods = [one for one in design.of_type("AWS::ApiGateway::Method") if one.get("HttpMethod") != "OPTIONS"]
    own = [one for one in methods if _same_api(one.get("RestApiId"), stage, design) and _is_method(one)]
    keys = [one.boolean("ApiKeyRequired") for one in own]
    if keys and not any(key is True or isinstance(key, Unknown) for key in keys):
        message = f"{plan.id} counts requests with an API key, and no method asks for one: {EVERYTHING}"
        return Limit(False, message, "", evidence)
    return Limit(True, f"{plan.id} limits each API key", "", evidence)


def function_limit(url: Resource, design: Design) -> Limit:
    """What limits the requests to a function's address: nothing but the concurrency reserved for the function."""
    function = function_of(url.get("TargetFunctionArn"), design)
    if function is None:
        return Limit(Unknown((f"the function {url.get('TargetFunctionArn')}",)), "")
    evidence = (f"{url.id} → {function.id}",)
    reserved = _set_number({"Reserved": function.get("ReservedConcurrentExecutions")}, "Reserved")
    if isinstance(reserved, Unknown):
        return Limit(reserved, "", evidence=evidence)
    if reserved is None:
        message = (
            f"no concurrency is reserved for {function.id}: one surge takes all that the account's functions share"
        )
        return Limit(False, message, evidence=evidence)
    return Limit(True, f"{function.id} runs {reserved:g} times at once and no more", evidence=evidence)


def _is_method(one: Resource) -> bool:
    # Terraform's integrations count as methods too, and know nothing of keys.
    return one.declared_type != "aws_api_gateway_integration"


def firewall_limit(stage: Resource, design: Design) -> Limit | None:
    """What a web ACL says that is associated with the stage: only a rate-based rule limits anything."""
    for association in design.of_type("AWS::WAFv2::WebACLAssociation", "AWS::WAFRegional::WebACLAssociation"):
        if not _is_associated(association.get("ResourceArn"), stage, design):
            continue
        rules = design.resolve(association.get("WebACLArn"), "AWS::WAFv2::WebACL")
        evidence = (f"{stage.id} ← {association.id}",)
        if rules is None:
            return Limit(Unknown((f"the rules of the web ACL that {association.id} names",)), "", "", evidence)
        answer = _limits_rate(rules, design)
        message = f"a rate-based rule of {rules.id} limits each caller" if answer is True else ""
        return Limit(answer, message or f"{rules.id} has no rate-based rule that blocks: {EVERYTHING}", "", evidence)
    return None


def _is_associated(arn: Value, stage: Resource, design: Design) -> bool:
    keys = {one.key for one in mentioned(arn)}
    api = api_of(stage, design)
    if stage.key in keys:
        return True
    segment = str(arn).rpartition("/")[2]
    return api is not None and api.key in keys and same(segment, stage.get("StageName")) is True


def _limits_rate(rules: Resource, design: Design, depth: int = 0) -> bool | Unknown:
    every = rules.get("Rules")
    if isinstance(every, Unknown):
        return every
    doubts: list[Unknown] = []
    for rule in items(every) or []:
        if field(rule, "Statement.RateBasedStatement") is not None and field(rule, "Action.Count") is None:
            return True
        for arn in values_at(rule, "Statement.RuleGroupReferenceStatement.Arn"):
            group = design.resolve(arn, "AWS::WAFv2::RuleGroup")
            if group is not None and depth == 0 and _limits_rate(group, design, 1) is True:
                return True
            if group is None:
                doubts.append(Unknown((f"the rules of group {arn}",)))
    return doubts[0] if doubts else False
