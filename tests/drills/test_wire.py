import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from drills.traffic.wire import Connection, NoAnswer, Request, Response


@contextmanager
def says(*answers: bytes) -> Iterator[str]:
    """A server that gives each connection the next of the answers, then ends it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/path?a=b"
        thread.join()


def ask(url: str, *, times: int = 1, keep: bool = True, timeout: float = 5) -> Sequence[Response]:
    async def all_of_them() -> list[Response]:
        connection = Connection(connect_timeout=1, timeout=timeout)
        answers = [await connection.exchange(Request("GET", url, {}), keep=keep) for _ in range(times)]
        connection.close()
        return answers

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ],
)
def test_a_body_ends_where_it_says(answer: bytes) -> None:
    with says(answer) as url:
        (got,) = ask(url)
    assert (got.status, got.body, got.size) == (200, b"hello", 5)


def test_a_body_that_nobody_needs_is_counted_and_dropped() -> None:
    with says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as url:
        (got,) = ask(url, keep=False)
    assert (got.body, got.size) == (b"", 5)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_what_breaks_off_is_no_answer(answer: bytes) -> None:
    with says(answer) as url, pytest.raises(NoAnswer):
        ask(url)


def test_a_connection_that_was_ended_meanwhile_is_opened_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with says(answer, answer, answer) as url:
        assert [got.body for got in ask(url, times=3)] == [b"ok"] * 3


def test_nobody_waits_longer_than_was_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NoAnswer, match="TimeoutError"):
            ask(url, timeout=0.1)
