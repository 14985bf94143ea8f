"""Real far ends for the bundled channels, as a pytest plugin of the kit: node-smpp, two direwolfs, node's own web server, and the
gateway for bulk messages, of which no real one runs here."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Sequence

import msgspec

from fenghuo import Ability, Arrival, ConformanceFixture, ConformancePeer, Meter, PeerStanding, Word
from fenghuo.far_end import FAR_END
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_http.conformance import SECRET, BulkPeer, HookPeer
from fenghuo_narrowband import RadioSettings
from fenghuo_narrowband.conformance import MYCALL, RadioPeer, arrival_of
from fenghuo_narrowband.conformance_link import LinkPeer
from fenghuo_narrowband.conformance_tnc import on_air_s
from fenghuo_sms import SmsSettings
from fenghuo_sms.conformance import OUR_NUMBER, PASSWORD, SmsPeer
from fenghuo_vsat.conformance import SECRET as SITE_SECRET
from fenghuo_vsat.conformance import SitePeer
from tests.conformance.real_loudspeakers import gstreamer_loudspeakers
from tests.conformance.real_modem import real_modem
from tests.conformance.real_paper import readers
from tests.conformance.real_platform import platform_process
from tests.conformance.real_sirens import real_sirens
from tests.peers.bulk_gateway import BulkGateway
from tests.peers.direwolf import Duo
from tests.peers.hook import Hook, Post
from tests.peers.smsc import NODE_MODULES, Smsc, Submit
from tests.scale import PATIENCE_S

__all__ = ["pytest_fenghuo_conformance"]

_BAUD = 9600
_CLIENTS = 3
"""Of so many KISS clients a direwolf reads. The next one is connected and waits, unread, until one of them leaves."""


class RealCentre(SmsPeer):
    """node-smpp behind tests/peers/smsc/smsc.js. Each check has an account of its own, to which its reports go."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY})

    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc
        self._accounts = itertools.count(1)
        self._read: list[Arrival] = []
        self.port = smsc.port
        self.version = f"node-smpp {json.loads((NODE_MODULES / 'smpp/package.json').read_text())['version']}"
        super().__init__()

    @property
    def arrivals(self) -> list[Arrival]:
        self._read += [_arrival(submit) for submit in self._smsc.submits[len(self._read) :]]
        return self._read

    @arrivals.setter
    def arrivals(self, none: list[Arrival]) -> None:
        """There are none to begin with."""

    def settings(self, port: int) -> SmsSettings:
        return msgspec.structs.replace(super().settings(port), system_id=f"kit{next(self._accounts)}")

    async def say(self, word: Word, about: Arrival) -> None:
        telephone, us = about.address.removeprefix("+"), OUR_NUMBER
        match word:
            case Word.REPORT:
                self._smsc.report(about.ref)
            case Word.FAILED:
                self._smsc.report(about.ref, ok=False)
            case Word.UNKNOWN:
                self._smsc.raw_report(telephone, us, "id:ffffffffff sub:001 dlvrd:001 stat:DELIVRD err:000", id="ffffffffff")
            case Word.MANGLED:
                self._smsc.raw_report(telephone, us, f"id:{about.ref[::-1]}\x1b\u20ac stat:DELIVRD")

    async def be_hasty(self, *, on: bool) -> None:
        self._smsc.be_hasty(on=on)


def _arrival(submit: Submit) -> Arrival:
    *_, parts, part = bytes.fromhex(submit.udh[0]) if submit.udh else b"\1\1"
    return Arrival(f"+{submit.dst}", submit.text, part=part, parts=parts, ref=submit.id)


class RealTnc(RadioPeer):
    """Two direwolfs that hear each other; the far one speaks for every station. It is deaf when it is dead."""

    abilities = frozenset({Ability.REPORT, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.DEAF})
    guests = _CLIENTS

    def __init__(self, duo: Duo) -> None:
        self._duo = duo
        self._read: list[Arrival] = []
        self.port = duo.near.port
        self.version = _direwolf_version()
        super().__init__()

    @property
    def arrivals(self) -> list[Arrival]:
        self._read += [arrival_of(heard.dest, heard.text) for heard in self._duo.far.received[len(self._read) :]]
        return self._read

    @arrivals.setter
    def arrivals(self, none: list[Arrival]) -> None:
        """There are none to begin with."""

    def settings(self, port: int) -> RadioSettings:
        return msgspec.structs.replace(super().settings(port), configure_tnc=False, bitrate=float(_BAUD))

    def meter(self, heard: int) -> Meter:
        """Every frame that the far TNC has read, with preamble and tail as both are told to send them. The samples that were keyed would
        tell less: of two frames that meet in its queue direwolf keys the second under the first one's preamble."""
        read = self._duo.far.received
        frames = (UiFrame(Address.parse(one.dest), Address.parse(one.source), one.info).encode() for one in read)
        return Meter(airtime_s=sum(map(on_air_s, frames)))

    async def say(self, word: Word, about: Arrival) -> None:
        number = about.ref.rpartition("/")[2]
        said = {Word.REPORT: f"DEV {number}".encode(), Word.UNKNOWN: b"DEV 9999", Word.MANGLED: b"DEV \xff" + number[::-1].encode()}
        await self._duo.far.say(said[word], MYCALL, source=about.address)

    async def be_hasty(self, *, on: bool) -> None:
        self._duo.far.device = float(on)

    async def be_deaf(self, *, on: bool) -> None:
        if on:
            await self._duo.far.kill()
        else:
            await self._duo.far.restart()


def _direwolf_version() -> str:
    said = subprocess.run(["direwolf", "-t", "0", "-u"], capture_output=True, text=True, timeout=PATIENCE_S, check=False).stdout
    return next((line.strip() for line in said.splitlines() if "version" in line), "direwolf")


