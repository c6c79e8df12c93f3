"""See queue_without_dead_letter.md: why it matters, how to fix it, what is and is not flagged."""

import re

from seawall.design import Design, Resource
from seawall.messaging import dead_letter_chain, dead_letter_users, redrive
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown, field

FIX = "set RedrivePolicy with the deadLetterTargetArn of a second queue and a maxReceiveCount"
MEANT_AS_DEAD_LETTER = re.compile(
    r"dlq|dead.?(letter|queue)|on.?failure|fail(ed|ures?)|undeliver|poison|error.?queue", re.IGNORECASE
)


@policy(applies_to="AWS::SQS::Queue")
def queue_without_dead_letter(queue: Resource, design: Design) -> Verdict:
    """Queue has no dead-letter queue."""
    users = dead_letter_users(queue, design)
    written = redrive(queue)
    if isinstance(written, Unknown):
        return undecided(written, at="RedrivePolicy", fix=FIX)
    if written.get("deadLetterTargetArn") in (None, ""):
        return _without_redrive(queue, users[0].by.id if users else "")
    chain = dead_letter_chain(queue, design)
    steps = " → ".join(step.id for step in chain)
    if len(chain) > 2 and chain[-1] is queue:
        problem = f"its dead letters come back to it ({steps}): a broken message circles until it expires"
        return flagged(problem, fix="let the chain end in a queue without RedrivePolicy", at="RedrivePolicy")
    evidence = (steps,) if len(chain) > 1 else ()
    return accepted("messages that keep failing move to a dead-letter queue", at="RedrivePolicy", evidence=evidence)


def _without_redrive(queue: Resource, user: str) -> Verdict:
    if user:
        return accepted(f"it is itself the dead-letter queue of {user}", evidence=(f"{user} → {queue.id}",))
    allowed = redrive(queue, "RedriveAllowPolicy")
    if field(allowed, "redrivePermission") == "byQueue" and field(allowed, "sourceQueueArns"):
        return accepted("it is itself the dead-letter queue of queues elsewhere", at="RedriveAllowPolicy")
    if isinstance(allowed, Unknown) or allowed.get("redrivePermission") in ("byQueue", "allowAll"):
        return undecided("who uses it as a dead-letter queue", at="RedriveAllowPolicy", fix=FIX)
    # The name that is deployed speaks louder than the one that only the template sees.
    name = queue.get("QueueName")
    if MEANT_AS_DEAD_LETTER.search(name if isinstance(name, str) else f"{name} {queue.id}"):
        why = "its name says dead-letter queue; which queue uses it cannot be seen here"
        return undecided("who uses it as a dead-letter queue", message=why, at="RedrivePolicy", fix=FIX)
    problem = "no RedrivePolicy is set: a message that cannot be processed comes back until it expires and is lost"
    return flagged(problem, fix=FIX, at="RedrivePolicy")
