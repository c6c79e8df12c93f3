"""Links to single parts of an upload, fetched as they are needed: a large file has more than one answer holds."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .wire import Answer, LinkFailed


@dataclass(frozen=True)
class PartLink:
    """Where a part goes, and with which headers."""

    url: str
    headers: Mapping[str, str]


class PartLinks:
    """The links to one region's store. Many threads may use it."""

    def __init__(self, first: Answer | None, ask: Callable[[int], Answer]) -> None:
        """Take the first answer, and what asks for another one that begins with a given part."""
        self._ask = ask
        self._region = first.body["region"] if first else None
        self._links = _read(first.body["parts"]) if first else {}
        self._renewable = True
        self._lock = threading.Lock()

    @classmethod
    def of(cls, parts: Sequence[Mapping[str, Any]]) -> "PartLinks":
        """Return links that cannot be renewed."""

        def nobody(_: int) -> Answer:
            raise LinkFailed("this link cannot be renewed", over=True)

        links = cls(None, nobody)
        links._links = _read(parts)
        links._renewable = False
        return links

    def get(self, number: int) -> PartLink:
        """Return the link of a part, asking for it if need be. Raises LinkFailed, or what the asking raises."""
        with self._lock:
            if number not in self._links:
                answer = self._ask(number)
                if answer.body["region"] != self._region:
                    raise LinkFailed("this address leads to another region now")
                self._links |= _read(answer.body["parts"])
            if number not in self._links:
                raise LinkFailed("the drive gave no link for this part")
            return self._links[number]

    def drop(self, number: int) -> None:
        """Forget a link that did not work: it may have expired."""
        with self._lock:
            if self._renewable:
                self._links.pop(number, None)


def _read(parts: Sequence[Mapping[str, Any]]) -> dict[int, PartLink]:
    return {int(part["number"]): PartLink(str(part["url"]), _headers(part.get("headers", {}))) for part in parts}


def _headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that belong to a store; others, such as a Host, are not a server's to choose."""
    return {str(name): str(value) for name, value in headers.items() if str(name).lower().startswith("x-amz-")}
