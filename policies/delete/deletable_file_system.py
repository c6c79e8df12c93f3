"""See deletable_file_system.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.protection import holds_only_scratch, kept_on_delete, retained, what_deletion_takes
from seawall.values import Unknown


@policy(applies_to=("AWS::EFS::FileSystem", "AWS::FSx::FileSystem", "AWS::EC2::Volume"))
def deletable_file_system(file_system: Resource, design: Design) -> Verdict:
    """File system or volume is deleted together with its stack."""
    scratch = holds_only_scratch(file_system, design)
    if scratch is True:
        return not_applicable("a scratch file system holds copies of data that lives elsewhere")
    kept = kept_on_delete(file_system)
    fix = f"set {kept.remedy}"
    if kept.answer is True:
        return accepted(f"kept by {kept.by}", at=kept.at)
    for answer in (kept.answer, scratch):
        if isinstance(answer, Unknown):
            return undecided(answer, at=kept.at, fix=fix)
    lost = "everything on it" if file_system.type == "AWS::EC2::Volume" else "every file"
    return flagged(what_deletion_takes(file_system, kept, lost), fix=fix, at=kept.at, sets=retained(file_system))
