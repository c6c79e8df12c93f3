"""How many orders a second this machine carries: a storm must be one here too, and still be carried.

Rates that fit one pair of cores are a drizzle on eight, and on a busy laptop more than the emulator can answer.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

from drills.drill import CouldNotRun, Run
from drills.frame.stock import Files, stock
from drills.frame.watching import settled
from drills.traffic.arrivals import Wanted

if TYPE_CHECKING:
    from drills.frame.running import Drive

SECONDS = 6.0
CLIENTS = 8
SHARE = 0.5
"""Of what is accepted and delivered while nothing else happens: the workers' calls and repeated requests take the
rest. At 0.8 the emulator's API itself was overrun within a minute, which says nothing about the drive."""
SETTLED_WITHIN = 120.0
LEAST, MOST = 1.0, 40.0
"""Orders per second: below, the machine is too busy for any drill; above, one drill's ledger would take minutes."""


def rate_of(drive: "Drive", run: Run) -> float:
    """Return the orders per second for the height of a storm; raises CouldNotRun on a machine that is too busy."""
    users = frozenset(f"pace-{number:03}" for number in range(CLIENTS))
    name = f"pace-{run.started_at:%H%M%S%f}"
    stock(drive, Wanted(users, frozenset({name}), frozenset()), Files(count=1, size=64))
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        counts = clients.map(lambda user: _orders(drive, user, name, began + SECONDS), sorted(users))
        accepted = sum(counts)
    settled(drive, drive.design.data_regions, within=SETTLED_WITHIN)
    carried = accepted / (time.monotonic() - began)
    rate = round(min(MOST, SHARE * carried), 1)
    run.say(f"the drive carries {carried:.1f} orders a second here: the height of the load is {rate:g}")
    if rate < LEAST:
        message = f"this machine carries {carried:.1f} orders a second: it is too busy for a drill to mean anything"
        raise CouldNotRun(message)
    return rate


def _orders(drive: "Drive", user: str, content: str, ends_at: float) -> int:
    """Order one after the other, each time something new, and return how often that was accepted."""
    [url] = [place.url for place in drive.places(drive.design.primary)]
    headers = {"Authorization": f"Bearer {drive.identity.token(user)}"}
    count = 0
    with httpx.Client(timeout=30, trust_env=False) as client:
        while time.monotonic() < ends_at:
            key = {"Idempotency-Key": f"{content}-{count}"}
            said = client.post(f"{url}/v1/purchases", json={"content": content}, headers=headers | key)
            count += said.status_code == httpx.codes.ACCEPTED
    return count
