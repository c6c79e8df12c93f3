"""A region's address: a bound socket that can stop and start listening without ever giving its port away.

Closing means what a lost region means to a client: new connections are refused, established ones are cut.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

BACKLOG = 1024
KEEP_ALIVE_SECONDS = 75.0

Application = Callable[[asyncio.WriteTransport, dict[str, Any], Any, Any], Awaitable[None]]


def bound_socket() -> socket.socket:
    """A socket with a free loopback port that stays ours, listening or not."""
    with socket.socket() as finder:
        finder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        finder.bind(("127.0.0.1", 0))
        return socket_bound_to(finder.getsockname()[1])


def socket_bound_to(port: int) -> socket.socket:
    """A socket bound to this loopback port. Raises OSError when another process has it.

    The port is named, not asked for: Linux lets go of an automatic port when the socket stops listening.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound


def stop_listening(bound: socket.socket) -> None:
    """Refuses connections and keeps the port. A socket that does not listen is left alone.

    Linux would mark one that does not listen as shut for good: it could never accept again.
    """
    if bound.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        bound.shutdown(socket.SHUT_RDWR)


class Listener:
    """One address of the embedded cloud, open or closed; each of its requests goes to `application`."""

    def __init__(self, address: socket.socket, application: Application) -> None:
        self._address = address
        self._application = application
        self._server: asyncio.Server | None = None
        self._transports: set[asyncio.WriteTransport] = set()
        self._config = Config()
        self._config.keep_alive_timeout = KEEP_ALIVE_SECONDS
        self._context = WorkerContext(None)
        self.port: int = address.getsockname()[1]

    async def open(self) -> None:
        """Listens; nothing happens when it already does."""
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, sock=self._address.dup(), backlog=BACKLOG)

    def close(self) -> None:
        """Refuses new connections and cuts the established ones without an answer."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        # The duplicate's end is not the end of listening: the kernel's socket is shared, so it is told to stop.
        stop_listening(self._address)
        for transport in list(self._transports):
            transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        self._transports.add(transport)
        application = ASGIWrapper(partial(self._application, transport))
        loop = asyncio.get_running_loop()
        try:
            # The end of the process cancels its connections; asyncio 3.11 would log each as an error.
            with contextlib.suppress(asyncio.CancelledError):
                await TCPServer(application, loop, self._config, self._context, {}, reader, writer)
        finally:
            self._transports.discard(transport)
