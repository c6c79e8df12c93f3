"""What operators can turn without a deployment (AppConfig), and the public keys of the identity provider.

Both are fetched whole every 30 s. When they cannot be fetched the last known good ones stay; a process that never
reached AppConfig works with the default levers, and knows nobody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.parameters import AppConfigProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from services.drive import aws, clock
from services.drive.environment import MissingVariable, here
from services.drive.limits import BUNDLE_SLOTS, LEVERS_INTERVAL, scaled

logger = Logger(service="levers")


@dataclass(frozen=True)
class Levers:
    """Every lever and its normal position; the comment names the service that obeys it."""

    accept_uploads: bool = True
    """api: take new uploads."""
    accept_downloads: bool = True
    """api: take new bundle orders."""
    admit_percent: int = 100
    """api: of new bundle orders, by the user."""
    sideline: bool = True
    """deliver, bundler and reconciler: move old work aside."""
    notices: bool = True
    """notifier: tell users."""
    bundle_slots: int = BUNDLE_SLOTS
    """bundler: builds at a time in one worker."""


_known: dict[str, Mapping[str, Any]] = {}
_fetched: dict[str, float] = {}
_providers: dict[str, AppConfigProvider] = {}


def current() -> Levers:
    """Return the levers as they stand. A lever of the wrong type, or unknown, is ignored: half a config beats none."""
    found = _profile("levers")
    valid = {
        field.name: found[field.name]
        for field in fields(Levers)
        if field.name in found and type(found[field.name]) is type(field.default)
    }
    return Levers(**valid)


class NeverReached(Exception):
    """A profile could not be fetched since the process started, and there is no default to work with."""


def identity_keys() -> list[dict[str, Any]]:
    """Return the identity provider's public keys (JWK); raises NeverReached when they could not be fetched yet."""
    profile = _profile("identity")
    if "identity" not in _known:
        raise NeverReached
    keys = profile.get("keys", [])
    return list(keys) if isinstance(keys, list) else []


def forget() -> None:
    """Forget everything, as a new process would."""
    _known.clear()
    _fetched.clear()
    _providers.clear()


def _profile(name: str) -> Mapping[str, Any]:
    if clock.now() - _fetched.get(name, 0) >= scaled(LEVERS_INTERVAL):
        _fetched[name] = clock.now()  # also after a failure: nobody waits for AppConfig more often than that
        found = _fetch(name)
        if found is not None:
            _known[name] = found
    return _known.get(name, {})


def _fetch(name: str) -> Mapping[str, Any] | None:
    try:
        if name not in _providers:
            _providers[name] = AppConfigProvider(
                environment=here.levers_environment,
                application=here.levers_application,
                boto3_client=aws.client("appconfigdata"),
            )
        value = _providers[name].get(name, force_fetch=True)
        found = json.loads(value) if isinstance(value, str | bytes) else value
    except (GetParameterError, MissingVariable, ValueError) as error:
        logger.warning("the profile %s could not be fetched; the last known one stays: %s", name, error)
        # Its token may be used up, or older than a day, and would then be refused for ever: begin a new session.
        _providers.pop(name, None)
        return None
    if not isinstance(found, dict):
        logger.warning("the profile %s is not a JSON object; the last known one stays", name)
        return None
    return found
