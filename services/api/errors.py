"""How the API says no: problem details (RFC 9457) with one sentence that tells the caller what to change."""

import json
from collections.abc import Mapping

from aws_lambda_powertools.event_handler import Response

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is not carried out. Nothing was changed when it is raised."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, str | int] | None = None,
    ) -> None:
        """Take the HTTP status, the problem's kind (stable, for programs) and `detail` (a sentence, for people)."""
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def response(self) -> Response[str]:
        """Return the answer to send."""
        body = {
            "type": f"urn:seawall:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", **self.headers}
        return Response(self.status, content_type=MEDIA_TYPE, body=json.dumps(body), headers=headers)


def bad_request(detail: str) -> Problem:
    """Return a 400: the request cannot be understood."""
    return Problem(400, "bad-request", detail)


def unauthorized(detail: str) -> Problem:
    """Return a 401: who asks is not known."""
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def forbidden(detail: str) -> Problem:
    """Return a 403: who asks is known and may not."""
    return Problem(403, "forbidden", detail)


def not_found(detail: str) -> Problem:
    """Return a 404: it is not there, or belongs to someone else, which looks the same."""
    return Problem(404, "not-found", detail)


def conflict(detail: str) -> Problem:
    """Return a 409: the request does not fit what is there now."""
    return Problem(409, "conflict", detail)


def too_large(detail: str) -> Problem:
    """Return a 413."""
    return Problem(413, "too-large", detail)


def key_reused() -> Problem:
    """Return a 422: an Idempotency-Key came back with another request."""
    return Problem(
        422,
        "idempotency-key-reused",
        "This Idempotency-Key was used for another request: send a new key, or repeat the first request unchanged.",
    )


def too_busy(detail: str, retry_after: int) -> Problem:
    """Return a 429 that asks the caller to come back in `retry_after` seconds."""
    return Problem(429, "too-busy", detail, headers={"Retry-After": str(retry_after)})


def unreachable(region: str, peer: str, retry_after: int) -> Problem:
    """Return a 503 that sends the caller to the other region."""
    return Problem(
        503,
        "region-unavailable",
        f"The drive cannot reach its records in {region}. Repeat the request with the same Idempotency-Key in {peer}, "
        f"or here in {retry_after} seconds: repeating never does a thing twice.",
        headers={"Retry-After": str(retry_after)},
        members={"region": region, "peer_region": peer},
    )
