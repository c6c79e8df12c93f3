"""What happens to an order or an upload after it was accepted: its queues, and the functions that work on them.

Survives a surge: orders wait in queues, and each kind of work has a queue and functions of its own.
Survives a lost message: the order is a record, and each minute the reconciler sends again what was not delivered.
Survives a crash between two steps: messages are sent from the table's stream, never beside a write.
Survives a poison message: after its tries it lies in a dead-letter queue for 14 days, longer than in any queue.
Survives a standstill: orders older than five minutes move to a sideline, and fresh ones are served at once.
Survives the loss of the other region: the reconciler adopts its open orders once it is evacuated.
"""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_dynamodb import Attribute, AttributeType, Billing, TableV2
from aws_cdk.aws_iam import PermissionsBoundary
from aws_cdk.aws_kms import Key
from aws_cdk.aws_sns import Topic
from constructs import Construct

from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from seawall_constructs.work_queue import FailureQueue
from services.drive.limits import RECONCILER_RUN
from stacks.capacity import RESERVED
from stacks.names import Names
from stacks.patterns.boundary import boundary
from stacks.patterns.each_minute import EachMinute
from stacks.patterns.needs import Needs
from stacks.patterns.new_objects import NewObjects
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.service_function import ServiceFunction
from stacks.patterns.table_stream import TableStream
from stacks.patterns.work_queue import WorkQueue
from stacks.queues import BUNDLE, BUNDLE_SIDELINE, DELIVER, DELIVER_SIDELINE, INGEST, NOTIFY, QueueNumbers

ORDERS_AT_A_TIME = 100
"""Records in a batch of the outbox: sent one by one they take seconds of its timeout."""

OUTBOX_TIMEOUT = Duration.seconds(60)

OUTBOX_PARALLEL = 4
"""Batches at a time of each shard of the stream. The items of one order stay in order."""

OUTBOX_TRIES = 10
"""A record that fails as often is left to the reconciler, so that those behind it go on."""

ORDER_QUEUES = (DELIVER, DELIVER_SIDELINE, BUNDLE, BUNDLE_SIDELINE)
"""Where orders wait."""

RECONCILER_TIMEOUT = Duration.seconds(RECONCILER_RUN + 10)
"""Room for the calls under way when its time is up; it is over before the next run starts."""


