"""See store_emptied_on_delete.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.deletion import kept_on_delete
from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

REPOSITORY = "AWS::ECR::Repository"
HOLDS = {REPOSITORY: "image", "AWS::Backup::BackupVault": "backup"}
SWITCHES = {REPOSITORY: "EmptyOnDelete", "AWS::Backup::BackupVault": "ForceDestroy"}


@policy(applies_to=tuple(HOLDS))
def store_emptied_on_delete(store: Resource, design: Design) -> Verdict:
    """Images or backups are deleted so that their store can go."""
    at, what = SWITCHES[store.type], HOLDS[store.type]
    kept, emptied = kept_on_delete(store), store.boolean(at) or False
    helper = _helper(store, design) if store.type == REPOSITORY else ""
    if kept.answer is True:
        return accepted(f"kept by {kept.by}", at=kept.at)
    if emptied is False and not helper:
        return accepted(f"AWS refuses to delete it while it holds one {what}", at=at)
    fix = f"remove {helper}" if helper else f"set {at}: false"
    for answer in (emptied, kept.answer):
        if isinstance(answer, Unknown) and not (helper and answer is emptied):
            return undecided(answer, at=at, message=f"whether it is emptied depends on {answer}", fix=fix)
    when = "it is destroyed" if store.language == "terraform" else "the stack is deleted"
    loss = {
        "image": "a service that runs from it can start no further task, and no earlier release is left to go back to",
        "backup": "the last thing that could have brought the data back goes first",
    }
    return flagged(
        f"every {what} in it is deleted when {when}: {loss[what]}",
        fix=fix,
        at=at,
        sets=None if helper else {at: False},
    )


def _helper(repository: Resource, design: Design) -> str:
    """CDK's custom resource that deletes a repository's images."""
    users = (other for other, _ in design.referrers(repository) if other.type == "Custom::ECRAutoDeleteImages")
    return next((other.id for other in users), "")
