"""See single_origin_distribution.md: why it matters, how to fix it, what is and is not flagged."""

from seawall.design import Design, Resource
from seawall.origins import Place, chooser_of, places_of
from seawall.policy import Outcome, Verdict, accepted, flagged, not_applicable, policy, undecided
from seawall.regions import is_elsewhere, named_region
from seawall.values import Answer, Unknown, Value, field, items, same

DEFAULT = "DistributionConfig.DefaultCacheBehavior"
GROUPS = "DistributionConfig.OriginGroups"
FIX = (
    "set OriginGroups with a second origin in another region and name the group in TargetOriginId, "
    "or let the origin's name move to another region by a Route 53 health check"
)


@policy(applies_to="AWS::CloudFront::Distribution")
def single_origin_distribution(distribution: Resource, design: Design) -> Verdict:
    """Distribution fetches from one region only."""
    if distribution.boolean("DistributionConfig.Enabled") is False:
        return not_applicable("it is switched off")
    further = items(distribution.get("DistributionConfig.CacheBehaviors"))
    behaviors = [distribution.get(DEFAULT), *([] if isinstance(further, Unknown) else further)]
    verdicts = [_judge(behavior, distribution, design) for behavior in behaviors if behavior is not None]
    for outcome in (Outcome.FLAGGED, Outcome.UNDECIDED, Outcome.ACCEPTED):
        for verdict in verdicts:
            if verdict.outcome is outcome:
                return verdict
    return not_applicable("it has no behaviour")


def _judge(behavior: Value, distribution: Resource, design: Design) -> Verdict:
    if isinstance(behavior, Unknown):
        return undecided(behavior, at=DEFAULT, fix=FIX)
    target = field(behavior, "TargetOriginId")
    places = places_of(target, distribution, design)
    if isinstance(places, Unknown):
        return undecided(places, at=GROUPS, fix=FIX)
    verdict = _of_places(places, distribution)
    chooser = chooser_of(behavior, design) if verdict.outcome is Outcome.FLAGGED else ""
    if chooser:
        message = f"{chooser} picks the origin, or answers itself; what it does when a region fails is in its code"
        return undecided(f"what {chooser} does", message=message, at=DEFAULT, fix=FIX, evidence=verdict.evidence)
    return verdict


def _of_places(places: list[Place], distribution: Resource) -> Verdict:
    at = GROUPS if len(places) > 1 else f"{DEFAULT}.TargetOriginId"
    evidence = tuple(_step(distribution, place) for place in places)
    everywhere = next((place for place in places if place.one is False), None)
    if everywhere is not None:
        return accepted(f"{everywhere.name} is served from several regions", at=at, evidence=evidence)
    apart = [_are_apart(one, other) for index, one in enumerate(places) for other in places[:index]]
    if True in apart:
        return accepted("CloudFront turns to an origin in another region when the first one fails", at=at,
                        evidence=evidence)  # fmt: skip
    unknown = next(
        (answer for answer in (*(place.one for place in places), *apart) if isinstance(answer, Unknown)), None
    )
    if unknown is not None:
        return undecided(unknown, at=at, fix=FIX, evidence=evidence)
    names = " and ".join(place.name for place in places)
    where = f", in {named_region(places[0].region, '')}" if isinstance(places[0].region, str) else ""
    beside = "both origins are in the same region" if len(places) > 1 else "there is no other origin"
    problem = f"what is not cached comes from {names}{where}: {beside}, so visitors get errors when that region fails"
    return flagged(problem, fix=FIX, at=at, evidence=evidence)


def _are_apart(one: Place, other: Place) -> Answer:
    """Whether two origins stand in two regions."""
    unknown = next((place.one for place in (one, other) if isinstance(place.one, Unknown)), None)
    if unknown is not None:
        return unknown
    for place, beside in ((one, other), (other, one)):
        # The region of the deployment; any other unknown may well be the region that is spelled out.
        if isinstance(place.region, Unknown) and _is_own(place.region):
            return is_elsewhere(beside.region, place.region)
    answer = same(one.region, other.region)
    return answer if isinstance(answer, Unknown) else not answer


def _is_own(region: Unknown) -> bool:
    return isinstance(region.identity, tuple) and region.identity[:1] == ("AWS::Region",)


def _step(distribution: Resource, place: Place) -> str:
    where = f" → {place.region}" if isinstance(place.region, str) else ""
    return f"{distribution.id} → {place.name}{where}"
