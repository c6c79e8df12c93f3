"""What this region believes about the other one: whether it serves, or was evacuated.

Survives the loss of the other region: the switch that takes its traffic away lies here; nothing there has to answer.
Survives the loss of all control planes: turning the switch is one write to a table that is already there.
Survives a false alarm: unless `failover_mode` is automatic, only a person turns the switch.
Survives a late alarm: one that could not be acted upon within five minutes is not acted upon any more.
Survives its own failure: when the switch could not be turned, somebody is woken up.
Survives not knowing what would be lost: how far the copies are behind is measured here each minute.
Survives a deletion by mistake: the table cannot be deleted, and any second of its last 35 days can be restored.
"""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Stats, TreatMissingData
from aws_cdk.aws_dynamodb import Attribute, AttributeType, Billing, PointInTimeRecoverySpecification, TableV2
from aws_cdk.aws_lambda import FunctionUrlAuthType
from aws_cdk.aws_ssm import StringParameter
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from seawall_constructs.measure import measure
from seawall_constructs.resilient_table import RECOVERY_DAYS
from stacks.capacity import RESERVED
from stacks.hosts import regional_api_host
from stacks.names import Names
from stacks.patterns.access import to_keys, to_table
from stacks.patterns.alarm_call import AlarmCall
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.environment import environment
from stacks.patterns.heartbeat import Heartbeat, reading_beats
from stacks.patterns.region_verdict import IMPAIRED
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction

TIMEOUT = Duration.seconds(30)
"""Room for the health check of this region, the gauge of what would be lost, and a write."""

ACT_WITHIN = Duration.minutes(5)
"""Evacuating a region that came back in the meantime would be an outage made by ourselves."""


class Switch(RegionalStack):
    """The switch table of one region, the function that turns the switch with its guards, and the gauge they read."""

    table: TableV2

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        peer: str,
        failover_mode: str,
        domain: str | None = None,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self.table = self._table()
        Heartbeat(self, "Heartbeat", names=names, region=region, peer=peer)
        turning = self._turning(peer, domain)
        url = turning.alias.add_function_url(auth_type=FunctionUrlAuthType.AWS_IAM)
        # Its address is made by Lambda; the operator finds it under this name.
        StringParameter(self, "Address", parameter_name=f"/{names.name('switch')}/url", string_value=url.url)
        # Always there: the mode decides whether it is on, and nothing else.
        AlarmCall(
            self,
            "Automatic",
            names=names,
            role="evacuate",
            alarm=IMPAIRED,
            alias=turning.alias,
            body={"action": "evacuate", "region": peer, "automatic": True, "reason": IMPAIRED},
            within=ACT_WITHIN,
            enabled=failover_mode == "automatic",
            description="Evacuates the other region when it fails and this one is well",
        )
        RunbookAlarm(
            self,
            "Refused",
            names=names,
            role="switch-refused",
            means=f"The switch for {peer} was to be turned and refused; its log says why.",
            metric=measure("Drive", "SwitchRefused", Stats.SUM, service="switch"),
            threshold=0,
            urgency=Urgency.PAGE,
            missing=TreatMissingData.NOT_BREACHING,
        )

    def _turning(self, peer: str, domain: str | None) -> ServiceFunction:
        names, region = self.names, self.region
        known = environment(names, region, peer, "PEER_REGION", "SWITCH_TABLE", "DRIVE_TABLE", "REPLICA_BUCKET")
        if domain:
            known["OWN_HEALTH_URL"] = f"https://{regional_api_host(region, domain)}/healthz/deep"
        return ServiceFunction(
            self,
            "Turning",
            names=names,
            role="switch",
            handler="services.switch.handler.handle",
            timeout=TIMEOUT,
            reserved=RESERVED["switch"],
            environment=known,
            allow=[
                to_table(names, region, "switch", "GetItem", "PutItem", "UpdateItem"),
                # Whether this region is itself evacuated: a peer that does not answer has not evacuated anybody.
                to_table(names, peer, "switch", "GetItem"),
                *reading_beats(names, region),
                # For waking somebody up when it fails.
                to_keys(names, region, ["topics"], "GenerateDataKey", "Decrypt"),
            ],
            description="Evacuates the other region, or lets it serve again",
        )

    def _table(self) -> TableV2:
        table = TableV2(
            self,
            "Table",
            table_name=self.names.name("switch"),
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            billing=Billing.on_demand(),
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=RECOVERY_DAYS
            ),
            deletion_protection=not self.disposable,
            removal_policy=self.data_removal,
        )
        # A person's word about the present: an old one from a backup would be wrong.
        holds_derived_data(table)
        accept_finding(
            table,
            "SEA_SINGLE_REGION_TABLE",
            reason="a copy in the other region would tie the switch to the region that it has to turn off",
        )
        return table
