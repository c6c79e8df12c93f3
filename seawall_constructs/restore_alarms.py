"""What is said when restores are not tried, take too long, or come out bad."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Stats, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import OnCall, RunbookAlarm, Urgency
from seawall_constructs.measure import measure

UNKNOWN = "unknown"
"""How a validator calls the source of a restore whose job it could not read."""

HOUR = Duration.hours(1)
HOURS = 3
"""The age is measured once an hour, by a function that may fail once."""

DAY = Duration.days(1)
"""A verdict is one value: the alarm stays for a day, or it would be quiet again before somebody has looked."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """A store that is restored as a test."""

    title: str
    """What people call it."""
    source: str
    """The value of the dimension `Source` of its metrics: its physical name."""
    overdue_days: int
    longest: Duration | None = None
    """How long its restore may take, where that is promised."""


class RestoreAlarms(Construct):
    """The alarms of what is restored as a test. Runbooks: `restore-overdue`, `restore-failed`, `restore-slow`.

    Survives a test that is no longer made: a good restore that is too long ago raises an alarm, as does its silence.
    Survives a backup that was never good: somebody is woken up by a verdict that says so.

    The metrics are written by the validator, under the dimensions `Source` and those of `dimensions`, and no others:
    `DaysSinceGoodRestore` each hour, `RestoreFailed` and `RestoreDurationSeconds` when a restore was judged.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        restored: Sequence[Restored],
        namespace: str,
        dimensions: Mapping[str, str] | None = None,
        alarm_prefix: str | None = None,
    ) -> None:
        """Call the alarms `<alarm_prefix>-restore-overdue-<title>` and so on."""
        super().__init__(scope, name)
        self._on_call = on_call
        self._namespace = namespace
        self._dimensions = dict(dimensions or {})
        self._prefix = alarm_prefix
        for store in restored:
            self._overdue(store)
            self._failed(store.title, store.source, f"A restore of {store.title} is not what was backed up.")
            if store.longest:
                self._slow(store, store.longest)
        self._failed(UNKNOWN, UNKNOWN, "A restore could not be judged: its job cannot be read.")

    def _overdue(self, store: Restored) -> None:
        RunbookAlarm(
            self,
            f"Overdue{store.title.title()}",
            on_call=self._on_call,
            alarm_name=self._name(f"restore-overdue-{store.title}"),
            runbook="restore-overdue",
            means=f"No restore of {store.title} was found good for {store.overdue_days} days, or nobody counts them.",
            metric=measure(
                self._namespace,
                "DaysSinceGoodRestore",
                Stats.MAXIMUM,
                period=HOUR,
                unit="days",
                of=self._of(store.source),
            ),
            threshold=store.overdue_days,
            periods=HOURS,
            urgency=Urgency.TICKET,
            # Nobody measuring looks like nobody restoring.
            missing=TreatMissingData.BREACHING,
        )

    def _failed(self, title: str, source: str, means: str) -> None:
        RunbookAlarm(
            self,
            f"Failed{title.title()}",
            on_call=self._on_call,
            alarm_name=self._name(f"restore-failed-{title}"),
            runbook="restore-failed",
            means=means,
            metric=measure(self._namespace, "RestoreFailed", Stats.SUM, period=DAY, unit="failed", of=self._of(source)),
            threshold=0,
            # A backup that does not help is found out in a calm week, or on the day that it is needed.
            urgency=Urgency.PAGE,
            # It has a value only when a restore was judged; that none was is another alarm.
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _slow(self, store: Restored, longest: Duration) -> None:
        RunbookAlarm(
            self,
            f"Slow{store.title.title()}",
            on_call=self._on_call,
            alarm_name=self._name(f"restore-slow-{store.title}"),
            runbook="restore-slow",
            means=f"Restoring {store.title} took longer than the {longest.to_hours():g} hours that are promised.",
            metric=measure(
                self._namespace,
                "RestoreDurationSeconds",
                Stats.MAXIMUM,
                period=DAY,
                unit="seconds",
                of=self._of(store.source),
            ),
            threshold=longest.to_seconds(),
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _of(self, source: str) -> dict[str, str]:
        return {"Source": source, **self._dimensions}

    def _name(self, ending: str) -> str | None:
        return f"{self._prefix}-{ending}" if self._prefix else None
