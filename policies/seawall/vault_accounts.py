"""Whether a backup's copy leaves the account: the account of the vault that it goes to."""

from __future__ import annotations

import re

from seawall.arns import ARN_FORMS
from seawall.backup_plans import backup_coverage
from seawall.coverage import Copy, PlanCoverage
from seawall.design import Design, Resource
from seawall.regions import VAULTS
from seawall.texts import split
from seawall.values import Answer, Reference, Text, Unknown, Value, reasons, same

AIR_GAPPED = "AWS::Backup::LogicallyAirGappedBackupVault"
_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):")


def leaves_account(copy: Copy, plan: Resource, design: Design) -> Answer:
    """Whether a copy goes to another account than the plan's.

    Where the template does not say to which account it is deployed, an account that it names by its number counts
    as another one: nobody writes down the number of the account the stack is in anyway.
    """
    vault = design.resolve(copy.vault, *VAULTS)
    if vault is not None and vault.type == AIR_GAPPED:
        return True
    pieces = split(":", copy.vault) if isinstance(copy.vault, (str, Text)) else None
    if isinstance(pieces, list) and len(pieces) > 4 and pieces[0] == "arn":
        return _differs(pieces[4], plan)  # a vault of the same name may be here, too
    if vault is not None:
        return _is_other(vault, plan)
    return Unknown(reasons(copy.vault) or (f"the account of {copy.vault}",))


def left_by_another_plan(plan: Resource, design: Design) -> str:
    """The plan that takes the account's leave with all that this one backs up too; empty where none does."""
    others: list[set[str]] = []
    for resource in design.of_type(*ARN_FORMS):
        plans = backup_coverage(resource, design).plans
        if any(coverage.plan is plan for coverage in plans):
            others.append({coverage.name for coverage in plans if _leaves(coverage, design)})
    common = set.intersection(*others) if others else set()
    return min(common, default="")


def _leaves(coverage: PlanCoverage, design: Design) -> bool:
    plan = coverage.plan
    copies = [copy for rule in coverage.rules for copy in rule.copies]
    return plan is not None and any(leaves_account(copy, plan, design) is True for copy in copies)


def _differs(account: Value, plan: Resource) -> Answer:
    if isinstance(account, Unknown) and _is_own(account):
        return False
    if isinstance(account, (Unknown, Text, Reference)):
        return Unknown(reasons(account) or (str(account),))
    own = plan.account or account_of_role(plan.credentials)
    return own is None or account != own


def _is_own(account: Unknown) -> bool:
    """Whether it is the account that deploys: ``AWS::AccountId``, or Terraform's data source for it."""
    asked = any("aws_caller_identity" in reason for reason in account.because)
    return asked or account.identity == ("AWS::AccountId", "")


def _is_other(vault: Resource, plan: Resource) -> Answer:
    if vault.account and plan.account:
        return vault.account != plan.account
    equal = same(vault.credentials, plan.credentials)
    if equal is True and vault.account == plan.account:
        return False
    theirs, ours = account_of_role(vault.credentials), account_of_role(plan.credentials)
    if theirs and ours:
        return theirs != ours
    if theirs and plan.credentials is None:
        return True  # a role that Terraform takes on is one of another account
    return Unknown((f"the account that {vault.id} is in",))


def account_of_role(credentials: Value) -> str | None:
    """The account of a role's ARN; ``None`` for anything else."""
    found = _ROLE.match(credentials) if isinstance(credentials, str) else None
    return found[1] if found else None
