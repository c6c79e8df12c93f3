"""See unthrottled_api.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.throttling import (
    DEPLOYMENT,
    EVERYTHING,
    FUNCTION_URL,
    REST_STAGE,
    ROUTED_STAGE,
    Limit,
    firewall_limit,
    function_limit,
    is_private,
    own_limit,
    plan_limit,
)
from seawall.values import Unknown

FIXES = {
    REST_STAGE: "set MethodSettings with ThrottlingRateLimit and ThrottlingBurstLimit for path /* and method *",
    ROUTED_STAGE: "set DefaultRouteSettings.ThrottlingRateLimit and DefaultRouteSettings.ThrottlingBurstLimit",
    DEPLOYMENT: "set StageDescription.ThrottlingRateLimit and StageDescription.ThrottlingBurstLimit",
    FUNCTION_URL: "set ReservedConcurrentExecutions of the function",
}
PLACES = {REST_STAGE: "MethodSettings", ROUTED_STAGE: "DefaultRouteSettings", DEPLOYMENT: "StageDescription"}
PLACES[FUNCTION_URL] = "TargetFunctionArn"


@policy(applies_to=(REST_STAGE, ROUTED_STAGE, DEPLOYMENT, FUNCTION_URL))
def unthrottled_api(stage: Resource, design: Design) -> Verdict:
    """API has no request limit of its own."""
    if stage.type == DEPLOYMENT and stage.get("StageName") is None:
        return not_applicable("it makes no stage")
    if stage.type == FUNCTION_URL and stage.get("AuthType") == "AWS_IAM":
        return not_applicable("only callers with credentials reach it")
    if is_private(stage, design):
        return not_applicable("only callers inside a network of one's own reach it")
    at, fix = PLACES[stage.type], FIXES[stage.type]
    found = [limit for limit in _limits(stage, design) if limit is not None]
    for limit in found:
        if limit.answer is True:
            return accepted(limit.message, at=limit.at, evidence=limit.evidence)
    for limit in found:
        if isinstance(limit.answer, Unknown):
            place = limit.at or at
            return undecided(limit.answer, at=place, message=limit.message, fix=fix, evidence=limit.evidence)
    problem = found[0].message if found else f"no throttling is set: {EVERYTHING}"
    return flagged(problem, fix=fix, at=at, evidence=found[0].evidence if found else ())


def _limits(stage: Resource, design: Design) -> list[Limit | None]:
    if stage.type == FUNCTION_URL:
        return [function_limit(stage, design)]
    return [own_limit(stage, design), plan_limit(stage, design), firewall_limit(stage, design)]
