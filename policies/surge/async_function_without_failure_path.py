"""See async_function_without_failure_path.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import Link, Manner, failure_paths, invocations, invoke_settings, is_handler
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

PERMISSION = "AWS::Lambda::Permission"
AT = "DeadLetterConfig"
FIX = "set DeadLetterConfig.TargetArn, or DestinationConfig.OnFailure in an AWS::Lambda::EventInvokeConfig"
PROBLEM = "an event that fails three times is dropped for good"


@policy(applies_to="AWS::Lambda::Function")
def async_function_without_failure_path(function: Resource, design: Design) -> Verdict:
    """Function drops events that it was handed asynchronously and could not process."""
    paths = failure_paths(function, design)
    sure = [resource for resource, target in paths if not isinstance(target, Unknown)]
    if sure:
        return accepted(f"{sure[0].id} names where failed events go", at=AT if sure[0] is function else "")
    if is_handler(function, design):
        return accepted("only custom resources use it: the stack waits for its answer")
    links = invocations(function, design)
    asynchronous = [link for link in links if link.manner is Manner.ASYNCHRONOUS]
    settings = invoke_settings(function, design)
    if not asynchronous and not settings:
        return _without_events(links, function)
    evidence = tuple(_step(link, function) for link in _triggers_first(asynchronous)[:4])
    if paths:
        return undecided(paths[0][1], at=AT, fix=FIX, evidence=evidence)
    if asynchronous:
        return flagged(
            f"{_trigger(asynchronous)} does not wait for it and it has no dead-letter target: {PROBLEM}",
            fix=FIX,
            at=AT,
            evidence=evidence,
        )
    return flagged(f"{settings[0].id} expects asynchronous events and sets no OnFailure: {PROBLEM}", fix=FIX, at=AT)


def _without_events(links: list[Link], function: Resource) -> Verdict:
    manners = {link.manner for link in links}
    if Manner.SYNCHRONOUS in manners or Manner.HANDLER in manners:
        evidence = tuple(_step(link, function) for link in _triggers_first(links)[:4])
        return accepted("whoever invokes it waits for the answer and learns of a failure", evidence=evidence)
    if Manner.FROM_QUEUE in manners:
        return accepted("it polls a queue, which keeps what failed")
    if Manner.FROM_STREAM in manners:
        return not_applicable("its event source mapping decides")
    message = "nothing in the design invokes it: whether its callers wait for it cannot be told"
    if links:
        names = " and ".join(dict.fromkeys(link.by.id for link in links[:2]))
        message = f"{names} may invoke it; whether its callers wait for it cannot be told"
    return undecided("what invokes it", message=message, at=AT, fix=FIX)


def _trigger(links: list[Link]) -> str:
    first = _triggers_first(links)[0].by
    return first.id if first.type != PERMISSION else f"{first.get('Principal')}, which {first.id} lets invoke it,"


def _triggers_first(links: list[Link]) -> list[Link]:
    # A permission only repeats what the trigger beside it says.
    return sorted(links, key=lambda link: link.by.type == PERMISSION)


def _step(link: Link, function: Resource) -> str:
    return f"{link.by.id} → {function.id} ({link.manner})"
