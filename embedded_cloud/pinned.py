"""The few parts of ministack that the simulations replace, each checked first against what was read.

Patching somebody else's internals is only safe for the version that was read: another version, a renamed function or a
changed signature ends the start of the embedded cloud with a sentence, and never leaves a simulation that does nothing.
"""

import importlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

PINNED = "1.5.33"


class EmulatorChanged(RuntimeError):
    """Ministack is not the version, or not the shape, that the simulations were written for."""


def check_version() -> None:
    """Raises EmulatorChanged unless the pinned ministack is installed."""
    installed = version("ministack")
    if installed != PINNED:
        raise EmulatorChanged(f"ministack {installed} is installed, the simulations were written for {PINNED}")


def module(name: str) -> Any:
    """A module of ministack, untyped: it ships no types."""
    return importlib.import_module(f"ministack.{name}")


def original(module_name: str, path: str, parameters: str) -> Callable[..., Any]:
    """The function at `path` (`name` or `Class.name`), whose parameters must be exactly those named."""
    found: Any = module(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise EmulatorChanged(f"ministack {PINNED} is expected to have {module_name}.{path}: there is no {part}")
        found = getattr(found, part)
    actual = " ".join(inspect.signature(found).parameters)
    if actual != parameters:
        raise EmulatorChanged(f"ministack's {module_name}.{path} takes ({actual}), expected ({parameters})")
    return found  # type: ignore[no-any-return]  # whatever ministack has there, with the expected parameters


def replace(
    module_name: str, path: str, parameters: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Puts `make(original)` in the place of a function of ministack."""
    replacement = make(original(module_name, path, parameters))
    owner: Any = module(module_name)
    *owners, name = path.split(".")
    for part in owners:
        owner = getattr(owner, part)
    setattr(owner, name, replacement)


def present(module_name: str, *names: str) -> None:
    """Raises EmulatorChanged unless the module still has each of these names (state that a simulation reads)."""
    missing = [name for name in names if not hasattr(module(module_name), name)]
    if missing:
        raise EmulatorChanged(f"ministack {PINNED} is expected to have {', '.join(missing)} in {module_name}")
