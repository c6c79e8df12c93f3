"""What a backup plan takes: which resources of the design, and whether it can take any at all."""

from __future__ import annotations

from typing import NamedTuple

from seawall.arns import ARN_FORMS
from seawall.backup_plans import PLAN, SELECTION, backup_coverage, rules_of
from seawall.coverage import Coverage
from seawall.design import Design, Resource, mentioned
from seawall.protection import table_replicas
from seawall.tag_filters import key_of, value_of
from seawall.values import Reference, Unknown, Value, field, items, leaves, plain_text, same


class Reach(NamedTuple):
    """What a plan takes. ``taken`` names resources of the design; ``barren`` says why it takes none at all.

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
        return Reach(barren="it has no rule", at=at, fix="add a rule with a ScheduleExpression to BackupPlanRule")
    selections = [one for one in design.of_type(SELECTION) if design.resolve(one.get("BackupPlanId"), PLAN) is plan]
    if not selections:
        return _without_selection(plan, design)
    taken = _taken(plan, design)
    if taken:
        return taken
    failures = [_barren(selection, design) for selection in selections]
    if all(failures):
        evidence = tuple(f"{plan.id} → {selection.id} → nothing" for selection in selections)
        return Reach(barren=failures[0], evidence=evidence, fix=_fix(selections[0]))
    open_ends = [one.id for one, failure in zip(selections, failures, strict=True) if not failure]
    steps = tuple(f"{plan.id} → {selection.id} → nothing in this design" for selection in selections)
    return Reach(because=f"what {' and '.join(open_ends)} finds outside this design", evidence=steps)


def _without_selection(plan: Resource, design: Design) -> Reach:
    # Another stack, or a custom resource, may attach a selection to a plan that is handed on.
    unread = [one for one in design.of_type(SELECTION) if isinstance(one.get("BackupPlanId"), Unknown)]
    if unread:
        return Reach(because=unread[0].get("BackupPlanId"))
    others = [other for other, _ in design.referrers(plan) if other.type != SELECTION]
    if others:
        return Reach(because=f"what {others[0].id} selects")
    output = _output_of(plan)
    if output:
        return Reach(because=f"a selection in another stack that uses output {output}")
    return Reach(barren="no selection assigns a resource to it")


def _output_of(plan: Resource) -> str:
    """The output that hands the plan on to other stacks; empty where none does."""
    if plan.language != "cloudformation":
        return ""
    for name in plan.stack.template.outputs:
        if any(reference.key == plan.key for reference in mentioned(plan.stack.output(name))):
            return str(name)
    return ""


def _taken(plan: Resource, design: Design) -> Reach | None:
    found: dict[str, str] = {}
    for resource in design.of_type(*ARN_FORMS):
        for coverage in _coverages(resource, design):
            for one in coverage.plans:
                if one.plan is plan:
                    found[resource.id] = one.evidence[0]
    return Reach(taken=tuple(found), evidence=tuple(found.values())[:5]) if found else None


def _coverages(resource: Resource, design: Design) -> list[Coverage]:
    """What selects a resource; a global table's replicas have regions and tags of their own."""
    own = backup_coverage(resource, design)
    replicas = table_replicas(resource, design) if resource.type == "AWS::DynamoDB::GlobalTable" else []
    return [own, *(replica.plans for replica in replicas)] if isinstance(replicas, list) else [own]


def _fix(selection: Resource) -> str:
    return f"correct the resources, tags or conditions of {selection.id}"


def _barren(selection: Resource, design: Design) -> str:
    """Why a selection cannot take anything, whatever is deployed elsewhere; empty where it may."""
    chosen = selection.get("BackupSelection")
    arns, tags = items(field(chosen, "Resources")), items(field(chosen, "ListOfTags"))
    excluded = items(field(chosen, "NotResources"))
    if isinstance(arns, Unknown) or isinstance(tags, Unknown):
        return ""
    if not arns and not tags:
        return f"{selection.id} names neither resources nor tags, which AWS Backup refuses"
    if isinstance(excluded, list) and "*" in excluded:
        return f"{selection.id} excludes every resource"
    wrong = [_names_nothing(arn, selection, design) for arn in arns]
    wrong += [_spelled_otherwise(tag, design) for tag in tags]
    return wrong[0] if all(wrong) else ""


NOT_BACKED_UP = tuple(
    f"AWS::{name}::" for name in ("Lambda", "SQS", "SNS", "KMS", "IAM", "ElastiCache", "Backup", "Logs")
)
"""Services whose resources AWS Backup does not take ("Feature availability by resource" in its guide)."""


def _names_nothing(arn: Value, selection: Resource, design: Design) -> str:
    """Why this ARN takes nothing: it surely names a resource of this design, which is not taken."""
    pieces = list(leaves(arn))
    target = design.all.get(pieces[-1].key) if pieces and isinstance(pieces[-1], Reference) else None
    if target is None:
        return ""
    if target.type.startswith(NOT_BACKED_UP):
        return f"{selection.id} names {target.id}, which AWS Backup does not back up"
    if target.type not in ARN_FORMS or any(coverage.possible for coverage in _coverages(target, design)):
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
        if isinstance(own, dict) and same(own.get(key), value) is True:
            continue  # it is left out for another reason, its region for example
        for name, text in own.items() if isinstance(own, dict) else ():
            if isinstance(text, (str, int, bool)) and (name.lower(), plain_text(text).lower()) == wanted:
                spelled = f"tag {key}={value} is spelled {name}={text} on {resource.id}"
                return f"{spelled}, and tags are case-sensitive"
    return ""
