import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.drive import aws, levers
from services.drive.levers import Levers


class AppConfig:
    """What the AppConfig data plane answers; `profiles` may be changed, or None while it cannot be reached."""

    def __init__(self) -> None:
        self.profiles: dict[str, str] | None = {}
        self.calls = 0

    def start_configuration_session(self, **request: str) -> dict[str, str]:
        if self.profiles is None:
            raise EndpointConnectionError(endpoint_url="appconfigdata")
        return {"InitialConfigurationToken": request["ConfigurationProfileIdentifier"]}

    def get_latest_configuration(self, **request: str) -> dict[str, Any]:
        self.calls += 1
        if self.profiles is None:
            raise EndpointConnectionError(endpoint_url="appconfigdata")
        profile = request["ConfigurationToken"]
        body = self.profiles.get(profile, "{}").encode()
        return {"NextPollConfigurationToken": profile, "Configuration": _Body(body)}


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self) -> bytes:
        return self._body


@pytest.fixture
def appconfig(monkeypatch: pytest.MonkeyPatch, time: Any) -> AppConfig:  # noqa: ARG001
    service = AppConfig()
    monkeypatch.setenv("LEVERS_APPLICATION", "drive")
    monkeypatch.setenv("LEVERS_ENVIRONMENT", "prod")
    monkeypatch.setattr(aws, "client", lambda _: service)
    levers.forget()
    return service


def turn(appconfig: AppConfig, **positions: Any) -> None:
    appconfig.profiles = {"levers": json.dumps(positions)}


def test_levers_are_turned_without_a_deployment(appconfig: AppConfig, time: Any) -> None:
    assert levers.current() == Levers()
    turn(appconfig, accept_downloads=False, admit_percent=20)
    time.advance(30)
    assert levers.current() == Levers(accept_downloads=False, admit_percent=20)


def test_levers_are_fetched_every_thirty_seconds_however_often_they_are_asked_for(
    appconfig: AppConfig, time: Any
) -> None:
    for _ in range(60):
        levers.current()
        time.advance(1)
    assert appconfig.calls == 2


def test_the_last_known_good_stays_while_appconfig_cannot_be_reached(appconfig: AppConfig, time: Any) -> None:
    turn(appconfig, sideline=False)
    levers.current()
    appconfig.profiles = None
    time.advance(30)
    assert levers.current() == Levers(sideline=False)


def test_a_process_that_never_reached_appconfig_works_with_the_defaults(appconfig: AppConfig) -> None:
    appconfig.profiles = None
    assert levers.current() == Levers()


def test_a_process_that_never_reached_appconfig_says_that_it_knows_no_keys(appconfig: AppConfig) -> None:
    appconfig.profiles = None
    with pytest.raises(levers.NeverReached):
        levers.identity_keys()


def test_after_a_failure_a_new_session_begins_for_the_old_one_s_token_may_be_used_up(
    appconfig: AppConfig, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn(appconfig, admit_percent=50)
    levers.current()
    sessions = []
    start = appconfig.start_configuration_session

    def counted(**request: str) -> dict[str, str]:
        session = start(**request)
        sessions.append(session)
        return session

    monkeypatch.setattr(appconfig, "start_configuration_session", counted)
    time.advance(30)
    levers.current()
    assert sessions == []
    appconfig.profiles = None
    time.advance(30)
    levers.current()
    turn(appconfig, admit_percent=20)
    time.advance(30)
    assert levers.current() == Levers(admit_percent=20)
    assert len(sessions) == 1


def test_an_unreachable_appconfig_is_asked_no_more_often(appconfig: AppConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    appconfig.profiles = None
    levers.current()
    monkeypatch.setattr(aws, "client", None)
    levers.current()


@pytest.mark.parametrize("profile", ["not JSON", "[]", "null", '{"admit_percent": "many", "sideline": 1, "x": 2}'])
def test_nonsense_turns_no_lever(appconfig: AppConfig, profile: str) -> None:
    appconfig.profiles = {"levers": profile}
    assert levers.current() == Levers()


def test_a_process_without_appconfig_works_with_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEVERS_APPLICATION", raising=False)
    monkeypatch.delenv("LEVERS_ENVIRONMENT", raising=False)
    levers.forget()
    assert levers.current() == Levers()


def test_the_identity_provider_s_keys_come_the_same_way(appconfig: AppConfig) -> None:
    appconfig.profiles = {"identity": '{"keys": [{"kid": "1"}]}'}
    assert levers.identity_keys() == [{"kid": "1"}]
