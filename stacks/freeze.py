"""Refuses a deployment during a planned event: `python -m stacks.freeze` before `cdk deploy`.

The same events stand in each region's change calendar (Systems Manager), for pipelines that ask there.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from stacks.settings import Settings, SettingsError

CDK_JSON = Path(__file__).parent.parent / "cdk.json"


def main(moment: datetime | None = None) -> None:
    """Exit with 1 and the event's name while one freezes deployments, or when the settings cannot be read."""
    try:
        settings = Settings.from_context(json.loads(CDK_JSON.read_text())["context"].get("drive"))
    except SettingsError as error:
        sys.exit(f"cdk.json: {error}")
    event = settings.frozen_at(moment or datetime.now(UTC))
    if event:
        sys.exit(
            f"No deployments before {event.end.isoformat()}: {event.name} is on or starts within a day. "
            "If waiting is worse, set freeze_deploys to false for it in cdk.json, where everybody sees it."
        )


if __name__ == "__main__":
    main()