class RealPosts(LinkPeer):
    """Two direwolfs that hear each other; at the far one stand the posts, on a machine of their own."""

    abilities = LinkPeer.abilities | {Ability.DEAF}

    guests = _CLIENTS

    def __init__(self, duo: Duo, version: str) -> None:
        super().__init__()
        self._duo = duo
        self._told = 0
        self._is_deaf = False
        self.port, self.version = duo.near.port, version

    async def be_deaf(self, *, on: bool) -> None:
        self._is_deaf = on

    def modem(self) -> dict[str, object]:
        return {"configure_tnc": False, "bitrate": float(_BAUD), "access_s": 0.2, "turnaround_s": 0.2}

    async def put_on_air(self, octets: bytes) -> None:
        frame = UiFrame.decode(octets)
        await self._duo.far.say(frame.info, str(frame.destination), source=str(frame.source))

    async def listen(self) -> None:
        """For ever: what the far TNC hands over."""
        while True:
            for heard in self._duo.far.received[self._told :]:
                self._told += 1
                if self._is_deaf:
                    continue
                octets = UiFrame(Address.parse(heard.dest), Address.parse(heard.source), heard.info).encode()
                self.heard(octets, on_air_s(octets))
            await asyncio.sleep(0.01)


class RealHook(HookPeer):
    """node's own web server behind tests/peers/hook/hook.js."""

    def post(self, post: Post) -> None:
        self.took(post.url, post.token, post.body.encode())


class RealBulk(BulkPeer):
    """tests/peers/bulk_gateway.py, over real sockets; its HTTP is not the one that the channel speaks."""

    version = "bulk_gateway.py"

    def __init__(self, gateway: BulkGateway) -> None:
        self._gateway = gateway
        self._read: list[Arrival] = []
        self._pages = 0
        self.port = gateway.port
        gateway.refused[self.bad_address] = "no-such-number"
        super().__init__()

    @property
    def arrivals(self) -> list[Arrival]:
        pages, self._pages = self._gateway.pages[self._pages :], len(self._gateway.pages)
        told = ((page, to) for page in pages for to in page.to if to != self.bad_address)
        self._read += [Arrival(to, str(page.message["text"]), token=page.token) for page, to in told]
        return self._read

    @arrivals.setter
    def arrivals(self, none: list[Arrival]) -> None:
        """There are none to begin with."""


@contextlib.asynccontextmanager
async def real_centre() -> AsyncIterator[ConformancePeer]:
    async with Smsc(silent=True, password=PASSWORD) as smsc:
        yield RealCentre(smsc)


@contextlib.asynccontextmanager
async def real_tnc() -> AsyncIterator[ConformancePeer]:
    async with Duo(near_call=MYCALL, baud=_BAUD) as duo:
        yield RealTnc(duo)


@contextlib.asynccontextmanager
async def real_posts() -> AsyncIterator[ConformancePeer]:
    async with Duo(baud=_BAUD) as duo:
        peer = RealPosts(duo, _direwolf_version())
        ear = asyncio.create_task(peer.listen(), name=f"{FAR_END} ear")
        try:
            yield peer
        finally:
            ear.cancel()
            await asyncio.wait([ear])
            await peer.hang_up()


@contextlib.asynccontextmanager
async def real_hook() -> AsyncIterator[ConformancePeer]:
    peer = RealHook()
    async with Hook(SECRET, peer.post) as hook:
        peer.port, peer.version = hook.port, f"node {hook.version}"
        yield peer


class RealSite(SitePeer):
    """As RealHook, for the satellite's channel; tests/plugins/test_vsat_satellite.py puts a satellite's link between them."""

    def post(self, post: Post) -> None:
        self.took(post.url, post.token, post.body.encode())


@contextlib.asynccontextmanager
async def real_site() -> AsyncIterator[ConformancePeer]:
    peer = RealSite()
    async with Hook(SITE_SECRET, peer.post) as hook:
        peer.port, peer.version = hook.port, f"node {hook.version}"
        yield peer


@contextlib.asynccontextmanager
async def real_bulk() -> AsyncIterator[ConformancePeer]:
    async with BulkGateway() as gateway:
        yield RealBulk(gateway)


def pytest_fenghuo_conformance() -> Sequence[ConformanceFixture]:
    return [
        ConformanceFixture("sms.smpp", "node-smpp", real_centre, standing=PeerStanding.REAL_PEER),
        ConformanceFixture("sms.at", "pty modem", real_modem, standing=PeerStanding.REAL_PEER),
        ConformanceFixture("radio.kiss", "direwolf", real_tnc, standing=PeerStanding.REAL_PEER),
        ConformanceFixture("radio.link", "posts at direwolf", real_posts),  # the modems are real; both ends of the link are ours
        ConformanceFixture("http.webhook", "node http", real_hook, standing=PeerStanding.REAL_PEER),
        ConformanceFixture("http.bulk", "bulk gateway", real_bulk),
        ConformanceFixture("broadcast.platform", "platform in a process", platform_process, standing=PeerStanding.VECTORS),
        ConformanceFixture("broadcast.rtp", "GStreamer", gstreamer_loudspeakers, standing=PeerStanding.REAL_PEER),
        ConformanceFixture("runner.sheet", "poppler and zbar", readers, standing=PeerStanding.REAL_PEER),
        ConformanceFixture("siren.modbus", "pymodbus server", real_sirens, standing=PeerStanding.REAL_PEER),
        ConformanceFixture("vsat.http", "node http", real_site, standing=PeerStanding.REAL_PEER),
    ]
