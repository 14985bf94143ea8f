"""Connections that are ours to keep or to reset, at servers on loopback that do what they are told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from fenghuo.errors import LinkBroken, LinkClosed, LinkTimeout
from fenghuo_adapters.bound_http import PIECE_OCTETS, BoundHttp, Limits, Refused
from fenghuo_adapters.bound_http_framing import Answer, Request
from fenghuo_adapters.bound_socket import BoundPath, wire_octets
from fenghuo_adapters.rate_bucket import RateBucket
from tests.scale import PATIENCE_S

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Server:
    """What one server has seen, and how it answers: with `answer`, or not at all; `hangs_up`: it ends the connection after it."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.resets = 0
        self.answer: bytes | None = OK
        self.hangs_up = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/to/1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head)
                length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)
                self.bodies.append(await reader.readexactly(length))
                if self.answer is not None:
                    writer.write(self.answer)
                    await writer.drain()
                if self.hangs_up:
                    break
        except asyncio.IncompleteReadError:
            pass
        except ConnectionResetError:
            self.resets += 1
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    found = Server()
    listening = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = listening.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        listening.close()


@contextlib.contextmanager
def session(*, answer_s: float = 0.3, now: Callable[[], float] = time.monotonic) -> Iterator[BoundHttp]:
    limits = Limits(connect_s=0.5, answer_s=answer_s, keep_s=5.0)
    http = BoundHttp(BoundPath(source="127.0.0.1"), RateBucket(0.0, 1500, now), limits, now, always={"Authorization": "s3cret"})
    try:
        yield http
    finally:
        http.close()


async def post(http: BoundHttp, url: str, body: bytes = b"x") -> Answer:
    line = await http.line(url)
    return await http.exchange(line, Request("POST", url, {"Fenghuo-Token": "t-1"}, body))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.005)


async def test_a_second_request_takes_the_connection_of_the_first() -> None:
    """A handshake over a satellite is more than half a second."""
    async with serving() as server:
        with session() as http:
            assert [200, 200] == [(await post(http, server.url)).status for _ in range(2)]
            assert (1, 2) == (server.connections, len(server.heads))
            assert b"\r\nAuthorization: s3cret\r\n" in server.heads[0]
            assert "s3cret" not in repr(http)


async def test_a_connection_that_the_far_end_ended_is_not_used_again() -> None:
    """It said so, or it just went."""
    async with serving() as server:
        server.hangs_up = True
        with session() as http:
            await post(http, server.url)
            await asyncio.sleep(0.02)
            await post(http, server.url)
            assert 2 == server.connections


async def test_a_connection_that_was_quiet_for_too_long_is_not_used_again() -> None:
    """Whatever stands between the two ends may have forgotten it."""
    times = [0.0]
    async with serving() as server:
        with session(now=lambda: times[0]) as http:
            await post(http, server.url)
            times[0] += 5.1
            await post(http, server.url)
            assert 2 == server.connections


async def test_without_an_answer_the_connection_is_reset() -> None:
    """After our own limit; the far end sees a reset and no polite end that would send what is left."""
    async with serving() as server:
        server.answer = None
        with session() as http:
            began = time.monotonic()
            with pytest.raises(LinkTimeout):
                await post(http, server.url)
            assert 0.3 <= time.monotonic() - began < PATIENCE_S
            await until(lambda: server.resets == 1)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"SSH-2.0-OpenSSH\r\n\r\n"], ids=["cut", "no HTTP"]
)
async def test_an_answer_that_is_none_leaves_a_doubt(answer: bytes) -> None:
    """The request was there."""
    async with serving() as server:
        server.answer, server.hangs_up = answer, True
        with session() as http, pytest.raises(LinkBroken):
            await post(http, server.url)


async def test_nobody_there_is_told_from_nobody_answering() -> None:
    """A refusal has crossed the path."""
    with session() as http, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Refused):
            await http.line(f"http://127.0.0.1:{closed.getsockname()[1]}/")


def test_what_a_path_is_bound_to_has_its_name_in_the_sentence() -> None:
    """As an operator wrote it."""
    with pytest.raises(LinkBroken, match=r"source address 192\.0\.2\.7 belongs to no interface"):
        BoundPath(source="192.0.2.7").check()
    with pytest.raises(LinkBroken, match="interface nowhere0 is not there"):
        BoundPath("nowhere0").check()


async def test_a_long_request_lets_more_urgent_ones_pass_between_its_pieces() -> None:
    """And a refusal there ends it: the far end has a part, and the connection is reset."""
    turns: list[int] = []

    async def turn() -> None:
        turns.append(len(turns))
        if len(turns) == 3:
            raise asyncio.CancelledError

    async with serving() as server:
        with session() as http:
            line = await http.line(server.url)
            with pytest.raises(asyncio.CancelledError):
                await http.exchange(line, Request("POST", server.url, {}, b"x" * 4 * PIECE_OCTETS), turn=turn)
            assert [0, 1, 2] == turns
            await until(lambda: server.connections == 1)
            assert [] == server.bodies


async def test_a_reset_ends_what_is_quiet_and_what_is_under_way_and_a_close_does_so_for_good() -> None:
    """The terminal was unplugged; the channel is stopped."""
    async with serving() as server:
        with session(answer_s=5.0) as http:
            await post(http, server.url)
            http.reset()
            await post(http, server.url)
            assert 2 == server.connections
            server.answer = None
            waiting = asyncio.create_task(post(http, server.url))
            await until(lambda: len(server.heads) == 3)
            http.close()
            with pytest.raises(LinkBroken):
                await waiting
            with pytest.raises(LinkClosed):
                await http.line(server.url)


async def test_the_kernel_tells_what_a_connection_has_sent() -> None:
    """At least the payload and a header for each segment; the bucket has the same sum."""
    async with serving() as server:
        with session() as http:
            await post(http, server.url, b"x" * 5000)
            assert 5000 + 52 * 2 < http.bucket.spent < 8000
    with socket.socket(socket.AF_UNIX) as other:
        assert wire_octets(other) is None
