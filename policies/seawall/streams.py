"""For how long streams and message logs keep what nobody has read yet, and who keeps it elsewhere."""

from __future__ import annotations

import re

from seawall.design import Design, Resource
from seawall.values import Key, Reference, Text, Unknown, Value, number, reasons

STREAM = "AWS::Kinesis::Stream"
BROKER_SETTINGS = "AWS::MSK::Configuration"
FIREHOSE = "AWS::KinesisFirehose::DeliveryStream"
SOURCE = "KinesisStreamSourceConfiguration.KinesisStreamARN"

KINESIS_HOURS = 24.0
"""RetentionPeriodHours where nothing is said, in CloudFormation and in Terraform."""

KAFKA_HOURS = 168.0
"""``log.retention.hours`` of Kafka and of MSK's default configuration."""

_HOURS = {"ms": 1 / 3_600_000, "minutes": 1 / 60, "hours": 1.0}
_RETENTION = re.compile(r"^\s*log\.retention\.(ms|minutes|hours)\s*=\s*(-?\d+)\s*$", re.MULTILINE)


def stream_hours(stream: Resource) -> float | Unknown:
    """Hours that a Kinesis stream keeps a record."""
    hours = stream.number("RetentionPeriodHours")
    return KINESIS_HOURS if hours is None else hours


def broker_hours(settings: Resource) -> float | Unknown:
    """Hours that topics without a setting of their own keep a message; infinite for ever."""
    written: Value = settings.get("ServerProperties")
    text = str(written) if isinstance(written, (str, Text)) else ""
    if isinstance(written, (Unknown, Reference)) or (text and "=" not in text.rstrip("=")):
        return Unknown(reasons(written) or ("the encoded ServerProperties",))
    found = {unit: number(value) for unit, value in _RETENTION.findall(text)}
    for unit, hours in _HOURS.items():  # the finest unit wins
        value = found.get(unit)
        if isinstance(value, float):
            return float("inf") if value < 0 else value * hours
    return Unknown(reasons(written)) if reasons(written) else KAFKA_HOURS


def archive_of(stream: Resource, design: Design) -> str:
    """The delivery stream that stores every record of a stream elsewhere; empty where there is none."""
    return design.once("archived streams", lambda: _archives(design)).get(stream.key, "")


def _archives(design: Design) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for delivery in design.of_type(FIREHOSE):
        stream = design.resolve(delivery.get(SOURCE), STREAM)
        if stream is not None:
            found.setdefault(stream.key, delivery.id)
    return found
