"""See stream_consumer_without_failure_path.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import FUNCTION, MAPPING, function_of, mappings_of, source_kind
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown

AT = "DestinationConfig.OnFailure.Destination"
FIX = f"set {AT} (a queue, topic or bucket) on the event source mapping"


@policy(applies_to=(FUNCTION, MAPPING))
def stream_consumer_without_failure_path(resource: Resource, design: Design) -> Verdict:
    """Stream consumer gives up on records without keeping them anywhere."""
    if resource.type == MAPPING:
        if function_of(resource.get("FunctionName"), design) is not None:
            return not_applicable("its function is judged")
        return _judge([resource], design)
    return _judge(mappings_of(resource, design), design)


def _may_be_judged(kind: str, mapping: Resource) -> bool:
    # Only streams take a destination: who sets one reads a stream, even where its address does not show it.
    return kind == "stream" or (not kind and mapping.get(AT) not in (None, ""))


def _judge(mappings: list[Resource], design: Design) -> Verdict:
    kinds = {mapping.id: source_kind(mapping, design) for mapping in mappings}
    streams = [mapping for mapping in mappings if _may_be_judged(kinds[mapping.id], mapping)]
    for mapping in streams:
        target = mapping.get(AT)
        if target in (None, ""):
            problem = (
                f"{mapping.id} reads a stream and sets no on-failure destination: a record that fails blocks "
                "its shard or partition until it expires, then is lost; a function's dead-letter queue never sees it"
            )
            evidence = (f"{mapping.get('EventSourceArn')} → {mapping.id}",)
            return flagged(problem, fix=FIX, at=AT, evidence=evidence)
        if isinstance(mapping.get("DestinationConfig.OnFailure"), Unknown):
            return undecided(target, at=AT, fix=FIX)
    if streams:
        return accepted(f"{streams[0].id} sends records that failed to a destination of their own", at=AT)
    if "" in kinds.values():
        return undecided("what the event source mapping reads", at=AT, fix=FIX)
    return not_applicable("it reads no stream")
