"""The function behind orders: bundles to download, and purchases."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.api import ordering
from services.api.answers import answer
from services.api.application import application, serve
from services.api.bodies import idempotency_key, json_object
from services.api.identity import caller

PURCHASE = "drive:purchase"
"""The scope that a token needs to buy."""

app = application()


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a proxy event of the REST API."""
    return serve(app, event, context)


@app.post("/v1/downloads")
def download() -> Response[str]:
    event = app.current_event
    asking = caller(event)
    key = idempotency_key(event)
    body = json_object(event, required=set(), optional={"files", "album"})
    result, ready = ordering.download(asking, key, body)
    return answer(result) if ready else _accepted(result)


@app.post("/v1/purchases")
def purchase() -> Response[str]:
    event = app.current_event
    asking = caller(event)
    asking.needs(PURCHASE)
    key = idempotency_key(event)
    body = json_object(event, required={"content"})
    result = ordering.purchase(asking, key, body)
    return _accepted(result)


def _accepted(result: dict[str, Any]) -> Response[str]:
    event = app.current_event
    # Without a domain of one's own the address starts with the stage, which `path` leaves out.
    asked: str = (event.get("requestContext") or {}).get("path") or event.path
    address = f"{asked.removesuffix(event.path)}/v1/jobs/{result['job']}"
    return answer({**result, "status_url": address}, 202, location=address)
