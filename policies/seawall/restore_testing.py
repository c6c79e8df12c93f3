"""Which vaults restore testing plans restore from (AWS Backup developer guide, "Restore testing")."""

from __future__ import annotations

from seawall.arns import meet
from seawall.design import Design, Resource
from seawall.protection import Protection
from seawall.regions import VAULTS
from seawall.values import Answer, Unknown, Value, items, reasons

TESTING_PLAN = "AWS::Backup::RestoreTestingPlan"
TESTING_SELECTION = "AWS::Backup::RestoreTestingSelection"


def restore_tests(vaults: list[Value], design: Design) -> Protection:
    """Whether a restore testing plan that selects something takes recovery points from any of these vaults.

    ``vaults`` are names, ARNs or references as the rules of a backup plan write them. ``by`` is the chain,
    or what is missing.
    """
    unknown: list[Unknown] = []
    by = ""
    for plan in design.of_type(TESTING_PLAN):
        answer = _includes(plan, vaults, design)
        selection = _selection_of(plan, design)
        if answer is True and selection is None:
            by = f"{plan.id} has no AWS::Backup::RestoreTestingSelection and so restores nothing"
        elif answer is True and selection is not None:
            return Protection(answer=True, by=f"{plan.id} → {selection.id}")
        elif isinstance(answer, Unknown):
            unknown.append(answer)
    return Protection(Unknown(reasons(unknown)) if unknown else False, by)


def _selection_of(plan: Resource, design: Design) -> Resource | None:
    name = plan.get("RestoreTestingPlanName")
    for selection in design.of_type(TESTING_SELECTION):
        named = selection.get("RestoreTestingPlanName")
        if design.resolve(named, TESTING_PLAN) is plan or (named is not None and named == name):
            return selection
    return None


def _includes(plan: Resource, vaults: list[Value], design: Design) -> Answer:
    included = _any_of("RecoveryPointSelection.IncludeVaults", plan, vaults, design)
    if included is False:
        return False
    excluded = _any_of("RecoveryPointSelection.ExcludeVaults", plan, vaults, design)
    if excluded is True:
        return False
    return excluded if isinstance(excluded, Unknown) else included


def _any_of(path: str, plan: Resource, vaults: list[Value], design: Design) -> Answer:
    patterns = items(plan.get(path))
    if isinstance(patterns, Unknown):
        return patterns
    answers = [_matches(pattern, vault, design) for pattern in patterns for vault in vaults]
    if True in answers:
        return True
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown)) if unknown else False


def _matches(pattern: Value, vault: Value, design: Design) -> Answer:
    if pattern == "*":
        return True
    left, right = (design.resolve(value, *VAULTS) for value in (pattern, vault))
    if left is not None and right is not None:
        return left is right
    wanted, name = _name(pattern, left), _name(vault, right)
    if isinstance(wanted, str) and isinstance(name, str):
        return meet(name, wanted)
    return Unknown(reasons([wanted, name]) or (str(vault),))


def _name(vault: Value, declared: Resource | None) -> Value:
    """A vault's name, or the pattern of one, out of a name, an ARN or a reference."""
    value = declared.get("BackupVaultName") if declared is not None else vault
    if isinstance(value, str):
        return value.rpartition(":")[2]
    return value if reasons(value) else Unknown((f"the name of {declared.id if declared else vault}",))
