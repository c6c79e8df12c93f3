"""Compares what a template says with what a service answers, whatever words and shapes each of them uses for it.

The template's value must be contained in the answer: services add defaults. What is switched off or empty may as well
not be there.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

ITEMS = {"items", "quantity"}
"""CloudFront writes a list as its length and its items."""
TAG = ({"key", "value"}, {"tagkey", "tagvalue"})
OFF: tuple[Any, ...] = (None, "", "false", "0", [], {})


def holds(answered: Any, said: Any) -> bool:
    """Whether a service's answer contains what the template says."""
    return next(differences(answered, said), None) is None


def differences(answered: Any, said: Any) -> Iterator[str]:
    """Yield the paths in the template's value at which the answer differs."""
    return _differing(normal(answered), normal(said), "")


def without(said: Any, path: str) -> Any:
    """The template's value without what is at a dotted path, in each element of the lists on the way."""
    first, _, rest = path.partition(".")
    if isinstance(said, list):
        return [without(item, path) for item in said]
    if not isinstance(said, Mapping) or first not in said:
        return said
    if rest:
        return {**said, first: without(said[first], rest)}
    return {key: item for key, item in said.items() if key != first}


def normal(value: Any) -> Any:
    """One shape for what is the same: names in small letters, numbers and truth as text, tags as a mapping."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, (list, tuple)):
        return _normal_list(value)
    if isinstance(value, Mapping):
        return _normal_mapping(value)
    if isinstance(value, str) and value[:1] in {"{", "["}:
        return _normal_json(value)
    return value


def _normal_list(value: list[Any] | tuple[Any, ...]) -> Any:
    if value and all(isinstance(item, Mapping) and {str(key).lower() for key in item} in TAG for item in value):
        tags = [{str(key).lower().removeprefix("tag"): text for key, text in item.items()} for item in value]
        return {str(tag["key"]).lower(): normal(tag["value"]) for tag in tags}
    return [normal(item) for item in value]


def _normal_mapping(value: Mapping[Any, Any]) -> Any:
    lowered = {str(key).lower(): normal(item) for key, item in value.items()}
    if lowered and set(lowered) <= ITEMS:
        return lowered.get("items", [])
    return lowered


def _normal_json(value: str) -> Any:
    try:
        return normal(json.loads(value))
    except json.JSONDecodeError:
        return value


def _differing(answered: Any, said: Any, path: str) -> Iterator[str]:
    if said in OFF and answered in OFF:
        return
    if isinstance(said, dict):
        for key, item in said.items():
            there = answered.get(key) if isinstance(answered, dict) else None
            yield from _differing(there, item, f"{path}.{key}".lstrip("."))
    elif isinstance(said, list):
        rows = answered if isinstance(answered, list) else [answered]
        for item in said:
            found = [list(_differing(row, item, path)) for row in rows]
            yield from min(found, key=len, default=[path])
    elif isinstance(answered, list) and len(answered) == 1:
        # A list of one, where a template may name the one.
        yield from _differing(answered[0], said, path)
    elif answered != said:
        yield path
