"""How much runs where: the tier table, and capacity that is still enough when a zone is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from seawall_constructs.zones import ZONES
from services.drive.limits import BUNDLE_SLOTS
from stacks.settings import Capacity, Event, Settings, SettingsError, Tier

REQUEST_SECONDS = 0.05
"""How long a request occupies a function: an assumption until the dashboard shows the measured mean."""

BUILD_SECONDS = 20
"""How long a bundle occupies a slot: likewise."""

REQUEST_SHARES = {"read": 0.6, "write": 0.2, "order": 0.2}
"""How requests divide among the functions of the API."""

EARLY = timedelta(hours=1)
"""Capacity for an event is running this long before it starts: time to see that it is, and to act if not."""

SPARE = 1.25
"""Throttles and alarms lie this much above the largest expected peak."""

TRAFFIC = {Tier.PILOT_LIGHT: (100, 0), Tier.WARM_STANDBY: (99, 1), Tier.ACTIVE_ACTIVE: (50, 50)}
"""DNS weights of the primary and the standby."""

STANDBY = {Tier.PILOT_LIGHT: 0, Tier.WARM_STANDBY: ZONES}
"""What of each autoscaled thing runs in the standby: nothing, or one in each zone. Active-active runs all of it."""


RESERVED = {
    "ingest": 120,
    "deliver": 220,
    "deliver-sideline": 20,
    "notify": 30,
    "outbox": 60,
    "reconciler": 2,
    "restore-validator": 2,
    "restore-expectations": 1,
    "restore-watch": 1,
    "offsite-export": 1,
    "switch": 2,
    "switch-heartbeat": 1,
}
"""Concurrency set aside for each function beside the API's: none can starve another, and a poller that may start at
most so many (the lower figure of its queue) is never refused."""

UNRESERVED = 100
"""Lambda keeps at least this much for functions without a reservation (AWS Lambda Developer Guide, "Configuring
reserved concurrency")."""


def surviving(peak: int, zones: int = ZONES) -> int:
    """Return how many to run so that `peak` are left when one of `zones` zones is gone, evenly spread."""
    return ceil(peak / (zones - 1)) * zones


@dataclass(frozen=True, kw_only=True)
class Running:
    """What is running at least, whatever the load."""

    functions: dict[str, int]
    """Provisioned concurrency by function of the API."""
    bundlers: int
    """Tasks."""


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A higher minimum from `start` to `end`, because of the event `name`."""

    name: str
    start: datetime
    end: datetime
    running: Running


@dataclass(frozen=True, kw_only=True)
class RegionCapacity:
    """The numbers of one data region. The two regions' templates differ in these and in nothing else."""

    running: Running
    most_functions: dict[str, int]
    most_bundlers: int
    events: tuple[Scheduled, ...]
    requests_per_second: int
    """What the API lets in; more is answered with 429."""
    traffic: int
    """DNS weight."""


def needed(requests_per_second: int, bundles_per_minute: int) -> Running:
    """Return what serves this load with one zone lost."""
    return Running(
        functions={
            name: surviving(ceil(requests_per_second * share * REQUEST_SECONDS))
            for name, share in REQUEST_SHARES.items()
        },
        bundlers=surviving(ceil(bundles_per_minute / 60 * BUILD_SECONDS / BUNDLE_SLOTS)),
    )


def region_capacity(settings: Settings, region: str) -> RegionCapacity:
    """Return the numbers of `region`, one of the data regions."""
    standby = region == settings.regions.standby and settings.tier is not Tier.ACTIVE_ACTIVE
    everyday = needed(settings.capacity.peak_requests_per_second, settings.capacity.peak_bundles_per_minute)
    peaks = [everyday, *(_of_event(event, settings.capacity) for event in settings.events)]
    # A standby that takes over in the middle of an event needs the same ceiling as the region it replaces.
    most = {name: 2 * max(peak.functions[name] for peak in peaks) for name in REQUEST_SHARES}
    return RegionCapacity(
        running=_standing_by(everyday, STANDBY[settings.tier]) if standby else everyday,
        most_functions=most,
        most_bundlers=2 * max(peak.bundlers for peak in peaks),
        events=() if standby else tuple(_scheduled(event, settings.capacity) for event in settings.events),
        requests_per_second=largest_peak(settings.capacity, settings.events),
        traffic=TRAFFIC[settings.tier][settings.regions.data.index(region)],
    )


def refuse_beyond_quotas(settings: Settings) -> None:
    """Raise SettingsError where a peak needs more than AWS grants the account: it would be found out on the day."""
    quotas = settings.quotas
    rate = largest_peak(settings.capacity, settings.events)
    if rate > quotas.requests_per_second:
        raise SettingsError(
            f"quotas.requests_per_second: the largest peak with {SPARE - 1:.0%} to spare is {rate}, "
            f"and {quotas.requests_per_second} are granted: have the quota raised, then say so here"
        )
    for region in settings.regions.data:
        numbers = region_capacity(settings, region)
        concurrency = sum(numbers.most_functions.values()) + sum(RESERVED.values()) + UNRESERVED
        if concurrency > quotas.function_concurrency:
            raise SettingsError(
                f"quotas.function_concurrency: {concurrency} are needed in {region}, "
                f"and {quotas.function_concurrency} are granted: have the quota raised, then say so here"
            )
        if numbers.most_bundlers > quotas.bundler_tasks:
            raise SettingsError(
                f"quotas.bundler_tasks: {numbers.most_bundlers} are needed in {region}, "
                f"and {quotas.bundler_tasks} are granted: have the quota raised, then say so here"
            )


def largest_peak(capacity: Capacity, events: Sequence[Event]) -> int:
    """Return the requests a second that a region must let in: the largest peak and something to spare."""
    peaks = [capacity.peak_requests_per_second, *(event.peak_requests_per_second for event in events)]
    return ceil(max(peaks) * SPARE)


def _of_event(event: Event, everyday: Capacity) -> Running:
    bundles = max(event.peak_bundles_per_minute, everyday.peak_bundles_per_minute)
    return needed(max(event.peak_requests_per_second, everyday.peak_requests_per_second), bundles)


def _scheduled(event: Event, everyday: Capacity) -> Scheduled:
    return Scheduled(
        name=event.name, start=event.start - EARLY, end=event.end + EARLY, running=_of_event(event, everyday)
    )


def _standing_by(everyday: Running, each: int) -> Running:
    return Running(
        functions={name: min(each, full) for name, full in everyday.functions.items()},
        bundlers=min(each, everyday.bundlers),
    )
