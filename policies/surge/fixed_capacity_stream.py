"""See fixed_capacity_stream.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.scaling import OUTSIDE
from seawall.values import Unknown

AT = "StreamModeDetails.StreamMode"
FIX = f"set {AT}: ON_DEMAND and leave ShardCount out"


@policy(applies_to="AWS::Kinesis::Stream")
def fixed_capacity_stream(stream: Resource, design: Design) -> Verdict:
    """Stream has a fixed number of shards."""
    mode = stream.get(AT)
    if isinstance(mode, Unknown):
        return undecided(mode, at=AT, fix=FIX)
    if mode == "ON_DEMAND":
        return accepted("it adds shards as writes increase", at=AT)
    if mode is None and stream.get("ShardCount") is None:
        return undecided("the mode that is taken where neither mode nor shards are set", at=AT, fix=FIX)
    if stream.is_left_to_others("ShardCount"):
        return undecided(OUTSIDE, at="ShardCount", message=f"the number of its shards is left to {OUTSIDE}", fix=FIX)
    shards = stream.number("ShardCount")
    many = f"{shards:g} shards take {shards:g} MB" if isinstance(shards, float) and shards > 1 else "a shard takes 1 MB"
    problem = f"{many} a second and nothing adds another: in a surge the producers' writes are refused"
    return flagged(problem, fix=FIX, at="ShardCount")
