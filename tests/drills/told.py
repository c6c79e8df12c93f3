"""Lines as drills/traffic/play.py writes them."""

import json
from typing import Any

from drills.traffic.arrivals import Who


def told(key: str, *, who: Who = Who.CROWD, state: str = "accepted", refused_at: float | None = None) -> str:
    """Return what one arrival was told; who was refused was refused to the end."""
    kind = "purchase" if who == Who.BUYER else "bundle"
    line: dict[str, Any] = {
        "key": key,
        "user": "somebody",
        "who": who,
        "kind": kind,
        "content": "album",
        "at": 1.0,
        "latency": 0.1,
        "state": "refused" if refused_at is not None else state,
        "region": "here",
        "refused_at": refused_at,
    }
    return json.dumps(line) + "\n"
