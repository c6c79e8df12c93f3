"""The function behind every GET: files, links, what has become of an order, and whether the region is well."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.api import health, library, ordering
from services.api.answers import answer
from services.api.application import application, serve
from services.api.bodies import number_parameter, parameter
from services.api.errors import bad_request
from services.api.identity import caller
from services.drive.limits import PAGE_FILES

app = application()


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a proxy event of the REST API."""
    return serve(app, event, context)


@app.get("/v1/files")
def list_files() -> Response[str]:
    event = app.current_event
    user = caller(event).user
    deleted = parameter(event, "deleted") or "false"
    if deleted not in {"true", "false"}:
        raise bad_request("The parameter deleted must be true or false.")
    return answer(
        library.listing(
            user,
            prefix=parameter(event, "prefix") or "",
            cursor=parameter(event, "cursor"),
            limit=number_parameter(event, "limit", lowest=1, highest=PAGE_FILES, default=100),
            deleted=deleted == "true",
        )
    )


@app.get("/v1/files/<file>/link")
def link(file: str) -> Response[str]:
    return answer(library.link(caller(app.current_event).user, file))


@app.get("/v1/files/<file>/versions")
def versions(file: str) -> Response[str]:
    return answer(library.versions(caller(app.current_event).user, file))


@app.get("/v1/jobs/<order>")
def job(order: str) -> Response[str]:
    return answer(ordering.status(caller(app.current_event).user, order))


@app.get("/v1/items")
def items() -> Response[str]:
    event = app.current_event
    user = caller(event).user
    limit = number_parameter(event, "limit", lowest=1, highest=PAGE_FILES, default=100)
    return answer(library.items(user, cursor=parameter(event, "cursor"), limit=limit))


@app.get("/healthz/shallow")
def shallow() -> Response[str]:
    return answer(health.shallow())


@app.get("/healthz/deep")
def deep() -> Response[str]:
    checks = health.deep()
    return answer(checks, 200 if checks["ok"] else 503)


@app.get("/switch/<region>")
def switch(region: str) -> Response[str]:
    return Response(200, content_type="text/plain", body=health.switch(region), headers={"Cache-Control": "no-store"})
