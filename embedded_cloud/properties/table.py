"""Where the services say what they hold of each property that the templates use: the table that all comparing uses.

What is not here and not in holes.py is not known to have been deployed: tests/cloud/test_holes.py fails then.
"""

from collections.abc import Iterator

from embedded_cloud.attributes import GLOBAL_TABLE, REPLICA, Resource
from embedded_cloud.properties import compute, databases, edge, gateways, messages, network, settings, stores, watching
from embedded_cloud.reading import Read

READS: dict[str, tuple[Read, ...]] = {
    **compute.READS,
    **databases.READS,
    **edge.READS,
    **gateways.READS,
    **messages.READS,
    **network.READS,
    **settings.READS,
    **stores.READS,
    **watching.READS,
}


def read_of(kind: str, name: str) -> tuple[Read, str] | None:
    """The question whose answer holds a property, and where in it; None when there is none.

    A property that a question names to find the resource is answered by there being an answer: its path is "".
    """
    for read in READS.get(kind, ()):
        if name in read.properties:
            return read, read.properties[name]
    for read in READS.get(kind, ()):
        if name in read.identifying:
            return read, ""
    return None


def is_read(kind: str, name: str) -> bool:
    """Whether a service can be asked for a property."""
    return read_of(kind, name) is not None


def parts(resource: Resource) -> Iterator[Resource]:
    """The resource itself and, of a global table, the copy in each region, as resources of their own."""
    if resource.type != GLOBAL_TABLE:
        yield resource
        return
    properties = dict(resource.properties)
    replicas = properties.pop("Replicas")
    expiry = properties.pop("TimeToLiveSpecification", None)
    yield Resource(resource.stack, resource.region, resource.logical, resource.type, properties, resource.physical)
    for replica in replicas:
        # Its region is the one that is asked.
        own = {name: value for name, value in replica.items() if name != "Region"}
        if expiry is not None:
            own["TimeToLiveSpecification"] = expiry
        copy = f"{resource.logical}.{replica['Region']}"
        yield Resource(resource.stack, replica["Region"], copy, REPLICA, own, resource.physical)
