"""Who asks: a token of the identity provider, verified here and offline, so that sign-ins outlive the provider.

The algorithm is the key's own and never the token's choice: "none", or a public key used as an HMAC secret, gets
nowhere (RFC 8725, "JSON Web Token Best Current Practices", sections 2.1 and 3.1).
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import jwt
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from services.api.bodies import header
from services.api.errors import forbidden, unauthorized
from services.drive import levers
from services.drive.environment import here
from services.drive.limits import LONGEST_TOKEN, TOKEN_LEEWAY

ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
"""By the key's type."""


@dataclass(frozen=True)
class Caller:
    """Whoever a valid token speaks for; `user` names them in every record."""

    user: str
    scopes: frozenset[str]
    email: str | None = None

    def needs(self, scope: str) -> None:
        """Raise a 403 `Problem` unless the token carries `scope`."""
        if scope not in self.scopes:
            raise forbidden(f"This token does not carry the scope {scope}, which this request needs.")


def caller(event: APIGatewayProxyEvent) -> Caller:
    """Return who sent the request; raises a 401 `Problem` for anything but one valid token."""
    claims = _claims(_token(event))
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject:
        raise unauthorized("The token does not say whom it speaks for.")
    scopes = claims.get("scope")
    email = claims.get("email")
    return Caller(
        user=user_id(here.identity_issuer, subject),
        scopes=frozenset(scopes.split()) if isinstance(scopes, str) else frozenset(),
        email=email if isinstance(email, str) and 3 <= len(email) <= 320 else None,
    )


def user_id(issuer: str, subject: str) -> str:
    """Return the name under which a user's records are kept: no two providers' users share one."""
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()[:32]


def _token(event: APIGatewayProxyEvent) -> str:
    scheme, _, token = (header(event, "Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("A token is missing: send it in the header Authorization: Bearer.")
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise unauthorized("The token is not valid.")
    return token


def _claims(token: str) -> dict[str, Any]:
    try:
        key = _key(jwt.get_unverified_header(token).get("kid"))
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm_name],
            issuer=here.identity_issuer,
            audience=here.identity_audience,
            leeway=TOKEN_LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise unauthorized("The token has expired: sign in again.") from None
    except jwt.ImmatureSignatureError:
        raise unauthorized("The token is not valid yet.") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        # Which check failed helps only those who forge.
        raise unauthorized("The token is not valid.") from None
    if "nbf" not in claims and "iat" not in claims:
        raise unauthorized("The token does not say since when it is valid.")
    return claims


def _key(key_id: object) -> jwt.PyJWK:
    for key in levers.identity_keys():
        if isinstance(key_id, str) and key.get("kid") == key_id and key.get("use", "sig") == "sig":
            algorithm = ALGORITHMS.get(key.get("kty", ""))
            if algorithm and key.get("alg", algorithm) == algorithm:
                return jwt.PyJWK(key, algorithm)
    raise unauthorized("The token was signed with a key that is not known here: sign in again.")
