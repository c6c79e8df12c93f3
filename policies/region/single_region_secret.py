"""See single_region_secret.md: why it matters, how to fix it, what is and is not flagged."""

from collections.abc import Iterator

from seawall.design import Design, Resource
from seawall.policy import Verdict, not_applicable, policy
from seawall.protection import CLUSTERS, INSTANCE
from seawall.regions import (
    RegionalCopy,
    backup_copies,
    database_copies,
    is_elsewhere,
    judged_by_copies,
    named_region,
)
from seawall.twins import twin_copies
from seawall.values import Unknown, field, items

AT = "ReplicaRegions"
DATABASES = (INSTANCE, *CLUSTERS)
OPENED = (
    *DATABASES, "AWS::Redshift::Cluster", "AWS::AmazonMQ::Broker", "AWS::MSK::BatchScramSecret",
    "AWS::DirectoryService::MicrosoftAD", "AWS::DirectoryService::SimpleAD", "AWS::DMS::Endpoint",
    "AWS::ElastiCache::ReplicationGroup",
)  # fmt: skip
"""What a secret is the password of."""
BETWEEN = ("AWS::SecretsManager::SecretTargetAttachment", "aws_secretsmanager_secret_version")


@policy(applies_to="AWS::SecretsManager::Secret")
def single_region_secret(secret: Resource, design: Design) -> Verdict:
    """Secret can be read in one region only."""
    regions = items(secret.get(AT))
    if isinstance(regions, Unknown):
        copies = [RegionalCopy(regions, "its replicas", AT)]
    else:
        own = secret.region
        named = [field(replica, "Region") for replica in regions]
        copies = [
            RegionalCopy(is_elsewhere(region, own), f"it is replicated to {named_region(region, own)}", AT)
            for region in named
        ]
    opened = next(iter(_opened(secret, design)), None)
    if not copies and opened is not None and not _may_be_elsewhere(opened, design):
        return not_applicable(f"it opens {opened.id}, which is in this region only")
    return judged_by_copies(
        [*copies, *twin_copies(secret, design, name="Name")],
        otherwise="it has no replica: when its region fails what takes over elsewhere cannot read it",
        fix="set ReplicaRegions with another region",
        at=AT,
    )


def _opened(secret: Resource, design: Design) -> Iterator[Resource]:
    """What a secret is the password of: what names it, or is named by it; also by its version or its attachment."""
    named = (design.all.get(key) for key, _ in secret.references())
    yield from (one for one in named if one is not None and one.type in OPENED and one.exists is not False)
    for user, _ in design.referrers(secret):
        if user.type in OPENED:
            yield user
        elif user.type in BETWEEN:
            attached = design.resolve(user.get("TargetId"), *OPENED)
            if attached is not None:
                yield attached
            yield from (other for other, _ in design.referrers(user) if other.type in OPENED)


def _may_be_elsewhere(opened: Resource, design: Design) -> bool:
    if opened.type not in DATABASES:
        return False
    copies = [*database_copies(opened, design), *backup_copies(opened, design)]
    return any(copy.elsewhere is not False for copy in copies)
