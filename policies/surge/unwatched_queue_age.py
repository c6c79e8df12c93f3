"""See unwatched_queue_age.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.alarms import unwatched, watches
from seawall.design import Design, Resource
from seawall.messaging import FUNCTION, Manner, consumers, dead_letter_users
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy

AGE = "ApproximateAgeOfOldestMessage"
METRICS = (AGE, "ApproximateNumberOfMessagesVisible")
FIX = f"add an AWS::CloudWatch::Alarm on {AGE} whose dimension is the name of this queue"


@policy(applies_to="AWS::SQS::Queue")
def unwatched_queue_age(queue: Resource, design: Design) -> Verdict:
    """Queue falls behind and nobody is told."""
    # A function that only knows the queue's address sends to it: Lambda reads by a mapping.
    readers = [
        link for link in consumers(queue, design) if link.manner is not Manner.UNSURE or link.by.type != FUNCTION
    ]
    if not readers or dead_letter_users(queue, design):
        return not_applicable("nothing in this design works on it")
    found = watches(queue, design, "AWS/SQS", METRICS)
    aimed = [watch for watch in found if not watch.misses]
    if aimed:
        best = min(aimed, key=lambda watch: watch.metric != AGE)
        return accepted(f"{best.alarm.id} watches {best.metric}", evidence=(f"{best.alarm.id} → {queue.id}",))
    evidence = (f"{queue.id} → {readers[0].by.id}",)
    if found:
        problem = f"{found[0].alarm.id} names it by its address, and its metrics go by its name: it never sounds"
        return flagged(problem, fix="set the dimension QueueName to the name of the queue", evidence=evidence)
    problem = "the design has alarms, and none on the age of its messages: work waits for hours before a person looks"
    return unwatched(design, "AWS/SQS", METRICS, problem=problem, fix=FIX, evidence=evidence)
