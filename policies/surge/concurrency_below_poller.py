"""See concurrency_below_poller.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import MAPPING, function_of, mappings_of, reserved_runs, source_kind
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, boolean

POLLERS = 5.0  # batches at once that Lambda starts with on a standard queue
LEAST = 2.0  # the smallest MaximumConcurrency
AT = "ScalingConfig.MaximumConcurrency"
RESERVED = "ReservedConcurrentExecutions"


@policy(applies_to=MAPPING)
def concurrency_below_poller(mapping: Resource, design: Design) -> Verdict:
    """Function may not run as often as its queue is polled."""
    function = function_of(mapping.get("FunctionName"), design)
    if function is None or source_kind(mapping, design) != "queue" or boolean(mapping.get("Enabled")) is False:
        return not_applicable("no function of this design works on a queue by it")
    reserved = reserved_runs(function)
    if reserved is None:
        return not_applicable("its function has no number of runs reserved")
    fix = f"set {AT} to what the function has reserved, or reserve more"
    if isinstance(reserved, Unknown):
        return undecided(reserved, at=AT, fix=fix)
    feeding = [other for other in mappings_of(function, design) if source_kind(other, design) == "queue"]
    polled = 0.0
    for cap in [other.number(AT) for other in feeding if boolean(other.get("Enabled")) is not False]:
        if isinstance(cap, Unknown):
            return undecided(cap, at=AT, fix=fix)
        polled += POLLERS if cap is None else cap
    if mapping.number(AT) is None and _is_fifo(mapping.get("EventSourceArn"), design):
        return _fifo(reserved, mapping, fix)
    verdict = _compare(mapping, function, reserved, polled, fix)
    return verdict if len(feeding) == 1 else verdict._replace(sets=())


def _compare(mapping: Resource, function: Resource, reserved: float, polled: float, fix: str) -> Verdict:
    evidence = (f"{mapping.get('EventSourceArn')} → {mapping.id} ({polled:g}) → {function.id} ({reserved:g})",)
    if reserved >= polled:
        loose = mapping.get(AT) is None
        note = f"; beyond {reserved:g} batches at once the rest is throttled, and that counts as an attempt"
        message = f"{function.id} may run {reserved:g} times at once, its queues ask for {polled:g} to begin with"
        return accepted(message + (note if loose else ""), at=AT, evidence=evidence)
    problem = (
        f"{function.id} may run {reserved:g} times at once, and its queue is polled for {polled:g} batches: "
        "the others are throttled, each time counts as an attempt, and good messages end as dead letters"
    )
    sets = {AT: int(reserved)} if reserved >= LEAST else {}
    return flagged(problem, fix=fix, at=AT, evidence=evidence, sets=sets)


def _fifo(reserved: Value, mapping: Resource, fix: str) -> Verdict:
    message = f"{mapping.id} works on as many message groups at once as there are; {reserved:g} runs are reserved"
    return undecided("how many message groups there are", at=AT, message=message, fix=fix)


def _is_fifo(arn: Value, design: Design) -> bool:
    queue = design.resolve(arn, "AWS::SQS::Queue")
    return str(arn).endswith(".fifo") if queue is None else boolean(queue.get("FifoQueue")) is True
