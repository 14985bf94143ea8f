"""A paging centre of our own: the far end of a channel that comes in by the plugin door, and does whatever a test asks of it.

For what no real peer does on demand: to take a page and never answer, to answer late, to be a siren, to hang up between two pieces.
One line of JSON a thing. On a connection of its own each page asks `{"send", "n", "to", "text"}` and waits for a word; where the channel's
`is_asked` is set, so does `{"ask"}` about a token. Over the one that listens come `{"receipt"}`, `{"said"}`
and `{"late"}`, each acknowledged by its number when the daemon has it on its disk.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.scale import TIMEOUT_SCALE

__all__ = ["CHANNEL", "NAME", "PLUGIN", "Page", "Pager"]

NAME, CHANNEL = "pages", "pager.pages"

PLUGIN = '''
"""Pages over TCP, one line of JSON a thing."""
import asyncio
import json

import msgspec

import fenghuo
from fenghuo import Capabilities, ChannelType, Doubt, Evidence, Inbound, InboundKind, NotReady, Permanent, PluginInfo, Probing, Reached
from fenghuo import ProbeResult, Scope, SimpleChannel, Transient, Unknown, Unsupported


class Settings(msgspec.Struct, frozen=True):
    port: int
    is_asked: bool = False
    doubt: Doubt = Doubt.OPAQUE
    repeat_safe: bool = False
    concurrency: int = 8
    receipt_q95_s: float = 30.0
    attempt_s: float = 10.0


WORDS = {
    "BUSY": Transient(Scope.MESSAGE, "busy", 0.05),
    "BROKEN": Transient(Scope.CHANNEL, "broken", 1.0),
    "REFUSED": Permanent(Scope.RECIPIENT, "refused"),
}


def outcome(word, ref=""):
    return WORDS.get(word) or Reached(Evidence[word], (ref,) if ref else ())


class Pager(SimpleChannel):
    def __init__(self, ctx):
        self.port = ctx.settings.port
        self.is_asked = ctx.settings.is_asked

    async def connect(self, **first):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            raise NotReady("nobody listens", retry_after_s=0.1) from error
        self.say(writer, **first)
        return reader, writer

    @staticmethod
    def say(writer, **thing):
        writer.write(json.dumps(thing).encode() + b"\\n")

    async def start(self):
        self.ear, self.mouth = await self.connect(listen=True)

    async def stop(self, deadline):
        self.mouth.close()

    async def send(self, job):
        async with job.begin() as emission:
            reader, writer = await self.connect(send=emission.token, n=emission.n, to=job.address, text=emission.payload.text)
            try:
                while (word := (await reader.readline()).decode().strip()) == "MORE":
                    await emission.turn()
                    self.say(writer, piece=True)
                return outcome(word, f"{emission.token}/{emission.n}") if word else Unknown("hung-up")
            finally:
                writer.close()

    async def query(self, ref):
        if not self.is_asked:
            return Unsupported()
        reader, writer = await self.connect(ask=ref.token)
        try:
            return outcome((await reader.readline()).decode().strip(), f"{ref.token}/{ref.n}")
        finally:
            writer.close()

    async def inbound(self):
        while line := await self.ear.readline():
            yield self.heard(**json.loads(line))
        raise NotReady("it hung up", retry_after_s=0.1)

    def heard(self, number, kind, **fields):
        async def ack():
            self.say(self.mouth, ack=number)

        raw = json.dumps(fields).encode()
        if kind == "late":
            return Inbound(InboundKind.LATE_OUTCOME, raw, ack, token=fields["token"], outcome=outcome(fields["word"]))
        if kind == "said":
            return Inbound(InboundKind.ANSWER, raw, ack, address_kind="msisdn", address=fields["address"], text=fields["text"])
        level = Evidence[fields["level"]]
        return Inbound(InboundKind.RECEIPT, raw, ack, address_kind="msisdn", address=fields["address"], ref=fields["ref"], level=level)


class Probed(Pager):
    async def probe(self, budget):
        reader, writer = await self.connect(probe=True)
        try:
            return ProbeResult(answered=bool(await reader.readline()))
        finally:
            writer.close()


@fenghuo.hookimpl
def fenghuo_plugin():
    return PluginInfo("pages", "1.0")


@fenghuo.hookimpl
def fenghuo_channel_types():
    def able(settings):
        given = msgspec.structs.asdict(settings)
        del given["port"], given["is_asked"]
        probing = Probing(shortest_s=0.2, longest_s=1.0)  # no idle_s: while it works it is asked nothing
        return Capabilities(form="sms", evidence_max=Evidence.HUMAN, inbound=True, probing=probing, **given)

    def unasked(settings):
        return msgspec.structs.replace(able(settings), probing=Probing())

    return [
        ChannelType("pager.pages", Settings, unasked, ("msisdn",), Pager),
        ChannelType("pager.probed", Settings, able, ("msisdn",), Probed),
    ]
'''


class Page(msgspec.Struct, frozen=True):
    """What the centre was given: `ref` is the name by which its receipts go."""

    token: str
    n: int
    to: str
    text: str

    @property
    def ref(self) -> str:
        return f"{self.token}/{self.n}"


class Pager:
    """`async with Pager() as pager`: `pages` only grows, and so do `acks` (numbers), `pieces` (addresses) and `broken`, the pages on
    which the daemon hung up before they had their answer.

    `word`: what a page is answered, by address; "" is silence, "MORE" asks for the next piece again and again, any other is an
    evidence by its name, BUSY, BROKEN (the line, not the page) or REFUSED. `usual`: what all others are answered. `asked`: tokens that
    the daemon wanted to know of, and `known`: the word for each. `probes`: how often it was asked whether it is there, and said so.
    """

    def __init__(self, usual: str = "DEVICE") -> None:
        self.usual = usual
        self.word: dict[str, str] = {}
        self.port = 0
        self.pages: list[Page] = []
        self.pieces: list[str] = []
        self.broken: list[Page] = []
        self.acks: list[int] = []
        self.asked: list[str] = []
        self.known = "DEVICE"
        self.probes = 0
        self._server: asyncio.Server | None = None
        self._ears: list[asyncio.StreamWriter] = []
        self._open: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.down()

    def channel(self, **settings: Any) -> dict[str, Any]:
        """The settings of a channel to this centre."""
        return {"type": "pager.pages", "isolation": "loop", "settings": {"port": self.port, **settings}}

    def probed_channel(self, **settings: Any) -> dict[str, Any]:
        """The same of a channel that can be asked whether the centre is there, and asks nothing while it works."""
        return {**self.channel(**settings), "type": "pager.probed"}

    async def up(self) -> None:
        """Listen, after down() on the same port."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Gone at once, with every connection."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)
        await server.wait_closed()

    async def wait_for(self, holds: Callable[[], bool], timeout_s: float = 40.0) -> None:
        """Return as soon as it holds; asked again after whatever comes."""
        async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def pages_to(self, address: str) -> list[Page]:
        return [page for page in self.pages if page.to == address]

    async def receipt(self, page: Page, level: str, *, ref: str | None = None) -> None:
        """Say what became of a page, under its name or another; returns when the daemon has acknowledged it."""
        await self._tell("receipt", ref=page.ref if ref is None else ref, level=level, address=page.to)

    async def said(self, address: str, text: str) -> None:
        """A person answers."""
        await self._tell("said", address=address, text=text)

    async def late(self, page: Page, word: str) -> None:
        """The answer to a page, long after it."""
        await self._tell("late", token=page.token, word=word)

    async def _tell(self, kind: str, **fields: str) -> None:
        await self.wait_for(lambda: bool(self._ears))
        number = next(self._numbers)
        self._ears[-1].write(json.dumps({"number": number, "kind": kind, **fields}).encode() + b"\n")
        await self.wait_for(lambda: number in self.acks)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        with suppress(OSError, asyncio.CancelledError):
            first = json.loads(await reader.readline() or b"{}")
            if "listen" in first:
                await self._listen(reader, writer)
            elif "ask" in first:
                self.asked.append(first["ask"])
                writer.write(f"{self.known}\n".encode())
                await writer.drain()
            elif "probe" in first:
                self.probes += 1
                writer.write(b"HERE\n")
                await writer.drain()
            elif first:
                await self._take(Page(first["send"], first["n"], first["to"], first["text"]), reader, writer)
        self._open.discard(task)
        writer.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ears.append(writer)
        try:
            self._news.set()
            while line := await reader.readline():
                self.acks.append(json.loads(line)["ack"])
                self._news.set()
        finally:
            self._ears.remove(writer)

    async def _take(self, page: Page, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pages.append(page)
        self._news.set()
        while (word := self.word.get(page.to, self.usual)) == "MORE":
            writer.write(b"MORE\n")
            if not await reader.readline():
                self._break(page)
                return
            self.pieces.append(page.to)
            self._news.set()
            await asyncio.sleep(0.02)  # a piece takes its time on any wire
        if not word:
            await reader.read()
            self._break(page)
            return
        writer.write(word.encode() + b"\n")
        await writer.drain()

    def _break(self, page: Page) -> None:
        self.broken.append(page)
        self._news.set()
