"""Which drive, and who one is: from options, the environment, and ~/.config/drive/config.toml, in this order."""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Mistake

KNOWN = {"endpoints": list, "token_file": str, "patience": int, "parallel": int}
LONGEST_TOKEN_FILE = 64 * 1024
DEFAULT_PATIENCE = 900
DEFAULT_PARALLEL = 4


@dataclass(frozen=True)
class Settings:
    """What a command works with. `token` is read when it is needed, since tokens are renewed; `patience` in seconds."""

    endpoints: tuple[str, ...]
    token: Callable[[], str]
    state: Path
    patience: float
    parallel: int


def load(
    environment: Mapping[str, str],
    *,
    endpoints: Sequence[str] = (),
    patience: float | None = None,
    parallel: int | None = None,
) -> Settings:
    """Return the settings; raises Mistake, naming what is wrong and where."""
    written = _written(_config_path(environment))
    from_environment = environment.get("DRIVE_ENDPOINTS", "").replace(",", " ").split()
    return Settings(
        endpoints=tuple(endpoints or from_environment or written.get("endpoints", ())),
        token=_token(environment, written.get("token_file")),
        state=_state_path(environment),
        patience=float(written.get("patience", DEFAULT_PATIENCE) if patience is None else patience),
        parallel=written.get("parallel", DEFAULT_PARALLEL) if parallel is None else parallel,
    )


def _written(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Mistake("bad-config", f"Cannot read {path}: {error}.") from error
    _check(path, found)
    return found


def _check(path: Path, found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if name not in KNOWN:
            raise Mistake("bad-config", f"{path}: {name!r} is no setting; there are {', '.join(KNOWN)}.")
        if type(value) is not KNOWN[name]:
            raise Mistake("bad-config", f"{path}: {name} must be a {KNOWN[name].__name__}.")
    endpoints = found.get("endpoints", [])
    if not all(isinstance(each, str) for each in endpoints):
        raise Mistake("bad-config", f"{path}: endpoints must be a list of strings.")
    for name in ("patience", "parallel"):
        if found.get(name, 1) < 1:
            raise Mistake("bad-config", f"{path}: {name} must be 1 or more.")


def _token(environment: Mapping[str, str], written: str | None) -> Callable[[], str]:
    given = environment.get("DRIVE_TOKEN")
    if given:
        return lambda: given
    path = environment.get("DRIVE_TOKEN_FILE") or written
    if not path:
        return lambda: ""
    return lambda: _read_token(Path(path).expanduser())


def _read_token(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_TOKEN_FILE).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake("bad-token", f"Cannot read the token from {path}: {error}.") from error


def _config_path(environment: Mapping[str, str]) -> Path:
    if environment.get("DRIVE_CONFIG"):
        return Path(environment["DRIVE_CONFIG"])
    return _home(environment, "XDG_CONFIG_HOME", ".config") / "drive" / "config.toml"


def _state_path(environment: Mapping[str, str]) -> Path:
    if environment.get("DRIVE_STATE"):
        return Path(environment["DRIVE_STATE"])
    return _home(environment, "XDG_STATE_HOME", ".local/state") / "drive"


def _home(environment: Mapping[str, str], variable: str, usual: str) -> Path:
    named = environment.get(variable, "")
    if os.path.isabs(named):  # the XDG specification has others ignored
        return Path(named)
    return Path(environment.get("HOME") or Path.home()) / usual
