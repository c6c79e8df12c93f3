"""See unwatched_dead_letter.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.alarms import Watch, unwatched, watches
from seawall.design import Design, Resource
from seawall.messaging import QUEUE, Manner, consumers, dead_letter_users
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy

VISIBLE = "ApproximateNumberOfMessagesVisible"
METRICS = (VISIBLE, "ApproximateAgeOfOldestMessage")
SENT = "NumberOfMessagesSent"
FIX = f"add an AWS::CloudWatch::Alarm on {VISIBLE} above 0 whose dimension is the name of this queue"


@policy(applies_to=QUEUE)
def unwatched_dead_letter(queue: Resource, design: Design) -> Verdict:
    """Dead-letter queue fills and nobody is told."""
    users = dead_letter_users(queue, design)
    if not users:
        return not_applicable("no failures of this design end here")
    evidence = (f"{users[0].by.id} → {queue.id}",)
    readers = [link.by for link in consumers(queue, design) if link.manner is not Manner.UNSURE]
    if readers:
        return accepted(f"{readers[0].id} works on what arrives", evidence=evidence)
    found = watches(queue, design, "AWS/SQS")
    redriven = all(link.by.type == QUEUE for link in users)
    good = [watch for watch in found if _sounds(watch, redriven)]
    if good:
        return accepted(f"{good[0].alarm.id} watches {good[0].metric}", evidence=(f"{good[0].alarm.id} → {queue.id}",))
    if found:
        return flagged(_deaf(found[0]), fix=FIX, evidence=(f"{found[0].alarm.id} → {queue.id}", *evidence))
    problem = "the design has alarms, and none on what arrives here: failed work lies in it until it expires"
    return unwatched(design, "AWS/SQS", METRICS, problem=problem, fix=FIX, evidence=evidence)


def _sounds(watch: Watch, redriven: bool) -> bool:
    # What SQS itself moves is not counted as sent, what a service or a program sends is.
    return not watch.misses and (watch.metric in METRICS or (watch.metric == SENT and not redriven))


def _deaf(watch: Watch) -> str:
    if watch.misses:
        return f"{watch.alarm.id} names it by its address, and its metrics go by its name: it never sounds"
    if watch.metric == SENT:
        return f"{watch.alarm.id} watches {SENT}, which does not count what SQS moves here: it never sounds"
    return f"{watch.alarm.id} watches {watch.metric}, which says nothing of the messages that wait here"
