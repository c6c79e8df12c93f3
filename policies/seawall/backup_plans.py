"""Which backup plans and snapshot policies of a design select a resource.

AWS Backup assigns a resource where ``(Resources OR ListOfTags) AND Conditions AND NOT NotResources``
(AWS Backup developer guide, "Assigning resources programmatically"; BackupSelection in its API). Tag
keys and values are case-sensitive. Whether the account has opted in to a service is not visible here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from seawall.arns import ARN_FORMS, Subject, arn_matches
from seawall.coverage import NOTHING, Copy, Coverage, Matched, PlanCoverage, Rule
from seawall.design import Design, Resource, mentioned
from seawall.snapshot_policies import LIFECYCLE, by_snapshot_policy
from seawall.tag_filters import all_of, any_tag, conditions_hold, negated
from seawall.values import (
    Answer,
    Key,
    Reference,
    Text,
    Unknown,
    Value,
    boolean,
    field,
    items,
    number,
    reasons,
    same,
)

SELECTION = "AWS::Backup::BackupSelection"
PLAN = "AWS::Backup::BackupPlan"


def backup_coverage(
    resource: Resource, design: Design, *, region: Value = None, tags: Mapping[str, Value] | None = None
) -> Coverage:
    """All backup plans and snapshot policies of the design that select a resource.

    ``region`` and ``tags`` replace the resource's own, for one replica of a global table.
    """
    if not design.assumed and not design.declared(SELECTION, LIFECYCLE):
        return NOTHING
    key = ("coverage", resource.key, str(region) if region is not None else None)
    return design.once(key, lambda: _coverage(resource, design, region, tags))


def _coverage(resource: Resource, design: Design, region: Value, tags: Mapping[str, Value] | None) -> Coverage:
    subject = Subject.of(resource, region, tags)
    sure: list[PlanCoverage] = []
    possible: list[PlanCoverage] = []
    because: list[Unknown] = []
    found = [
        *(_by_selection(selection, subject, design) for selection in design.of_type(SELECTION)),
        *(by_snapshot_policy(policy, subject) for policy in design.of_type(LIFECYCLE)),
        *_by_assumption(subject, design),
    ]
    for answer, coverage in found:
        if answer is True:
            sure.append(coverage)
        elif isinstance(answer, Unknown):
            possible.append(coverage)
            because.append(answer)
    if sure:
        return Coverage(answer=True, plans=tuple(sure), possible=tuple(possible))
    return Coverage(Unknown(reasons(because)) if because else False, possible=tuple(possible))


def _by_assumption(subject: Subject, design: Design) -> list[tuple[Answer, PlanCoverage]]:
    if not design.assumed:
        return []
    from seawall.assumptions import by_assumed_plan  # most designs assume nothing

    return [by_assumed_plan(plan, subject) for plan in design.assumed]


def _by_selection(selection: Resource, subject: Subject, design: Design) -> tuple[Answer, PlanCoverage]:
    matched = selects(selection, subject, design)
    plan_id = selection.get("BackupPlanId")
    plan = design.resolve(plan_id, PLAN)
    rules, unknown = rules_of(plan) if plan else ((), Unknown(reasons(plan_id) or ("a plan elsewhere",)))
    answers = [matched.answer, _same_place(selection, subject), selection.exists]
    if plan is not None:
        # A plan whose rules are known to be none never starts a backup.
        answers += [plan.exists, unknown is not None or bool(rules)]
    steps = (plan.id if plan else f"plan {plan_id}", selection.id, matched.step, subject.resource.id)
    evidence = (" → ".join(step for step in steps if step),)
    return all_of(answers), PlanCoverage(selection, plan, rules, evidence, unknown)


def _same_place(selection: Resource, subject: Subject) -> Answer:
    # A plan works in one region of one account. Where either is left to the deployment they are taken as one.
    region = same(selection.region, subject.region)
    if subject.is_replica and region is not True:
        return region
    other_region = region is False
    account, own = selection.account, subject.resource.account
    return not (other_region or (account and own and account != own))


def selects(selection: Resource, subject: Subject, design: Design) -> Matched:
    """Whether a BackupSelection takes a resource, by what it says alone (not by region or condition)."""
    chosen = selection.get("BackupSelection")
    if isinstance(chosen, Unknown):
        return Matched(chosen)
    arns, tags = items(field(chosen, "Resources")), items(field(chosen, "ListOfTags"))
    if arns == [] and tags == []:
        # The API refuses it although its reference says that everything would be selected.
        return Matched(Unknown((f"{selection.id}, which names neither resources nor tags",)))
    listed = [_by_arns(selection, "Resources", subject, design), any_tag(tags, subject)]
    sure = next((match for match in listed if match.answer is True), None)
    likely = next((match for match in listed if isinstance(match.answer, Unknown)), None)
    base = sure or likely or Matched(answer=False)
    if base.answer is False:
        return base
    conditions = conditions_hold(field(chosen, "Conditions"), subject)
    excluded = _by_arns(selection, "NotResources", subject, design).answer
    return Matched(all_of([base.answer, conditions, negated(excluded)]), base.step)


def _by_arns(selection: Resource, name: str, subject: Subject, design: Design) -> Matched:
    """Whether one of the ARNs in a list of the selection names the resource."""
    key = ("ARNs", name, selection.key)
    patterns = design.once(key, lambda: _sorted(selection.get(f"BackupSelection.{name}"), design))
    if isinstance(patterns, Unknown):
        return Matched(patterns if subject.resource.type in ARN_FORMS else False)
    best = Matched(answer=False)
    for pattern in (*patterns.naming.get(subject.resource.key, ()), *patterns.others):
        answer = arn_matches(pattern, subject, design)
        if answer is True:
            return Matched(answer, _arn_step(pattern, subject))
        if isinstance(answer, Unknown):
            best = Matched(answer, _arn_step(pattern, subject))
    return best


class _Patterns(NamedTuple):
    """The ARNs of a list: those that name one resource of the design, by its key, and all others."""

    naming: dict[Key, list[Value]]
    others: list[Value]


def _sorted(patterns: Value, design: Design) -> _Patterns | Unknown:
    listed = items(patterns)
    if isinstance(listed, Unknown):
        return listed
    found = _Patterns({}, [])
    for entry in listed:
        for pattern in entry if isinstance(entry, list) else [entry]:  # a list parameter inside the list
            last = (pattern.parts if isinstance(pattern, Text) else (pattern,))[-1]
            named = design.all.get(last.key) if isinstance(last, Reference) else None
            if named is not None and named.type in ARN_FORMS:
                found.naming.setdefault(named.key, []).append(pattern)
            else:
                found.others.append(pattern)
    return found


def _arn_step(value: Value, subject: Subject) -> str:
    named = any(reference.key == subject.resource.key for reference in mentioned(value))
    return "its ARN" if named else f"ARN {value}"


def rules_of(plan: Resource) -> tuple[tuple[Rule, ...], Unknown | None]:
    """A plan's rules, and the Unknown that decides about more of them, if there is one."""
    listed = items(plan.get("BackupPlan.BackupPlanRule"))
    if isinstance(listed, Unknown):
        return (), listed
    unknown = [rule for rule in listed if isinstance(rule, Unknown)]
    rules = tuple(_rule(rule) for rule in listed if isinstance(rule, dict))
    return rules, Unknown(reasons(unknown)) if unknown else None


def _rule(rule: Value) -> Rule:
    copies = items(field(rule, "CopyActions"))
    return Rule(
        name=field(rule, "RuleName"),
        schedule=field(rule, "ScheduleExpression"),
        vault=field(rule, "TargetBackupVault"),
        delete_after_days=number(field(rule, "Lifecycle.DeleteAfterDays")),
        copies=(Copy(copies),) if isinstance(copies, Unknown) else tuple(map(_copy, copies)),
        continuous=boolean(field(rule, "EnableContinuousBackup")),
    )


def _copy(action: Value) -> Copy:
    vault = action if isinstance(action, Unknown) else field(action, "DestinationBackupVaultArn")
    return Copy(vault, delete_after_days=number(field(action, "Lifecycle.DeleteAfterDays")))
