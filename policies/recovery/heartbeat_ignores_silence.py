"""See heartbeat_ignores_silence.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.alarms import SCALING_POLICIES
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

AT = "TreatMissingData"
FIX = f"set {AT}: breaching"
SPARSE = {
    ("AWS/Lambda", "Invocations"),
    ("AWS/ApiGateway", "Count"),
    ("AWS/ApplicationELB", "RequestCount"),
    ("AWS/ApplicationELB", "HTTPCode_Target_2XX_Count"),
    ("AWS/States", "ExecutionsStarted"),
    ("AWS/States", "ExecutionsSucceeded"),
    ("AWS/Events", "Invocations"),
    ("AWS/Events", "TriggeredRules"),
    ("AWS/Scheduler", "InvocationAttemptCount"),
    ("AWS/Backup", "NumberOfBackupJobsCompleted"),
    ("AWS/Backup", "NumberOfCopyJobsCompleted"),
    ("AWS/SNS", "NumberOfMessagesPublished"),
    ("AWS/S3", "GetRequests"),
    ("CloudWatchSynthetics", "SuccessPercent"),
}
"""Metrics of AWS that have no data, and not a zero, while nothing happens (each service's page of metrics)."""

COUNTS = ("Sum", "SampleCount")
BELOW = {"LessThanThreshold": 1.0, "LessThanOrEqualToThreshold": 0.0}
"""Comparisons with the threshold at which only silence is left to go off for."""


@policy(applies_to="AWS::CloudWatch::Alarm")
def heartbeat_ignores_silence(alarm: Resource, design: Design) -> Verdict:
    """Alarm waits for a failing heartbeat and sleeps through silence."""
    reason = _no_heartbeat(alarm, design)
    if reason:
        return not_applicable(reason)
    treatment = alarm.get(AT)
    if treatment == "breaching":
        return accepted("silence counts as failure", at=AT)
    silent = alarm.items("InsufficientDataActions")
    if treatment in (None, "missing") and silent and not isinstance(silent, Unknown):
        return accepted("InsufficientDataActions tell of silence", at="InsufficientDataActions")
    for unknown in (treatment, silent if treatment in (None, "missing") else None):
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=AT, fix=FIX)
    name = alarm.get("MetricName")
    return flagged(
        f"{name} has no data while nothing happens, and the alarm takes missing data "
        f"{_as(treatment)}: what has died sends no zero, so the alarm never goes off",
        fix=FIX,
        at=AT,
        sets={AT: "breaching"},
    )


def _as(treatment: object) -> str:
    return {"notBreaching": "for good data", "ignore": "for no news"}.get(str(treatment), "for nothing at all")


def _no_heartbeat(alarm: Resource, design: Design) -> str:
    """Why an alarm is not one that waits for something to stop; empty where it is."""
    lowest = BELOW.get(str(alarm.get("ComparisonOperator")))
    if lowest is None:
        return "it does not go off when something becomes too little"
    name, namespace = alarm.get("MetricName"), alarm.get("Namespace")
    if not isinstance(name, str) or not isinstance(namespace, str):
        return "it computes what it watches"
    sparse = (namespace, name) in SPARSE
    own = not namespace.startswith(("AWS/", "CWAgent", "ECS/", "ContainerInsights"))
    threshold = alarm.number("Threshold")
    counts = alarm.get("Statistic") in COUNTS and isinstance(threshold, float) and threshold <= lowest
    if not sparse and not (own and counts):
        return "its metric has data while nothing happens"
    if sparse and namespace != "CloudWatchSynthetics" and alarm.get("Statistic") not in COUNTS:
        return "it does not count"
    actions = alarm.items("AlarmActions")
    scales = actions and isinstance(actions, list) and all(design.resolve(one, *SCALING_POLICIES) for one in actions)
    return "it only takes capacity away" if scales else ""
