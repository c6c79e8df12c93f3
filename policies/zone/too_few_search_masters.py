"""See too_few_search_masters.md: why it matters, how to fix it, what is and is not flagged.

What happens to which configuration stands in "Configuring a multi-AZ domain" of the OpenSearch Service
developer guide, in the table about zone disruptions.
"""

from math import ceil

from seawall.design import Design, Resource
from seawall.policy import Verdict, accepted, flagged, policy, undecided
from seawall.values import Unknown

SECTIONS = {
    "AWS::OpenSearchService::Domain": "ClusterConfig",
    "AWS::Elasticsearch::Domain": "ElasticsearchClusterConfig",
}
ZONES = 3
"""The service spreads dedicated masters over three zones, also where the data is in two."""


@policy(applies_to=tuple(SECTIONS))
def too_few_search_masters(domain: Resource, design: Design) -> Verdict:
    """Search domain cannot elect a master without one of its availability zones."""
    section = SECTIONS[domain.type]
    at, count_at = f"{section}.DedicatedMasterEnabled", f"{section}.DedicatedMasterCount"
    enabled = domain.boolean(at)
    if isinstance(enabled, Unknown):
        return undecided(enabled, at=at, fix=f"set {at}: true and {count_at}: 3")
    if enabled:
        return _by_number(domain, count_at)
    return _without_dedicated(domain, section, at, f"set {at}: true and {count_at}: 3")


def _by_number(domain: Resource, at: str) -> Verdict:
    count = domain.number(at)
    if isinstance(count, Unknown):
        return undecided(count, at=at, fix=f"set {at}: 3")
    if count is None:
        return undecided(at, at=at, message="how many dedicated masters there are is not said", fix=f"set {at}: 3")
    fullest = ceil(count / ZONES)
    if count - fullest > count // 2:
        return accepted(f"of its {count:g} masters a majority is left when a zone is lost", at=at)
    return flagged(
        f"{count:g} dedicated masters: those left after the loss of a zone are no majority, and nothing is read or "
        "written until there is one",
        fix=f"set {at}: 3",
        at=at,
        sets={at: 3},
    )


def _without_dedicated(domain: Resource, section: str, at: str, fix: str) -> Verdict:
    """Data nodes elect one of themselves: a zone of two holds half of them, a zone of three a third."""
    if domain.boolean(f"{section}.MultiAZWithStandbyEnabled") is True:
        return accepted("the service takes a standby zone only with three dedicated masters")
    aware, zones = domain.boolean(f"{section}.ZoneAwarenessEnabled"), f"{section}.ZoneAwarenessConfig"
    if aware is False or aware is None:
        return flagged("its only masters are its data nodes, and these are all in one zone", fix=fix, at=at)
    zones_at = f"{zones}.AvailabilityZoneCount"
    count = 2.0 if domain.get(zones_at) is None else domain.number(zones_at)
    for value, path in ((aware, f"{section}.ZoneAwarenessEnabled"), (count, zones_at)):
        if isinstance(value, Unknown):
            return undecided(value, at=path, fix=fix)
    if isinstance(count, float) and count >= ZONES:
        return accepted("two thirds of its data nodes are left to elect a master", at=zones_at)
    message = "it has no dedicated masters, and half of its data nodes are no majority: when a zone is lost, nothing "
    return flagged(message + "is read or written until a node is made anew", fix=fix, at=at)
