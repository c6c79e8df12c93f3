from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.capacity import RegionCapacity, refuse_beyond_quotas, region_capacity, surviving
from stacks.settings import Settings, SettingsError

EU = {"primary": "eu-west-1", "standby": "eu-central-1", "observer": "eu-north-1"}
SALE = {
    "name": "sale",
    "start": "2026-11-27T08:00:00Z",
    "end": "2026-11-28T08:00:00Z",
    "peak_requests_per_second": 600,
    "peak_bundles_per_minute": 360,
}


def numbers(region: str, **chosen: Any) -> RegionCapacity:
    return region_capacity(Settings.from_context({"regions": EU, **chosen}), region)


@given(peak=st.integers(0, 10_000), zones=st.integers(2, 6))
def test_what_is_left_without_a_zone_carries_the_peak(peak: int, zones: int) -> None:
    running = surviving(peak, zones)
    assert running % zones == 0
    assert running // zones * (zones - 1) >= peak


def test_a_peak_of_six_in_three_zones_takes_nine() -> None:
    assert surviving(6) == 9


@pytest.mark.parametrize(("tier", "bundlers"), [("pilot_light", 0), ("warm_standby", 3), ("active_active", 9)])
def test_the_tier_sets_what_the_standby_runs(tier: str, bundlers: int) -> None:
    assert numbers("eu-central-1", tier=tier).running.bundlers == bundlers
    assert numbers("eu-west-1", tier=tier).running.bundlers == 9


def test_a_standby_can_grow_to_what_the_primary_runs_in_an_event() -> None:
    standby, primary = numbers("eu-central-1", events=[SALE]), numbers("eu-west-1", events=[SALE])
    assert standby.most_bundlers >= primary.events[0].running.bundlers
    for name, running in primary.events[0].running.functions.items():
        assert standby.most_functions[name] >= running


def test_an_event_raises_the_minimum_an_hour_before_it_starts() -> None:
    [scheduled] = numbers("eu-west-1", events=[SALE]).events
    assert scheduled.start.isoformat() == "2026-11-27T07:00:00+00:00"
    assert scheduled.running.bundlers > numbers("eu-west-1").running.bundlers


def test_an_event_never_lowers_anything() -> None:
    [scheduled] = numbers("eu-west-1", events=[{**SALE, "peak_requests_per_second": 1}]).events
    everyday = numbers("eu-west-1").running
    assert all(scheduled.running.functions[name] >= least for name, least in everyday.functions.items())


def test_the_api_lets_the_largest_event_in_everywhere() -> None:
    for region in ("eu-west-1", "eu-central-1"):
        assert numbers(region, events=[SALE]).requests_per_second == 750


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"events": [{**SALE, "peak_requests_per_second": 9000}]}, "quotas.requests_per_second: .* 11250"),
        ({"events": [{**SALE, "peak_requests_per_second": 5000}]}, "quotas.function_concurrency: .* are needed in eu-"),
        ({"events": [{**SALE, "peak_bundles_per_minute": 2000}]}, "quotas.bundler_tasks: .* are needed in eu-"),
    ],
)
def test_a_peak_beyond_a_quota_is_refused_before_the_day(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        refuse_beyond_quotas(Settings.from_context({"regions": EU, **chosen}))


def test_a_raised_quota_lets_the_same_peak_pass() -> None:
    chosen = {"events": [{**SALE, "peak_requests_per_second": 5000}], "quotas": {"function_concurrency": 5000}}
    refuse_beyond_quotas(Settings.from_context({"regions": EU, **chosen}))
