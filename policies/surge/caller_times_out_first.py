"""See caller_times_out_first.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.callers import Wait, waits_for
from seawall.design import Design, Resource
from seawall.messaging import Manner, invocations
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

DEFAULT = 3.0  # seconds, of a function's Timeout
TOLERATED = 1.0  # seconds: 30 behind the 29 of a REST API is a round number, not a design
AT = "Timeout"


@policy(applies_to="AWS::Lambda::Function")
def caller_times_out_first(function: Resource, design: Design) -> Verdict:
    """Caller gives up while the function still works for it."""
    waits = waits_for(function, design)
    if not waits:
        return not_applicable("no caller of this design waits for it with a limit of its own")
    timeout = function.number(AT)
    timeout = DEFAULT if timeout is None else timeout
    shortest = min((wait for wait in waits if isinstance(wait.seconds, float)), key=_seconds, default=None)
    if isinstance(timeout, Unknown):
        return undecided(timeout, at=AT)
    if shortest is not None and timeout > _seconds(shortest) + TOLERATED:
        return _too_long(function, timeout, shortest, design)
    unknown = next((wait for wait in waits if isinstance(wait.seconds, Unknown)), None)
    if unknown is not None and timeout > DEFAULT:
        return undecided(unknown.seconds, at=AT, evidence=(_step(unknown, function, timeout),))
    first = shortest or waits[0]
    message = f"{first.name} waits as long as it may take"
    if timeout > _seconds(first):
        message = f"{first.name} waits {_seconds(first):g} s, all but the last of the {timeout:g} s it may take"
    return accepted(message, at=AT, evidence=(_step(first, function, timeout),))


def _too_long(function: Resource, timeout: float, wait: Wait, design: Design) -> Verdict:
    evidence = (_step(wait, function, timeout),)
    fix = f"set {AT} to at most {_seconds(wait):g}, or hand longer work to a queue and answer at once"
    others = [link for link in invocations(function, design) if link.manner in _UNHURRIED]
    if others:
        message = f"{others[0].by.id} hands it work too, which may be what it gets {timeout:g} s for"
        return undecided(f"how long it works for {wait.name}", at=AT, message=message, fix=fix, evidence=evidence)
    problem = (
        f"{wait.name} waits {_seconds(wait):g} s and it may work for {timeout:g} s: under load callers give up "
        "and ask again while the first request still holds its place"
    )
    return flagged(problem, fix=fix, at=AT, evidence=evidence)


_UNHURRIED = (Manner.ASYNCHRONOUS, Manner.FROM_QUEUE, Manner.FROM_STREAM)


def _seconds(wait: Wait) -> float:
    return wait.seconds if isinstance(wait.seconds, float) else float("inf")


def _step(wait: Wait, function: Resource, timeout: float) -> str:
    limit = f"{wait.seconds:g} s" if isinstance(wait.seconds, float) else str(wait.seconds)
    return f"{wait.name} ({limit}) → {function.id} ({timeout:g} s)"
