"""Requests of one user: repeated until they are answered, in whichever region answers, under one idempotency key.

429   the drive is busy and says when to come back: the same region is asked again then, and no other one, since
      whoever is turned away must not double the crowd at the next door
5xx, a dropped connection, silence   the other region is asked at once; when all have failed, after a pause
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import Failure, Mistake, Refused, Unreachable
from .patience import retry_after
from .wire import Answer, Silence, Wire

LONGEST_TOKEN = 8192
CONFLICTS = 3
"""So often a 409 is answered by the same request again, where the drive asks for that."""

HINTS = {
    401: "Get a new token and put it into DRIVE_TOKEN, or into the file that DRIVE_TOKEN_FILE names.",
    403: "The token must carry what this needs, and the endpoint must be the API's whole address, with its stage.",
}

Token = Callable[[], str]


@dataclass
class _Try:
    """One request and how it goes."""

    until: float
    attempts: int | None
    tried: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    rounds: int = 0
    conflicts: int = 0
    asked_for: float = 0


class Api:
    """The drive's API as one user sees it. Many threads may use it."""

    def __init__(self, wire: Wire, token: Token | str) -> None:
        """Take a token, or a function that returns the token as it is now."""
        self.wire = wire
        self._token: Token = (lambda: token) if isinstance(token, str) else token

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        at: str | None = None,
        avoid: Collection[str] = (),
        prefer: str | None = None,
        attempts: int | None = None,
        conflict_passes: bool = False,
        patience: float | None = None,
    ) -> Answer:
        """Return a successful answer. Raises Refused or Unreachable.

        `at` asks this endpoint alone. `attempts` bounds the rounds through all regions, `patience` the seconds
        (otherwise the wire's). `conflict_passes` says that a 409 of this request means: again, please.
        """
        headers = {"Authorization": f"Bearer {checked_token(self._token())}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        total = self.wire.patience.total if patience is None else patience
        state = _Try(self.wire.time.now() + total, attempts)
        while True:
            self.wire.time.check()
            endpoint = self._next(state, at, avoid, prefer)
            try:
                answer = self.wire.ask(endpoint, method, path, headers=headers, content=content, query=query or {})
            except Silence as error:
                self._failed(state, endpoint, str(error), 0)
                continue
            if answer.status >= 500:
                wish = retry_after(answer.headers.get("retry-after"), self.wire.time.now()) or 0
                self._failed(state, endpoint, _said(answer) or f"it answered {answer.status}", wish)
                continue
            self.wire.circuits.succeeded(endpoint)
            if 200 <= answer.status < 300:
                return answer
            self._refused(state, answer, conflict_passes=conflict_passes)

    def _next(self, state: _Try, at: str | None, avoid: Collection[str], prefer: str | None) -> str:
        """Return whom to ask now, after a pause if everybody was asked; raises Unreachable."""
        if at is not None and not state.tried:
            return at
        picked = None if at is not None else self.wire.circuits.pick(tried=state.tried, avoid=avoid, prefer=prefer)
        if picked is not None:
            return picked
        pause = self.wire.patience.pause(state.rounds, at_least=state.asked_for)
        state.rounds += 1
        if state.rounds == state.attempts or self.wire.time.now() + pause > state.until:
            raise unreachable(state.reasons)
        self.wire.time.sleep(pause)
        state.tried.clear()
        state.asked_for = 0
        return self._next(state, at, avoid, prefer)

    def _failed(self, state: _Try, endpoint: str, reason: str, wish: float) -> None:
        self.wire.circuits.failed(endpoint, wish)
        state.tried.add(endpoint)
        state.reasons[endpoint] = reason
        # The shortest wish of all regions: one of them is worth asking then.
        state.asked_for = min(wish, state.asked_for) if len(state.tried) > 1 else wish

    def _refused(self, state: _Try, answer: Answer, *, conflict_passes: bool) -> None:
        """Wait where the drive asks for it; raises Refused for all else."""
        time, patience = self.wire.time, self.wire.patience
        wish = retry_after(answer.headers.get("retry-after"), time.now())
        if answer.status == 429:
            pause = patience.pause(0, at_least=wish) if wish is not None else patience.pause(state.rounds)
            state.rounds += 1
            if time.now() + pause <= state.until and state.rounds != state.attempts:
                time.sleep(pause)
                return
        if answer.status == 409 and conflict_passes and state.conflicts < CONFLICTS:
            state.conflicts += 1
            time.sleep(patience.pause(state.conflicts))
            return
        raise refused(answer, wish)


def checked_token(token: str) -> str:
    """Return a token that can stand in a header; raises Mistake."""
    found = token.strip()
    if not found:
        raise Mistake("no-token", "No token is known: set DRIVE_TOKEN, or DRIVE_TOKEN_FILE to a file that holds it.")
    if len(found) > LONGEST_TOKEN or not found.isascii() or not found.isprintable() or " " in found:
        raise Mistake("bad-token", "The token is none: it must be one line of visible ASCII characters.")
    return found


def refused(answer: Answer, wish: float | None = None) -> Refused:
    """Return the refusal that an answer is."""
    kind = str(answer.body.get("type", "")).removeprefix("urn:seawall:problem:")[:80] or f"http-{answer.status}"
    sentence = _said(answer) or f"The drive at {answer.endpoint} answered {answer.status}."
    if answer.status in HINTS:
        sentence = f"{sentence} {HINTS[answer.status]}"
    if wish is not None:
        sentence = f"{sentence} Try again in {wish:.0f} s."
    return Refused(kind, sentence, status=answer.status, retry_after=wish)


def unreachable(reasons: Mapping[str, str]) -> Failure:
    """Return what to say when no region works."""
    each = "; ".join(f"{endpoint}: {reason.rstrip('.')}" for endpoint, reason in reasons.items())
    return Unreachable(
        "unreachable",
        f"The drive could not be reached ({each}). Check your network and the addresses; repeating the same command "
        "is safe and goes on where this one stopped.",
    )


def _said(answer: Answer) -> str:
    for member in ("detail", "message"):  # the second one is API Gateway's own
        said = answer.body.get(member)
        if isinstance(said, str) and said:
            return said[:500]
    return ""
