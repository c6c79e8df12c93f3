"""Metrics by name, for what another stack made, or a service counts by itself."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import IMetric, MathExpression, Metric

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


def measure(
    namespace: str,
    name: str,
    statistic: str,
    *,
    of: Mapping[str, str] | None = None,
    period: Duration = MINUTE,
    unit: str | None = None,
    **dimensions: str,
) -> Metric:
    """Return a metric, such as `measure("AWS/SQS", "NumberOfMessagesSent", "Sum", QueueName="orders")`.

    Dimensions may also be given together (`of`). A metric exists under exactly the dimensions that its service writes
    it with; fewer or more find nothing.
    """
    return Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        period=period,
        label=unit or name,
        dimensions_map={**(of or {}), **dimensions},
    )


def combine(expression: str, *, period: Duration = MINUTE, label: str, **metrics: IMetric) -> MathExpression:
    """Return what `expression` makes of `metrics`; a time without a value of one of them counts as missing."""
    return MathExpression(expression=expression, using_metrics=metrics, period=period, label=label)


def total(metrics: Mapping[str, IMetric], *, period: Duration = MINUTE, label: str) -> MathExpression:
    """Return the sum of those `metrics` that have a value: a table that was never throttled has none."""
    return MathExpression(
        expression=f"SUM([{', '.join(metrics)}])", using_metrics=dict(metrics), period=period, label=label
    )
