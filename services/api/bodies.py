"""What a request carries, read strictly: what is not understood completely is refused, never guessed."""

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Never

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from services.api.errors import Problem, bad_request, too_large
from services.drive.limits import LARGEST_BODY, LONGEST_IDEMPOTENCY_KEY

Body = dict[str, Any]


def header(event: APIGatewayProxyEvent, name: str) -> str | None:
    """Return a header's value, or None; a header that came twice is refused, since proxies pick different ones."""
    wanted = name.lower()
    raw: Mapping[str, list[str] | None] = event.get("multiValueHeaders") or {}
    values = [value for key, found in raw.items() if key.lower() == wanted for value in found or []]
    if not values:
        single: Mapping[str, str | None] = event.get("headers") or {}
        values = [value for key, value in single.items() if key.lower() == wanted and value is not None]
    if len(values) > 1:
        raise bad_request(f"The header {name} was sent {len(values)} times: send it once.")
    return values[0] if values else None


def parameter(event: APIGatewayProxyEvent, name: str) -> str | None:
    """Return a query parameter, or None; one that came twice is refused."""
    raw: Mapping[str, list[str] | None] = event.get("multiValueQueryStringParameters") or {}
    values = raw.get(name) or []
    if len(values) > 1:
        raise bad_request(f"The parameter {name} was sent {len(values)} times: send it once.")
    if values:
        return values[0]
    single: Mapping[str, str | None] = event.get("queryStringParameters") or {}
    return single.get(name)


def number_parameter(event: APIGatewayProxyEvent, name: str, *, lowest: int, highest: int, default: int) -> int:
    """Return a query parameter that is a whole number."""
    value = parameter(event, name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or not lowest <= int(value) <= highest:
        raise bad_request(f"The parameter {name} must be a whole number from {lowest} to {highest}.")
    return int(value)


def idempotency_key(event: APIGatewayProxyEvent) -> str:
    """Return the key that makes a repeated request the same request."""
    key = header(event, "Idempotency-Key")
    if key is None:
        raise bad_request("The header Idempotency-Key is missing: send a new random value with each new request.")
    if not re.fullmatch(r"[!-~]+", key) or len(key) > LONGEST_IDEMPOTENCY_KEY:
        raise bad_request(
            f"The header Idempotency-Key must be 1 to {LONGEST_IDEMPOTENCY_KEY} visible ASCII characters, no blanks."
        )
    return key


def json_object(event: APIGatewayProxyEvent, *, required: set[str], optional: set[str] | None = None) -> Body:
    """Return the body, a JSON object with exactly the members that are asked for; none at all is an empty object.

    Raises a `Problem` for a body over `LARGEST_BODY`, anything but strict JSON in UTF-8, a member that comes twice
    (readers disagree about which one counts), and members that are missing or unknown.
    """
    media_type = (header(event, "Content-Type") or "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "unsupported-media-type", "The body must be sent as application/json.")
    content = _text(event)
    body = _parse(content) if content or required else {}
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    for name in sorted(required - body.keys()):
        raise bad_request(f"The body lacks the member {name}.")
    for name in sorted(body.keys() - required - (optional or set())):
        raise bad_request(f"The body has a member that is not known here: {_shown(name)}.")
    return body


def _text(event: APIGatewayProxyEvent) -> str:
    body: str = event.get("body") or ""
    try:
        # Base64 takes four bytes for three, so this bounds what is decoded.
        if len(body) > LARGEST_BODY * 2:
            raise too_large(f"The body is larger than {LARGEST_BODY} bytes.")
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        if len(raw) > LARGEST_BODY:
            raise too_large(f"The body is larger than {LARGEST_BODY} bytes.")
        return raw.decode()
    except (UnicodeError, binascii.Error):
        raise bad_request("The body must be JSON in UTF-8.") from None


def _parse(text: str) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite)
        # A lone surrogate passes as an escape and fails wherever it is written later.
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeError, RecursionError):
        raise bad_request("The body must be JSON in UTF-8, without lone surrogates or endless nesting.") from None
    except ValueError:
        raise bad_request("The body must be JSON.") from None
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise bad_request(f"The body has the member {_shown(twice)} twice.")
    return members


def _no_constant(name: str) -> Never:
    raise bad_request(f"The body contains {name}, which is not JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise bad_request("The body contains a number that is too large.")
    return value


def _shown(name: str) -> str:
    return json.dumps(name if len(name) <= 40 else f"{name[:40]}…")


def text(body: Body, name: str, *, longest: int) -> str:
    """Return a member that is a string of 1 to `longest` characters."""
    value = body[name]
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise bad_request(f"The member {name} must be a string of 1 to {longest} characters.")
    return value


def matching(body: Body, name: str, pattern: str, described: str) -> str:
    """Return a member that is a string of the given form."""
    value = body[name]
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise bad_request(f"The member {name} must be {described}.")
    return value


def whole_number(value: object, name: str, *, lowest: int, highest: int) -> int:
    """Return a JSON number that is whole; true and 1.0 are not."""
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise bad_request(f"The member {name} must be a whole number from {lowest} to {highest}.")
    return value


def listed(body: Body, name: str, *, longest: int) -> list[Any]:
    """Return a member that is a list of 1 to `longest` entries."""
    value = body[name]
    if not isinstance(value, list) or not value:
        raise bad_request(f"The member {name} must be a list with at least one entry.")
    if len(value) > longest:
        raise too_large(f"The member {name} has {len(value)} entries, more than {longest}.")
    return value


def sha256(value: object, name: str) -> str:
    """Return a SHA-256 as 64 hexadecimal digits; it may come so, or in base64 as S3 writes it (with or without -N)."""
    if isinstance(value, str):
        if re.fullmatch(r"[0-9a-fA-F]{64}", value):
            return value.lower()
        if re.fullmatch(r"[A-Za-z0-9+/]{43}=(-[0-9]{1,5})?", value):
            return base64.b64decode(value[:44]).hex()
    raise bad_request(f"The member {name} must be a SHA-256: 64 hexadecimal digits, or 44 characters of base64.")
