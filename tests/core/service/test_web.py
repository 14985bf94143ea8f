"""The web port: what every request must pass, and what it must not cost."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fenghuo.clock import SystemClock
from fenghuo.errors import ConfigError, NotReady
from fenghuo.service.settings_values import Listen
from fenghuo.service.web import SECURITY_HEADERS, WebLimits, WebPort, host_name
from tests.scale import PATIENCE_S


class Hello:
    """A front that answers with the path it was called by; `/slow` waits for `gate`, `/broken` fails, `/late` fails midway."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        self.entered.set()
        if path.endswith("/broken"):
            raise RuntimeError("on purpose")
        if path.endswith("/slow"):
            await self.gate.wait()
        body = path.encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[WebPort, Hello]]:
    """A web port on a free port with one front at /."""
    web = WebPort(Listen("127.0.0.1", 0), clock=SystemClock(), **options)
    hello = Hello()
    web.mount("/", hello)
    await web.start()
    try:
        yield web, hello
    finally:
        hello.gate.set()
        await web.stop(time.monotonic() + 2)


async def ask(web: WebPort, head: str) -> tuple[int, dict[str, str], bytes]:
    """Send one request head as it stands, and read the whole answer."""
    host, _, port = web.address.rpartition(":")
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(head.replace("\n", "\r\n").encode())
            raw = await reader.readuntil(b"\r\n\r\n")
            status, headers = parse_head(raw)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        finally:
            writer.close()
            await writer.wait_closed()
    return status, headers, body


