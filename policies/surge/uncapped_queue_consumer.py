"""See uncapped_queue_consumer.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.messaging import MAPPING, function_of, reserved_runs, source_kind
from seawall.policy import Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.values import Unknown, boolean

AT = "ScalingConfig.MaximumConcurrency"
FIX = f"set {AT} to what the database takes"
LIMITED = (
    "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::DocDB::DBInstance",
    "AWS::Neptune::DBCluster", "AWS::Neptune::DBInstance", "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::CacheCluster", "AWS::MemoryDB::Cluster", "AWS::Redshift::Cluster",
    "AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain", "AWS::AmazonMQ::Broker", "AWS::EC2::Instance",
)  # fmt: skip
"""What takes so many connections and no more, however many functions ask."""

ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"
PROXY = "AWS::RDS::DBProxy"


@policy(applies_to=MAPPING)
def uncapped_queue_consumer(mapping: Resource, design: Design) -> Verdict:
    """Queue consumer grows until what it calls breaks down."""
    if source_kind(mapping, design) != "queue" or boolean(mapping.get("Enabled")) is False:
        return not_applicable("it reads no queue")
    cap = mapping.number(AT)
    if isinstance(cap, float):
        return accepted(f"no more than {cap:g} copies of the function work on this queue at once", at=AT)
    if mapping.number("ProvisionedPollerConfig.MaximumPollers") is not None:
        return accepted("its pollers are numbered", at="ProvisionedPollerConfig.MaximumPollers")
    function = function_of(mapping.get("FunctionName"), design)
    if function is None:
        return undecided("what its function calls", at=AT, fix=FIX)
    reserved = reserved_runs(function)
    if isinstance(reserved, float):
        return accepted(f"{function.id} never runs more than {reserved:g} times at once")
    return _judge(mapping, function, cap if isinstance(cap, Unknown) else reserved, design)


def _judge(mapping: Resource, function: Resource, unknown: Unknown | None, design: Design) -> Verdict:
    reached = _reached(function, design)
    limited = [other for other in reached if other.type in LIMITED]
    pooled = [other for other in reached if other.type == PROXY]
    if not limited and not pooled:
        if function.get("VpcConfig") in (None, {}):
            return not_applicable("nothing that it is seen to call is limited in size")
        message = f"{function.id} works inside a VPC; what it calls there, and how much that takes, is not here"
        return undecided(unknown or "what its function calls", at=AT, message=message, fix=FIX)
    evidence = (f"{mapping.get('EventSourceArn')} → {function.id} → {(limited or pooled)[0].id}",)
    if unknown is not None:
        return undecided(unknown, at=AT, fix=FIX, evidence=evidence)
    if pooled:
        return accepted(f"{pooled[0].id} pools its connections", evidence=evidence)
    problem = (
        f"nothing limits how many copies of {function.id} work at once: a surge starts up to 1,000 of them, "
        f"and {limited[0].id} runs out of connections for everybody"
    )
    return flagged(problem, fix=FIX, at=AT, evidence=evidence)


def _reached(function: Resource, design: Design) -> list[Resource]:
    """What the function's environment names, and the databases that its secrets belong to."""
    reached = []
    for key, path in function.references():
        other = design.all.get(key)
        if other is None or not path.startswith("Environment") or other.exists is False:
            continue
        reached.append(other)
        if other.type in ("AWS::SecretsManager::Secret", ATTACHMENT):
            reached += _behind(other, design)
    return reached


def _behind(secret: Resource, design: Design) -> list[Resource]:
    attachments = [secret] if secret.type == ATTACHMENT else []
    attachments += [other for other, path in design.referrers(secret) if other.type == ATTACHMENT]
    found = [design.resolve(attachment.get("TargetId"), *LIMITED) for attachment in attachments]
    users = [other for other, path in design.referrers(secret) if other.type in (*LIMITED, PROXY)]
    return [*users, *(other for other in found if other is not None)]
