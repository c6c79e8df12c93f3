"""How much a region gets for a load: the drive's own sizing (stacks/capacity.py), put into what the templates say."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

from drills.simulation.design import Design
from drills.simulation.load import Load
from stacks.capacity import REQUEST_SHARES, RegionCapacity, region_capacity
from stacks.settings import Event, Settings, Tier

CDK_JSON = Path(__file__).parents[2] / "cdk.json"

SOME_DAY = datetime(2030, 1, 1, tzinfo=UTC)
"""Of an event in a simulation only its length matters."""


def settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Return this checkout's settings; raises stacks.settings.SettingsError."""
    return Settings.from_context(json.loads(CDK_JSON.read_text())["context"]["drive"], overrides)


def event_for(load: Load) -> Event:
    """Return the planned event that somebody would write into the settings who expects this load."""
    return event(load.peak, 60 * load.peak * load.mix.distinct, load.seconds)


def event(orders_per_second: float, bundles_per_minute: float, seconds: float) -> Event:
    """Return an event of this size; requests are more than orders (stacks.capacity.REQUEST_SHARES)."""
    return Event(
        name="promotion",
        start=SOME_DAY,
        end=SOME_DAY + timedelta(seconds=max(1.0, seconds)),
        peak_requests_per_second=max(1, ceil(orders_per_second / REQUEST_SHARES["order"])),
        peak_bundles_per_minute=ceil(bundles_per_minute),
    )


def capacity(planned: Settings, regions: int, *events: Event) -> RegionCapacity:
    """Return the numbers of the primary region, of one or of two that share the traffic."""
    tier = planned.tier if regions == 1 else Tier.ACTIVE_ACTIVE
    return region_capacity(planned.model_copy(update={"tier": tier, "events": events}), planned.regions.primary)


def provisioned(design: Design, numbers: RegionCapacity) -> Design:
    """Return the region with these numbers, its events' capacity running from the first second on."""
    order = max((event.running.functions["order"] for event in numbers.events), default=0)
    share = design.downloads_per_second / design.requests_per_second
    return replace(
        design.with_tasks(
            max((numbers.running.bundlers, *(event.running.bundlers for event in numbers.events))),
            numbers.most_bundlers,
        ),
        requests_per_second=numbers.requests_per_second,
        downloads_per_second=ceil(numbers.requests_per_second * share),
        order_concurrency=numbers.most_functions["order"],
        order_processes=max(numbers.running.functions["order"], order),
    )
