"""A copy of files and catalogue at another provider, from which the drive can be rebuilt without AWS.

Survives the loss of the account and of the provider: each new file is copied within the day, and the table every night.
Survives a reader elsewhere: the store holds ciphertext only, and the key is the adopter's.
Survives the loss of a zone: the copiers run in three zones, and no zone's way out leads through another.
Survives a store that is down: what is to be copied waits in the queue for a day and longer, then for 14 days in all
among the dead letters, and somebody hears of it.
Survives its stack: the secrets are not made here, so that no deletion takes the key along.
"""

from urllib.parse import urlsplit

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import MathExpression, Stats, TreatMissingData
from aws_cdk.aws_iam import PermissionsBoundary, PolicyStatement
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.findings import accept_finding
from services.drive.limits import OFFSITE_VISIBILITY
from stacks.names import Names
from stacks.patterns.access import to_bucket, to_keys, to_objects, to_queues
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.boundary import boundary
from stacks.patterns.new_objects import NewObjects
from stacks.patterns.open_network import HTTPS, OpenNetwork
from stacks.patterns.queue_alarms import QueueAlarms
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.table_export import EXPORT, TableExport
from stacks.patterns.work_queue import WorkQueue
from stacks.patterns.worker_service import WorkerService
from stacks.queues import DAY, QueueNumbers

OFFSITE = QueueNumbers(
    role="offsite",
    # The worker extends the visibility timeout when a third of it is over.
    handler_seconds=OFFSITE_VISIBILITY // 3,
    visibility_seconds=OFFSITE_VISIBILITY,
    retention_days=13,
    # Each takes a quarter of an hour: a store that is down for a day costs nobody any work.
    tries=100,
    ticket_age=6 * 3600,
    # The promise is a day.
    page_age=DAY,
)

COPIERS = 2
"""One goes on while the other's zone is lost: a day's promise needs no more."""

CPU, MEMORY = 512, 1024
"""Half a processor encrypts faster than most stores take; a part of 16 MiB and the interpreter fit many times."""

STUCK_HOURS = 6
"""A store's ordinary outage is over by then."""

SECRETS = ("offsite-credentials", "offsite-key")


class Offsite(RegionalStack):
    """Runs `services/offsite` in the standby: the region that is up when the primary is not.

    `address` is `https://host/bucket` of an S3-compatible store elsewhere. Two secrets have to be there before:
    `<prefix>-offsite-credentials` ({"access_key", "secret_key"}) and `<prefix>-offsite-key` (32 bytes in base64).
    """

    def __init__(
        self, scope: Construct, name: str, *, names: Names, region: str, disposable: bool, address: str
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        PermissionsBoundary.of(self).apply(boundary(self, names))
        work = WorkQueue(self, "Work", names=names, numbers=OFFSITE)
        # The files of the standby's own users lie in its files bucket, those of the primary's in the replica.
        buckets = [names.bucket(role, region) for role in ("files", "replica", EXPORT)]
        NewObjects(self, "NewObjects", names=names, role="offsite-new-objects", buckets=buckets, to=work)
        TableExport(self, "Export", names=names, table="drive", failures=work.dead_letters)
        self._copiers(address)
        QueueAlarms(self, "Alarms", names=names, numbers=OFFSITE, grouped=False)
        self._stuck(work)

    def _copiers(self, address: str) -> None:
        names, region = self.names, self.region
        store = urlsplit(address)
        network = OpenNetwork(self, "Network", names=names, role="offsite", ports={store.port or HTTPS})
        copiers = WorkerService(
            self,
            "Copiers",
            names=names,
            role="offsite",
            vpc=network.vpc,
            security_group=network.tasks,
            public=True,
            tasks=COPIERS,
            cpu=CPU,
            memory=MEMORY,
            command=["run"],
            healthy=False,
            environment={
                "AWS_REGION": region,
                "OFFSITE_QUEUE_URL": names.queue_url(OFFSITE.role, region),
                "OFFSITE_ENDPOINT": f"{store.scheme}://{store.netloc}",
                "OFFSITE_BUCKET": store.path.strip("/"),
                "EXPORT_BUCKET": names.bucket(EXPORT, region),
                **{f"{role.upper().replace('-', '_')}_SECRET": names.name(role) for role in SECRETS},
            },
            allow=self._copying(),
        )
        accept_finding(
            copiers.service,
            "SEA_FIXED_CAPACITY_SERVICE",
            reason="nobody waits for it: a day is promised, and what waits longer than that wakes somebody up",
        )
        accept_finding(
            copiers.service.task_definition,
            "SEA_CONTAINER_WITHOUT_HEALTH_CHECK",
            reason="the alarm offsite-stuck tells of a copier that hangs; the other one copies, and a day is promised",
        )

    def _copying(self) -> list[PolicyStatement]:
        names, region = self.names, self.region
        # The six characters are Secrets Manager's own ending of an ARN.
        secrets = [names.arn("secretsmanager", region, f"secret:{names.name(role)}-??????") for role in SECRETS]
        return [
            to_queues(names, region, [OFFSITE.role], "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
            *(to_objects(names, region, role, "GetObject", "GetObjectVersion") for role in ("files", "replica")),
            to_objects(names, region, EXPORT, "GetObject"),
            # Without them S3 says 403 of what was deleted meanwhile, which would be tried for a day and then reported.
            *(to_bucket(names, region, role, "ListBucket", "ListBucketVersions") for role in ("files", "replica")),
            to_bucket(names, region, EXPORT, "ListBucket"),
            to_keys(names, region, ["files", "replica"], "Decrypt"),
            PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=secrets),
        ]

    def _stuck(self, work: WorkQueue) -> None:
        """Messages that were received three times leave the queue's age, so that a store that is down hides there."""
        hour = Duration.hours(1)
        queue = work.queue
        stuck = MathExpression(
            label="Hours in which something waited and nothing was copied",
            expression="IF(waiting + trying > 0 AND copied == 0, 1, 0)",
            period=hour,
            using_metrics={
                "waiting": queue.metric_approximate_number_of_messages_visible(statistic=Stats.MINIMUM),
                "trying": queue.metric_approximate_number_of_messages_not_visible(statistic=Stats.MAXIMUM),
                "copied": queue.metric_number_of_messages_deleted(statistic=Stats.SUM),
            },
        )
        RunbookAlarm(
            self,
            "Stuck",
            names=self.names,
            role="offsite-stuck",
            means=f"Nothing was copied to the store elsewhere for {STUCK_HOURS} hours, though something waits.",
            metric=stuck,
            threshold=0,
            periods=STUCK_HOURS,
            urgency=Urgency.TICKET,
            # SQS is silent about a queue that nothing happened to for six hours.
            missing=TreatMissingData.NOT_BREACHING,
        )
