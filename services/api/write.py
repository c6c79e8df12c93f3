"""The function behind uploads, deletion and undeletion."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.api import library, uploads
from services.api.answers import answer
from services.api.application import application, serve
from services.api.bodies import idempotency_key, json_object, number_parameter
from services.api.identity import caller
from services.drive.limits import MOST_PARTS

app = application()


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a proxy event of the REST API."""
    return serve(app, event, context)


@app.post("/v1/uploads")
def announce() -> Response[str]:
    event = app.current_event
    user = caller(event).user
    key = idempotency_key(event)
    body = json_object(event, required={"path", "size", "sha256", "parts"})
    first_part = number_parameter(event, "first_part", lowest=1, highest=MOST_PARTS, default=1)
    return answer(uploads.announce(user, key, body, first_part), 201)


@app.post("/v1/uploads/<upload>/commit")
def commit(upload: str) -> Response[str]:
    event = app.current_event
    user = caller(event).user
    body = json_object(event, required={"parts"})
    return answer(uploads.commit(user, upload, body), 202)


@app.delete("/v1/files/<file>")
def delete(file: str) -> Response[str]:
    event = app.current_event
    user = caller(event).user
    key = idempotency_key(event)
    json_object(event, required=set())
    return answer(library.delete(user, file, key))


@app.post("/v1/files/<file>/undelete")
def undelete(file: str) -> Response[str]:
    event = app.current_event
    user = caller(event).user
    key = idempotency_key(event)
    body = json_object(event, required=set(), optional={"version"})
    return answer(library.undelete(user, file, key, body))