class Downloads(RegionalStack):
    """Queues and light work of one data region; what is built takes longer and is `Bundling`'s."""

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, disposable: bool, peer: str) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self._peer = peer
        PermissionsBoundary.of(self).apply(boundary(self, names))
        self._pace()
        self._notices()
        self._ingest()
        self._deliver()
        self._deliver_sideline()
        self._notifier()
        self._outbox()
        self._reconciler()

    def _needs(self) -> Needs:
        return Needs(self.names, self.region, self._peer)

    def _worked_by(
        self, numbers: QueueNumbers, service: str, needs: Needs, description: str, *, batch: int = 10
    ) -> WorkQueue:
        """A queue, and the function that takes from it under the queue's own name."""
        work = WorkQueue(self, f"{construct_id(numbers.role)}Queue", names=self.names, numbers=numbers)
        timeout = Duration.seconds(numbers.handler_seconds)
        self._function(numbers.role, service, needs, description, timeout).take_from(work, batch=batch)
        return work

    def _function(self, role: str, service: str, needs: Needs, description: str, timeout: Duration) -> ServiceFunction:
        return ServiceFunction(
            self,
            construct_id(role),
            names=self.names,
            role=role,
            handler=f"services.{service}.handler.handle",
            timeout=timeout,
            reserved=RESERVED[role],
            environment=needs.environment,
            allow=needs.allow,
            description=description,
        )

    def _pace(self) -> None:
        table = TableV2(
            self,
            "Pace",
            table_name=self.names.name("pace"),
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            sort_key=Attribute(name="sk", type=AttributeType.STRING),
            billing=Billing.on_demand(),
            time_to_live_attribute="expires_at",
            removal_policy=RemovalPolicy.DESTROY,
        )
        holds_derived_data(table)
        accept_finding(
            table,
            "SEA_TABLE_WITHOUT_RECOVERY",
            "SEA_SINGLE_REGION_TABLE",
            "SEA_DELETABLE_TABLE",
            "AwsSolutions-DDB3",
            reason="It holds how fast this region's workers were in the last 30 seconds; they write it anew every 5",
        )

    def _notices(self) -> None:
        Topic(
            self,
            "Notices",
            topic_name=self.names.name("notices"),
            master_key=Key.from_key_arn(self, "TopicsKey", self.names.key_alias_arn("topics", self.region)),
            enforce_ssl=True,
        )

    def _ingest(self) -> None:
        read = ("GetObject", "GetObjectVersion", "GetObjectAttributes", "GetObjectVersionAttributes")
        needs = (
            self._needs()
            .table("drive", "GetItem", "PutItem", "UpdateItem")
            .objects("files", *read, "DeleteObjectVersion")
            .bucket("files", "ListBucket", "ListBucketVersions")
            .keys("files")
            .knows("REPLICA_BUCKET")
        )
        work = self._worked_by(INGEST, "ingest", needs, "Checks what was uploaded and makes it the current version")
        # In both buckets: uploads, and copies of the peer's files, which are in two regions from then on.
        buckets = [self.names.bucket(role, self.region) for role in ("files", "replica")]
        NewObjects(self, "NewObjects", names=self.names, role="new-objects", buckets=buckets, to=work)

    def _deliver(self) -> None:
        needs = self._delivering().queues(DELIVER_SIDELINE)
        self._worked_by(DELIVER, "deliver", needs, "Gives users what they bought")

    def _deliver_sideline(self) -> None:
        """The same code, and nowhere to put aside what was put aside already."""
        needs = self._delivering().knows("DELIVER_SIDELINE_QUEUE_URL")
        self._worked_by(DELIVER_SIDELINE, "deliver", needs, "Gives users what they bought and had to wait for")

    def _delivering(self) -> Needs:
        return self._needs().table("drive", "GetItem", "PutItem", "UpdateItem").table("pace", "PutItem").levers()

    def _notifier(self) -> None:
        needs = (
            self._needs()
            .table("drive", "GetItem", "UpdateItem", "Query", indexes=("waiting-orders",))
            .table("jobs", "GetItem")
            .queues(NOTIFY)
            .notices()
            .levers()
        )
        # One at a time: a message about a published bundle may take half of the function's time.
        self._worked_by(NOTIFY, "notifier", needs, "Tells users what became of their orders", batch=1)

    def _outbox(self) -> None:
        needs = (
            self._needs()
            .table("drive", "GetItem", "UpdateItem")
            .table("jobs", "GetItem", "PutItem", "UpdateItem")
            .queues(DELIVER, BUNDLE, NOTIFY)
        )
        outbox = self._function(
            "outbox", "outbox", needs, "Sends what follows from a change of an order", OUTBOX_TIMEOUT
        )
        failures = FailureQueue(self, "OutboxFailures", queue_name=self.names.name("outbox-failures"))
        # Files, and other regions' orders, are dropped before they cost a call.
        served_here = {"sk": {"S": ["ORDER"]}, "home": {"S": [self.region]}}
        TableStream(self, "Orders", names=self.names, table="drive", failures=failures).start(
            outbox,
            matching={"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": served_here}},
            batch=ORDERS_AT_A_TIME,
            parallel=OUTBOX_PARALLEL,
            tries=OUTBOX_TRIES,
        )

    def _reconciler(self) -> None:
        needs = (
            self._needs()
            .table("drive", "GetItem", "UpdateItem", "Query", indexes=("open-orders",))
            .table("jobs", "GetItem", "PutItem", "UpdateItem", "Query", indexes=("working-jobs",))
            .table("pace", "GetItem", "PutItem", "Query")
            .table("switch", "GetItem")
            .knows("PEER_REGION")
            .queues(*ORDER_QUEUES, actions=("SendMessage", "GetQueueAttributes"))
            .levers()
        )
        reconciler = self._function(
            "reconciler",
            "reconciler",
            needs,
            "Sends undelivered orders again, and adopts those of an evacuated region",
            RECONCILER_TIMEOUT,
        )
        EachMinute(self, "EachMinute", names=self.names, role="reconciler", service=reconciler)


def construct_id(role: str) -> str:
    """Return `deliver-sideline` as `DeliverSideline`."""
    return "".join(word.capitalize() for word in role.split("-"))
