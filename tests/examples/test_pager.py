"""The channel of the tutorial is what `fenghuo plugin new pager` writes, loaded as a plugin and tried against a gateway."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import fenghuo_pager
import msgspec
import pytest

from fenghuo import (
    Channel,
    Emission,
    Estimate,
    Evidence,
    Outcome,
    Permanent,
    Priority,
    Reached,
    Rendition,
    Scope,
    Token,
    Traffic,
    Transient,
    Unknown,
)
from fenghuo.cli.scaffold import write_plugin
from fenghuo.clock import SystemClock
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.plugin.host import PluginHost, load_plugins

EXAMPLE = Path(__file__).parents[2] / "examples/fenghuo-pager"


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
    """The example as a plugin."""
    return load_plugins([fenghuo_pager])


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


def test_it_is_what_the_command_writes(tmp_path: Path) -> None:
    """Whoever follows the page has these files, octet for octet, and no others."""
    write_plugin("pager", tmp_path / "new")
    files = {str(path.relative_to(tmp_path / "new")): path.read_bytes() for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert files == {name: (EXAMPLE / name).read_bytes() for name in files}
    kept = {str(path.relative_to(EXAMPLE)) for path in EXAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert set(files) == kept


def test_it_loads() -> None:
    """The example is a plugin without a fault, with one channel type and the renderer it names."""
    host = plugin()
    assert ((), {"pager.tcp"}, {"pager"}) == (host.faults, set(host.channel_types), set(host.renderers))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"OK\n", Reached(Evidence.ACCEPTED)),
        (b"NO SUCH NUMBER\n", Permanent(Scope.RECIPIENT, "no-such-number")),
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
