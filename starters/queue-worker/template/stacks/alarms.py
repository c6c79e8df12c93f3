"""Who is told when orders wait, fail or are refused, and what they read then: each alarm names its runbook.

Survives a slow decline: somebody gets a ticket long before a promise is broken.
Survives silence: when `reconcile` stops running, that is an alarm, too.
"""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import ComparisonOperator, IMetric, Metric, TreatMissingData
from constructs import Construct
from orders.limits import LONGEST_WAIT
from seawall_constructs.alarm_topics import AlarmTopics
from seawall_constructs.alarms import RunbookAlarm, Urgency
from seawall_constructs.measure import FIVE_MINUTES, combine, measure
from seawall_constructs.queue_alarms import QueueAlarms
from seawall_constructs.table_alarms import TableAlarms

from stacks.regional_stack import RegionalStack

LATE = {
    "work": (Duration.seconds(LONGEST_WAIT), Duration.minutes(10)),
    "sideline": (Duration.minutes(30), Duration.hours(4)),
}
"""The oldest message of a queue: when somebody looks in the morning, and when somebody is woken up."""

FEW_REFUSED = 10
"""In five minutes: a caller that comes back once does not notice."""

FEW_FAILED = 5
"""Calls of `accept` in five minutes. Callers repeat them."""

LATE_PERCENT = {Urgency.PAGE: (1, 1.44), Urgency.TICKET: (6, 0.6)}
"""Over so many hours, so many percent of orders late. 0.1 % may be: of a month's, 2 % are then gone in an hour, or 5 %
in six (Google, "The Site Reliability Workbook", chapter 5)."""


class Alarms(RegionalStack):
    """The alarms of one region; `peer` is the other region, or empty."""

    def __init__(self, scope: Construct, name: str, *, service: str, region: str, disposable: bool, peer: str) -> None:
        super().__init__(scope, name, service=service, region=region, disposable=disposable)
        self._service_name = service
        self._on_call = AlarmTopics(self, "Topics", topic_name=service, disposable=disposable).on_call
        for queue, (ticket_age, page_age) in LATE.items():
            QueueAlarms(
                self,
                queue.capitalize(),
                on_call=self._on_call,
                queue_name=self.physical(queue),
                dead_letter_name=self.physical(f"{queue}-dead-letters"),
                ticket_age=ticket_age,
                page_age=page_age,
            )
        TableAlarms(
            self,
            "Orders",
            on_call=self._on_call,
            table_name=self.physical("orders"),
            indexes=["open-orders"],
            copied_to=peer or None,
        )
        self._accept()
        self._reconcile()
        for urgency, (hours, percent) in LATE_PERCENT.items():
            self._slow(urgency, Duration.hours(hours), percent)

    def _accept(self) -> None:
        self._alarm(
            "orders-refused",
            f"More than {FEW_REFUSED} orders were told to come back later.",
            self._counted("OrdersRefused", FIVE_MINUTES),
            above=FEW_REFUSED,
            urgency=Urgency.TICKET,
        )
        errors = measure("AWS/Lambda", "Errors", "Sum", period=FIVE_MINUTES, FunctionName=self.physical("accept"))
        self._alarm("accept-failing", "Orders cannot be accepted.", errors, above=FEW_FAILED, urgency=Urgency.PAGE)

    def _reconcile(self) -> None:
        RunbookAlarm(
            self,
            "ReconcileSilent",
            on_call=self._on_call,
            alarm_name=self.physical("reconcile-silent"),
            runbook="reconcile-silent",
            means="No run of reconcile has ended well for five minutes: lost orders are not sent again.",
            metric=self._counted("ReconcileRuns", FIVE_MINUTES),
            threshold=1,
            comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.BREACHING,
        )

    def _slow(self, urgency: Urgency, window: Duration, percent: float) -> None:
        """The promise itself. What is not done at all is not counted here; the queues' alarms see it wait."""
        share = combine(
            "IF(done > 0, 100 * late / done, 0)",
            period=window,
            label="late, percent",
            late=self._counted("OrdersLate", window),
            done=self._counted("OrdersDone", window),
        )
        hours = f"{window.to_hours():g} h"
        means = f"More than {percent} % of the orders of the last {hours} took longer than promised."
        self._alarm(f"orders-slow-{urgency}", means, share, above=percent, urgency=urgency, runbook="orders-slow")

    def _counted(self, name: str, period: Duration) -> Metric:
        return measure(self._service_name, name, "Sum", period=period)

    def _alarm(
        self, role: str, means: str, metric: IMetric, *, above: float, urgency: Urgency, runbook: str | None = None
    ) -> None:
        RunbookAlarm(
            self,
            "".join(word.capitalize() for word in role.split("-")),
            on_call=self._on_call,
            alarm_name=self.physical(role),
            runbook=runbook or role,
            means=means,
            metric=metric,
            threshold=above,
            urgency=urgency,
            missing=TreatMissingData.NOT_BREACHING,
        )
