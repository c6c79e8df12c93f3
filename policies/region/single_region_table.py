"""See single_region_table.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, policy
from seawall.regions import RegionalCopy, backup_copies, is_elsewhere, judged_by_copies, named_region
from seawall.values import Unknown, field, items, same

AT = "Replicas"


@policy(applies_to=("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"))
def single_region_table(table: Resource, design: Design) -> Verdict:
    """Table exists in one region only."""
    replicas = items(table.get(AT))
    listed = [] if isinstance(replicas, Unknown) else [field(replica, "Region") for replica in replicas]
    if table.type == "AWS::DynamoDB::GlobalTable" and _distinct(listed):
        # DynamoDB refuses two replicas in one region, so two of them are two regions.
        return accepted(f"it has a replica in each of {len(listed)} regions", at=AT)
    copies = [RegionalCopy(replicas, "its replicas", AT)] if isinstance(replicas, Unknown) else []
    for region in (*listed, *_made_by_cdk(table, design)):
        where = f"it has a replica in {named_region(region, table.region)}"
        copies.append(RegionalCopy(is_elsewhere(region, table.region), where, AT))
    if table.type == "AWS::DynamoDB::GlobalTable" and len(listed) == 1:
        copies = []  # the one replica of a global table is the table itself
    return judged_by_copies(
        [*copies, *backup_copies(table, design)],
        otherwise="no copy of it is in another region: when its region fails the table cannot be read or written",
        fix="declare an AWS::DynamoDB::GlobalTable with Replicas in a second region",
        at=AT,
    )


def _distinct(regions: list[object]) -> bool:
    return len(regions) > 1 and not any(same(regions[0], region) is True for region in regions[1:])


def _made_by_cdk(table: Resource, design: Design) -> list[object]:
    # CDK's older Table construct has a custom resource for each further region.
    makers = [other for other, _ in design.referrers(table) if other.type == "Custom::DynamoDBReplica"]
    return [maker.get("Region") for maker in makers if maker.get("Region") is not None]
