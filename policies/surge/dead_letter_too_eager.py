"""See dead_letter_too_eager.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import MAPPING, consumers, redrive
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, field, number

DEFAULT = 10.0  # receives, where a redrive policy names no number
ADVISED = 5  # receives where Lambda polls, says the Lambda developer guide: a throttled batch counts as received
AT = "RedrivePolicy.maxReceiveCount"
FIX = f"set {AT} to {ADVISED}"


@policy(applies_to="AWS::SQS::Queue")
def dead_letter_too_eager(queue: Resource, design: Design) -> Verdict:
    """Queue gives up on a message after one or two attempts."""
    written = redrive(queue)
    if isinstance(written, Unknown):
        return undecided(written, at=AT, fix=FIX)
    if written.get("deadLetterTargetArn") in (None, ""):
        return not_applicable("it has no dead-letter queue")
    count = number(written.get("maxReceiveCount"))
    if isinstance(count, Unknown):
        return undecided(count, at=AT, fix=FIX)
    pollers = [link.by.id for link in consumers(queue, design) if link.by.type == MAPPING]
    return _judge(queue, DEFAULT if count is None else count, pollers)


def _judge(queue: Resource, count: float, pollers: list[str]) -> Verdict:
    evidence = (f"{queue.id} → {pollers[0]}",) if pollers else ()
    sets = {AT: ADVISED} if isinstance(field(queue.get("RedrivePolicy"), "maxReceiveCount"), (int, float, str)) else {}
    if count <= 1:
        problem = (
            "a message that was handed out once is a dead letter: a worker that restarts, "
            "or an answer that is lost on its way, sends good work away"
        )
        return flagged(problem, fix=FIX, at=AT, evidence=evidence, sets=sets)
    if count < 3 and pollers:
        problem = (
            f"{count:g} attempts, and one that Lambda throttles counts: a short surge sends good messages "
            "to the dead-letter queue though no function ever saw them"
        )
        return flagged(problem, fix=FIX, at=AT, evidence=evidence, sets=sets)
    note = f"; AWS advises {ADVISED} or more where Lambda polls" if pollers and count < ADVISED else ""
    return accepted(f"a message gets {count:g} attempts{note}", at=AT, evidence=evidence)
