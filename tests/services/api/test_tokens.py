"""Nobody gets in without a token that the identity provider signed, for this drive, for now."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.drive import levers
from tests.services.api.conftest import Answer, Api, Provider, refuses, store

HOUR = 3600


def ask(api: Api, token: str) -> Answer:
    return api.get("/v1/files", headers={"Authorization": f"Bearer {token}"})


def packed(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    signed = f"{packed(header)}.{packed(claims)}"
    return f"{signed}.{packed(hmac.new(secret, signed.encode(), sha256).digest())}"


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_a_valid_token_of_either_kind_gets_in(api: Api, provider: Provider, kid: str) -> None:
    assert ask(api, provider.token(kid=kid)).status == 200


def test_a_token_without_a_signature_is_refused(api: Api, provider: Provider) -> None:
    unsigned = jwt.encode(provider.claims(), "", "none", headers={"kid": "rsa"})
    assert refuses(ask(api, unsigned), 401)
    assert refuses(ask(api, f"{packed({'alg': 'none'})}.{packed(provider.claims())}."), 401)


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_public_key_is_no_shared_secret(api: Api, provider: Provider, form: PublicFormat, encoding: Encoding) -> None:
    public = provider.rsa.public_key().public_bytes(encoding, form)
    for algorithm in ("HS256", "RS256"):
        token = signed_by_hand({"alg": algorithm, "kid": "rsa", "typ": "JWT"}, provider.claims(), public)
        assert refuses(ask(api, token), 401)


def test_a_published_shared_secret_would_not_be_used(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {"kty": "oct", "kid": "shared", "k": packed(b"x" * 32)}
    monkeypatch.setattr(levers, "identity_keys", lambda: [*provider.keys(), secret])
    token = signed_by_hand({"alg": "HS256", "kid": "shared"}, provider.claims(), b"x" * 32)
    assert refuses(ask(api, token), 401)


def test_a_key_for_encryption_or_another_algorithm_signs_nothing(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = provider.keys()
    for unfit in ({"use": "enc"}, {"alg": "RS512"}):
        monkeypatch.setattr(levers, "identity_keys", lambda unfit=unfit: [key | unfit for key in published])
        assert refuses(ask(api, provider.token()), 401)


def test_a_key_named_by_the_token_itself_is_not_believed(api: Api, provider: Provider) -> None:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key(), as_dict=True)
    for header in ({"kid": "rsa", "jwk": key}, {"kid": "rsa", "jku": "https://evil.example/keys"}, {"jwk": key}):
        assert refuses(ask(api, jwt.encode(provider.claims(), own, "RS256", headers=header)), 401)


@pytest.mark.parametrize("kid", ["unknown", "", None])
def test_a_key_that_is_not_known_is_refused(api: Api, provider: Provider, kid: str | None) -> None:
    assert refuses(ask(api, provider.token(kid=kid)), 401)


def test_a_token_of_one_key_that_names_the_other_is_refused(api: Api, provider: Provider) -> None:
    token = jwt.encode(provider.claims(), provider.ec, "ES256", headers={"kid": "rsa"})
    assert refuses(ask(api, token), 401)


def test_a_token_is_good_until_half_a_minute_after_it_expired(api: Api, provider: Provider) -> None:
    # PyJWT reads the machine's clock, which the provider's claims start from here.
    assert ask(api, provider.token(exp=provider.claims()["iat"] - 10)).status == 200
    expired = ask(api, provider.token(exp=provider.claims()["iat"] - 60))
    assert refuses(expired, 401)
    assert "expired" in expired.body["detail"]


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-app"},
        {"aud": ["another-app"]},
        {"iss": "https://evil.example"},
        {"sub": ""},
        {"sub": 7},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"sub": None},
        {"iat": None, "nbf": None},
        {"exp": "tomorrow"},
    ],
    ids=str,
)
def test_claims_that_are_missing_or_mean_somebody_else_are_refused(
    api: Api, provider: Provider, claims: dict[str, Any]
) -> None:
    token = packed({})
    try:
        token = provider.token(**claims)
    except TypeError:  # PyJWT would not sign it
        token = signed_by_hand({"alg": "RS256", "kid": "rsa"}, provider.claims() | claims, b"")
    assert refuses(ask(api, token), 401)


def test_a_token_from_the_future_is_refused(api: Api, provider: Provider) -> None:
    later = provider.claims()["iat"] + HOUR
    assert refuses(ask(api, provider.token(nbf=later)), 401)
    assert refuses(ask(api, provider.token(iat=later, nbf=None)), 401)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.integers(0, 2), position=st.integers(0, 10_000), replacement=st.sampled_from("ABab01_-"))
def test_no_changed_token_is_accepted(api: Api, provider: Provider, part: int, position: int, replacement: str) -> None:
    parts = provider.token().split(".")
    # The last character of each part carries bits that do not count.
    place = position % (len(parts[part]) - 1)
    if parts[part][place] == replacement:
        return
    parts[part] = parts[part][:place] + replacement + parts[part][place + 1 :]
    assert refuses(ask(api, ".".join(parts)), 401)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.text(max_size=60), st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
)
def test_noise_is_no_token(api: Api, noise: str) -> None:
    assert refuses(ask(api, noise), 401)
    assert refuses(api.get("/v1/files", headers={"Authorization": noise}), 401)


def test_an_endless_token_is_refused_unread(api: Api, provider: Provider) -> None:
    assert refuses(ask(api, provider.token(extra="x" * 10_000)), 401)
    assert refuses(ask(api, "a." * 4000), 401)


def test_every_route_but_health_and_switch_needs_a_token(api: Api) -> None:
    file = store("notes.txt").file
    before = api.traces()
    for method, path in [
        ("GET", "/v1/files"),
        ("GET", f"/v1/files/{file}/link"),
        ("GET", f"/v1/files/{file}/versions"),
        ("GET", f"/v1/jobs/{'0' * 32}"),
        ("GET", "/v1/items"),
        ("POST", "/v1/uploads"),
        ("POST", f"/v1/uploads/{'0' * 32}/commit"),
        ("DELETE", f"/v1/files/{file}"),
        ("POST", f"/v1/files/{file}/undelete"),
        ("POST", "/v1/downloads"),
        ("POST", "/v1/purchases"),
    ]:
        answer = api.send(method, path, user=None, key="k")
        assert refuses(answer, 401), path
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert api.traces() == before


def test_buying_needs_the_scope_for_it(api: Api, provider: Provider) -> None:
    for scope in (None, "drive:read", "drive:purchases", ["drive:purchase"], 7):
        token = provider.token(scope=scope)
        answer = api.post("/v1/purchases", {"content": "album"}, key="k", headers={"Authorization": f"Bearer {token}"})
        assert refuses(answer, 403)
        assert "drive:purchase" in answer.body["detail"]


def test_the_users_of_two_providers_are_different_users(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    store("notes.txt")
    assert len(api.get("/v1/files").body["files"]) == 1
    monkeypatch.setenv("IDENTITY_ISSUER", "https://other.example")
    token = provider.token(iss="https://other.example")
    assert ask(api, token).body["files"] == []


def test_tokens_and_paths_stay_out_of_the_logs(
    api: Api, provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    token = provider.token()
    api.get("/v1/files", headers={"Authorization": f"Bearer {token}x"})
    api.post("/v1/uploads", {"path": "../secret-name"}, key="k")
    written = capsys.readouterr()
    for secret in (token, token.split(".")[1], "secret-name"):
        assert secret not in written.out + written.err
