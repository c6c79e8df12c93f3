"""See visibility_shorter_than_consumer.md: why it matters, how to fix it, what is and is not flagged."""

import math

from seawall.design import Design, Resource
from seawall.messaging import MAPPING, consumers, function_of
from seawall.policy import Outcome, Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

QUEUE_DEFAULT = 30.0  # seconds, of VisibilityTimeout
FUNCTION_DEFAULT = 3.0  # seconds, of a function's Timeout
ADVISED = 6  # times the function's timeout, says the Lambda developer guide: room for retries when it is throttled
LONGEST = 43_200  # seconds, 12 hours: what a queue takes at most
AT = "VisibilityTimeout"


@policy(applies_to="AWS::SQS::Queue")
def visibility_shorter_than_consumer(queue: Resource, design: Design) -> Verdict:
    """Queue hands a message out again while its consumer still works on it."""
    verdicts = [_compare(queue, link.by, design) for link in consumers(queue, design) if link.by.type == MAPPING]
    verdicts.sort(key=lambda verdict: dict(verdict.sets).get(AT, 0), reverse=True)  # the slowest consumer decides
    for outcome in (Outcome.FLAGGED, Outcome.UNDECIDED):
        for verdict in verdicts:
            if verdict.outcome is outcome:
                return verdict
    noted = sorted(verdicts, key=lambda verdict: "advises" not in verdict.message)
    return noted[0] if noted else not_applicable("no function of this design polls it")


def _compare(queue: Resource, mapping: Resource, design: Design) -> Verdict:
    function = function_of(mapping.get("FunctionName"), design)
    if function is None:
        return undecided(f"the timeout of the function behind {mapping.id}", at=AT)
    visibility, timeout = queue.number(AT), function.number("Timeout")
    visibility = QUEUE_DEFAULT if visibility is None else visibility
    timeout = FUNCTION_DEFAULT if timeout is None else timeout
    evidence = (f"{queue.id} ({_seconds(visibility)}) → {mapping.id} → {function.id} ({_seconds(timeout)})",)
    if isinstance(visibility, Unknown) or isinstance(timeout, Unknown):
        unknown = visibility if isinstance(visibility, Unknown) else timeout
        return undecided(unknown, at=AT, evidence=evidence)
    window = mapping.number("MaximumBatchingWindowInSeconds") or 0.0
    advised = ADVISED * timeout + (window if isinstance(window, float) else 0.0)
    if visibility < timeout:
        problem = (
            f"{function.id} may work for {timeout:g} s on a message that is handed out again "
            f"after {visibility:g} s: under load the same work is done twice"
        )
        sets = {AT: min(math.ceil(advised), LONGEST)}
        return flagged(problem, fix=f"set {AT} to at least {advised:g}", at=AT, evidence=evidence, sets=sets)
    advice = f"; AWS advises {advised:g} s (6 × the timeout plus the batching window)"
    note = advice if visibility < advised else ""
    covered = f"{visibility:g} s cover the {timeout:g} s that {function.id} may take{note}"
    return accepted(covered, at=AT, evidence=evidence)


def _seconds(value: float | Unknown) -> str:
    return f"{value:g} s" if isinstance(value, float) else str(value)
