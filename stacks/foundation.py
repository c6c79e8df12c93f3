"""What the other stacks of a region stand on: keys, log bucket, alarm topics, levers, boundary, change calendar.

Survives the loss of another region: everything here is this region's own, the keys included.
Survives a careless deployment: keys, logs and names outlive the stack.
Survives the eve of a sale: the change calendar is closed from a day before each planned event until it is over.
Survives an intruder in a function: no role of the drive can take off what protects the data, or leave its regions.
Survives a wrong lever: one that is not valid is refused, one that is moved carefully is moved back when requests fail.
"""

from collections.abc import Sequence

from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_kms import Key
from constructs import Construct

from seawall_constructs.alarm_topics import AlarmTopic, let_alarms_use
from seawall_constructs.alarms import Urgency
from stacks.names import Names
from stacks.patterns.change_calendar import ChangeCalendar
from stacks.patterns.drive_bucket import of_a_distribution
from stacks.patterns.levers import Levers
from stacks.patterns.log_bucket import LogBucket
from stacks.patterns.permission_boundary import PermissionBoundary
from stacks.patterns.regional_stack import RegionalStack
from stacks.settings import EDGE_REGION, Event

DATA_KEYS = {
    "files": "Encrypts the files of this region, and what is built from them",
    "replica": "Encrypts the copies of the other region's files",
}


class Foundation(RegionalStack):
    """One of them in each region; only a region that holds data has the keys to data, and levers.

    `peers` are all other regions of the deployment: its roles may act there and at the edge, and nowhere else.
    Somebody has to subscribe to the topics afterwards.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        names: Names,
        region: str,
        disposable: bool,
        peers: Sequence[str],
        events: Sequence[Event],
        holds_data: bool,
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        PermissionBoundary(self, "Boundary", names=names, regions=sorted({region, EDGE_REGION, *peers}))
        LogBucket(self, "Logs", names=names)
        topics = self._key("topics", "Encrypts alarms on their way")
        let_alarms_use(topics)
        for urgency in Urgency:
            AlarmTopic(self, urgency.capitalize(), topic_name=names.name(urgency), key=topics)
        ChangeCalendar(self, "Freeze", names=names, events=events)
        if holds_data:
            for role, description in DATA_KEYS.items():
                _let_cloudfront_read(self._key(role, description))
            Levers(self, "Levers", names=names)

    def _key(self, role: str, description: str) -> Key:
        return Key(
            self,
            f"{role.capitalize()}Key",
            alias=self.names.key_alias(role),
            description=description,
            enable_key_rotation=True,
            removal_policy=self.data_removal,
        )


def _let_cloudfront_read(key: Key) -> None:
    key.add_to_resource_policy(
        PolicyStatement(
            principals=[ServicePrincipal("cloudfront.amazonaws.com")],
            actions=["kms:Decrypt"],
            resources=["*"],
            conditions=of_a_distribution(),
        )
    )
