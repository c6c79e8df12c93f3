"""What a policy is and what it says: ``@policy``, ``Verdict`` and the words to make one with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from seawall.design import Design, Resource
from seawall.values import Unknown, Value, boolean, number, reasons

PAGES = "https://github.com/seawall-iac/seawall/blob/main/policies"
"""Where the folders of the groups stand on the web."""


class Outcome(StrEnum):
    """What a policy can conclude about a resource."""

    ACCEPTED = "accepted"
    FLAGGED = "flagged"
    UNDECIDED = "undecided"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not_applicable"


Sets = tuple[tuple[str, Any], ...]
"""Dotted paths of properties (or ``DeletionPolicy``, ``UpdateReplacePolicy``) with the values that mend a finding.

``Replicas[].Enabled`` is meant of every element of a list that is there; ``Attributes[Key=a.b].Value`` of the
element whose ``Key`` is ``a.b``, which is added where there is none. Values are plain: bool, int, str, list, dict.
"""


class Verdict(NamedTuple):
    """A policy's conclusion about one resource.

    ``message`` is one sentence that says what is there and what that fails to survive; ``fix`` one that
    names the property to set; ``at`` the dotted path of the property that decides; ``evidence`` the
    chain that was followed, one step an element; ``because`` what left it undecided; ``sets`` the
    values that would mend it, by the dotted path of the property: what ``seawall fix`` writes.
    """

    outcome: Outcome
    message: str = ""
    fix: str = ""
    at: str = ""
    evidence: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    sets: Sets = ()


def accepted(message: str, *, at: str = "", evidence: tuple[str, ...] = ()) -> Verdict:
    """The design survives this failure, and ``message`` says by what."""
    return Verdict(Outcome.ACCEPTED, message, at=at, evidence=evidence)


def flagged(
    message: str,
    *,
    fix: str,
    at: str = "",
    evidence: tuple[str, ...] = (),
    sets: Mapping[str, Any] | None = None,
) -> Verdict:
    """The design does not survive this failure. ``at`` may name a property that is not set yet.

    ``sets`` is given where setting those properties of this very resource, in place and without replacing it, mends it.
    """
    return Verdict(Outcome.FLAGGED, message, fix, at, evidence, sets=tuple((sets or {}).items()))


def undecided(
    because: Value, *, at: str = "", message: str = "", fix: str = "", evidence: tuple[str, ...] = ()
) -> Verdict:
    """The template alone cannot tell. ``because`` is the ``Unknown`` that decides, or a reason in words.

    Without a ``message`` it says that the property ``at`` depends on what is unknown.
    """
    unknown = because.because if isinstance(because, Unknown) else reasons(because)
    why = unknown or (str(because),)
    if not message:
        joined = " and ".join(why)
        message = f"{at.removeprefix('@')} depends on {joined}" if unknown and at else f"{joined} decides"
    return Verdict(Outcome.UNDECIDED, message, fix, at, evidence, why)


def not_applicable(reason: str) -> Verdict:
    """Another resource decides, or the failure cannot happen here. Such a verdict is not reported."""
    return Verdict(Outcome.NOT_APPLICABLE, reason)


def accept_if(
    resource: Resource,
    at: str,
    *,
    otherwise: str,
    fix: str,
    equals: bool | str | None = None,
    at_least: float | None = None,
    default: bool | str | float | None = None,
    accepting: str = "",
    sets: Mapping[str, Any] | None = None,
) -> Verdict:
    """Accepts a resource whose property ``at`` equals a value, or is at least a number.

    ``default`` is what the service does where the property is not set; an unknown leaves it undecided.
    """
    value = resource.get(at)
    if value is None:
        value = default
    if isinstance(equals, bool):
        value = boolean(value)
    elif at_least is not None:
        value = number(value)
    if isinstance(value, Unknown) or reasons(value):
        return undecided(value, at=at, fix=fix)
    good = value is not None and (value >= at_least if at_least is not None else value == equals)
    if good:
        return accepted(accepting or f"{at} is {str(value).lower()}", at=at)
    return flagged(otherwise, fix=fix, at=at, sets=sets)


Judge = Callable[[Resource, Design], Verdict]


class Policy(NamedTuple):
    """One policy: the function that judges, and what its file and folder say about it."""

    name: str
    id: str
    group: str
    title: str
    applies_to: tuple[str, ...]
    judge: Judge
    file: str

    @property
    def page(self) -> Path:
        """The Markdown page beside the policy."""
        return Path(self.file).with_suffix(".md")

    @property
    def url(self) -> str:
        """Where people read the page on the web."""
        return f"{PAGES}/{self.group}/{self.name}.md"


_registered: list[Policy] = []


def policy(*, applies_to: str | tuple[str, ...]) -> Callable[[Judge], Judge]:
    """Makes a function ``(resource, design) -> Verdict`` a policy for resources of these types.

    Its name is the id (``single_az_database`` is ``SEA_SINGLE_AZ_DATABASE``), its docstring the title,
    its folder the group. Raises ``TypeError`` where the docstring is missing.
    """

    def register(judge: Judge) -> Judge:
        title = (judge.__doc__ or "").strip().splitlines()
        if not title:
            raise TypeError(f"policy {judge.__name__} has no docstring: it is the title that people read")
        file = judge.__code__.co_filename
        types = (applies_to,) if isinstance(applies_to, str) else tuple(applies_to)
        name = judge.__name__
        group = Path(file).parent.name
        _registered.append(Policy(name, f"SEA_{name.upper()}", group, title[0], types, judge, file))
        return judge

    return register


def take_registered() -> list[Policy]:
    """The policies registered since the last call, for whoever imports policy files."""
    taken = list(_registered)
    _registered.clear()
    return taken
