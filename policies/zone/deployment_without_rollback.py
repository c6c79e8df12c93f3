"""See deployment_without_rollback.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, boolean, field, items, reasons

SERVICE = "AWS::ECS::Service"
DEPLOYMENTS = "AWS::CodeDeploy::DeploymentGroup"
GROUP = "AWS::AutoScaling::AutoScalingGroup"

BREAKER = "DeploymentConfiguration.DeploymentCircuitBreaker"
ALARMS = "DeploymentConfiguration.Alarms"
ROLLBACK = "AutoRollbackConfiguration"
FAILURE = "DEPLOYMENT_FAILURE"
ROLLING = "AutoScalingRollingUpdate"
REPLACING = "AutoScalingReplacingUpdate"
REFRESH = "InstanceRefresh"


@policy(applies_to=(SERVICE, DEPLOYMENTS, GROUP))
def deployment_without_rollback(deployed: Resource, design: Design) -> Verdict:
    """Deployment that fails is not taken back."""
    if deployed.type == SERVICE:
        return _containers(deployed)
    return _code_deploy(deployed) if deployed.type == DEPLOYMENTS else _instances(deployed)


def _containers(service: Resource) -> Verdict:
    fix = f"set {BREAKER}.Enable: true and {BREAKER}.Rollback: true"
    controller = service.get("DeploymentController.Type") or "ECS"
    if controller in ("CODE_DEPLOY", "EXTERNAL"):
        return not_applicable("something else deploys it")
    answers = [_takes_back(service.get(name)) for name in (BREAKER, ALARMS)]
    if True in answers:
        at = BREAKER if answers[0] is True else ALARMS
        return accepted("a deployment that fails is taken back", at=at)
    unknown = [answer for answer in (*answers, controller) if isinstance(answer, Unknown)]
    if unknown:
        return undecided(Unknown(reasons(unknown)), at=BREAKER, fix=fix)
    stops = any(service.boolean(f"{name}.Enable") is True for name in (BREAKER, ALARMS))
    problem = "a version that never becomes healthy is started again and again for hours, until a person steps in"
    if stops:
        problem = "a deployment that fails stops where it is, and the broken version stays"
    # Behind a Classic Load Balancer the API may refuse the circuit breaker: whoever is there decides.
    classic = any(service.values_at("LoadBalancers.LoadBalancerName"))
    sets = {} if classic else {f"{BREAKER}.Enable": True, f"{BREAKER}.Rollback": True}
    return flagged(problem, fix=fix, at=BREAKER, sets=sets)


def _takes_back(switches: Value) -> bool | Unknown:
    if isinstance(switches, Unknown):
        return switches
    answers = [boolean(field(switches, name)) for name in ("Enable", "Rollback")]
    if answers == [True, True]:
        return True
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown)) if unknown and not {False, None} & set(answers) else False


def _code_deploy(group: Resource) -> Verdict:
    fix = f"set {ROLLBACK}.Enabled: true with {FAILURE} among its Events"
    enabled = group.boolean(f"{ROLLBACK}.Enabled")
    events = items(group.get(f"{ROLLBACK}.Events"))
    unknown = [value for value in (enabled, events) if reasons(value)]
    if enabled in (None, False):
        problem = (
            "a deployment that fails stops where it is, and the broken version stays until a person deploys another"
        )
        return flagged(problem, fix=fix, at=f"{ROLLBACK}.Enabled", sets=_with_failure(events))
    if enabled is True and isinstance(events, list) and FAILURE in events:
        return accepted("a deployment that fails is taken back", at=ROLLBACK)
    if unknown:
        return undecided(unknown, at=ROLLBACK, fix=fix)
    problem = "a deployment that fails is not among the events that take it back"
    return flagged(problem, fix=fix, at=f"{ROLLBACK}.Events", sets=_with_failure(events))


def _with_failure(events: list[Value] | Unknown) -> dict[str, Value]:
    """What switches rollback on, with the events that are there already."""
    if isinstance(events, Unknown) or not all(isinstance(event, str) for event in events):
        return {}
    return {f"{ROLLBACK}.Enabled": True, f"{ROLLBACK}.Events": [*events, FAILURE]}


def _instances(group: Resource) -> Verdict:
    update = group.attribute("UpdatePolicy")
    if field(update, ROLLING) is not None:
        return _rolling(group, field(update, ROLLING))
    if boolean(field(update, f"{REPLACING}.WillReplace")) is True:
        return _replacing(group)
    if group.get(REFRESH) is not None:
        return _refresh(group)
    return not_applicable("no deployment replaces its instances")


def _rolling(group: Resource, rolling: Value) -> Verdict:
    at, fix = (
        "@UpdatePolicy",
        "set WaitOnResourceSignals: true in its UpdatePolicy, and let each instance call cfn-signal",
    )
    waits = boolean(field(rolling, "WaitOnResourceSignals"))
    if waits is True:
        return accepted("an update goes on only while new instances report that they work", at=at)
    if isinstance(waits, Unknown):
        return undecided(waits, at=at, fix=fix)
    problem = "an update replaces one instance after another without waiting for any to report that it works"
    return flagged(problem, fix=fix, at=at)


def _replacing(group: Resource) -> Verdict:
    if group.attribute("CreationPolicy") is not None:
        return accepted("the old group goes only after the new instances report that they work", at="@UpdatePolicy")
    problem = "the old group is deleted before any instance of the new one has reported that it works"
    return flagged(problem, fix="add a CreationPolicy, and let each instance call cfn-signal", at="@UpdatePolicy")


def _refresh(group: Resource) -> Verdict:
    at = f"{REFRESH}.Preferences.AutoRollback"
    answer = group.boolean(at)
    if answer is True:
        return accepted("a refresh that fails is taken back", at=at)
    if isinstance(answer, Unknown):
        return undecided(answer, at=at, fix=f"set {at}: true")
    return flagged("a refresh that fails stops where it is, and the broken version stays", fix=f"set {at}: true", at=at)
