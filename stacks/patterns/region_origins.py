"""Where the edge reads: each region's buckets, and for each of them the one that it turns to when that one fails."""

from typing import cast

from aws_cdk import Duration
from aws_cdk.aws_cloudfront import CfnDistribution, Distribution, IOrigin, S3OriginAccessControl
from aws_cdk.aws_cloudfront_origins import OriginGroup, S3BucketOrigin
from aws_cdk.aws_s3 import Bucket, IBucket
from constructs import Construct

from stacks.names import Names

TURN_AWAY_ON = (403, 404, 500, 502, 503, 504)
"""403 is what S3 says of an object that is not there to somebody who may not list the bucket."""

ATTEMPTS = 2
CONNECT = Duration.seconds(2)
"""With CloudFront's defaults, three attempts of 10 s, everybody would wait half a minute for a region that is gone."""

READ_SECONDS = 10
"""How long an origin that was reached may stay silent (default 30 s): S3's first byte takes a fraction of a second."""

COMPLETE = Duration.hours(1)
"""The most that CloudFront takes, so that a large file on a slow line is not cut off."""

SHIELDS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "me-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    }
)
NEXT_SHIELD = {
    "ca-central-1": "us-east-1",
    "eu-north-1": "eu-west-2",
    "eu-south-1": "eu-central-1",
    "eu-west-3": "eu-west-2",
    "us-west-1": "us-west-2",
}
"""Where Origin Shield is, and which one serves a region without (Amazon CloudFront Developer Guide)."""


class RegionOrigins(Construct):
    """Origin groups over the buckets of both data regions, which are named and never referred to.

    Survives the loss of a region: what its bucket does not answer is read from the copy in the other one.
    Survives a silent region: after 2 s without a connection, twice, or 10 s without a word, the copy is asked.
    Survives a stampede: Origin Shield asks a bucket once, however many want the same file.
    """

    def __init__(self, scope: Construct, name: str, *, names: Names) -> None:
        super().__init__(scope, name)
        self._names = names
        self._buckets: dict[str, IBucket] = {}
        self._access = S3OriginAccessControl(self, "Access", origin_access_control_name=names.name("edge"))

    def files(self, region: str, peer: str) -> OriginGroup:
        """Return the files of `region`, then their copies in `peer`."""
        return _first(self._bucket("files", region), then=self._bucket("replica", peer))

    def bundles(self, region: str, peer: str) -> OriginGroup:
        """Return what was built in `region`, then what was built in `peer`."""
        return _first(self._bucket("bundles", region), then=self._bucket("bundles", peer))

    def bucket(self, role: str, region: str) -> IOrigin:
        """Return one bucket, for what is never read."""
        return self._bucket(role, region)

    def _bucket(self, role: str, region: str) -> IOrigin:
        identifier = f"{role}-{region}"
        if identifier not in self._buckets:
            self._buckets[identifier] = Bucket.from_bucket_attributes(
                self, identifier, bucket_name=self._names.bucket(role, region), region=region
            )
        return S3BucketOrigin.with_origin_access_control(
            self._buckets[identifier],
            origin_access_control=self._access,
            origin_id=identifier,
            connection_attempts=ATTEMPTS,
            connection_timeout=CONNECT,
            response_completion_timeout=COMPLETE,
            origin_shield_region=region if region in SHIELDS else NEXT_SHIELD.get(region),
        )


def _first(primary: IOrigin, *, then: IOrigin) -> OriginGroup:
    return OriginGroup(primary_origin=primary, fallback_origin=then, fallback_status_codes=list(TURN_AWAY_ON))


def be_impatient(distribution: Distribution, *, origins: int) -> None:
    """Set how long each of the distribution's `origins` may stay silent; CDK has no argument for it."""
    resource = cast(CfnDistribution, distribution.node.default_child)
    for index in range(origins):
        resource.add_property_override(
            f"DistributionConfig.Origins.{index}.S3OriginConfig.OriginReadTimeout", READ_SECONDS
        )
