"""How much would be lost with the other region, known before it is lost."""

from aws_cdk import Aws, Duration
from aws_cdk.aws_cloudwatch import Stats, TreatMissingData
from aws_cdk.aws_iam import PolicyStatement

from seawall_constructs.alarms import Urgency
from seawall_constructs.measure import measure
from services.drive.limits import GAUGE_STALE
from stacks.capacity import RESERVED
from stacks.names import Names
from stacks.patterns.access import to_keys, to_objects, to_table
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.each_minute import EachMinute
from stacks.patterns.environment import environment
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction

ROLE = "switch-heartbeat"
TIMEOUT = Duration.seconds(30)
PERIODS = 3
"""Minutes: a beat is written once in each, and a single one may be missed."""

BEATS = "heartbeat/"
"""Where the beats lie in the buckets."""

GAUGES = {
    "replica-files-age": ("ReplicaFilesAge", "files"),
    "replica-records-age": ("ReplicaRecordsAge", "records"),
}


def reading_beats(names: Names, region: str) -> list[PolicyStatement]:
    """Return what whoever reads, in `region`, how far its copies of the other region are behind has to be allowed."""
    replica = f"arn:{Aws.PARTITION}:s3:::{names.bucket('replica', region)}"
    return [
        PolicyStatement(
            actions=["dynamodb:GetItem"],
            resources=[names.table_arn("drive", region)],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["HEARTBEAT#*"]}},
        ),
        to_objects(names, region, "replica", "GetObject", prefix=BEATS),
        # Without it S3 answers 403 for a beat that never came, which looks like a broken bucket.
        PolicyStatement(actions=["s3:ListBucket"], resources=[replica]),
        to_keys(names, region, ["replica"], "Decrypt"),
    ]


class Heartbeat(ServiceFunction):
    """Writes a beat into this region's files and records each minute, and measures how old the other region's are.

    Survives the loss of the other region: its beats grow old here, where they are read, and nothing there is asked.
    Survives its own silence: a gauge without a value raises the alarm as well.
    """

    def __init__(self, scope: RegionalStack, name: str, *, names: Names, region: str, peer: str) -> None:
        super().__init__(
            scope,
            name,
            names=names,
            role=ROLE,
            handler="services.switch.heartbeat.handle",
            timeout=TIMEOUT,
            reserved=RESERVED[ROLE],
            environment=environment(
                names, region, peer, "PEER_REGION", "FILES_BUCKET", "REPLICA_BUCKET", "DRIVE_TABLE"
            ),
            allow=[
                to_table(names, region, "drive", "PutItem"),
                to_objects(names, region, "files", "PutObject", prefix=BEATS),
                to_keys(names, region, ["files"], "GenerateDataKey"),
                *reading_beats(names, region),
            ],
            description="Writes this region's heartbeat and reads how old the other region's is",
        )
        EachMinute(scope, f"{name}EachMinute", names=names, role=ROLE, service=self)
        for role, (metric, what) in GAUGES.items():
            RunbookAlarm(
                self,
                metric,
                names=names,
                role=role,
                means=f"This region's copies of {peer}'s {what} are more than {GAUGE_STALE // 60} minutes behind.",
                metric=measure("Drive", metric, Stats.MAXIMUM, unit="seconds", Source=peer, service=ROLE),
                threshold=GAUGE_STALE,
                periods=PERIODS,
                urgency=Urgency.PAGE,
                missing=TreatMissingData.BREACHING,
            )
