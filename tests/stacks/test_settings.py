import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import Settings, SettingsError

EU = {"primary": "eu-west-1", "standby": "eu-central-1", "observer": "eu-north-1"}
PROMOTION = {
    "name": "promotion",
    "start": "2026-11-27T08:00:00Z",
    "end": "2026-11-28T08:00:00Z",
    "peak_requests_per_second": 1000,
}


def settings(**given: Any) -> Settings:
    return Settings.from_context({"regions": EU, **given})


def test_the_settings_in_the_repository_can_be_used(repository: Path) -> None:
    Settings.from_context(json.loads((repository / "cdk.json").read_text())["context"]["drive"])


def test_a_setting_from_the_command_line_wins() -> None:
    assert Settings.from_context({"regions": EU}, {"tier": "active_active"}).tier == "active_active"


def test_each_data_region_has_the_other_for_a_peer() -> None:
    regions = settings().regions
    assert [regions.peer(region) for region in regions.data] == ["eu-central-1", "eu-west-1"]


@pytest.mark.parametrize(
    ("primary", "standby", "witness"),
    [
        ("eu-west-1", "eu-central-1", "eu-west-2"),
        ("us-west-2", "us-east-2", "us-east-1"),
        ("ap-northeast-1", "ap-northeast-3", "ap-northeast-2"),
        ("eu-west-1", "us-east-2", None),
        ("eu-north-1", "eu-west-1", None),
    ],
)
def test_writes_are_in_both_regions_at_once_where_the_regions_share_a_replica_set(
    primary: str, standby: str, witness: str | None
) -> None:
    chosen = settings(regions={"primary": primary, "standby": standby, "observer": "ca-central-1"})
    assert chosen.witness == witness
    assert chosen.strong is (witness is not None)


def test_consistency_can_be_given_up() -> None:
    assert not settings(consistency="eventual").strong


def test_deployments_are_frozen_from_a_day_before_an_event_to_its_end() -> None:
    chosen = settings(events=[PROMOTION])
    frozen = {
        moment: chosen.frozen_at(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is not None
        for moment in ("2026-11-26T07:59:59", "2026-11-26T08:00:00", "2026-11-28T08:00:00", "2026-11-28T08:00:01")
    }
    assert list(frozen.values()) == [False, True, True, False]


def test_an_event_need_not_freeze() -> None:
    chosen = settings(events=[{**PROMOTION, "freeze_deploys": False}])
    assert chosen.frozen_at(datetime(2026, 11, 27, 12, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (None, '"context" needs an object "drive"'),
        ({}, "regions: is needed"),
        ({"regions": {"primary": "eu-west-1"}}, "regions.standby: is needed\nregions.observer: is needed"),
        ({"regions": {**EU, "standby": "eu-west-1"}}, "regions: primary and standby are the same region"),
        ({"regions": {**EU, "observer": "eu-west-1"}}, 'regions: observer "eu-west-1" holds the data too'),
        ({"regions": {**EU, "primary": "eu-west-1a"}}, 'regions.primary: "eu-west-1a" is not the name of a region'),
        ({"regions": {**EU, "primary": "us-west-1"}}, 'regions.primary: "us-west-1" offers fewer than three zones'),
        ({"regions": {**EU, "primary": "cn-north-1"}}, "lies in a partition without CloudFront's edge region"),
        ({"regions": EU, "color": "red"}, "color: is not a setting"),
        ({"regions": EU, "tier": "hot"}, "tier: Input should be 'pilot_light', 'warm_standby' or 'active_active'"),
        (
            {"regions": {**EU, "standby": "eu-south-1"}, "consistency": "strong"},
            "consistency: strong needs both data regions in one of the sets",
        ),
        (
            {"regions": EU, "backup": {"lock": "compliance"}},
            "backup: a compliance lock can never be taken off.*i_understand_this_is_irreversible",
        ),
        (
            {
                "regions": EU,
                "environment": "sandbox",
                "backup": {"lock": "compliance", "i_understand_this_is_irreversible": True},
            },
            "a sandbox is thrown away",
        ),
        ({"regions": EU, "tier": "pilot_light", "failover_mode": "automatic"}, "automatic needs a standby that runs"),
        ({"regions": EU, "backup_account": "123"}, "backup_account: "),
        ({"regions": EU, "backup_account": "123456789012"}, "set organization too"),
        ({"regions": EU, "domain": "not a domain"}, "domain: "),
        ({"regions": EU, "offsite": "http://example.org/bucket"}, "offsite: "),
        (
            {"regions": EU, "events": [{**PROMOTION, "start": "2026-11-27T08:00"}]},
            "events.0.start: a time zone is needed",
        ),
        ({"regions": EU, "events": [{**PROMOTION, "end": "2026-11-27T08:00Z"}]}, "end must be after start"),
        ({"regions": EU, "events": [PROMOTION, PROMOTION]}, "two events bear the same name"),
    ],
)
def test_unusable_settings_are_refused_with_the_reason(context: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_context(context)
