"""The process that makes the calls of many orders without our code: `python -m drills.surge.bare_orders SETUP.json`.

Per order one request through the bare API, then each recorded call with a plain boto3 client, in their order. Several
of these processes, each with several threads, are to the emulator what the drive's functions are.
"""

import itertools
import json
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bare:
    """What one process does."""

    url: str
    calls: list[Any]
    names: dict[str, str]
    """Names of the drive, by what stands in their place: the order, the user, the table, the queues, the topic."""
    order: str
    user: str
    first: int
    count: int
    threads: int

    @classmethod
    def load(cls, path: Path) -> "Bare":
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text()))

    def save(self, path: Path) -> None:
        """Write it for this process."""
        path.write_text(json.dumps(asdict(self)))

    def of(self, number: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Return the calls of one order, which differs from all others by its name and its user's."""
        text = json.dumps(self.calls)
        names = {**self.names, self.order: f"{number:032x}", self.user: f"{number:032x}"[::-1]}
        for name, other in names.items():
            text = text.replace(name, other)
        yield from json.loads(text)


def main(path: Path) -> None:
    """Make all calls, having said that it is ready and been told to begin."""
    import boto3
    from botocore.config import Config

    bare = Bare.load(path)
    settings = Config(max_pool_connections=bare.threads, retries={"mode": "standard", "total_max_attempts": 3})
    clients = {name: boto3.client(name, config=settings) for name in {call[0] for call in bare.calls}}
    numbers, lock = itertools.count(bare.first), threading.Lock()

    def work(_: int) -> None:
        while True:
            with lock:
                number = next(numbers)
            if number >= bare.first + bare.count:
                return
            _order(bare, clients, number)

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began = time.time()
    with ThreadPoolExecutor(bare.threads) as pool:
        list(pool.map(work, range(bare.threads)))
    sys.stdout.write(json.dumps({"began": began, "ended": time.time()}) + "\n")


def _order(bare: Bare, clients: dict[str, Any], number: int) -> None:
    from botocore import xform_name

    request = urllib.request.Request(bare.url, data=b'{"content": "album"}', method="POST")  # noqa: S310  loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        answer.read()
    for service, operation, parameters in bare.of(number):
        getattr(clients[service], xform_name(operation))(**parameters)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
