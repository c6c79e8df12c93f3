"""Applies policies to a design: every resource, in every scenario that can change the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from seawall.design import Design, Resource
from seawall.exceptions import exception_for
from seawall.finding import Finding, Unread
from seawall.policy import Outcome, Policy, Verdict, undecided
from seawall.scenarios import MAX_SCENARIOS, Scenarios, outcome_of, scenarios_of
from seawall.stack import Touched
from seawall.values import Key, Unknown


class PolicyFailed(Exception):
    """A policy raised while it judged; the message names the policy, the resource and the error."""


class Judgement(NamedTuple):
    """A verdict, the resource as it was judged, what was read on the way, and a note about scenarios."""

    verdict: Verdict
    resource: Resource
    touched: frozenset[Touched]
    note: str = ""


def judge_design(
    design: Design, policies: Iterable[Policy], judged: Callable[[Policy, Resource], bool] | None = None
) -> Iterator[Finding | Unread]:
    """Every policy's verdict about every resource it applies to; an ``Unread`` where a policy raised.

    ``judged`` says which resources a policy is applied to, where that is not all of them.
    """
    court = _Court(design)
    for policy in policies:
        if design.types.isdisjoint(policy.applies_to):
            continue
        for resource in design.declared(*policy.applies_to):
            if judged is not None and not judged(policy, resource):
                continue
            try:
                judgement = court.judge(policy, resource)
                if judgement.verdict.outcome is not Outcome.NOT_APPLICABLE:
                    yield _finding(policy, judgement, court.deciders(policy, judgement))
            except PolicyFailed as error:
                yield Unread(resource.file, resource.line, str(error), resource.id)


class _Court:
    """Judges resources of one design and keeps its scenarios once they are needed."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self._scenarios: Scenarios | None = None
        self._blind: dict[tuple[str, Key], Design] = {}

    @property
    def scenarios(self) -> Scenarios:
        if self._scenarios is None:
            self._scenarios = scenarios_of(self.design)
        return self._scenarios

    def judge(self, policy: Policy, resource: Resource) -> Judgement:
        if resource.exists is not True:
            for design in self.scenarios.designs:
                if _exists(design, resource.key):
                    judgement = _judge(policy, design, resource.key)
                    return judgement._replace(note=f"it exists only where {design.scenario}")
        judgement = _judge(policy, self.design, resource.key)
        conditional = any(kind == "condition" for kind, _, _ in judgement.touched)
        if not conditional or judgement.verdict.outcome not in (Outcome.ACCEPTED, Outcome.UNDECIDED):
            return judgement
        return self._compare(policy, judgement)

    def _compare(self, policy: Policy, judgement: Judgement) -> Judgement:
        """Looks whether other scenarios agree with a verdict that conditions had a part in."""
        others = list(self._others(policy, judgement))
        flagged = next((other for other in others if other.verdict.outcome is Outcome.FLAGGED), None)
        if judgement.verdict.outcome is Outcome.ACCEPTED:
            if flagged is not None:
                return judgement._replace(note=f"flagged where {flagged.resource.design.scenario}")
            if self.scenarios.cut:
                return judgement._replace(note=f"only {MAX_SCENARIOS} combinations of parameters were tried")
            return judgement
        known = [other for other in others if other.verdict.outcome is not Outcome.UNDECIDED]
        # Where the defaults decide every condition, what they give is one of the cases and stays undecided.
        known = known if None in outcome_of(self.design, set(judgement.touched)) else []
        if known and len(known) == len(others) and len({other.verdict.outcome for other in known}) == 1:
            return known[0]._replace(note="whatever the parameters are")
        if flagged is not None:
            return judgement._replace(note=f"flagged where {flagged.resource.design.scenario}")
        return judgement

    def _others(self, policy: Policy, judgement: Judgement) -> Iterator[Judgement]:
        touched = set(judgement.touched)
        seen = {outcome_of(self.design, touched)}
        for design in self.scenarios.designs:
            outcome = outcome_of(design, touched)
            if outcome in seen or not _exists(design, judgement.resource.key):
                continue
            seen.add(outcome)
            yield _judge(policy, design, judgement.resource.key)

    def deciders(self, policy: Policy, judgement: Judgement) -> tuple[str, ...]:
        """What the verdict depends on: parameters without whose value it would be another one."""
        if judgement.verdict.outcome is Outcome.UNDECIDED:
            return tuple(dict.fromkeys(map(_bare, judgement.verdict.because)))
        parameters = [
            (stack, name)
            for kind, stack, name in sorted(judgement.touched)
            if kind == "parameter" and not name.startswith("AWS::")  # nobody sets those
        ]
        return tuple(name for stack, name in parameters if self._matters(policy, judgement, (stack, name)))

    def _matters(self, policy: Policy, judgement: Judgement, parameter: Key) -> bool:
        design = judgement.resource.design
        key = (design.scenario, parameter)
        if key not in self._blind:
            unknown = Unknown((f"parameter {parameter[1]}",), ("parameter", *parameter))
            self._blind[key] = design.under({**design.assignment, parameter: unknown}, design.scenario)
        if judgement.resource.key not in self._blind[key].all:
            return True
        return _judge(policy, self._blind[key], judgement.resource.key).verdict.outcome is not judgement.verdict.outcome


def _exists(design: Design, key: Key) -> bool:
    # A loop over a parameter makes other resources in another scenario.
    return key in design.all and design.all[key].exists is True


def _judge(policy: Policy, design: Design, key: Key) -> Judgement:
    resource = design.all[key]
    design.touched = set()
    try:
        verdict = policy.judge(resource, design)
        if not isinstance(verdict, Verdict):
            raise TypeError(f"it returned {type(verdict).__name__}, not a Verdict")
    except RecursionError:
        verdict = undecided("a chain of references without end")
    except (Exception, SystemExit) as error:  # one policy's mistake must not silence the others
        detail = f"{type(error).__name__}: {error}".splitlines()[0]
        raise PolicyFailed(f"policy {policy.id} failed on {resource.id}: {detail}") from error
    return Judgement(verdict, resource, frozenset(design.touched))


def _finding(policy: Policy, judgement: Judgement, depends_on: tuple[str, ...]) -> Finding:
    verdict, resource = judgement.verdict, judgement.resource
    line = resource.line_of(verdict.at)
    note = judgement.note
    outcome, message = verdict.outcome, verdict.message
    if outcome in (Outcome.FLAGGED, Outcome.UNDECIDED):
        exception = exception_for(policy.id, resource)
        if exception is not None and exception.holds:
            outcome, message = Outcome.SKIPPED, exception.reason
        elif exception is not None:
            note = "; ".join(part for part in (note, exception.complaint) if part)
    return Finding(
        policy.id,
        policy.group,
        outcome,
        resource.id,
        resource.declared_type,
        resource.document.file,
        line,
        message,
        resource.in_its_words(verdict.fix),
        verdict.evidence,
        depends_on,
        note,
        resource.key[0],
        policy.title,
        verdict.at,
        resource.document.text_of(line),
        resource.line,
        verdict.sets if outcome is Outcome.FLAGGED else (),
        _language(resource),
        str(resource.metadata.get("aws:cdk:path", "")),
    )


def _language(resource: Resource) -> str:
    if resource.language == "terraform":
        return "hcl"
    return "json" if resource.document.is_json else "yaml"


def _bare(reason: str) -> str:
    return reason.removeprefix("parameter ")
