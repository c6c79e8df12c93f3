"""See scaling_without_zone_headroom.md: why it matters, how to fix it, what is and is not flagged."""

from typing import NamedTuple

from seawall.capacity import capacity_of, groups_under
from seawall.design import Design, Resource
from seawall.placement import Spread, spread_of_group, spread_of_groups, spread_of_subnets
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.scaling import scaled_by
from seawall.values import Unknown, Value, field, items, number, reasons

GROUP, SERVICE = "AWS::AutoScaling::AutoScalingGroup", "AWS::ECS::Service"
SUBNETS = "NetworkConfiguration.AwsvpcConfiguration.Subnets"
TRACKING = ("TargetTrackingConfiguration", "TargetTrackingScalingPolicyConfiguration")
PROCESSORS = ("ASGAverageCPUUtilization", "ECSServiceAverageCPUUtilization")
NAMESPACES = ("AWS/EC2", "AWS/ECS")
MOST_ZONES = 6
"""No region has more; us-east-1 has as many."""


class Peak(NamedTuple):
    """How busy processors are (percent) before more are added, and where that is said."""

    percent: Value
    at: str
    alarm: Resource | None = None


@policy(applies_to=("AWS::AutoScaling::ScalingPolicy", "AWS::ApplicationAutoScaling::ScalingPolicy"))
def scaling_without_zone_headroom(scaling: Resource, design: Design) -> Verdict:
    """Scaling leaves no room for the work of a lost zone."""
    peak = _peak(scaling, design)
    if peak is None:
        return not_applicable("it does not follow how busy processors are")
    if _is_lone(scaling, design):
        return not_applicable("it scales a group that starts with one instance, which is judged by itself")
    spread = _spread(scaling, design)
    if spread.several is False:
        return not_applicable("it scales within one zone, which is judged by itself")
    # Zones of something that the design does not show are two to six.
    least, most = max(2, spread.at_least), max(2, min(MOST_ZONES, spread.at_most))
    percent = number(peak.percent)
    if not isinstance(percent, float):
        return undecided(peak.percent, at=peak.at, fix=_fix(least, peak))
    if percent <= _room(least):
        message = f"at {percent:g} % in {least} zones or more the others can take over the work of a lost one"
        return accepted(message, at=peak.at, evidence=spread.evidence)
    if percent <= _room(most):
        because = Unknown(spread.because or ("the number of zones",))
        message = f"whether {percent:g} % leaves room for the work of a lost zone depends on how many there are"
        return undecided(because, at=peak.at, message=message, fix=_fix(least, peak), evidence=spread.evidence)
    zones = f"one of {most} zones" if least == most else f"even one of {most} zones"
    path = f"{peak.at}.TargetValue" if peak.alarm is None else ""
    return flagged(
        f"at {percent:g} % the loss of {zones} leaves the rest with {percent * most / (most - 1):.0f} % to carry",
        fix=_fix(least, peak),
        at=path or peak.at,
        evidence=spread.evidence,
        sets={path: int(_room(least))} if path else None,
    )


def _room(zones: int) -> float:
    """The use of all zones (percent) that one zone fewer can carry."""
    return 100 * (zones - 1) / zones


def _fix(zones: int, peak: Peak) -> str:
    where = f"Threshold of {peak.alarm.id}" if peak.alarm is not None else f"{peak.at}.TargetValue"
    return f"set {where} to {int(_room(zones))} or less"


def _peak(scaling: Resource, design: Design) -> Peak | None:
    for at in TRACKING:
        tracking = scaling.get(at)
        if tracking is not None:
            about = _is_about_processors(tracking)
            if isinstance(about, Unknown):
                return Peak(about, at)
            return Peak(field(tracking, "TargetValue"), at) if about else None
    return _peak_of_alarm(scaling, design) if _adds(scaling) else None


def _is_about_processors(tracking: Value) -> bool | Unknown:
    predefined = field(tracking, "PredefinedMetricSpecification.PredefinedMetricType")
    if predefined is not None:
        return predefined if isinstance(predefined, Unknown) else predefined in PROCESSORS
    own = [field(tracking, f"CustomizedMetricSpecification.{name}") for name in ("MetricName", "Namespace")]
    return own[0] == "CPUUtilization" and own[1] in NAMESPACES


def _adds(scaling: Resource) -> bool:
    """Whether a simple or step policy adds capacity."""
    steps = items(scaling.get("StepAdjustments") or scaling.get("StepScalingPolicyConfiguration.StepAdjustments"))
    listed = [field(step, "ScalingAdjustment") for step in steps] if isinstance(steps, list) else []
    changes = [number(change) for change in (scaling.get("ScalingAdjustment"), *listed)]
    return any(isinstance(change, float) and change > 0 for change in changes)


def _peak_of_alarm(scaling: Resource, design: Design) -> Peak | None:
    for alarm, path in design.referrers(scaling):
        rises = str(alarm.get("ComparisonOperator")).startswith("Greater")
        acts = alarm.type == "AWS::CloudWatch::Alarm" and path.startswith("AlarmActions")
        counts = alarm.get("MetricName") == "CPUUtilization" and alarm.get("Namespace") in NAMESPACES
        if acts and rises and counts:
            return Peak(alarm.get("Threshold"), "", alarm)
    return None


def _group(scaling: Resource, design: Design) -> Resource | None:
    return design.resolve(scaling.get("AutoScalingGroupName"), GROUP)


def _is_lone(scaling: Resource, design: Design) -> bool:
    """Whether lone_scaling_group flags what it scales: the loss of the one zone that has an instance is worse."""
    group = _group(scaling, design)
    capacity = capacity_of(group) if group is not None else None
    return isinstance(capacity, float | int) and 1 <= capacity < 2


def _spread(scaling: Resource, design: Design) -> Spread:
    """The zones of what it scales; any number from two where the design does not show that."""
    if scaling.type.startswith("AWS::AutoScaling::"):
        group = _group(scaling, design)
        return spread_of_group(group, design) if group is not None else _anywhere(scaling.get("AutoScalingGroupName"))
    service = scaled_by(scaling, design)
    if service is None or service.type != SERVICE:
        return _anywhere(scaling.get("ResourceId"))
    if service.get("NetworkConfiguration") is not None:
        return spread_of_subnets(service.get(SUBNETS), service, design)
    groups = groups_under(service, design)
    return spread_of_groups(groups, design) if groups else _anywhere(None)


def _anywhere(name: Value) -> Spread:
    return Spread(0, MOST_ZONES, reasons(name) or ("the zones of what it scales",))
