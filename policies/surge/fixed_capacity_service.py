"""See fixed_capacity_service.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.capacity import is_daemon
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.scaling import OUTSIDE, scaling_of
from seawall.values import Unknown

AT = "DesiredCount"
FIX = (
    "add an AWS::ApplicationAutoScaling::ScalableTarget for ecs:service:DesiredCount with a MaxCapacity above the"
    " MinCapacity, and an AWS::ApplicationAutoScaling::ScalingPolicy that acts on it"
)


@policy(applies_to="AWS::ECS::Service")
def fixed_capacity_service(service: Resource, design: Design) -> Verdict:
    """Container service has a fixed number of tasks."""
    strategy = service.get("SchedulingStrategy")
    if isinstance(strategy, Unknown):
        return undecided(strategy, at="SchedulingStrategy", fix=FIX)
    if is_daemon(service):
        return not_applicable("a daemon runs on every instance, and the instances grow or do not")
    scaling = scaling_of(service, "ecs:service:DesiredCount", design)
    if scaling.answer is False and service.is_left_to_others(AT):
        scaling = scaling._replace(answer=OUTSIDE)
    if scaling.answer is True:
        return accepted("the number of its tasks follows the load", at=AT, evidence=scaling.evidence)
    if isinstance(scaling.answer, Unknown):
        message = f"whether the number of its tasks follows the load depends on {scaling.answer}"
        return undecided(scaling.answer, at=AT, message=message, fix=FIX, evidence=scaling.evidence)
    count = service.number(AT)
    tasks = f"{count:g} tasks do" if isinstance(count, float) and count > 1 else "the tasks that were set do"
    if count == 1 or service.get(AT) is None:
        tasks = "one task does"
    problem = f"{tasks} all the work however much arrives ({scaling.why}): a surge waits or is turned away"
    return flagged(problem, fix=FIX, at=AT, evidence=scaling.evidence)
