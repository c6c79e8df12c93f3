"""A small HTTP server on loopback that answers as a test says, and remembers what it was asked."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0


@dataclass
class Loopback:
    answer: Callable[[Request], Reply]
    asked: list[Request] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {
                    name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                request = Request(head[0].split(" ")[1], headers, json.loads(body or "null"))
                self.asked.append(request)
                reply = self.answer(request)
                await asyncio.sleep(reply.seconds)
                writer.write(_bytes(reply))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()


def _bytes(reply: Reply) -> bytes:
    body = json.dumps(reply.body).encode()
    extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return f"HTTP/1.1 {reply.status} .\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


@contextmanager
def loopback(answer: Callable[[Request], Reply]) -> Iterator[Loopback]:
    server, loop, ready = Loopback(answer), asyncio.new_event_loop(), threading.Event()

    async def run(stop: asyncio.Event) -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1000)
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(stop),))
    thread.start()
    assert ready.wait(5)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
