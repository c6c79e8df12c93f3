"""What stands between a region's listener and ministack: which region a request is for, and whether that one answers.

A simulation in three points: TLS (requests are marked as having come over it, since bucket policies demand it; they
come over plain HTTP on loopback), the region of an unsigned request (its listener's), and a region that is down.
"""

import asyncio
import contextvars
import re
from collections.abc import Callable
from typing import Any

from embedded_cloud import pinned
from embedded_cloud.outages import Outages

_SIGNED_REGION = re.compile(rb"Credential=[^/,]+/\d{8}/([a-z0-9-]+)/")
_PRESIGNED_REGION = re.compile(r"X-Amz-Credential=[^&]*?(?:/|%2[Ff])\d{8}(?:/|%2[Ff])([a-z0-9-]+)")
_API = re.compile(r"^/(?:_aws/execute-api|restapis)/([a-z0-9]+)/")
_FUNCTION = re.compile(r"^/_aws/lambda-url/([a-z0-9-]+)(?:/|$)")
_SECURE = (b"x-forwarded-proto", b"https")
_listener_region: contextvars.ContextVar[str] = contextvars.ContextVar("listener_region", default="us-east-1")


def signed_region(scope: dict[str, Any]) -> str | None:
    """The region that a request is signed for, by header or by query (presigned); None when it is unsigned."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            found = _SIGNED_REGION.search(value)
            return found.group(1).decode() if found else None
    query = scope["query_string"]
    if b"X-Amz-Credential" not in query:
        return None
    found_in_query = _PRESIGNED_REGION.search(query.decode("latin-1"))
    return found_in_query.group(1) if found_in_query else None


def api_region(path: str) -> str | None:
    """The region of the API that a path calls; None when the path calls none, or no API that exists."""
    found = _API.match(path)
    if found is None:
        return None
    for service in ("apigateway_v1", "apigateway"):
        scope = pinned.module(f"services.{service}").find_api_scope(found.group(1))
        if scope is not None:
            return str(scope[1])
    return None


def function_region(path: str) -> str | None:
    """The region of the function whose URL this is; None when it is none, or of no function that exists."""
    found = _FUNCTION.match(path)
    resolved = found and pinned.module("services.lambda_svc").resolve_function_url(found.group(1))
    return str(resolved[1]) if resolved else None


def bucket_region(path: str) -> str | None:
    """The region of the bucket that a path-style request names: S3 is one namespace for every listener."""
    bucket = pinned.module("services.s3")._buckets.get(path.split("/", 2)[1])
    return None if bucket is None else bucket.get("region") or "us-east-1"


class Gateway:
    """The application behind one region's listener."""

    def __init__(self, region: str, outages: Outages) -> None:
        self._region = region
        self._outages = outages
        self._ministack = pinned.module("app").app

    async def __call__(self, transport: asyncio.WriteTransport, scope: dict[str, Any], receive: Any, send: Any) -> None:
        _listener_region.set(self._region)
        if scope["type"] == "http":
            wanted = signed_region(scope) or self._region
            if self._outages.down and not self._reachable(wanted, scope["path"]):
                await _hang_and_cut(transport, receive, self._outages.hang_seconds)
                return
            if wanted == self._region and (home := api_region(scope["path"])) not in (None, self._region):
                await _not_found(send, f"this API lives in {home}")
                return
            if (home := function_region(scope["path"])) not in (None, self._region):
                await _not_found(send, f"this function lives in {home}")
                return
            scope["headers"] = [header for header in scope["headers"] if header[0] != _SECURE[0]] + [_SECURE]
        await self._ministack(scope, receive, send)

    def _reachable(self, region: str, path: str) -> bool:
        down = self._outages.down
        return region not in down and bucket_region(path) not in down


async def _hang_and_cut(transport: asyncio.WriteTransport, receive: Any, seconds: float) -> None:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        transport.abort()


async def _not_found(send: Any, message: str) -> None:
    body = f'{{"message": "{message}"}}'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})


MAIL = "/v2/email/"
_PARAMETERS = "method path headers body query_params request_id"


def install(outages: Outages) -> None:
    """Lets ministack take the listener's region for unsigned requests, and refuse what a drill refuses."""

    def by_listener(_original: Callable[..., Any]) -> Callable[..., Any]:
        signed = pinned.original("core.router", "extract_signed_region", "headers query_params")

        def extract_region(headers: dict[str, str], query_params: Any = None) -> str:
            return signed(headers, query_params) or _listener_region.get()

        return extract_region

    pinned.present("services.s3", "_buckets")
    pinned.original("services.apigateway_v1", "find_api_scope", "api_id")
    pinned.original("services.apigateway", "find_api_scope", "api_id")
    pinned.original("services.lambda_svc", "resolve_function_url", "url_id")
    pinned.replace("core.router", "extract_region", "headers query_params", by_listener)
    pinned.replace("app", "extract_region", "headers query_params", by_listener)
    pinned.replace("app", "_dispatch_service_request", _PARAMETERS, _unless_refused(outages, _service_asked))
    # Ministack answers the second version of Amazon SES before it dispatches anything.
    pinned.replace(
        "app", "_handle_ses_v2_request", _PARAMETERS, _unless_refused(outages, lambda _, path, *__: _is_mail(path))
    )


def _service_asked(method: str, path: str, headers: dict[str, str], parameters: Any) -> str | None:
    service: str | None = pinned.module("app").detect_service(method, path, headers, parameters)
    return service


def _is_mail(path: str) -> str | None:
    return "ses" if path.startswith(MAIL) else None


def _unless_refused(
    outages: Outages, service_asked: Callable[[str, str, dict[str, str], Any], str | None]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wraps one of ministack's handlers: what a drill refuses is answered with 503 instead."""
    application = pinned.module("app")
    action_of = pinned.original(
        "core.iam_actions", "extract_iam_action", "service method path headers body query_params"
    )

    def wrap(handle: Callable[..., Any]) -> Callable[..., Any]:
        async def handled(  # noqa: PLR0917 - ministack's parameters
            method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any, request_id: str
        ) -> Any:
            if outages.anything_refused():
                parameters = application._routing_params(method, path, headers, body, query_params)
                service = service_asked(method, path, headers, parameters)
                action = service and action_of(service, method, path, headers, body, parameters)
                region = application.extract_region(headers, query_params)
                if action and outages.refuses(action, region):
                    return unavailable(action, region, path, headers)
            return await handle(method, path, headers, body, query_params, request_id)

        return handled

    return wrap


def unavailable(action: str, region: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """The 503 of a call that a drill refuses, in the protocol of its caller."""
    message = f"{action} in {region} is refused by the drill"
    speaks_json = "x-amz-target" in headers or "json" in headers.get("content-type", "")
    if speaks_json or not (path == "/" or action.startswith("s3:")):
        text = f'{{"__type": "ServiceUnavailableException", "message": "{message}"}}'
        return 503, {"Content-Type": "application/json", "x-amzn-errortype": "ServiceUnavailable"}, text.encode()
    error = f"<Code>ServiceUnavailable</Code><Message>{message}</Message>"
    text = (
        f"<Error>{error}</Error>"
        if action.startswith("s3:")
        else f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    )
    return 503, {"Content-Type": "text/xml"}, text.encode()
