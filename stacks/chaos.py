"""Faults brought about on purpose, in the hours when somebody is there to look.

Survives a wrong belief: what the drive is said to survive is tried, and what it does not is found by us first.
Survives the experiment: customers' failing requests stop it, and what it did is undone.
Survives an experiment that hits nothing: it has failed, and is not taken for one that passed.

Nothing here cuts one region's network off from the other: no network of the drive leads there. What passes between the
regions are copies, and those are paused.
"""

import json
from collections.abc import Mapping

from aws_cdk import Fn
from constructs import Construct

from stacks.capacity import RESERVED
from stacks.names import Names
from stacks.patterns.experiment import Experiment, Fault, Target
from stacks.patterns.experimenter import PAUSE_TABLES, Experimenter
from stacks.patterns.promised import FAST_BURN_ALARM
from stacks.patterns.refuse_calls import REFUSE_CALLS, RefuseCalls
from stacks.patterns.regional_stack import RegionalStack

ZONE_LOST_FOR = "PT10M"
"""Long enough for ECS to notice, to start what is missing elsewhere, and to be seen not needing it."""

COPIES_PAUSED_FOR = "PT25M"
"""Longer than the promise and the alarm about it: the alarm has to be heard."""

TABLES_PAUSED_FOR = "PT10M"

CALLS_REFUSED_FOR = "PT5M"
"""As long as an order may wait before it leaves for the sideline."""

REFUSED = ("deliver", "outbox")
"""Functions without which orders wait: one before the queue, one behind it."""

TABLES = ("drive", "jobs")


class Chaos(RegionalStack):
    """The experiments of one data region; an operator starts them, one at a time."""

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, disposable: bool, peer: str) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self._experimenter = Experimenter(
            self, "Experimenter", names=names, peer=peer, tables=TABLES, functions=REFUSED
        )
        self._zone_lost()
        self._workers_lost()
        self._copies_paused(peer)
        self._tables_paused()
        self._calls_refused()

    def _try(self, name: str, role: str, expects: str, faults: Mapping[str, Fault]) -> None:
        Experiment(
            self,
            name,
            names=self.names,
            role=role,
            expects=expects,
            faults=faults,
            runs_as=self._experimenter.role,
            logs=self._experimenter.logs,
            stop=FAST_BURN_ALARM,
            region=self.region,
        )

    def _workers(self, *, selection: str = "ALL", filters: Mapping[str, str] | None = None) -> Target:
        bundler = self.names.name("bundler")
        return Target(
            key="Tasks",
            resource_type="aws:ecs:task",
            parameters={"cluster": bundler, "service": bundler},
            filters=filters or {},
            selection=selection,
        )

    def _zone_lost(self) -> None:
        zone = {"AvailabilityZone": Fn.select(0, Fn.get_azs())}
        subnets = Target(
            key="Subnets", resource_type="aws:ec2:subnet", tags={"seawall:drive": self.names.prefix}, filters=zone
        )
        self._try(
            "ZoneLost",
            "zone-lost",
            "no request fails, no build is lost, and what runs in the other zones is enough",
            {
                "CutOff": Fault(
                    action="aws:network:disrupt-connectivity",
                    parameters={"duration": ZONE_LOST_FOR, "scope": "all"},
                    target=subnets,
                ),
                "Stop": Fault(action="aws:ecs:stop-task", target=self._workers(filters=zone)),
            },
        )

    def _workers_lost(self) -> None:
        self._try(
            "WorkersLost",
            "workers-lost",
            "builds of half of the workers are taken over when their leases ran out, and each is published once",
            {"Stop": Fault(action="aws:ecs:stop-task", target=self._workers(selection="PERCENT(50)"))},
        )

    def _copies_paused(self, peer: str) -> None:
        bucket = f"arn:{self.partition}:s3:::{self.names.bucket('files', self.region)}"
        self._try(
            "CopiesPaused",
            "copies-paused",
            f"copies-late is heard in {peer}, links to new files lead here, and the copies catch up afterwards",
            {
                "Pause": Fault(
                    action="aws:s3:bucket-pause-replication",
                    parameters={"duration": COPIES_PAUSED_FOR, "region": peer},
                    target=Target(key="Buckets", resource_type="aws:s3:bucket", arns=[bucket]),
                )
            },
        )

    def _tables_paused(self) -> None:
        arns = [self.names.table_arn(table, self.region) for table in TABLES]
        self._try(
            "TablesPaused",
            "tables-paused",
            "clients whose requests need the other region's consent are sent there, and nothing accepted is lost",
            {
                "Pause": Fault(
                    action=PAUSE_TABLES,
                    parameters={"duration": TABLES_PAUSED_FOR},
                    target=Target(key="Tables", resource_type="aws:dynamodb:global-table", arns=arns),
                )
            },
        )

    def _calls_refused(self) -> None:
        """By their concurrency: AWS FIS's own faults for functions need its extension inside each of them."""
        RefuseCalls(self, "RefuseCalls", names=self.names, lasting=CALLS_REFUSED_FOR)
        for role in REFUSED:
            told = {"FunctionName": [self.names.name(role)], "Reserved": [str(RESERVED[role])]}
            self._try(
                f"{role.title()}Refused",
                f"{role}-refused",
                f"orders wait while {role} is refused, none is lost, and all are delivered afterwards",
                {
                    "Refuse": Fault(
                        action="aws:ssm:start-automation-execution",
                        parameters={
                            "documentArn": self.names.arn(
                                "ssm", self.region, f"document/{self.names.name(REFUSE_CALLS)}"
                            ),
                            "documentParameters": json.dumps(told),
                            "maxDuration": "PT10M",
                        },
                    )
                },
            )
