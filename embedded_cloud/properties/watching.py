"""Alarms, dashboards and logs."""

import re
from typing import Any

from embedded_cloud.reading import VALUE, Read, Write

_ALARM_TAGS = Read(
    "cloudwatch.list_tags_for_resource",
    {"ResourceARN": "{arn}"},
    same="Tags",
    writes={"Tags": Write("cloudwatch.tag_resource", {"ResourceARN": "{arn}", "Tags": VALUE})},
)


def of_one_metric(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """An alarm's one metric as its own properties; what needs mathematics stays what it is."""
    if len(metrics) != 1 or "MetricStat" not in metrics[0]:
        return {"Metrics": metrics}
    measured = metrics[0]["MetricStat"]
    statistic = "Statistic" if re.fullmatch("[A-Z][A-Za-z]+", measured["Stat"]) else "ExtendedStatistic"
    return {**measured["Metric"], "Period": measured["Period"], statistic: measured["Stat"]}


def alarm(properties: dict[str, Any]) -> dict[str, Any]:
    """What PutMetricAlarm takes for an alarm of a template."""
    others = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**others, **of_one_metric(properties["Metrics"])}


READS: dict[str, tuple[Read, ...]] = {
    "AWS::CloudWatch::Alarm": (
        Read(
            "cloudwatch.describe_alarms",
            {"AlarmTypes": ["MetricAlarm"]},
            at="MetricAlarms",
            where={"AlarmName": "{id}"},
            same="AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm Dimensions "
            "EvaluationPeriods MetricName Namespace OKActions Period Statistic Threshold TreatMissingData",
            renamed={"Metrics": ""},
            worded={"Metrics": of_one_metric},
        ),
        _ALARM_TAGS,
    ),
    "AWS::CloudWatch::CompositeAlarm": (
        Read(
            "cloudwatch.describe_alarms",
            {"AlarmTypes": ["CompositeAlarm"]},
            at="CompositeAlarms",
            where={"AlarmName": "{AlarmName}"},
            same="AlarmActions AlarmDescription AlarmRule OKActions",
        ),
        _ALARM_TAGS,
    ),
    "AWS::CloudWatch::Dashboard": (
        Read("cloudwatch.get_dashboard", {"DashboardName": "{DashboardName}"}, same="DashboardBody"),
        Read("cloudwatch.list_tags_for_resource", {"ResourceARN": "{arn}"}, same="Tags"),
    ),
    "AWS::Logs::LogGroup": (
        Read(
            "logs.describe_log_groups",
            at="logGroups",
            where={"logGroupName": "{LogGroupName}"},
            same="RetentionInDays",
        ),
        Read(
            "logs.list_tags_for_resource",
            {"resourceArn": "arn:aws:logs:{region}:{account}:log-group:{id}"},
            same="Tags",
        ),
    ),
    "AWS::Logs::MetricFilter": (
        Read(
            "logs.describe_metric_filters",
            at="metricFilters",
            where={"filterName": "{FilterName}", "logGroupName": "{LogGroupName}"},
            same="FilterPattern MetricTransformations",
        ),
    ),
    "AWS::Logs::ResourcePolicy": (
        Read(
            "logs.describe_resource_policies",
            at="resourcePolicies",
            where={"policyName": "{PolicyName}"},
            same="PolicyDocument",
        ),
    ),
}
