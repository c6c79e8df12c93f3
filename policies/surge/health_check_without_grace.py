"""See health_check_without_grace.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Key, Unknown, field, items, same

AT = "HealthCheckGracePeriod"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
SECONDS = 300  # what the console and Terraform propose
FIX = f"set {AT} to the seconds that an instance needs to answer"


@policy(applies_to=GROUP)
def health_check_without_grace(group: Resource, design: Design) -> Verdict:
    """New instances are replaced before they have started."""
    checks = group.get("HealthCheckType")
    if isinstance(checks, Unknown):
        return undecided(checks, at="HealthCheckType", fix=FIX)
    if not {"ELB", "VPC_LATTICE"}.intersection(str(checks).split(",")):
        return not_applicable("no load balancer's health check replaces instances")
    seconds = group.number(AT)
    if isinstance(seconds, Unknown):
        return undecided(seconds, at=AT, fix=FIX)
    if seconds:
        return accepted(f"an instance has {seconds:g} seconds to start", at=AT)
    hooks = _hooks(group, design)
    if True in hooks:
        return accepted("a lifecycle hook holds an instance back until it has started", at="LifecycleHooks")
    unknown = next((hook for hook in hooks if isinstance(hook, Unknown)), None)
    if unknown is not None:
        return undecided(unknown, at=AT, fix=FIX)
    problem = "an instance that does not answer at once is replaced by one that does not either"
    return flagged(f"it has no time to start: {problem}", fix=FIX, at=AT, sets={AT: SECONDS})


def _hooks(group: Resource, design: Design) -> list[bool | Unknown]:
    listed = items(group.get("LifecycleHookSpecificationList"))
    written = [listed] if isinstance(listed, Unknown) else [field(hook, "LifecycleTransition") for hook in listed]
    declared = design.once("lifecycle hooks", lambda: _declared(design)).get(group.key, [])
    transitions = [*written, *(hook.get("LifecycleTransition") for hook in declared if hook.exists is not False)]
    return [same(transition, LAUNCHING) for transition in transitions]


def _declared(design: Design) -> dict[Key, list[Resource]]:
    found: dict[Key, list[Resource]] = {}
    for hook in design.of_type("AWS::AutoScaling::LifecycleHook"):
        group = design.resolve(hook.get("AutoScalingGroupName"), GROUP)
        if group is not None:
            found.setdefault(group.key, []).append(hook)
    return found
