import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stacks import freeze

EVENT = {
    "name": "promotion",
    "start": "2026-11-27T08:00:00Z",
    "end": "2026-11-28T08:00:00Z",
    "peak_requests_per_second": 1000,
}


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    regions = {"primary": "eu-west-1", "standby": "eu-central-1", "observer": "eu-north-1"}
    settings = {"context": {"drive": {"regions": regions, "events": [EVENT]}}}
    (tmp_path / "cdk.json").write_text(json.dumps(settings))
    monkeypatch.setattr(freeze, "CDK_JSON", tmp_path / "cdk.json")


@pytest.mark.usefixtures("planned")
def test_nobody_deploys_during_an_event() -> None:
    with pytest.raises(SystemExit, match=r"No deployments before 2026-11-28T08:00:00.*promotion"):
        freeze.main(datetime(2026, 11, 27, 12, tzinfo=UTC))


@pytest.mark.usefixtures("planned")
def test_everybody_deploys_afterwards() -> None:
    freeze.main(datetime(2026, 11, 29, tzinfo=UTC))
