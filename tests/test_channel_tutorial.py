"""The channel of the tutorial is the code on its page, loaded as a plugin and tried against a gateway."""

from __future__ import annotations

import asyncio
import random
import re
import types
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from fenghuo import Channel, Emission, Estimate, Evidence, Outcome, Priority, Reached, Rendition, Scope, Token, Traffic, Transient, Unknown
from fenghuo.clock import SystemClock
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.plugin.host import PluginHost, load_plugins

PAGE = Path(__file__).parents[1] / "docs/reference/channel-tutorial.md"


class Licence(msgspec.Struct):
    """Fills Emission."""

    token: Token = Token("t-1")
    n: int = 1
    payload: Rendition = Rendition("pager", "立即转移 #0001", "立即转移 #0001".encode())
    validity_s: float = 600.0
    number: int = 1

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        return None


class Job:
    """Fills SendJob and counts what was begun."""

    address, address_kind = "+8613800000010", "msisdn"
    priority, traffic = Priority.P1, Traffic.ACTUAL
    size, deadline, is_last = 20, 0.0, False

    def __init__(self) -> None:
        self.begun = 0

    def begin(self) -> AbstractAsyncContextManager[Emission]:
        return self._begin()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Emission]:
        self.begun += 1
        yield Licence()


def plugin() -> PluginHost:
    """The page's code as a plugin."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    module = types.ModuleType("fenghuo_pager")
    exec(compile(code.group(1), str(PAGE), "exec"), module.__dict__)  # what the reader is shown is what is tried
    return load_plugins([module])


def pager(port: int) -> Channel:
    _, kind = plugin().channel_types["pager.tcp"]
    settings = msgspec.convert({"host": "127.0.0.1", "port": port}, kind.settings)
    return kind.factory(
        HostedChannelContext("pager-a", settings, SystemClock(), lambda path: path, lambda up, reason: None, random.Random(1))
    )


@asynccontextmanager
async def gateway(answer: bytes) -> AsyncIterator[tuple[int, list[str]]]:
    """A gateway that answers every line so; its port and what it read."""
    lines: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append((await reader.readline()).decode())
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], lines


def test_it_loads() -> None:
    """The page is a plugin without a fault, with one channel type and the renderer it names."""
    host = plugin()
    assert ((), {"pager.tcp"}, {"pager"}) == (host.faults, set(host.channel_types), set(host.renderers))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"OK\n", Reached(Evidence.ACCEPTED)),
        (b"BUSY\n", Transient(Scope.CHANNEL, "busy", retry_after_s=10.0)),
        (b"", Unknown("hung-up")),
    ],
)
async def test_what_the_gateway_says_is_what_it_reports(answer: bytes, outcome: Outcome) -> None:
    """Each answer is one outcome, and the text was sent once."""
    job = Job()
    async with gateway(answer) as (port, lines):
        assert outcome == await pager(port).send(job)
    assert (1, ["+8613800000010 立即转移 #0001\n"]) == (job.begun, lines)


async def test_without_a_gateway_nothing_is_begun() -> None:
    """No connection, no licence: the attempt costs nothing and may be repeated."""
    async with gateway(b"") as (port, _):
        pass
    job = Job()
    assert Transient(Scope.CHANNEL, "no-gateway") == await pager(port).send(job)
    assert 0 == job.begun
