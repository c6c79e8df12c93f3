"""Every exception that templates declare, and whether it is still of use: ``seawall check --list-exceptions``."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from seawall.design import Design
from seawall.exceptions import COMMENT, PolicyException, exceptions_of, from_comment
from seawall.finding import Finding
from seawall.policy import Outcome
from seawall.reports.presentation import plural, printable

PREFIX = "SEA_"
"""What our ids start with: comments about other checks of checkov's are not ours."""


class State(StrEnum):
    """Whether an exception is of use; where several resources share one, the first of these that fits any."""

    USED = "in use"
    EXPIRED = "expired"
    REFUSED = "refused"
    NOT_JUDGED = "not judged"
    UNUSED = "unused"
    NO_RESOURCE = "at no resource"
    NO_POLICY = "no such policy"


class DeclaredException(NamedTuple):
    """One exception where it is written, and the resources that it is written for."""

    policy: str
    file: str
    line: int
    resources: tuple[str, ...]
    reason: str
    until: str
    state: State
    complaint: str = ""

    def as_json(self) -> dict[str, Any]:
        """The exception for programs."""
        return {
            "policy": self.policy,
            "file": self.file,
            "line": self.line,
            "resources": list(self.resources),
            "reason": self.reason,
            "until": self.until or None,
            "state": str(self.state),
            "complaint": self.complaint,
        }


def declared_in(
    design: Design, findings: Iterable[Finding], judged: Collection[str], known: Collection[str]
) -> list[DeclaredException]:
    """The exceptions of a design. ``judged`` are the ids of the policies that ran, ``known`` those there are."""
    verdicts = {(finding.stack, finding.resource, finding.policy): finding.verdict for finding in findings}
    found: list[DeclaredException] = []
    at_resources: set[tuple[str, int]] = set()
    for resource in design.all.values():
        for policy, line, exception in exceptions_of(resource):
            at_resources.add((resource.file, line))
            if policy.startswith(PREFIX):
                state = _state(exception, policy, verdicts.get((*resource.key, policy)), judged, known)
                found.append(_declared((policy, resource.file, line), (resource.id,), exception, state))
    for document in design.documents:
        for line, text in document.exception_comments:
            match = COMMENT.search(text)
            if match and match[1].startswith(PREFIX) and (document.file, line) not in at_resources:
                place = (match[1], document.file, line)
                found.append(_declared(place, (), from_comment(match), State.NO_RESOURCE))
    return merged(found)


def _declared(
    place: tuple[str, str, int], resources: tuple[str, ...], exception: PolicyException, state: State
) -> DeclaredException:
    return DeclaredException(*place, resources, exception.reason, exception.until, state, exception.complaint)


def _state(
    exception: PolicyException, policy: str, verdict: Outcome | None, judged: Collection[str], known: Collection[str]
) -> State:
    if policy not in known:
        return State.NO_POLICY
    if exception.expired:
        return State.EXPIRED
    if not exception.holds:
        return State.REFUSED
    if verdict is Outcome.SKIPPED:
        return State.USED
    return State.UNUSED if policy in judged else State.NOT_JUDGED


def merged(exceptions: Iterable[DeclaredException]) -> list[DeclaredException]:
    """One entry for each place: copies of a resource, by a loop or a count, share their exceptions."""
    order = list(State)
    found: dict[tuple[str, int, str], DeclaredException] = {}
    for one in exceptions:
        key = (one.file, one.line, one.policy)
        other = found.setdefault(key, one)
        if other is not one:
            resources = tuple(dict.fromkeys((*other.resources, *one.resources)))
            found[key] = min(other, one, key=lambda item: order.index(item.state))._replace(resources=resources)
    return sorted(found.values(), key=lambda one: (one.file, one.line, one.policy))


def as_text(exceptions: list[DeclaredException]) -> Iterator[str]:
    """A line or two for each exception, by file, and how many there are in which state."""
    previous = None
    for one in exceptions:
        if one.file != previous:
            yield printable(one.file)
        previous = one.file
        resources = ", ".join(one.resources) or "no resource"
        until = f", until {one.until}" if one.until else ""
        yield printable(f"  :{one.line} {one.policy} at {resources}: {one.state}{until}")
        yield printable(f"      {one.complaint or one.reason or 'no reason'}")
    if exceptions:
        yield ""
    counts = {state: sum(one.state is state for one in exceptions) for state in State}
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    yield plural(len(exceptions), "exception") + (f": {states}" if states else "")


def as_json(exceptions: list[DeclaredException]) -> Iterator[str]:
    """The same for programs: a list."""
    yield json.dumps([one.as_json() for one in exceptions], indent=2)
