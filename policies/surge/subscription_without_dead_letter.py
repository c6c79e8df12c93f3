"""See subscription_without_dead_letter.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import PROGRAMS, Manner, function_of, is_handler, redrive, senders
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, Value, field, reasons

AT = "RedrivePolicy"
FIX = f"set {AT} with the deadLetterTargetArn of a queue in the same region"
TOPIC = "AWS::SNS::Topic"


@policy(applies_to=("AWS::SNS::Subscription", TOPIC))
def subscription_without_dead_letter(resource: Resource, design: Design) -> Verdict:
    """Subscription loses the messages that cannot be delivered."""
    return _topic(resource, design) if resource.type == TOPIC else _subscription(resource, design)


def _subscription(subscription: Resource, design: Design) -> Verdict:
    written = redrive(subscription)
    if not isinstance(written, Unknown) and written.get("deadLetterTargetArn") not in (None, ""):
        return accepted("messages that cannot be delivered go to a dead-letter queue", at=AT)
    protocol = subscription.get("Protocol")
    if not reasons(protocol) and str(protocol).lower() not in PROGRAMS:
        return not_applicable("a person is told: nothing can be delivered to them later")
    if _only_a_handler(subscription.get("Endpoint"), subscription.get("TopicArn"), design):
        return not_applicable("a stack waits for the answer of what it reaches")
    for unknown in (written, protocol):
        if isinstance(unknown, Unknown) or reasons(unknown):
            return undecided(unknown, at=AT, fix=FIX)
    topic = subscription.get("TopicArn") or "its topic"
    evidence = (f"{topic} → {subscription.get('Endpoint')} ({protocol})",)
    return flagged(_problem(str(protocol).lower()), fix=FIX, at=AT, evidence=evidence)


def _problem(protocol: str) -> str:
    attempts = "within the hour" if protocol.startswith("http") else "at once where the target refuses it"
    return f"no RedrivePolicy is set: a message that cannot be delivered is given up {attempts}, and lost"


def _only_a_handler(endpoint: Value, topic: Value, design: Design) -> bool:
    function = function_of(endpoint, design)
    if function is not None and is_handler(function, design):
        return True
    source = design.resolve(topic, TOPIC)
    links = senders(source, design) if source is not None else []
    return bool(links) and all(link.manner is Manner.HANDLER for link in links)


def _topic(topic: Resource, design: Design) -> Verdict:
    inline = topic.items("Subscription")
    if isinstance(inline, Unknown):
        return undecided(inline, at="Subscription", fix=FIX)
    for entry in inline:
        protocol = field(entry, "Protocol")
        if str(protocol).lower() in PROGRAMS and not _only_a_handler(field(entry, "Endpoint"), None, design):
            problem = f"it lists a subscription by {protocol}, and what is listed there can have no dead-letter queue"
            fix = f"declare an AWS::SNS::Subscription of its own and set {AT}"
            return flagged(problem, fix=fix, at="Subscription")
    return not_applicable("its subscriptions are judged")
