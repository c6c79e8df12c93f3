"""See bucket_without_versions.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import secondary_use, versions
from seawall.values import Unknown


@policy(applies_to="AWS::S3::Bucket")
def bucket_without_versions(bucket: Resource, design: Design) -> Verdict:
    """Bucket keeps no earlier versions of its objects."""
    kept = versions(bucket)
    fix = "set VersioningConfiguration.Status: Enabled"
    if kept.answer is True:
        return accepted(f"{kept.by} keeps what is overwritten or deleted", at=kept.at)
    use = secondary_use(bucket, design)
    if use:
        return not_applicable(f"it holds {use}, no data of its own")
    if isinstance(kept.answer, Unknown):
        return undecided(kept.answer, at=kept.at, fix=fix)
    return flagged(
        "without versioning an object that is overwritten or deleted by mistake is gone",
        fix=fix,
        at=kept.at,
        sets={"VersioningConfiguration.Status": "Enabled"},
    )
