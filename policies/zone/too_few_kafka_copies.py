"""See too_few_kafka_copies.md: why it matters, how to fix it, what is and is not flagged.

Source of the numbers: "Default Amazon MSK configuration" and "Best practices" in the MSK developer guide.
"""

import re

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.subnet_lists import elements_of
from seawall.values import Unknown

AT = "BrokerNodeGroupInfo.ClientSubnets"
FIX = f"list subnets of three zones in {AT}; MSK makes a new cluster for that, so move the topics to it"
COPIED = "set default.replication.factor=3 and min.insync.replicas=2 in the configuration"
COPIES = 3
"""Copies of a partition that leave two, of which one may be behind, when a zone is lost."""


@policy(applies_to=("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"))
def too_few_kafka_copies(cluster: Resource, design: Design) -> Verdict:
    """Kafka cluster has too few copies of its partitions to lose an availability zone."""
    if cluster.type == "AWS::MSK::ServerlessCluster":
        return accepted("a serverless cluster keeps its copies in several zones by itself")
    kind = cluster.get("BrokerNodeGroupInfo.InstanceType")
    if isinstance(kind, str) and kind.startswith("express."):
        return accepted("Express brokers keep three copies in three zones by themselves")
    # The API takes one subnet of each zone: as many zones as subnets.
    subnets, lists = elements_of(cluster.get(AT), design)
    if lists:
        message = f"whether it spans three zones depends on {lists[0]}"
        return undecided(lists[0], at=AT, message=message, fix=FIX)
    if 0 < len(subnets) < COPIES:
        return flagged(
            "two zones: MSK keeps two copies of a partition there, so one is left when a zone is lost, and what "
            "had not reached it is gone",
            fix=FIX,
            at=AT,
        )
    if not subnets:
        return undecided(AT, at=AT, message="it names no subnets", fix=FIX)
    return _by_configuration(cluster, design)


def _by_configuration(cluster: Resource, design: Design) -> Verdict:
    configuration = design.resolve(cluster.get("ConfigurationInfo.Arn"), "AWS::MSK::Configuration")
    written = configuration.get("ServerProperties") if configuration is not None else None
    elsewhere = cluster.get("ConfigurationInfo.Arn") if configuration is None else written
    if isinstance(elsewhere, Unknown):
        message = "three zones hold its brokers; how many copies there are, a configuration elsewhere says"
        return undecided(elsewhere, at="ConfigurationInfo", message=message, fix=COPIED)
    # What is not set there is three copies, two of them in step, in a cluster of three zones.
    copies = _server_property(written, "default.replication.factor")
    in_step = _server_property(written, "min.insync.replicas")
    at, where = "ConfigurationInfo", f"in {configuration.id}" if configuration is not None else ""
    if copies is not None and copies < COPIES:
        left = "none" if copies == 1 else "one"
        return flagged(
            f"default.replication.factor is {copies} {where}: {left} may be left when a zone is lost",
            fix=f"set default.replication.factor=3 {where}, and give existing topics three copies",
            at=at,
        )
    if in_step is not None and in_step >= (copies or COPIES):
        return flagged(
            f"min.insync.replicas is {in_step} {where}, all there are: nothing can be written while a zone is lost",
            fix=f"set min.insync.replicas=2 {where}",
            at=at,
        )
    return accepted("three zones hold a copy of each partition, and two of them are enough to go on", at=AT)


def _server_property(written: object, name: str) -> int | None:
    """A number of the broker's properties, ``None`` where it is not set or cannot be seen."""
    text = written if isinstance(written, str) else ""
    found = re.search(rf"^\s*{re.escape(name)}\s*[=:]\s*(\d+)\s*$", text, re.MULTILINE)
    return int(found[1]) if found else None
