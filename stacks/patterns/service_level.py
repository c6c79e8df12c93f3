"""Service level objectives: measured by Application Signals, alarmed by how fast their budget burns."""

from collections.abc import Sequence

from aws_cdk.aws_applicationsignals import CfnServiceLevelObjective as Slo
from aws_cdk.aws_cloudwatch import IMetric, MathExpression, Metric, TreatMissingData
from constructs import Construct

from stacks.names import Names
from stacks.patterns.alarms import MINUTE, RunbookAlarm, Urgency
from stacks.patterns.measure import measure
from stacks.promises import (
    BUDGET_DAYS,
    BURN_MINUTES,
    LONG_BURN_MINUTES,
    SHORT_BURN_MINUTES,
    SLOW_BURN,
    Objective,
)

WARNING_PERCENT = 30
"""Application Signals warns on its page when so much of the budget is left."""


class ServiceLevel(Construct):
    """One objective: either `value` keeps its limit each minute, or few of the `total` requests are `bad`.

    Survives a slow decline: a ticket is written when 5 % of the budget went within six hours.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        objective: Objective,
        value: Metric | None = None,
        bad: Metric | None = None,
        total: Metric | None = None,
    ) -> None:
        super().__init__(scope, name)
        self._objective = objective
        self._slo_name = names.name(objective.role)
        # Application Signals has no high-level construct.
        slo = Slo(
            self,
            "Slo",
            name=self._slo_name,
            description=objective.promise,
            goal=Slo.GoalProperty(
                attainment_goal=objective.percent,
                warning_threshold=WARNING_PERCENT,
                interval=Slo.IntervalProperty(
                    rolling_interval=Slo.RollingIntervalProperty(duration=BUDGET_DAYS, duration_unit="DAY")
                ),
            ),
            burn_rate_configurations=[
                Slo.BurnRateConfigurationProperty(look_back_window_minutes=minutes)
                for minutes in (SHORT_BURN_MINUTES, BURN_MINUTES, LONG_BURN_MINUTES)
            ],
            sli=_each_minute(objective, value) if value else None,
            request_based_sli=_each_request(bad, total) if bad and total else None,
        )
        slow = RunbookAlarm(
            self,
            "Burning",
            names=names,
            role=f"{objective.role}-burn",
            runbook="slo-burn",
            means=f"At this rate the promise will be broken: {objective.promise}.",
            metric=self.burn_rate(BURN_MINUTES, LONG_BURN_MINUTES),
            threshold=SLOW_BURN,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
        slow.node.add_dependency(slo)

    def burn_rate(self, *windows: int) -> MathExpression:
        """Return the lowest burn rate over `windows` (minutes): above a limit only where all of them are."""
        rates: dict[str, IMetric] = {f"over{minutes}": self.burn_rate_over(minutes) for minutes in windows}
        return MathExpression(
            expression=f"MIN([{', '.join(rates)}])", using_metrics=rates, period=MINUTE, label="burn rate"
        )

    def burn_rate_over(self, minutes: int) -> Metric:
        """Return how fast the budget burned in the last `minutes`, one of those that Application Signals was told."""
        return measure(
            "AWS/ApplicationSignals",
            "BurnRate",
            "Maximum",
            unit=f"{self._objective.role} over {minutes} minutes",
            SloName=self._slo_name,
            BurnRateWindowMinutes=str(minutes),
        )


def _each_minute(objective: Objective, value: Metric) -> Slo.SliProperty:
    if objective.limit is None:
        raise ValueError(f"{objective.role}: a measured value needs its limit")
    return Slo.SliProperty(
        comparison_operator="LessThanOrEqualTo",
        metric_threshold=objective.limit,
        sli_metric=Slo.SliMetricProperty(metric_data_queries=_query("value", value), period_seconds=60),
    )


def _each_request(bad: Metric, total: Metric) -> Slo.RequestBasedSliProperty:
    return Slo.RequestBasedSliProperty(
        request_based_sli_metric=Slo.RequestBasedSliMetricProperty(
            monitored_request_count_metric=Slo.MonitoredRequestCountMetricProperty(bad_count_metric=_query("bad", bad)),
            total_request_count_metric=_query("total", total),
        )
    )


def _query(name: str, metric: Metric) -> Sequence[Slo.MetricDataQueryProperty]:
    dimensions = [
        Slo.DimensionProperty(name=key, value=str(value)) for key, value in sorted((metric.dimensions or {}).items())
    ]
    return [
        Slo.MetricDataQueryProperty(
            id=name,
            return_data=True,
            metric_stat=Slo.MetricStatProperty(
                period=60,
                stat=metric.statistic,
                metric=Slo.MetricProperty(
                    namespace=metric.namespace, metric_name=metric.metric_name, dimensions=dimensions
                ),
            ),
        )
    ]
