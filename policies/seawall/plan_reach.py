"""What a backup plan takes: which resources of the design, and whether it can take any at all."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.arns import ARN_FORMS
from seawall.backup_plans import PLAN, SELECTION, backup_coverage, rules_of
from seawall.design import Design, Resource, mentioned
from seawall.tag_filters import key_of, value_of
from seawall.values import Reference, Unknown, Value, field, items, leaves, plain_text


@dataclass(frozen=True, slots=True)
class Reach:
    """What a plan takes. ``taken`` names the resources of the design; ``barren`` says why it takes none at all.

    Where both are empty, ``because`` says what decides. ``at`` is the plan's property at fault and ``fix``
    what to set instead, where it is not simply a selection that is missing.
    """

    taken: tuple[str, ...] = ()
    barren: str = ""
    because: Unknown | str = ""
    at: str = ""
    fix: str = ""
    evidence: tuple[str, ...] = ()


def reach_of(plan: Resource, design: Design) -> Reach:
    """What a plan takes within its design, three-valued."""
    rules, unknown_rules = rules_of(plan)
    at = "BackupPlan.BackupPlanRule"
    if not rules and unknown_rules is None:
        return Reach(
            barren="it has no rule", at=at, fix="add a rule with a ScheduleExpression to BackupPlanRule"
        )
    selections = [
        one for one in design.of_type(SELECTION) if design.resolve(one.get("BackupPlanId"), PLAN) is plan
    ]
    if not selections:
        return _without_selection(plan, design)
    taken = _taken(plan, design)
    if taken:
        return taken
    failures = [_barren(selection, design) for selection in selections]
    if all(failures):
        evidence = tuple(f"{plan.id} → {selection.id} → nothing" for selection in selections)
        return Reach(barren=failures[0], evidence=evidence, fix=_fix(selections[0]))
    names = " and ".join(
        selection.id for selection, failure in zip(selections, failures, strict=True) if not failure
    )
    steps = tuple(f"{plan.id} → {selection.id} → nothing in this design" for selection in selections)
    return Reach(because=f"what {names} finds outside this design", evidence=steps)


def _without_selection(plan: Resource, design: Design) -> Reach:
    # Another stack, or a custom resource, may attach a selection to a plan that is handed on.
    unread = [one for one in design.of_type(SELECTION) if isinstance(one.get("BackupPlanId"), Unknown)]
    if unread:
        return Reach(because=unread[0].get("BackupPlanId"))
    others = [other for other, _ in design.referrers(plan) if other.type != SELECTION]
    if others:
        return Reach(because=f"what {others[0].id} selects")
    for name, output in plan.stack.template.outputs.items():
        value = plan.stack.output(name) if isinstance(output, dict) else None
        if any(reference.key == plan.key for reference in mentioned(value)):
            return Reach(because=f"a selection in another stack that uses output {name}")
    return Reach(barren="no selection assigns a resource to it")


def _taken(plan: Resource, design: Design) -> Reach | None:
    found: dict[str, str] = {}
    for resource in design.of_type(*ARN_FORMS):
        for coverage in backup_coverage(resource, design).plans:
            if coverage.plan is plan:
                found[resource.id] = coverage.evidence[0]
    return Reach(taken=tuple(found), evidence=tuple(found.values())[:5]) if found else None


def _fix(selection: Resource) -> str:
    return f"correct the resources, tags or conditions of {selection.id}"


def _barren(selection: Resource, design: Design) -> str:
    """Why a selection cannot take anything, whatever is deployed elsewhere; empty where it may."""
    chosen = selection.get("BackupSelection")
    if isinstance(chosen, Unknown):
        return ""
    arns, tags = items(field(chosen, "Resources")), items(field(chosen, "ListOfTags"))
    if isinstance(arns, Unknown) or isinstance(tags, Unknown):
        return ""
    if not arns and not tags:
        return f"{selection.id} names neither resources nor tags, which AWS Backup refuses"
    excluded = items(field(chosen, "NotResources"))
    if isinstance(excluded, list) and "*" in excluded:
        return f"{selection.id} excludes every resource"
    if not tags:
        wrong = [_names_nothing(arn, selection, design) for arn in arns]
        return wrong[0] if all(wrong) else ""
    if not arns:
        spelled = [_spelled_otherwise(tag, design) for tag in tags]
        return spelled[0] if all(spelled) else ""
    return ""


def _names_nothing(arn: Value, selection: Resource, design: Design) -> str:
    """Why this ARN takes nothing: it surely names resources of this design, and none of them is taken."""
    named = [design.all[reference.key] for reference in mentioned(arn) if reference.key in design.all]
    whole = isinstance(arn, Reference) or any(isinstance(leaf, Reference) for leaf in list(leaves(arn))[-1:])
    if not named or not whole:
        return ""
    target = named[-1]
    if target.type not in ARN_FORMS:
        supported = not target.type.startswith(("AWS::Lambda::", "AWS::SQS::", "AWS::SNS::", "AWS::KMS::", "AWS::IAM::",
                                                "AWS::ElastiCache::", "AWS::Backup::"))  # fmt: skip
        return "" if supported else f"{selection.id} names {target.id}, which AWS Backup does not back up"
    if backup_coverage(target, design).possible:
        return ""
    return f"{selection.id} names {target.id}, but its conditions, exclusions or region leave it out"


def _spelled_otherwise(tag: Value, design: Design) -> str:
    """A tag that resources here carry in other upper and lower case: keys and values are case-sensitive."""
    key, value = key_of(tag), value_of(tag)
    if not isinstance(key, str) or not isinstance(value, (str, int, bool)):
        return ""
    wanted = (key.lower(), plain_text(value).lower())
    for resource in design.of_type(*ARN_FORMS):
        own = resource.tags
        for name, text in own.items() if isinstance(own, dict) else ():
            if isinstance(text, (str, int, bool)) and (name.lower(), plain_text(text).lower()) == wanted:
                return f"tag {key}={value} is spelled {name}={text} on {resource.id}, and tags are case-sensitive"
    return ""
