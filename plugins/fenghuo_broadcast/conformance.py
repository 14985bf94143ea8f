"""A simulated platform for the conformance kit: takes broadcasts, each number once, and says what became of them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from datetime import datetime

import aiohttp
from aiohttp import web
from lxml import etree

from fenghuo import Ability, Arrival, ConformancePeer, Word
from fenghuo.far_end import FAR_END
from fenghuo.formats.wording import BEIJING
from fenghuo_adapters.ebd_framing import Packet, pack, unpack
from fenghuo_broadcast import ebd
from fenghuo_broadcast.ebd import Head, Result, Sent
from fenghuo_broadcast.platform_settings import PlatformSettings

__all__ = ["PLATFORM", "PlatformPeer", "SimulatedPlatform", "simulated_platform"]

PLATFORM = "010233110000000001"
_ABSENT = 5
_SAID_S, _AGAIN_S = 2.0, 0.5
_CODES = {Word.REPORT: 3, Word.FAILED: 4, Word.UNKNOWN: 3, Word.MANGLED: 3}
_sources = itertools.count(1)
_doors = itertools.count(41_000)


class PlatformPeer(ConformancePeer):
    """What any platform under examination has in common. Each channel has a source of its own, by whose door its reports go."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS})
    bad_address = "01023311"

    def settings(self, port: int) -> PlatformSettings:
        source = f"0103{next(_sources):012d}01"
        door = self.door()
        self.has_door(source, door)
        return PlatformSettings(
            url=f"http://127.0.0.1:{port}/ebd",
            source=source,
            platform=PLATFORM,
            event_type="11B01",
            listen_port=door,
            terminal_reports=True,
            unsigned=True,
            armed=datetime.fromtimestamp(self.now(), BEIJING),
            quiet_hours=(),
            absent_codes=(_ABSENT,),
            timeout_s=1.0,
            connect_s=0.5,
            heartbeat_s=1.0,
            query_s=8.0,
            receipt_q95_s=10.0,
        )

    def address(self, number: int) -> str:
        return f"0105{number:012d}01"

    def door(self) -> int:
        """A port on which the next channel may listen."""
        return next(_doors)

    def has_door(self, source: str, port: int) -> None:
        """Whoever has this code listens there."""
        raise NotImplementedError(f"{type(self).__name__} must report by its doors")


class SimulatedPlatform(PlatformPeer):
    """Plays everything at once and for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._doors: dict[str, int] = {}
        self._played: dict[str, str] = {}
        self._stopped: set[str] = set()
        self._is_hasty = False
        self._words: set[asyncio.Task[None]] = set()
        self._sequence = itertools.count(1)

    def has_door(self, source: str, port: int) -> None:
        self._doors[source] = port

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        root = etree.fromstring(unpack(await request.read()).envelope)
        return web.Response(body=_packed(await self._answered(root)), content_type="application/x-tar")

    async def say(self, word: Word, about: Arrival) -> None:
        number = {Word.UNKNOWN: about.ref[:-4] + "9999", Word.MANGLED: about.ref[::-1] + "x"}.get(word, about.ref)
        self._spawn(self._said(self._played[about.ref], number, _CODES[word]))

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def hang_up(self) -> None:
        for task in self._words:
            task.cancel()
        await asyncio.gather(*self._words, return_exceptions=True)

    async def _answered(self, root: etree._Element) -> Sent:
        source, kind, related = _text(root, "SRC/EBRID"), _text(root, "EBDType"), _text(root, "EBDID")
        number = _text(root, "EBM/EBMID") or _text(root, "EBMStateRequest/EBM/EBMID")
        if kind == "EBMStateRequest" and number in self._played:
            return _state(self._head(source), number, 5 if number in self._stopped else 2)
        if kind == "EBMStateRequest":
            return ebd.response(self._head(source), related, Result(_ABSENT, "no such broadcast"))
        if kind == "EBM":
            await self._given(root, source, number)
        return ebd.response(self._head(source), related, Result(1))

    async def _given(self, root: etree._Element, source: str, number: str) -> None:
        if _text(root, "EBM/MsgBasicInfo/MsgType") == "2":
            self._stopped.add(_text(root, "EBM/RelatedInfo/EBMID"))
            return
        if number in self._played:  # a number is played once, however often it is asked for
            return
        self._played[number] = source
        self.arrivals.append(Arrival(_text(root, "DEST/EBRID"), _text(root, "EBM/MsgContent/MsgDesc"), ref=number))
        if self._is_hasty:
            await self._told(source, number, 3)

    async def _said(self, source: str, number: str, code: int) -> None:
        """Until it is answered for, as a platform does."""
        if await self._told(source, number, code):
            self.acknowledged += 1
        else:
            await asyncio.sleep(_AGAIN_S)
            await self._said(source, number, code)

    async def _told(self, source: str, number: str, code: int) -> bool:
        packet = _packed(_state(self._head(source), number, code))
        url = f"http://127.0.0.1:{self._doors[source]}/"
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SAID_S)) as session,
                session.post(url, data=packet) as said,
            ):
                answer = ebd.read(unpack(await said.read()).envelope)
                return answer.result == Result(1)
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _spawn(self, work: asyncio._CoroutineLike[None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=FAR_END)
        self._words.add(task)
        task.add_done_callback(self._words.discard)

    def _head(self, dest: str) -> Head:
        return Head(PLATFORM, dest, self.now(), next(self._sequence))


def _text(root: etree._Element, path: str) -> str:
    return str(root.findtext(path, "")).strip()


def _packed(sent: Sent) -> bytes:
    return pack(Packet(sent.id, sent.octets))


def _state(head: Head, number: str, code: int) -> Sent:
    """An EBMStateResponse; what is done was played by a terminal."""
    sent = ebd.state_request(head, number)
    root = etree.fromstring(sent.octets)
    body = root.find("EBMStateRequest")
    assert body is not None
    body.tag = "EBMStateResponse"
    root.find("EBDType").text = "EBMStateResponse"  # type: ignore[union-attr]  # it was just written
    etree.SubElement(body, "BrdStateCode").text = str(code)
    if code == 3:
        item = etree.SubElement(etree.SubElement(body, "ResBrdInfo"), "ResBrdItem")
        etree.SubElement(etree.SubElement(item, "EBRDT"), "EBRID").text = head.dest
        etree.SubElement(etree.SubElement(item, "EBRBS"), "BrdStateCode").text = str(code)
    return Sent(sent.id, etree.tostring(root, encoding="utf-8", xml_declaration=True))


@contextlib.asynccontextmanager
async def simulated_platform() -> AsyncIterator[ConformancePeer]:
    """A platform that listens."""
    peer = SimulatedPlatform()
    runner = web.ServerRunner(web.Server(peer.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.port = runner.addresses[0][1]
    try:
        yield peer
    finally:
        await peer.hang_up()
        await runner.cleanup()
