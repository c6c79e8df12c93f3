"""See single_region_broker.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.policy import Verdict, policy, undecided
from seawall.regions import RegionalCopy, is_elsewhere, judged_by_copies, named_region, region_of_arn
from seawall.twins import twin_copies
from seawall.values import Unknown, Value, same

BROKER = "AWS::AmazonMQ::Broker"
KAFKA = ("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster")
PRIMARY = "DataReplicationPrimaryBrokerArn"
FIX = (
    "declare a broker in another region with DataReplicationMode: CRDR and the "
    f"{PRIMARY} of this one, which needs ActiveMQ"
)
KAFKA_FIX = "declare an AWS::MSK::Replicator between this cluster and one in another region"


@policy(applies_to=(BROKER, *KAFKA))
def single_region_broker(broker: Resource, design: Design) -> Verdict:
    """Broker or Kafka cluster has no copy in another region."""
    kafka = broker.type in KAFKA
    copies = [*(_replicators(broker, design) if kafka else _pair(broker, design)), *twin_copies(broker, design)]
    if not copies and not kafka:
        engine = broker.get("EngineType")
        rabbit = same(str(engine).upper(), "RABBITMQ") is True
        if rabbit or isinstance(engine, Unknown):
            because = "what RabbitMQ's federation carries to other regions" if rabbit else engine
            return undecided(because, at="EngineType", fix="declare a broker in another region and federate the two")
    return judged_by_copies(
        copies,
        otherwise="no broker of another region has its messages: when its region fails they are out of reach",
        fix=KAFKA_FIX if kafka else FIX,
        at="" if kafka else "DataReplicationMode",
    )


def _pair(broker: Resource, design: Design) -> list[RegionalCopy]:
    """The other broker of a pair for cross-region data replication; only the replica names the primary."""
    found: list[RegionalCopy] = []
    if broker.get(PRIMARY) not in (None, ""):
        region = region_of_arn(broker.get(PRIMARY), design, BROKER)
        found.append(_copy(region, broker, "it is the replica of a broker", PRIMARY))
    replicas = [other for other in design.of_type(BROKER) if design.resolve(other.get(PRIMARY), BROKER) is broker]
    return [*found, *(_copy(other.region, broker, f"{other.id} is its replica") for other in replicas)]


def _replicators(cluster: Resource, design: Design) -> list[RegionalCopy]:
    found: list[RegionalCopy] = []
    for replicator in design.of_type("AWS::MSK::Replicator"):
        ends = list(replicator.values_at("KafkaClusters.AmazonMskCluster.MskClusterArn"))
        own = [end for end in ends if design.resolve(end, *KAFKA) is cluster]
        for end in ends if own else ():
            if end not in own:
                region = region_of_arn(end, design, *KAFKA)
                found.append(_copy(region, cluster, f"{replicator.id} replicates between it and a cluster"))
    return found


def _copy(region: Value, broker: Resource, what: str, at: str = "") -> RegionalCopy:
    where = named_region(region, broker.region)
    return RegionalCopy(is_elsewhere(region, broker.region), f"{what} in {where}", at)
