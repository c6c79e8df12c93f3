"""The files of one region, what is built from them, and what a restore is tried with.

Survives the loss of the region: each new file is copied to the peer, 99.9 % of them within 15 minutes.
Survives a deletion by mistake: a file that was deleted or overwritten can be had back for 30 days.
Survives a deletion by malice: deletions are not repeated on the copy, which lies under a lock of its own.
Survives its stack: a stack that is deleted or replaces a bucket leaves the files behind.
Survives abandoned uploads: parts of uploads that nobody finishes are removed after three days.
"""

from aws_cdk import Duration
from aws_cdk.aws_iam import Role
from aws_cdk.aws_kms import Key
from aws_cdk.aws_s3 import CorsRule, HttpMethods, LifecycleRule, ReplicationRule
from constructs import Construct

from seawall_constructs.bucket_copies import CopierRole, copy_rule
from seawall_constructs.data_kind import holds_derived_data
from seawall_constructs.findings import accept_finding
from services.drive.limits import BUNDLE_LIFE_DAYS, UNDELETE_DAYS
from stacks.names import Names
from stacks.patterns.access import to_keys
from stacks.patterns.boundary import boundary
from stacks.patterns.data_kind import holds_primary_data
from stacks.patterns.drive_bucket import DriveBucket
from stacks.patterns.regional_stack import RegionalStack

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
        return copy_rule(
            self,
            "PeerReplica",
            destination=self.names.bucket("replica", peer),
            key=Key.from_key_arn(self, "PeerReplicaKey", self.names.key_alias_arn("replica", peer)),
            rule_id=REPLICATION_RULE,
        )

    def _replication_role(self, peer: str) -> Role:
        names, region = self.names, self.region
        return CopierRole(
            self,
            "Replication",
            source=names.bucket("files", region),
            destination=names.bucket("replica", peer),
            allow=[
                to_keys(names, region, ["files"], "Decrypt"),
                to_keys(names, peer, ["replica"], "Encrypt", "GenerateDataKey"),
            ],
            role_name=names.in_region("replication", region),
            permissions_boundary=boundary(self, names),
        )
