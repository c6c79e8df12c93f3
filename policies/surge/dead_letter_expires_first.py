"""See dead_letter_expires_first.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import QUEUE, dead_letter_users
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, boolean

DEFAULT = 345_600.0  # seconds, 4 days: what SQS does where MessageRetentionPeriod is left out
LONGEST = 1_209_600.0  # seconds, 14 days: no queue keeps a message longer
AT = "MessageRetentionPeriod"
FIX = f"set {AT}: 1209600 on the dead-letter queue"


@policy(applies_to="AWS::SQS::Queue")
def dead_letter_expires_first(queue: Resource, design: Design) -> Verdict:
    """Dead-letter queue does not keep messages longer than the queue they come from."""
    sources = [link.by for link in dead_letter_users(queue, design) if link.by.type == QUEUE]
    if not sources:
        return not_applicable("no queue of this design sends its dead letters here")
    fifo, kept = boolean(queue.get("FifoQueue")), _seconds(queue)
    if fifo is True:
        return accepted("a FIFO queue starts counting a message's age again", at="FifoQueue")
    if kept == LONGEST:
        return accepted("it keeps messages for 14 days, as long as any queue can", at=AT)
    for unknown in (fifo, kept):
        if isinstance(unknown, Unknown):
            return undecided(unknown, at=AT, fix=FIX)
    return _compare(queue, kept, sources)


def _compare(queue: Resource, kept: float | Unknown, sources: list[Resource]) -> Verdict:
    for source in sources:
        period = _seconds(source)
        if isinstance(period, Unknown) or isinstance(kept, Unknown):
            return undecided(period, at=AT, fix=FIX)
        if kept <= period:
            problem = (
                f"a message's age keeps counting in a standard queue: {source.id} keeps it {_days(period)}, "
                f"{queue.id} {_days(kept)} from the same start, so what waited is gone before anyone looks"
            )
            evidence = (f"{source.id} ({_days(period)}) → {queue.id} ({_days(kept)})",)
            return flagged(problem, fix=FIX, at=AT, evidence=evidence, sets={AT: int(LONGEST)})
    return accepted("it keeps messages longer than the queue they come from", at=AT)


def _seconds(queue: Resource) -> float | Unknown:
    period = queue.number(AT)
    return DEFAULT if period is None else period


def _days(seconds: float) -> str:
    return f"{seconds / 86_400:g} days" if seconds % 8_640 == 0 else f"{seconds:g} seconds"
