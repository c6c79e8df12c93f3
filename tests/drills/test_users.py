import json
import stat
import time
from pathlib import Path

import jwt
import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from drills.frame.users import AUDIENCE, ISSUER, SCOPE, Identity
from services.api import identity as api
from services.api.errors import Problem
from services.drive import levers


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity.new()


@pytest.fixture
def _believed(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drive's API has read this identity's profile."""
    published = json.loads(json.dumps(identity.profile))
    monkeypatch.setattr(levers, "identity_keys", lambda: published["keys"])
    monkeypatch.setenv("IDENTITY_ISSUER", ISSUER)
    monkeypatch.setenv("IDENTITY_AUDIENCE", AUDIENCE)


def request(token: str) -> APIGatewayProxyEvent:
    return APIGatewayProxyEvent({"headers": {"Authorization": f"Bearer {token}"}})


@pytest.mark.usefixtures("_believed")
def test_the_api_believes_a_token_and_knows_its_user(identity: Identity) -> None:
    caller = api.caller(request(identity.token("user-1")))
    caller.needs(SCOPE)
    assert caller.user == identity.user_id("user-1")


@pytest.mark.usefixtures("_believed")
def test_the_api_does_not_believe_another_key() -> None:
    with pytest.raises(Problem) as refused:
        api.caller(request(Identity.new().token("user-1")))
    assert refused.value.status == 401


@pytest.mark.usefixtures("_believed")
def test_a_drill_can_make_tokens_that_must_be_refused(identity: Identity) -> None:
    with pytest.raises(Problem) as refused:
        api.caller(request(identity.sign("user-1", exp=int(time.time()) - 3600)))
    assert refused.value.status == 401


def test_what_is_published_holds_no_private_half(identity: Identity) -> None:
    (key,) = identity.profile["keys"]
    assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi"}
    assert {"kid", "kty"} <= key.keys()


def test_a_saved_identity_signs_in_the_same_users(identity: Identity, tmp_path: Path) -> None:
    path = tmp_path / "identity.json"
    identity.save(path)
    loaded = Identity.load(path)
    assert loaded.profile == identity.profile
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.json"
    path.write_text(json.dumps({"private_key": "none", "key_id": "1", "issuer": ISSUER, "audience": AUDIENCE}))
    with pytest.raises(ValueError, match="PEM"):
        Identity.load(path)


def test_a_user_has_one_token(identity: Identity) -> None:
    assert identity.token("user-2") is identity.token("user-2")
    assert jwt.decode(identity.token("user-2"), options={"verify_signature": False})["sub"] == "user-2"


def test_a_thousand_users_sign_in_within_seconds(identity: Identity) -> None:
    begun = time.process_time()
    identity.sign_in(f"many-{number}" for number in range(1000))
    assert time.process_time() - begun < 5
