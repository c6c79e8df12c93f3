"""Builds bundles: workers in three zones that take orders from a queue and write zips for everybody who waits.

Survives the loss of a zone: what is left of the workers serves the peak, and nothing has to be started for that.
Survives a surge: orders wait in a queue, what waits starts workers, and those for a planned event run before it.
Survives a worker's death: its message reappears, and its build is taken over when its lease ran out.
Survives a poison order: after three tries it lies in a dead-letter queue for 14 days.
Survives Lambda: the workers poll for themselves, so that bundles are built while functions cannot be started.
Survives an intruder: the network leads to this account's buckets, tables and queues and nowhere else.
"""

from aws_cdk.aws_cloudwatch import Metric, Stats, TreatMissingData
from aws_cdk.aws_ec2 import InterfaceVpcEndpointAwsService
from aws_cdk.aws_iam import PermissionsBoundary
from constructs import Construct

from seawall_constructs.alarms import Urgency
from seawall_constructs.closed_network import FOR_CONTAINERS, ClosedNetwork
from seawall_constructs.findings import accept_finding
from seawall_constructs.measure import MINUTE
from seawall_constructs.zones import ZONES
from stacks.capacity import RegionCapacity
from stacks.names import Names
from stacks.patterns.alarms import RunbookAlarm
from stacks.patterns.backlog_scaling import BacklogScaling
from stacks.patterns.boundary import boundary
from stacks.patterns.needs import Needs
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.work_queue import WorkQueue
from stacks.patterns.worker_service import WorkerService
from stacks.queues import BUNDLE, BUNDLE_SIDELINE, NOTIFY

CPU = 1024
"""One processor: level-0 deflate and checksums run at several hundred MB/s, far above what S3 streams to four slots."""

MEMORY = 2048
"""MiB: four builds of at most 200 MB each, and as much again for the interpreter and its libraries."""

FAILED_BUILDS_PER_MINUTE = 5
"""One content that cannot be built fails three times in a quarter of an hour; a bad version fails all the time."""

ENDPOINTS = {
    **FOR_CONTAINERS,
    "AppConfigData": InterfaceVpcEndpointAwsService.APPCONFIGDATA,
}


class Bundling(RegionalStack):
    """Queues, network and workers of one data region."""

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
    ) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        PermissionsBoundary.of(self).apply(boundary(self, names))
        fresh = WorkQueue(self, "BundleQueue", names=names, numbers=BUNDLE)
        old = WorkQueue(self, "BundleSidelineQueue", names=names, numbers=BUNDLE_SIDELINE)
        network = ClosedNetwork(
            self,
            "Network",
            services=ENDPOINTS,
            vpc_name=names.name("bundling"),
            flow_log_role_name=names.in_region("bundling-flow-log", region),
            disposable=disposable,
        )
        needs = self._needs(peer)
        workers = WorkerService(
            self,
            "Bundler",
            names=names,
            role="bundler",
            vpc=network.vpc,
            security_group=network.tasks,
            cpu=CPU,
            memory=MEMORY,
            environment=needs.environment,
            allow=needs.allow,
            alarm=self._deployment_alarm().alarm_name,
        )
        if capacity.running.bundlers < ZONES:
            accept_finding(
                workers.service,
                "SEA_LONE_CONTAINER_TASK",
                reason="A pilot light runs no worker until it takes over; then the backlog starts one in each zone",
            )
        # A task that starts before them finds neither its image nor its queue.
        workers.service.node.add_dependency(*network.doors)
        BacklogScaling(
            self,
            "Scaling",
            service=workers.service,
            queues=(fresh, old),
            capacity=capacity,
        )

    def _needs(self, peer: str) -> Needs:
        taking = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")
        return (
            Needs(self.names, self.region, peer)
            .queues(BUNDLE, actions=taking)
            .queues(BUNDLE_SIDELINE, actions=(*taking, "SendMessage"))
            .queues(NOTIFY)
            .table("drive", "GetItem")
            .table("jobs", "GetItem", "UpdateItem")
            .table("pace", "PutItem")
            .objects("files", "GetObject", "GetObjectVersion")
            .objects("replica", "GetObject", "GetObjectVersion")
            # Without them S3 answers 403 for what is missing too, and a lost file would be tried for ever.
            .bucket("files", "ListBucket", "ListBucketVersions")
            .bucket("replica", "ListBucket", "ListBucketVersions")
            .objects("bundles", "PutObject", "DeleteObject", "AbortMultipartUpload")
            .bucket("bundles", "ListBucketMultipartUploads")
            .keys("files", actions=("Decrypt", "GenerateDataKey"))
            .keys("replica")
            .levers()
            .knows("PEER_REGION", "PEER_REPLICA_BUCKET")
        )

    def _deployment_alarm(self) -> RunbookAlarm:
        return RunbookAlarm(
            self,
            "FailedBuilds",
            names=self.names,
            role="bundler-failing",
            means="Builds of bundles fail one after the other; a deployment under way is taken back.",
            metric=Metric(
                namespace="Drive",
                metric_name="BuildsFailed",
                statistic=Stats.SUM,
                period=MINUTE,
                dimensions_map={"service": "bundler"},
            ),
            threshold=FAILED_BUILDS_PER_MINUTE,
            urgency=Urgency.TICKET,
            # Nothing is written while nothing fails.
            missing=TreatMissingData.NOT_BREACHING,
        )
