"""The files of one region, what is built from them, and what a restore is tried with.

Survives the loss of the region: each new file is copied to the peer, 99.9 % of them within 15 minutes.
Survives a deletion by mistake: a file that was deleted or overwritten can be had back for 30 days.
Survives a deletion by malice: deletions are not repeated on the copy, which lies under a lock of its own.
Survives its stack: a stack that is deleted or replaces a bucket leaves the files behind.
Survives abandoned uploads: parts of uploads that nobody finishes are removed after three days.
"""

from aws_cdk import Duration
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_kms import Key
from aws_cdk.aws_s3 import Bucket, CorsRule, HttpMethods, LifecycleRule, ReplicationRule, ReplicationTimeValue
from constructs import Construct

from services.drive.limits import BUNDLE_LIFE_DAYS, UNDELETE_DAYS
from stacks.names import Names
from stacks.patterns.access import to_keys, to_objects
from stacks.patterns.boundary import boundary
from stacks.patterns.data_kind import holds_derived_data, holds_primary_data
from stacks.patterns.drive_bucket import DriveBucket
from stacks.patterns.exception import accept_finding
from stacks.patterns.regional_stack import RegionalStack
from stacks.patterns.wildcards import accept_wildcards

REPLICATION_RULE = "files-to-peer"
"""Its id, which is also a dimension of S3's replication metrics."""

BROWSER = CorsRule(
    # Whoever holds a signed link may use it from any page: the link is what is checked, and no cookie goes along.
    allowed_origins=["*"],
    allowed_methods=[HttpMethods.GET, HttpMethods.HEAD, HttpMethods.PUT],
    allowed_headers=["*"],
    # Without them a page cannot say in its commit which parts it uploaded.
    exposed_headers=["ETag", "x-amz-checksum-sha256"],
    max_age=3600,
)


class Storage(RegionalStack):
    """The buckets of one data region. `peer` is the other one; its replica bucket has to be there before."""

    files: DriveBucket
    bundles: DriveBucket
    golden: DriveBucket

    def __init__(self, scope: Construct, name: str, *, names: Names, region: str, disposable: bool, peer: str) -> None:
        super().__init__(scope, name, names=names, region=region, disposable=disposable)
        self.files = DriveBucket(
            self,
            "Files",
            names=names,
            role="files",
            key="files",
            events=True,
            cors=[BROWSER],
            lifecycle=LifecycleRule(id="undelete", noncurrent_version_expiration=Duration.days(UNDELETE_DAYS)),
            replication_role=self._replication_role(peer),
            replication=[self._to_peer(peer)],
        )
        self.files.readable_by_cloudfront()
        holds_primary_data(self.files)
        self.bundles = self._bundles()
        self.golden = DriveBucket(
            self,
            "Golden",
            names=names,
            role="golden",
            key="files",
            lifecycle=LifecycleRule(id="undelete", noncurrent_version_expiration=Duration.days(UNDELETE_DAYS)),
        )
        holds_primary_data(self.golden)

    def _bundles(self) -> DriveBucket:
        bundles = DriveBucket(
            self,
            "Bundles",
            names=self.names,
            role="bundles",
            key="files",
            versions=False,
            lifecycle=LifecycleRule(id="bundles", expiration=Duration.days(BUNDLE_LIFE_DAYS)),
        )
        bundles.readable_by_cloudfront()
        holds_derived_data(bundles)
        accept_finding(
            bundles,
            "SEA_BUCKET_WITHOUT_VERSIONS",
            "SEA_SINGLE_REGION_BUCKET",
            reason="Bundles are built from the files, again whenever one is missed and in whichever region is asked",
        )
        return bundles

    def _to_peer(self, peer: str) -> ReplicationRule:
        """One way and into a bucket of its own: two buckets that copy to each other could not be deployed in turn."""
        within = ReplicationTimeValue.FIFTEEN_MINUTES
        return ReplicationRule(
            id=REPLICATION_RULE,
            destination=Bucket.from_bucket_name(self, "PeerReplica", self.names.bucket("replica", peer)),
            kms_key=Key.from_key_arn(self, "PeerReplicaKey", self.names.key_alias_arn("replica", peer)),
            replication_time_control=within,
            metrics=within,
            delete_marker_replication=False,
            sse_kms_encrypted_objects=True,
            priority=1,
        )

    def _replication_role(self, peer: str) -> Role:
        """The role that S3 copies with. CDK's own would name the aliases of keys as resources, which grants nothing."""
        names, region = self.names, self.region
        role = Role(
            self,
            "Replication",
            role_name=names.in_region("replication", region),
            assumed_by=ServicePrincipal("s3.amazonaws.com"),
            permissions_boundary=boundary(self, names),
        )
        bucket = f"arn:{self.partition}:s3:::{names.bucket('files', region)}"
        reading = ("GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging")
        statements = [
            PolicyStatement(actions=["s3:GetReplicationConfiguration", "s3:ListBucket"], resources=[bucket]),
            to_objects(names, region, "files", *reading),
            to_objects(names, peer, "replica", "ReplicateObject", "ReplicateTags"),
            to_keys(names, region, ["files"], "Decrypt"),
            to_keys(names, peer, ["replica"], "Encrypt", "GenerateDataKey"),
        ]
        for statement in statements:
            role.add_to_policy(statement)
        accept_wildcards(role, *statements)
        return role
