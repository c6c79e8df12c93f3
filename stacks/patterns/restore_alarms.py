"""What is said when restores are not tried, take too long, or come out bad."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Stats, TreatMissingData
from constructs import Construct

from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm, Urgency
from stacks.patterns.measure import measure
from stacks.promises import TABLE_RESTORE_MINUTES

SERVICE = "restore-test"
"""The dimension under which services/restore_validator writes its metrics, whichever of its functions does."""

UNKNOWN = "unknown"
"""How services/restore_validator calls the source of a restore whose job it could not read."""

OVERDUE_DAYS = {"daily": 2, "weekly": 8, "monthly": 32}
"""One turn, the longest there is, and a day in which the restore may run."""

MISSED_MINUTES = 5

HOUR = Duration.hours(1)
HOURS = 3
"""The age is measured once an hour, by a function that may fail once."""

DAY = Duration.days(1)
"""A verdict is one value: the alarm stays for a day, or it would be quiet again before somebody has looked."""


@dataclass(frozen=True)
class Restored:
    """A table or bucket that is restored as a test: its role, its physical name, and how often."""

    role: str
    source: str
    every: str


class RestoreAlarms(Construct):
    """The alarms of what is restored as a test; `tables` are restored within the time that is promised for them.

    Survives a test that is no longer made: a good restore that is too long ago raises an alarm, as does its silence.
    """

    def __init__(
        self, scope: Construct, name: str, *, names: Names, tables: Sequence[Restored], buckets: Sequence[Restored]
    ) -> None:
        super().__init__(scope, name)
        self._names = names
        for restored in (*tables, *buckets):
            self._overdue(restored)
            self._failed(restored.role, restored.source, f"A restore of {restored.role} is not what was backed up.")
        self._failed(UNKNOWN, UNKNOWN, "A restore could not be judged: its job cannot be read.")
        for table in tables:
            self._slow(table)

    def _overdue(self, restored: Restored) -> None:
        days = OVERDUE_DAYS[restored.every]
        RunbookAlarm(
            self,
            f"Overdue{restored.role.title()}",
            names=self._names,
            role=f"restore-overdue-{restored.role}",
            runbook="restore-overdue",
            means=f"No restore of {restored.role} was found good for {days} days, or nobody counts them.",
            metric=measure(
                "Drive",
                "DaysSinceGoodRestore",
                Stats.MAXIMUM,
                period=HOUR,
                unit="days",
                Source=restored.source,
                service=SERVICE,
            ),
            threshold=days,
            periods=HOURS,
            urgency=Urgency.TICKET,
            # Nobody measuring looks like nobody restoring.
            missing=TreatMissingData.BREACHING,
        )

    def _failed(self, role: str, source: str, means: str) -> None:
        RunbookAlarm(
            self,
            f"Failed{role.title()}",
            names=self._names,
            role=f"restore-failed-{role}",
            runbook="restore-failed",
            means=means,
            metric=measure(
                "Drive", "RestoreFailed", Stats.SUM, period=DAY, unit="failed", Source=source, service=SERVICE
            ),
            threshold=0,
            # A backup that does not help is found out in a calm week, or on the day that it is needed.
            urgency=Urgency.PAGE,
            # It has a value only when a restore was judged; that none was is another alarm.
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _slow(self, table: Restored) -> None:
        RunbookAlarm(
            self,
            f"Slow{table.role.title()}",
            names=self._names,
            role=f"restore-slow-{table.role}",
            runbook="restore-slow",
            means=f"Restoring {table.role} took longer than the {TABLE_RESTORE_MINUTES // 60} hours that are promised.",
            metric=measure(
                "Drive",
                "RestoreDurationSeconds",
                Stats.MAXIMUM,
                period=DAY,
                unit="seconds",
                Source=table.source,
                service=SERVICE,
            ),
            threshold=TABLE_RESTORE_MINUTES * 60,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )


class MissedAlarm(RunbookAlarm):
    """The alarm of the queue `role`, which keeps the events that a function of the restore test failed at.

    Survives a check that breaks now and then: nobody waits until a restore is overdue to look at the first event left.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names, role: str) -> None:
        super().__init__(
            scope,
            name,
            names=names,
            role=role,
            runbook="restore-missed",
            means="A restore was not judged, or what it must contain not written down, although it was tried again.",
            metric=measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=names.name(role)),
            threshold=0,
            periods=MISSED_MINUTES,
            urgency=Urgency.TICKET,
            # SQS is silent about a queue that nothing happened to for six hours.
            missing=TreatMissingData.NOT_BREACHING,
        )
