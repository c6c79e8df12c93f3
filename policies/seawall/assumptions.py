"""Backup plans that exist outside the templates: what ``assume`` of ``seawall.yaml`` declares.

An organisation's backup policy, or a plan of another team, protects resources that no template of theirs
selects. Policies see such a plan like any other; messages and evidence say that it is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from seawall.coverage import Copy, PlanCoverage, Rule
from seawall.tag_filters import all_of, tag_is
from seawall.values import Answer, Unknown, Value, plain_text, reasons, same

if TYPE_CHECKING:
    from seawall.arns import Subject

ANY = "*"
"""The value that stands for any."""

Tags = tuple[tuple[str, tuple[str, ...]], ...]
"""Tags by key, each with the values that it may have."""


class AssumedPlan(NamedTuple):
    """One plan: what it selects, and what it does, as far as that is said.

    ``types`` are patterns of types in either language, ``tags`` all have to be there. ``source`` is the file
    that declares it. ``retention_days`` and ``schedule`` are ``None`` where nobody says.
    """

    name: str
    source: str
    tags: Tags = ()
    types: tuple[str, ...] = ()
    copies_to: tuple[str, ...] = ()
    retention_days: int | None = None
    schedule: str | None = None

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.name} (assumed in {self.source})"


def by_assumed_plan(plan: AssumedPlan, subject: Subject) -> tuple[Answer, PlanCoverage]:
    """Whether an assumed plan takes the resource, and what it does with it."""
    resource = subject.resource
    if plan.types and not any(fnmatchcase(kind, one) for kind in (resource.type, resource.declared_type)
                              for one in plan.types):  # fmt: skip
        return False, _coverage(plan, "")
    answer = all_of(bears(key, values, subject) for key, values in plan.tags)
    steps = [*(f"tag {key}={' or '.join(values)}" for key, values in plan.tags), *(plan.types and ["its type"])]
    return answer, _coverage(plan, f"{plan.title} → {' and '.join(steps)} → {resource.id}")


def bears(key: str, values: Iterable[str], subject: Subject) -> Answer:
    """Whether the resource has the tag with one of these values."""
    answers = [tag_is(key, value, subject, _is_value) for value in values]
    if any(answer is True for answer in answers):
        return True
    unknown = [answer for answer in answers if isinstance(answer, Unknown)]
    return Unknown(reasons(unknown)) if unknown else False


def _is_value(own: Value, wanted: Value) -> Answer:
    if wanted == ANY:
        return True
    return plain_text(own) == wanted if isinstance(own, (str, int, float, bool)) else same(own, wanted)


def _coverage(plan: AssumedPlan, step: str) -> PlanCoverage:
    rule = Rule(
        name=plan.name,
        schedule=plan.schedule or _unsaid("schedule", plan),
        vault=_unsaid("vault", plan),
        delete_after_days=float(plan.retention_days) if plan.retention_days else _unsaid("retention", plan),
        copies=tuple(Copy(region=region, delete_after_days=_unsaid("retention", plan)) for region in plan.copies_to),
    )
    return PlanCoverage(None, None, (rule,), (step,), assumed=plan.title)


def _unsaid(what: str, plan: AssumedPlan) -> Unknown:
    return Unknown((f"the {what} of {plan.title}",))
