"""Service level objectives: measured by Application Signals, alarmed by how fast their budget burns."""

from collections.abc import Sequence

from aws_cdk.aws_applicationsignals import CfnServiceLevelObjective as Slo
from aws_cdk.aws_cloudwatch import IMetric, MathExpression, Metric, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import OnCall, RunbookAlarm, Urgency
from seawall_constructs.error_budget import (
    BUDGET_DAYS,
    BURN_MINUTES,
    FAST_BURN,
    LONG_BURN_MINUTES,
    SHORT_BURN_MINUTES,
    SLOW_BURN,
)
from seawall_constructs.measure import MINUTE, measure

WARNING_PERCENT = 30
"""Application Signals warns on its page when so much of the budget is left."""


class ServiceLevel(Construct):
    """One objective: either `value` keeps its `limit` each minute, or few of the `total` requests are `bad`.

    Survives a slow decline: a ticket is written when 5 % of the budget went within six hours. Runbook: `slo-burn`.
    Survives a bad deployment: `page_when_fast` wakes somebody up when 2 % of the budget went within the hour.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        slo_name: str,
        promise: str,
        percent: float,
        value: Metric | None = None,
        limit: float | None = None,
        bad: Metric | None = None,
        total: Metric | None = None,
        title: str | None = None,
    ) -> None:
        """Promise that in `percent` of the cases, over 28 days, what `promise` says holds.

        Metrics are measured each minute and have a name and dimensions of their own, no expressions. `title` is what
        its burn rate is called where that is drawn. Raises ValueError for a value without a limit.
        """
        super().__init__(scope, name)
        self._slo_name = slo_name
        self._title = title or slo_name
        self._promise = promise
        self._on_call = on_call
        # Application Signals has no high-level construct.
        self._slo = Slo(
            self,
            "Slo",
            name=slo_name,
            description=promise,
            goal=Slo.GoalProperty(
                attainment_goal=percent,
                warning_threshold=WARNING_PERCENT,
                interval=Slo.IntervalProperty(
                    rolling_interval=Slo.RollingIntervalProperty(duration=BUDGET_DAYS, duration_unit="DAY")
                ),
            ),
            burn_rate_configurations=[
                Slo.BurnRateConfigurationProperty(look_back_window_minutes=minutes)
                for minutes in (SHORT_BURN_MINUTES, BURN_MINUTES, LONG_BURN_MINUTES)
            ],
            sli=_each_minute(slo_name, value, limit) if value else None,
            request_based_sli=_each_request(bad, total) if bad and total else None,
        )
        self._alarm(
            "Burning",
            ending="burn",
            means=f"At this rate the promise will be broken: {promise}.",
            metric=self.burn_rate(BURN_MINUTES, LONG_BURN_MINUTES),
            threshold=SLOW_BURN,
            urgency=Urgency.TICKET,
        )

    def page_when_fast(self) -> RunbookAlarm:
        """Wake somebody up when a budget of 28 days would be gone in two; for objectives that users see at once."""
        return self._alarm(
            "BurningFast",
            ending="fast-burn",
            means=f"At this rate the promise is broken within two days: {self._promise}.",
            metric=self.burn_rate(SHORT_BURN_MINUTES, BURN_MINUTES),
            threshold=FAST_BURN,
            urgency=Urgency.PAGE,
        )

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
            unit=f"{self._title} over {minutes} minutes",
            SloName=self._slo_name,
            BurnRateWindowMinutes=str(minutes),
        )

    def _alarm(
        self, name: str, *, ending: str, means: str, metric: IMetric, threshold: float, urgency: Urgency
    ) -> RunbookAlarm:
        alarm = RunbookAlarm(
            self,
            name,
            on_call=self._on_call,
            alarm_name=f"{self._slo_name}-{ending}",
            runbook="slo-burn",
            means=means,
            metric=metric,
            threshold=threshold,
            urgency=urgency,
            missing=TreatMissingData.NOT_BREACHING,
        )
        alarm.node.add_dependency(self._slo)
        return alarm


def _each_minute(slo_name: str, value: Metric, limit: float | None) -> Slo.SliProperty:
    if limit is None:
        raise ValueError(f"{slo_name}: a measured value needs its limit")
    return Slo.SliProperty(
        comparison_operator="LessThanOrEqualTo",
        metric_threshold=limit,
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
