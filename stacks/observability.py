"""What is measured in one region, and who is told: by ticket in the morning, by page at once.

Survives the loss of the other region: this region and the observer agree on it before anybody is told to evacuate it.
Survives its own region's fall: the other region and the observer look at this one from outside.
Survives a slow decline: each promise has a budget, and how fast it burns is measured over an hour and over six.
Survives a quiet failure: what should run each minute, and does not, is an alarm as well.
Survives being read at night: each alarm says what it means, and where to read what to do.
"""

from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, IAlarm, TreatMissingData
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.backup_alarms import BackupAlarms
from seawall_constructs.error_budget import BURN_MINUTES
from stacks.capacity import REQUEST_SHARES, RegionCapacity
from stacks.downloads import OUTBOX_TIMEOUT, RECONCILER_TIMEOUT
from stacks.hosts import api_host
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm, on_call
from stacks.patterns.api_alarms import ApiAlarms
from stacks.patterns.bundler_alarms import BundlerAlarms
from stacks.patterns.canaries import Canaries, address
from stacks.patterns.data_alarms import CopyAlarms, TableAlarms, copy_seconds
from stacks.patterns.function_alarms import FunctionAlarms
from stacks.patterns.overview import Overview
from stacks.patterns.promised import Promised
from stacks.patterns.queue_alarms import QueueAlarms
from stacks.patterns.region_verdict import ROUNDS, RegionVerdict
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.request_function import TIMEOUT
from stacks.patterns.standstill_alarms import StandstillAlarms
from stacks.queues import INGEST, QUEUES

TIMEOUTS = {
    **{queue.role: queue.handler_seconds for queue in QUEUES if queue.concurrency},
    **{f"api-{role}": int(TIMEOUT.to_seconds()) for role in REQUEST_SHARES},
    "outbox": int(OUTBOX_TIMEOUT.to_seconds()),
    "reconciler": int(RECONCILER_TIMEOUT.to_seconds()),
}
"""Seconds that each function may take."""

INDEXES = {"drive": ("open-orders", "waiting-orders"), "jobs": ("working-jobs",), "pace": (), "switch": ()}
"""The tables of a region, and their indexes, which are throttled by themselves."""


class Observability(RegionalStack):
    """Alarms, promises, canaries and the dashboard of one data region.

    `peer` is the other one; `strong` says that a write to the catalogue is in both before it is answered.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        peer: str,
        capacity: RegionCapacity,
        domain: str | None,
        strong: bool,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self._peer = peer
        promised = Promised(self, "Promised", names=names, region=region, peer=peer)
        for queue in QUEUES:
            # S3's events carry no user, so that in `ingest` nobody is quiet or noisy.
            QueueAlarms(self, f"{queue.role}-queue", names=names, numbers=queue, grouped=queue is not INGEST)
        for role, timeout in TIMEOUTS.items():
            FunctionAlarms(self, f"{role}-function", names=names, role=role, timeout=timeout)
        StandstillAlarms(self, "Standstill", names=names)
        ApiAlarms(self, "Api", names=names, region=region, requests_per_second=capacity.requests_per_second)
        for table, indexes in INDEXES.items():
            copied = table == "jobs" or (table == "drive" and not strong)
            TableAlarms(
                self,
                f"{table}-table",
                names=names,
                table=table,
                indexes=indexes,
                copied_to=peer if copied else None,
            )
        CopyAlarms(self, "Copies", names=names, region=region, peer=peer)
        BundlerAlarms(self, "Bundler", names=names, least=capacity.running.bundlers)
        BackupAlarms(
            self,
            "Backups",
            on_call=on_call(self, names),
            rule_prefix=names.prefix,
            noticed_by="the audit tells what has no new backup",
        )
        self._canaries(domain)
        self._overview(promised)

    def _canaries(self, domain: str | None) -> None:
        canaries = Canaries(self, "Canaries", names=self.names, asked=[self.region, self._peer])
        here = canaries.add("Self", role="canary-self", environment=address(self.names, self.region, domain))
        there = canaries.add("Peer", role="canary-peer", environment=address(self.names, self._peer, domain))
        RegionVerdict(self, "Verdict", names=self.names, region=self.region, peer=self._peer, here=here, there=there)
        if domain:
            named = canaries.add("Dns", role="canary-dns", environment={"ADDRESS": f"https://{api_host(domain)}"})
            RunbookAlarm(
                self,
                "DnsFails",
                names=self.names,
                role="canary-dns",
                means=f"{api_host(domain)} leads to no region that serves.",
                metric=named,
                threshold=100,
                comparison=ComparisonOperator.LESS_THAN_THRESHOLD,
                periods=ROUNDS,
                urgency=Urgency.PAGE,
                missing=TreatMissingData.BREACHING,
            )

    def _overview(self, promised: Promised) -> None:
        alarms: list[IAlarm] = [found for found in self.node.find_all() if isinstance(found, Alarm)]
        Overview(
            self,
            "Overview",
            names=self.names,
            region=self.region,
            alarms=alarms,
            burning=[level.burn_rate_over(BURN_MINUTES) for level in promised.levels],
            functions=list(TIMEOUTS),
            copies=copy_seconds(self.names, self._peer, self.region),
        )
