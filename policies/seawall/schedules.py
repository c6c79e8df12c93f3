"""How often a schedule of EventBridge comes round."""

from __future__ import annotations

import re

from seawall.values import Answer, Unknown, Value, reasons

_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)", re.IGNORECASE)
_CRON = re.compile(r"cron\(([^)]*)\)", re.IGNORECASE)
_EVERY_HOUR = re.compile(r"(\*|0|\d+-\d+)(/1)?")
_EVERY_DAY = re.compile(r"[*?]|[A-Z0-9]+-[A-Z0-9]+")


def comes_within_the_hour(expression: Value) -> Answer:
    """Whether the next run follows within an hour; hours of the night and days of the week may be left out."""
    if isinstance(expression, Unknown) or reasons(expression):
        return Unknown(reasons(expression))
    rate = _RATE.fullmatch(str(expression).strip())
    if rate is not None:
        return int(rate[1]) * {"minute": 1, "hour": 60, "day": 1440}[rate[2].lower()] <= 60
    cron = _CRON.fullmatch(str(expression).strip())
    if cron is None:
        return False
    fields = cron[1].upper().split()
    if len(fields) < 5 or fields[5:] not in ([], ["*"]):
        return False
    hour, *days = fields[1:5]
    return hour != "0" and bool(_EVERY_HOUR.fullmatch(hour)) and all(_EVERY_DAY.fullmatch(day) for day in days)
