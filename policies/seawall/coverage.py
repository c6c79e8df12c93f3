"""What is found out about a resource's backups: which plans select it, and what their rules do."""

from __future__ import annotations

from typing import NamedTuple

from seawall.design import Resource
from seawall.values import Answer, Unknown, Value


class Copy(NamedTuple):
    """One copy that a rule makes: the destination vault's ARN as written, and how many days it is kept.

    ``vault`` may be a ``Reference``, ``Text``, ``str`` or ``Unknown``; a snapshot policy's copy holds the
    target region (or Outposts ARN) instead in ``region``. ``delete_after_days`` is ``None`` for ever.
    """

    vault: Value = None
    region: Value = None
    delete_after_days: float | Unknown | None = None


class Rule(NamedTuple):
    """One rule of a plan: when (a cron expression, or as written), whereto, and for how many days.

    ``continuous`` where it keeps what is needed to restore any moment (databases and buckets).
    """

    name: Value
    schedule: Value
    vault: Value
    delete_after_days: float | Unknown | None
    copies: tuple[Copy, ...]
    continuous: bool | Unknown | None = None


class PlanCoverage(NamedTuple):
    """One plan (or snapshot policy) that selects the resource.

    ``assumed`` is the title of a plan that ``seawall.yaml`` declares: it has neither plan nor selection.
    ``plan`` is ``None`` where the selection belongs to a plan outside the design; ``rules`` is then empty, as it is
    where ``rules_unknown`` says what decides them. ``selection`` is the BackupSelection, or the snapshot policy
    itself.
    """

    selection: Resource | None
    plan: Resource | None
    rules: tuple[Rule, ...]
    evidence: tuple[str, ...]
    rules_unknown: Unknown | None = None
    assumed: str = ""

    @property
    def name(self) -> str:
        """What people call it: the plan's logical id, else the selection's."""
        named = self.plan or self.selection
        return named.id if named is not None else self.assumed


class Coverage(NamedTuple):
    """Whether any plan selects the resource: ``answer`` is True, False or the Unknown that decides.

    ``plans`` surely select it; ``possible`` may. ``evidence`` is the chain of the first one.
    """

    answer: Answer
    plans: tuple[PlanCoverage, ...] = ()
    possible: tuple[PlanCoverage, ...] = ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """One step an element, empty where nothing selects the resource."""
        first = (*self.plans, *self.possible)[:1]
        return first[0].evidence if first else ()


NOTHING = Coverage(answer=False)
"""No plan selects the resource."""


class Matched(NamedTuple):
    """Whether a selection takes a resource, and the step that took it: ``tag backup=daily``."""

    answer: Answer
    step: str = ""


class Protection(NamedTuple):
    """Whether something protects a resource: ``answer`` True, False or the Unknown that decides.

    ``by`` says in words what does or does not, ``at`` the dotted path of the property that decides,
    ``remedy`` the value that would protect, where there is one best.
    """

    answer: Answer
    by: str = ""
    at: str = ""
    remedy: str = ""
