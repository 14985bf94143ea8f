"""A channel of one's own whose far end can be asked: killed between begin and outcome, the daemon asks instead of guessing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders
from tests.peers.site import give_record, install
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

WANG = Person("wang", "+8613800000001")
PLUGIN = '''
"""A pager gateway that keeps what it was given and can be asked for it: one line a question over TCP."""
import asyncio

import msgspec

import fenghuo
from fenghuo import Capabilities, ChannelType, Evidence, PluginInfo, Reached, Scope, SimpleChannel, Transient, Unknown
from fenghuo import Doubt


class Settings(msgspec.Struct, frozen=True):
    port: int


class Pager(SimpleChannel):
    def __init__(self, ctx):
        self.port = ctx.settings.port

    async def ask(self, line):
        async with asyncio.timeout(40):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write((line + "\\n").encode())
            answer = (await reader.readline()).decode().strip()
            writer.close()
            return answer

    async def send(self, job):
        async with job.begin() as emission:
            answer = await self.ask(f"SEND {emission.token} {emission.n} {emission.payload.text!r}")
            return Reached(Evidence.DEVICE) if answer == "OK" else Unknown("hung-up")

    async def query(self, ref):
        answer = await self.ask(f"KNOWN {ref.token}")
        return Reached(Evidence.DEVICE) if answer == "YES" else Transient(Scope.MESSAGE, "never-came", 0.0)


@fenghuo.hookimpl
def fenghuo_plugin():
    return PluginInfo("asked", "1.0")


@fenghuo.hookimpl
def fenghuo_channel_types():
    able = Capabilities(form="sms", evidence_max=Evidence.DEVICE, doubt=Doubt.QUERYABLE)
    return [ChannelType("pager.asked", Settings, lambda settings: able, ("msisdn",), Pager)]
'''


class Gateway:
    """The far end: answers no SEND while `is_mute`, and does not keep those if it `forgets`. `sends`: (token, n, text); `asked`: tokens."""

    def __init__(self, *, forgets: bool) -> None:
        self.forgets = forgets
        self.is_mute = True
        self.port = 0
        self.sends: list[tuple[str, int, str]] = []
        self.known: set[str] = set()
        self.asked: list[str] = []
        self.news = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word, token, *rest = (await reader.readline()).decode().split(maxsplit=3)
        if word == "SEND":
            self.sends.append((token, int(rest[0]), rest[1]))
            if not (self.is_mute and self.forgets):
                self.known.add(token)
            self.news.set()
            if self.is_mute:
                await reader.read()  # until whoever sent it is dead
            answer = "OK"
        else:
            self.asked.append(token)
            answer = "YES" if token in self.known else "NO"
        writer.write(f"{answer}\n".encode())
        writer.close()


@asynccontextmanager
async def gateway(*, forgets: bool) -> AsyncIterator[Gateway]:
    far = Gateway(forgets=forgets)
    async with await asyncio.start_server(far.talk, "127.0.0.1", 0) as server:
        far.port = server.sockets[0].getsockname()[1]
        yield far


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin as a package manager leaves it, and its record as an administrator does."""
    site = tmp_path / "site"
    monkeypatch.setenv("PYTHONPATH", install(site, "asked", PLUGIN), prepend=":")
    give_record(tmp_path / "state", site, "asked", "pager.asked")


async def killed_in_doubt(node: Node, far: Gateway) -> str:
    """An order whose emission the daemon did not survive; its id, after the restart."""
    await node.channels_up("pager")
    _, order = await node.order("wang", "立即到岗", priority="P1")
    async with asyncio.timeout(PATIENCE_S):
        await far.news.wait()
    await node.kill()
    far.is_mute = False
    await node.start()
    assert "1 in doubt" in node.ready_line
    return str(order["id"])


@pytest.mark.parametrize("forgets", [False, True])
async def test_whoever_can_be_asked_is_asked(tmp_path: Path, forgets: bool) -> None:
    """The gateway has it: no second copy. The gateway has nothing: it is sent again under its token, and not marked as a copy."""
    async with gateway(forgets=forgets) as far:
        channels = {"pager": {"type": "pager.asked", "isolation": "loop", "settings": {"port": far.port}}}
        async with Node(tmp_path, channels=channels, persons=[WANG], rules=orders("pager")) as node:
            view = await node.ended(await killed_in_doubt(node, far))
        ((token, _, _), *again) = far.sends
        assert ["MET"] == [one["state"] for one in view["objectives"]]
        assert [token] == far.asked
        assert ([(token, 2, False)] if forgets else []) == [(same, n, "重发" in text) for same, n, text in again]
