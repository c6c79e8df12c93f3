"""A long way from the workers to S3 (simulation): a build takes as long as on AWS, while the emulator carries on.

On loopback a build takes no time but the emulator's own, which everybody shares: more builds would only slow down the
API, and how long one takes would depend on who else is at work. So each request of the workers to S3 waits a while at
this proxy, as it would for a disk and a network. Nothing else is changed; requests pass byte for byte.

    with far_from_s3(drive, region, seconds=0.5) as way: …
    way.seen                                # (moment, "PUT", "/bucket/key?query") of each request
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from drills.local.bundlers import Bundlers
from embedded_cloud.workers import ZONES

if TYPE_CHECKING:
    from drills.frame.running import Drive

PIECE = 256 * 1024
METHODS = (b"GET ", b"PUT ", b"POST ", b"HEAD ", b"DELETE ")


class FarWorkers(Bundlers):
    """Workers whose way to S3 leads over another address."""

    s3_address = ""

    def environment(self) -> dict[str, str]:
        """What every task is told, and the other address."""
        return {**super().environment(), "AWS_ENDPOINT_URL_S3": self.s3_address}


@dataclass
class Way:
    """The proxy: one address, and what it holds each request back by (seconds)."""

    target: str
    seconds: float
    url: str = ""
    seen: list[tuple[float, str, str]] = field(default_factory=list)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(self.target)
        try:
            far_reader, far_writer = await asyncio.open_connection(address.hostname, address.port)
        except OSError:  # the region is down: so is the way to it
            writer.close()
            return
        # Cancelled: the proxy is being closed, and whoever still asked is told nothing.
        with suppress(OSError, asyncio.CancelledError):
            back = asyncio.create_task(_copy(far_reader, writer))
            while piece := await reader.read(PIECE):
                if piece.startswith(METHODS):  # a body's later pieces do not wait again
                    self._note(piece)
                    await asyncio.sleep(self.seconds)
                far_writer.write(piece)
                await far_writer.drain()
            far_writer.close()
            await back

    def _note(self, piece: bytes) -> None:
        method, path, *_ = piece.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        self.seen.append((time.time(), method, path))

    async def serve(self, ready: threading.Event) -> None:
        """Pass requests on until `close`."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=PIECE)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        async with server:
            await self._ended.wait()

    def close(self) -> None:
        """End `serve`, from another thread."""
        self._loop.call_soon_threadsafe(self._ended.set)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextmanager
def way_to(target: str, seconds: float) -> Iterator[Way]:
    """Open a way to an address, in a thread of its own."""
    way, ready = Way(target, seconds), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(way.serve(ready)), name="way", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield way
    finally:
        way.close()
        thread.join()


@contextmanager
def far_from_s3(drive: "Drive", region: str, seconds: float) -> Iterator[Way]:
    """Replace a region's workers by as many that are far from S3; bring the others back at the end."""
    near = drive.workers
    zones = [task.zone for task in near[region].tasks]
    with way_to(drive.cloud.endpoint(region), seconds) as way:
        far = FarWorkers(drive.deployed, region)
        far.s3_address = way.url
        near[region].kill(list(near[region].tasks))
        try:
            far.start(zones or ZONES)
            drive.workers = {**near, region: far}
            yield way
        finally:
            far.kill(list(far.tasks))
            drive.workers = near
            near[region].start(zones)
