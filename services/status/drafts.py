"""The first message about an incident that nobody has written about yet, ready to be sent or corrected."""

import json
from datetime import datetime

from services.drive.limits import DRAFT_AFTER, scaled
from services.status import incident as incidents
from services.status import store
from services.status.incident import Impact, Incident, Progress, Update, moment
from services.status.picture import Condition, Picture

IMPACTS = {Condition.DOWN: Impact.DOWN, Condition.DEGRADED: Impact.DEGRADED}
TITLES = {
    Impact.DOWN: "The drive is not available",
    Impact.DEGRADED: "Problems in one of our regions",
}
FIRST_WORDS = {
    Impact.DOWN: "Since {since} the drive has not been answering. We are working on it. Orders that you placed are "
    "recorded and will be delivered, possibly late.",
    Impact.DEGRADED: "Since {since} one of our regions has had problems. The drive goes on working from the other one; "
    "some actions may be slow or need a second try. We are working on it.",
}


def draft_if_due(picture: Picture, now: float) -> str | None:
    """Write the draft that is due and return its incident's id; None while none is due or people have written."""
    impact = IMPACTS.get(picture.condition)
    if picture.incident or impact is None or now - _seconds(_began(picture)) < scaled(DRAFT_AFTER):
        return None
    drafted = _incident(impact, _began(picture), now)
    store.write_once(_key(drafted.id), drafted.to_json())
    return drafted.id


def find(identity: str) -> Incident | None:
    """Return a draft."""
    written = store.read(_key(identity))
    return incidents.from_json(json.loads(written)) if written else None


def _began(picture: Picture) -> str:
    """Return since when the first of the regions has been down: the whole may have changed from bad to worse since."""
    down = [region.since for region in picture.regions if region.condition == Condition.DOWN]
    return min(down, default=picture.since)


def _incident(impact: Impact, since: str, now: float) -> Incident:
    return Incident(
        id="seen-" + since.replace(":", "").replace("-", ""),
        title=TITLES[impact],
        impact=impact,
        state=Progress.INVESTIGATING,
        started=since,
        updates=(Update(moment(now), FIRST_WORDS[impact].format(since=f"{since[11:16]} UTC")),),
    )


def _key(identity: str) -> str:
    return f"drafts/{identity}.json"


def _seconds(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
