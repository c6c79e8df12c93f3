"""What alarms are told about restore tests, whichever function says it."""

from aws_lambda_powertools.metrics import MetricUnit, single_metric

SERVICE = "restore-test"
"""The same for the validator and the watch, or each alarm would have to look for what either of them says."""

UNKNOWN = "unknown"
"""The source of a restore whose job cannot be read."""


def measure(name: str, unit: MetricUnit, value: float, source: str) -> None:
    """Write a metric about the restore of `source` (the name of a table or bucket)."""
    with single_metric(name=name, unit=unit, value=value, namespace="Drive") as metric:
        metric.add_dimension(name="Source", value=source)
        metric.add_dimension(name="service", value=SERVICE)


def measure_verdict(source: str, *, good: bool) -> None:
    """Write down that a restore was found good or bad."""
    measure("RestoreFailed", MetricUnit.Count, 0 if good else 1, source)
