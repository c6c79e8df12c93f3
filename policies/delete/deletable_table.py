"""See deletable_table.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.protection import kept_on_delete, retained, what_deletion_takes
from seawall.values import Unknown


@policy(applies_to=("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"))
def deletable_table(table: Resource, design: Design) -> Verdict:
    """Table is deleted together with its stack."""
    kept = kept_on_delete(table)
    fix = f"set {kept.remedy}"
    if kept.answer is True:
        return accepted(f"kept by {kept.by}", at=kept.at)
    if isinstance(kept.answer, Unknown):
        return undecided(kept.answer, at=kept.at, fix=fix)
    return flagged(what_deletion_takes(table, kept, "every item"), fix=fix, at=kept.at, sets=retained(table))
