"""Rewrites the status page every minute, whatever the last one was, from a third region.

It asks the data regions the question a customer would ask, over the internet, and shares nothing else with them. When
a region has been impaired for `DRAFT_AFTER` and nobody has written an incident yet, the first message to customers is
drafted, so that sending it within `FIRST_MESSAGE_WITHIN` is one command.

Environment: AWS_REGION, STATUS_BUCKET, STATUS_URL, SUBSCRIBE_URL, PROBES, CONTROL_URL (optional).
"""

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from services.drive import clock
from services.drive.environment import here
from services.status import drafts, page, store
from services.status.picture import Condition, Picture, compose
from services.status.probe import look

logger = Logger(service="status")
metrics = Metrics(namespace="Drive", service="status")


@metrics.log_metrics
def handle(_event: Mapping[str, Any], _context: Any) -> None:
    """Write status.json and index.html, and draft the first message when it is time."""
    previous = store.previous_picture()
    picture = compose(previous, look(), store.current_incident(previous), clock.now())
    # The data first: it is what the next run starts from, and the page says what it says.
    store.write("status.json", json.dumps(picture.to_json()), cache=store.PAGE_CACHE)
    store.write("index.html", page.render(picture, here.subscribe_url), "text/html; charset=utf-8", store.PAGE_CACHE)
    _draft(picture)
    metrics.add_metric("StatusPublished", MetricUnit.Count, 1)
    metrics.add_metric("RegionsDown", MetricUnit.Count, _down(picture))


def _draft(picture: Picture) -> None:
    """Draft the first message. The page is out already: what goes wrong here must not look like a page that failed."""
    try:
        ready = drafts.draft_if_due(picture, clock.now())
    except Exception:
        logger.exception("the first message could not be drafted")
        metrics.add_metric("DraftFailed", MetricUnit.Count, 1)
        return
    metrics.add_metric("FirstMessageReady", MetricUnit.Count, 1 if ready else 0)


def _down(picture: Picture) -> int:
    return sum(region.condition == Condition.DOWN for region in picture.regions)
