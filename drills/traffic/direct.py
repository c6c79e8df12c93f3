"""The design of May 2011, as a baseline: no queue, no admission, every request builds its own bundle.

A fixed number of web workers share one listening socket with a bounded backlog. Each takes a connection, reads the
files, zips them into the answer, and takes the next one. Two people who want the same album have it built twice; who
gives up and comes again has it built again, while the first build goes on for nobody. Nothing else is made worse than
it has to be: the zip is written by the drive's own code from the drive's own files, and the workers are as many as the
drive has builds at a time. Purchases stand in the same line.

    with Direct.started(region_environment, processes=3, threads=4) as direct:
        Setup(…, places=[Place("direct", direct.url)], identity=None)

Without an environment the files are bytes made on the spot (`Made`), for tests and for machines without an emulator.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import sleep
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
BACKLOG = 64
"""Connections that wait before a worker takes them. Beyond it Linux drops whatever knocks, and the client's own kernel
knocks again after 1, 3 and 7 seconds, whatever the time scale."""
READ_FOR = 5
"""Seconds in which a client must have sent its request."""
LONGEST_REQUEST = 8192
CHUNK = 64 * 1024


class Files(Protocol):
    """Where a worker finds what it has to zip."""

    def bundle(self, content: str, target: "Answer") -> None:
        """Write the zip of a content; raises LookupError where there is none."""
        ...

    def purchase(self, content: str) -> None:
        """Do what a purchase costs."""
        ...


@dataclass(frozen=True)
class Made:
    """Files of the same bytes for every content; `seconds` is what reading them takes."""

    files: int = 4
    size: int = 256 * 1024
    seconds: float = 0.0

    def bundle(self, content: str, target: "Answer") -> None:
        """Write the zip."""
        from services.bundler.archive import Member, write_archive

        sleep(self.seconds)
        piece = content.encode().ljust(CHUNK, b".")[:CHUNK]
        pieces = [piece[: min(CHUNK, self.size - start)] for start in range(0, self.size, CHUNK)]
        write_archive(target, [Member(f"{number:02}", self.size, pieces) for number in range(self.files)])

    def purchase(self, content: str) -> None:
        """Cost nothing."""


class Drive:
    """The drive's own catalogue, files and code, in the region that the environment names."""

    def bundle(self, content: str, target: "Answer") -> None:
        """Read the catalogue, the manifest and the files as the bundler does, and write the same zip."""
        from services.bundler.bundle import write_bundle
        from services.drive import manifests
        from services.drive.limits import READ_AHEAD

        known = manifests.read_content(content)
        if known is None:
            raise LookupError(content)
        entries = manifests.read(known.manifest)
        with ThreadPoolExecutor(READ_AHEAD) as readers:  # so many of its own has each build of the bundler's
            write_bundle(entries, target, readers, check=lambda: None, on_bytes=lambda _: None)

    def purchase(self, content: str) -> None:
        """Look the content up: the least that a purchase can cost."""
        from services.drive import manifests

        if manifests.read_content(content) is None:
            raise LookupError(content)


class Answer:
    """An answer in chunks (RFC 9112, section 7.1): one that breaks off cannot pass for a whole one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._buffer = connection, bytearray()
        self.begun = False

    def write(self, data: bytes, /) -> int:
        """Take all of `data`; raises OSError when nobody is there any more."""
        self._buffer += data
        if len(self._buffer) >= CHUNK:
            self._flush()
        return len(data)

    def end(self) -> None:
        """Send what is left, and the end."""
        self._flush()
        self._connection.sendall(b"0\r\n\r\n")

    def _flush(self) -> None:
        if not self.begun:
            self.begun = True
            self._connection.sendall(_head(200, "Transfer-Encoding: chunked"))
        if self._buffer:
            self._connection.sendall(f"{len(self._buffer):x}\r\n".encode() + self._buffer + b"\r\n")
            self._buffer.clear()


def serve(listener: socket.socket, files: Files) -> None:
    """Take one connection after the other, for ever."""
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(READ_FOR)
            try:
                _answer(connection, files)
            except OSError:
                continue  # whoever asked has given up; the work is lost, which is what this design does


def _answer(connection: socket.socket, files: Files) -> None:
    kind, _, content = _asked(connection).partition("/")
    connection.settimeout(None)
    answer = Answer(connection)
    try:
        if kind == "purchases":
            files.purchase(content)
        elif kind == "downloads":
            files.bundle(content, answer)
        else:
            raise LookupError(kind)
    except LookupError:
        connection.sendall(_head(404, "Content-Length: 0"))
        return
    except Exception as error:  # noqa: BLE001  a worker answers for whatever went wrong, and takes the next one
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        if not answer.begun:
            connection.sendall(_head(500, "Content-Length: 0"))
        return
    answer.end()


def _asked(connection: socket.socket) -> str:
    """Return what is asked for, as in "downloads/album"."""
    request = b""
    while b"\r\n\r\n" not in request and len(request) < LONGEST_REQUEST:
        received = connection.recv(LONGEST_REQUEST)
        if not received:
            raise ConnectionError
        request += received
    words = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return words[1].lstrip("/") if len(words) == 3 else ""


def _head(status: int, header: str) -> bytes:
    return f"HTTP/1.1 {status} .\r\nConnection: close\r\n{header}\r\n\r\n".encode()


@dataclass(frozen=True)
class Direct:
    """The running baseline."""

    url: str
    workers: int
    pids: Sequence[int]

    @classmethod
    @contextmanager
    def started(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        made: Made | None = None,
        processes: int = 3,
        threads: int = 4,
        backlog: int = BACKLOG,
    ) -> "Iterator[Direct]":
        """Start the workers, and stop them at the end. `environment` is what the region's bundler is told."""
        if (environment is None) == (made is None):
            message = "the files come either from the drive of an environment, or are made"
            raise ValueError(message)
        with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener:
            command = [sys.executable, "-m", "drills.traffic.direct", str(listener.fileno()), str(threads)]
            command += [json.dumps(asdict(made))] if made else []
            surroundings = os.environ | dict(environment or {})
            running = [
                subprocess.Popen(command, cwd=ROOT, env=surroundings, pass_fds=[listener.fileno()])
                for _ in range(processes)
            ]
            try:
                url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                yield cls(url, processes * threads, [process.pid for process in running])
            finally:
                for process in running:
                    process.terminate()
                for process in running:
                    process.wait()


def main(listener: int, threads: int, made: str | None) -> None:
    """Run one process of workers on an inherited socket, until it is ended."""
    files: Files = Made(**json.loads(made)) if made else Drive()
    shared = socket.socket(fileno=listener)
    workers = [threading.Thread(target=serve, args=(shared, files)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
