"""How much time lies between two runs of a schedule that makes backups, in minutes.

Sources: "cron expression reference" of EventBridge, which AWS Backup and Data Lifecycle Manager use too; CreateRule
of Data Lifecycle Manager; BackupRuleResourceType (once a day where no schedule is set).
"""

from __future__ import annotations

import re
from itertools import pairwise

from seawall.values import Unknown, Value, number, reasons

DAY = 1440.0
_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)", re.IGNORECASE)
_CRON = re.compile(r"cron\(([^)]*)\)", re.IGNORECASE)
_UNITS = {"minute": 1, "hour": 60, "day": 1440, "HOURS": 60}
_WEEKDAYS = {name: str(index) for index, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}


def minutes_between(schedule: Value) -> float | Unknown:
    """The longest time between two runs of a schedule; AWS Backup's default is once a day."""
    if schedule is None:
        return DAY
    if isinstance(schedule, dict):
        return _lifecycle_interval(schedule)
    if reasons(schedule) or isinstance(schedule, Unknown):
        return Unknown(reasons(schedule))
    days = number(schedule)
    if isinstance(days, float):  # a default policy of Data Lifecycle Manager
        return days * DAY
    rate, cron = (pattern.fullmatch(str(schedule).strip()) for pattern in (_RATE, _CRON))
    if rate:
        return float(rate[1]) * _UNITS[rate[2].lower()]
    found = _cron_gap(cron[1].upper().split()) if cron else None
    return Unknown((f"the schedule {schedule}",)) if found is None else found


def _lifecycle_interval(rule: dict[str, Value]) -> float | Unknown:
    if rule.get("CronExpression") is not None:
        return minutes_between(rule["CronExpression"])
    interval = number(rule.get("Interval"))
    if isinstance(interval, Unknown):
        return interval
    return Unknown(("the interval of a schedule",)) if interval is None else interval * _UNITS["HOURS"]


def _cron_gap(fields: list[str]) -> float | None:
    if len(fields) not in (5, 6):
        return None
    minutes, hours = _numbers(fields[0], 0, 59), _numbers(fields[1], 0, 23)
    if not minutes or not hours:
        return None
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    within = max((later - earlier for earlier, later in pairwise(times)), default=0)
    overnight = times[0] + DAY - times[-1]
    return max(within, overnight + (_days_apart(*fields[2:5]) - 1) * DAY)


def _days_apart(day: str, month: str, weekday: str) -> int:
    """The most days between two days of a cron expression, from above."""
    if month != "*":
        return 366
    if weekday not in ("*", "?"):
        for name, index in _WEEKDAYS.items():
            weekday = weekday.replace(name, index)
        return _widest(_numbers(weekday, 1, 7), 7) or 31
    return 1 if day in ("*", "?") else _widest(_numbers(day, 1, 31), 31) or 31


def _widest(days: list[int], cycle: int) -> int:
    around = [*days, days[0] + cycle] if days else []
    return max((later - earlier for earlier, later in pairwise(around)), default=0)


def _numbers(text: str, lowest: int, highest: int) -> list[int]:
    """The numbers that a field of a cron expression stands for; none where it says something else."""
    found: set[int] = set()
    for part in text.split(","):
        written = re.fullmatch(r"(\*|\?|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if written is None:
            return []
        start = lowest if written[2] is None else int(written[2])
        single = written[2] is not None and written[3] is None and written[4] is None
        end = start if single else int(written[3] or highest)
        found.update(range(start, min(end, highest) + 1, int(written[4] or 1) or 1))
    return sorted(found)