def parse_head(raw: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer's head."""
    first, *lines = raw.decode().strip().split("\r\n")
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def test_port_zero_is_any_free_one_and_is_reported() -> None:
    """Port 0 gives a real port, which the address names."""
    async with running() as (web, _):
        assert re.fullmatch(r"127\.0\.0\.1:[1-9]\d+", web.address)
        assert f"http://{web.address}" == web.url


async def test_security_headers_are_on_every_answer() -> None:
    """Success, refusal, a front's fault: all carry the same security headers and a date."""
    async with running() as (web, _):
        for path, host, expected in (("/", "localhost", 200), ("/broken", "localhost", 500), ("/", "evil.example", 421)):
            with capture_logs():
                status, headers, _ = await ask(web, f"GET {path} HTTP/1.1\nHost: {host}\n\n")
            assert expected == status
            assert {name.decode(): value.decode() for name, value in SECURITY_HEADERS}.items() <= headers.items()
            assert headers["date"].endswith("GMT")


UPGRADE = "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"


async def turning(scope: Any, receive: Any, send: Any) -> None:
    """A front for sockets: `/in` is accepted, `/out` closed, `/said` refused with an answer of its own."""
    await receive()
    if scope["path"] == "/ws/in":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
    elif scope["path"] == "/ws/out":
        await send({"type": "websocket.close"})
    else:
        await send({"type": "websocket.http.response.start", "status": 400, "headers": [(b"content-length", b"0")]})
        await send({"type": "websocket.http.response.body", "body": b""})


async def test_security_headers_are_on_every_answer_to_an_upgrade() -> None:
    """Accepted, refused by the front in either way, by the port for its path or its host; and on what is cut off before it is a request."""
    async with running() as (web, _):
        web.mount("/ws", turning)
        for path, host, expected in (
            ("/ws/in", "localhost", 101),
            ("/ws/out", "localhost", 403),
            ("/ws/said", "localhost", 400),
            ("/ws/in", "evil.example", 421),
        ):
            status, headers, _ = await ask(web, f"GET {path} HTTP/1.1\nHost: {host}\n{UPGRADE}")
            assert expected == status
            assert {name.decode(): value.decode() for name, value in SECURITY_HEADERS}.items() <= headers.items(), path
        for spoilt in (UPGRADE.replace("13", "8", 1), UPGRADE.replace("Sec-WebSocket-Key", "X-Key")):
            status, headers, _ = await ask(web, f"GET /ws/in HTTP/1.1\nHost: localhost\n{spoilt}")
            assert status in (400, 426)
            assert {name.decode(): value.decode() for name, value in SECURITY_HEADERS}.items() <= headers.items(), spoilt
        status, headers, _ = await ask(web, f"GET / HTTP/1.1\nHost: localhost\nX: {'x' * 20_000}\n\n")
        assert (431, "nosniff") == (status, headers["x-content-type-options"])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8025", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:80", 200),
        ("10.1.2.3", 200),
        ("fenghuo.lan", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
async def test_host_is_a_listed_name_or_an_address(host: str, status: int) -> None:
    """A Host that is neither listed nor a bare address is refused, so that a rebound name reaches nothing."""
    async with running(hosts=("fenghuo.lan",)) as (web, _):
        assert status == (await ask(web, f"GET / HTTP/1.1\nHost: {host}\n\n"))[0]


async def test_no_host_and_two_hosts_are_refused() -> None:
    """A request names exactly one host."""
    async with running() as (web, _):
        assert 421 == (await ask(web, "GET / HTTP/1.0\n\n"))[0]
        assert 400 == (await ask(web, "GET / HTTP/1.1\nHost: localhost\nHost: localhost\n\n"))[0]


async def test_the_longest_mount_wins() -> None:
    """A path goes to the nearest mount above it, whole segments only."""
    async with running() as (web, _):

        async def other(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        web.mount("/api/v1", other)
        assert 204 == (await ask(web, "GET /api/v1 HTTP/1.1\nHost: localhost\n\n"))[0]
        assert 204 == (await ask(web, "GET /api/v1/x/y HTTP/1.1\nHost: localhost\n\n"))[0]
        assert 200 == (await ask(web, "GET /api/v12 HTTP/1.1\nHost: localhost\n\n"))[0]
        with pytest.raises(ConfigError, match="two fronts want the web path /api/v1"):
            web.mount("/api/v1/", other)


async def test_long_heads_are_refused() -> None:
    """Headers past the limit get 431, complete or not."""
    async with running() as (web, _):
        assert 431 == (await ask(web, f"GET / HTTP/1.1\nHost: localhost\nX: {'x' * 20_000}\n\n"))[0]
        host, _, port = web.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(PATIENCE_S):
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            await writer.drain()
            while not reader.at_eof() and not reader._buffer:  # type: ignore[attr-defined]
                writer.write(b"X: " + b"x" * 8000)
                await asyncio.sleep(0.01)
            assert b"HTTP/1.1 431" == (await reader.read(12))
        writer.close()


async def test_a_head_that_does_not_come_is_cut_off() -> None:
    """A connection that sends half a head is closed after the head's time."""
    async with running(limits=WebLimits(head_s=0.05)) as (web, _):
        host, _, port = web.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nHo")
        async with asyncio.timeout(PATIENCE_S):
            assert b"" == await reader.read()
        writer.close()


async def test_a_request_has_a_total_time() -> None:
    """A front that never answers is answered for."""
    async with running(limits=WebLimits(request_s=0.05)) as (web, _):
        with capture_logs() as logs:
            status, headers, body = await ask(web, "GET /slow HTTP/1.1\nHost: localhost\n\n")
        assert 503 == status
        assert "5" == headers["retry-after"]
        assert b"took too long" in body
        assert ["web request took too long"] == [line["event"] for line in logs]


async def test_a_front_that_fails_ends_one_request_only() -> None:
    """A fault of a front is logged, answered with 500, and the port goes on."""
    async with running() as (web, _):
        with capture_logs() as logs:
            assert 500 == (await ask(web, "GET /broken HTTP/1.1\nHost: localhost\n\n"))[0]
        assert ["web front failed"] == [line["event"] for line in logs]
        assert 200 == (await ask(web, "GET / HTTP/1.1\nHost: localhost\n\n"))[0]


async def test_too_many_connections_are_refused() -> None:
    """Past the cap a request gets 503 with Retry-After."""
    async with running(limits=WebLimits(connections=0)) as (web, _):
        status, headers, _ = await ask(web, "GET / HTTP/1.1\nHost: localhost\n\n")
        assert (503, "5") == (status, headers["retry-after"])


async def test_stopping_refuses_the_new_and_finishes_the_running() -> None:
    """While stopping, what runs gets its answer and what comes gets 503 with Retry-After."""
    async with running() as (web, hello):
        slow = asyncio.create_task(ask(web, "GET /slow HTTP/1.1\nHost: localhost\n\n"))
        async with asyncio.timeout(PATIENCE_S):
            await hello.entered.wait()
        stopping = asyncio.create_task(web.stop(time.monotonic() + 5))
        await asyncio.sleep(0)
        status, headers, body = await ask(web, "GET / HTTP/1.1\nHost: localhost\n\n")
        assert (503, "5") == (status, headers["retry-after"])
        assert b"urn:fenghuo:problem:unavailable" in body
        hello.gate.set()
        assert 200 == (await slow)[0]
        await stopping
        with pytest.raises(OSError, match="Connect call failed"):
            await ask(web, "GET / HTTP/1.1\nHost: localhost\n\n")


async def test_stopping_keeps_its_deadline() -> None:
    """A request that never ends does not hold up the stop."""
    web = WebPort(Listen("127.0.0.1", 0), clock=SystemClock())
    hello = Hello()
    web.mount("/", hello)
    await web.start()
    slow = asyncio.create_task(ask(web, "GET /slow HTTP/1.1\nHost: localhost\n\n"))
    async with asyncio.timeout(PATIENCE_S):
        await hello.entered.wait()
    began = time.monotonic()
    with capture_logs() as logs:
        await web.stop(began + 0.5)
    assert time.monotonic() - began < 10.0
    assert "web requests cut short by the stop" in [line["event"] for line in logs]
    with pytest.raises((asyncio.IncompleteReadError, OSError)):
        await slow


async def test_an_address_in_use_is_a_sentence() -> None:
    """A port that somebody else has may be free a moment later."""
    async with running() as (web, _):
        says = rf"web\.listen {web.address} cannot be opened: Address already in use, by process \d+ .*another port"
        with pytest.raises(NotReady, match=says):
            await WebPort(Listen.parse(web.address), clock=SystemClock()).start()


async def test_an_address_that_no_machine_has_is_a_fault_of_the_settings() -> None:
    """It will not come by waiting."""
    with pytest.raises(ConfigError, match=r"web\.listen 999\.1\.1\.1:80 cannot be opened"):
        await WebPort(Listen("999.1.1.1", 80), clock=SystemClock()).start()


async def test_idle_costs_nothing() -> None:
    """An open port with nobody asking wakes no thread: 0 voluntary switches beside the test's own waits."""
    async with running() as (web, _):
        assert 200 == (await ask(web, "GET / HTTP/1.1\nHost: localhost\n\n"))[0]
        before = voluntary_switches()
        await asyncio.sleep(1.0)
        assert voluntary_switches() - before <= 2


def voluntary_switches() -> int:
    """Of all threads of this process."""
    statuses = Path("/proc/self/task").glob("*/status")
    return sum(int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", path.read_text(), re.MULTILINE)[0]) for path in statuses)


@pytest.mark.parametrize(("raw", "name"), [(b"A.b:80", "a.b"), (b"[::1]:80", "::1"), (b"[::1]", "::1"), (b"", ""), (b"x", "x")])
def test_host_name_has_no_port(raw: bytes, name: str) -> None:
    """Port and brackets are taken off, letters made small."""
    assert name == host_name(raw)
