"""What is said when a table refuses requests, fails them, or is copied late."""

from collections.abc import Mapping, Sequence

from aws_cdk.aws_cloudwatch import IMetric, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import OnCall, RunbookAlarm, Urgency, called, named_after
from seawall_constructs.measure import FIVE_MINUTES, measure, total

CALLS = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")
"""What services ask of tables. DynamoDB counts its own faults for each call apart."""

FEW_FAULTS = 10
"""In five minutes: the SDK repeats such a call, and nobody notices."""

COPIED_MILLISECONDS = 60_000
"""A copied item takes about a second; a minute means that the other region falls behind."""


class TableAlarms(Construct):
    """The alarms of one table. Runbooks: `table-throttled`, `table-failing`, `table-late`.

    Survives a hot key: refused reads and writes are noticed, those of its indexes as well.
    Survives a region that falls behind: copies that take longer than a minute are noticed.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        on_call: OnCall,
        table_name: str,
        indexes: Sequence[str] = (),
        copied_to: str | None = None,
        alarm_prefix: str | None = None,
        title: str | None = None,
    ) -> None:
        """Watch a table by name, its `indexes`, and its copy in the region `copied_to`.

        Alarms are called `<alarm_prefix>-throttled` and so on, by default after the table; `title` is what people call
        the table, if not by its name.
        """
        super().__init__(scope, name)
        self._on_call = on_call
        self._prefix = alarm_prefix or table_name
        self._title = title or called(table_name, "the table")
        of = {"TableName": table_name}
        self._throttled(of, indexes)
        self._failing(of)
        if copied_to:
            self._late(of, copied_to)

    def _throttled(self, of: Mapping[str, str], indexes: Sequence[str]) -> None:
        places = [of, *({**of, "GlobalSecondaryIndexName": index} for index in indexes)]
        throttled: dict[str, IMetric] = {
            f"{kind}{number}": measure(
                "AWS/DynamoDB", f"{kind.title()}ThrottleEvents", "Sum", of=place, period=FIVE_MINUTES
            )
            for number, place in enumerate(places)
            for kind in ("read", "write")
        }
        RunbookAlarm(
            self,
            "Throttled",
            on_call=self._on_call,
            alarm_name=named_after(self._prefix, "throttled"),
            runbook="table-throttled",
            means=f"The table {self._title} refuses requests: a key is too hot, or the surge too steep.",
            metric=total(throttled, period=FIVE_MINUTES, label="refused"),
            threshold=0,
            periods=2,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _failing(self, of: Mapping[str, str]) -> None:
        faults: dict[str, IMetric] = {
            call[0].lower() + call[1:]: measure(
                "AWS/DynamoDB", "SystemErrors", "Sum", of=of, period=FIVE_MINUTES, Operation=call
            )
            for call in CALLS
        }
        RunbookAlarm(
            self,
            "Failing",
            on_call=self._on_call,
            alarm_name=named_after(self._prefix, "failing"),
            runbook="table-failing",
            means=f"DynamoDB fails requests of the table {self._title} in this region.",
            metric=total(faults, period=FIVE_MINUTES, label="faults"),
            threshold=FEW_FAULTS,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _late(self, of: Mapping[str, str], peer: str) -> None:
        RunbookAlarm(
            self,
            "Late",
            on_call=self._on_call,
            alarm_name=named_after(self._prefix, "late"),
            runbook="table-late",
            means=f"Items of {self._title} take more than {COPIED_MILLISECONDS // 1000} s to reach {peer}.",
            metric=measure("AWS/DynamoDB", "ReplicationLatency", "Average", unit="ms", ReceivingRegion=peer, of=of),
            threshold=COPIED_MILLISECONDS,
            periods=5,
            urgency=Urgency.TICKET,
            missing=TreatMissingData.NOT_BREACHING,
        )
