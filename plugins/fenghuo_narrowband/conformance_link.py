"""Posts behind a TNC for the conformance kit: each a station of the sealed link with keys and a memory of its own.

Every channel under examination has a net of its own, with its own callsigns and secrets: two that used one key would be taken for a replay.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import random
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import structlog

from fenghuo import Ability, Arrival, ConformancePeer, Evidence, FrameError, KeyUnusable, Meter, Priority, Traffic, Word
from fenghuo.far_end import FAR_END
from fenghuo.formats import compact
from fenghuo.link import (
    Caps,
    Changes,
    Delivered,
    Event,
    Finished,
    FrameKind,
    Grant,
    Head,
    KeyRing,
    Ledger,
    Memory,
    Parcel,
    Root,
    SoftwareKeys,
    Wanted,
)
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import KissFrame
from fenghuo_narrowband.conformance_tnc import BITRATE, SimulatedKiss, is_data, on_air_s
from fenghuo_narrowband.link_cargo import Cargo
from fenghuo_narrowband.link_post import LinkPost
from fenghuo_narrowband.link_reading import name_of, note_body
from fenghuo_narrowband.link_settings import LinkSettings, PostTable

__all__ = ["LinkPeer", "Net", "simulated_posts"]

_POSTS = 40
_HEAD = 1
"""Node code of the channel under examination; its posts have those that follow."""
_OF_THE_LINK = (FrameKind.RECEIPT, FrameKind.CONTROL)
"""Frames that belong to no message of ours: what acknowledges the posts' own."""
_ENDS_S = 3600.0
_NAME = "kit-link"
_NOBODY = "00000001.1.1"
_SUFFIXES = "ABC"


class Net:
    """The posts that one channel reaches: `posts` by key id, made when they are first spoken to."""

    def __init__(self, number: int, peer: LinkPeer) -> None:
        self.call = f"K{number % 10_000:04d}"
        self._peer = peer
        self._posts: dict[int, Post] = {}

    def callsign(self, place: int) -> str:
        return str(Address.parse(f"{self.call}{_SUFFIXES[place // 16]}-{place % 16}"))

    def secret(self, place: int) -> str:
        return hashlib.sha256(f"kit {self.callsign(place)}".encode()).hexdigest()

    @property
    def secrets(self) -> dict[str, str]:
        """By the name of its file: the callsign of the post that it is shared with."""
        return {self.callsign(place): self.secret(place) for place in range(_POSTS)}

    def settings(self, port: int, **more: Any) -> LinkSettings:
        posts = {
            self.callsign(place): PostTable(code=_HEAD + 1 + place, key_id=_HEAD + 1 + place, secret_file=self.callsign(place))
            for place in range(_POSTS)
        }
        usual: dict[str, Any] = {
            "mycall": f"{self.call}Z",
            "code": _HEAD,
            "port": port,
            "net": self.call,
            "posts": posts,
            "bitrate": BITRATE,
            "txdelay_ms": 50,
            "txtail_ms": 30,
            "fragment_s": 0.3,
            "access_s": 0.05,
            "turnaround_s": 0.05,
            "open_s": 1.0,
            "write_s": 1.0,
            "reopen_max_s": 0.5,
            "receipt_q95_s": 3.0,
        }
        return LinkSettings(**{**usual, **more})

    def heard(self, frame: UiFrame, seconds: float) -> None:
        """A frame of this net, by the post whose key it names."""
        with contextlib.suppress(FrameError):
            head = Head.decode(frame.info)
            place = head.key_id - _HEAD - 1
            if head.source == _HEAD and 0 <= place < _POSTS:
                self.post(place).hear(frame, head, seconds)

    def post(self, place: int) -> Post:
        if place not in self._posts:
            self._posts[place] = Post(self, place, self._peer)
        return self._posts[place]

    def stop(self) -> Iterable[asyncio.Task[None]]:
        return [post.stop() for post in self._posts.values()]


class Post:
    """A far end of the link: whatever is whole has arrived, and is acknowledged; a person's receipt goes back when the kit says so.

    It is the context of its own station: settings, clock, chance, log, and a memory that outlives nothing.
    """

    name = "far post"

    def __init__(self, net: Net, place: int, peer: LinkPeer) -> None:
        self.call = net.callsign(place)
        self.settings = net.settings(1, mycall=self.call, code=_HEAD + 1 + place, posts={})
        self.clock = Wall(peer)
        self.random = random.Random(place)
        self.log = structlog.stdlib.get_logger("fenghuo.kit")
        self.link = Forgetful()
        self._net, self._peer = net, peer
        self._notes = itertools.count(1)
        self._waiting: dict[str, Delivered] = {}
        self._bodies: dict[str, bytes] = {}
        self._frames, self._seconds = 0, 0.0
        ring = KeyRing(self.settings.code, SoftwareKeys({_NAME: bytes.fromhex(net.secret(place))}), [self._root()])
        line = cast(Any, peer.line(net.call))  # stands for a KissLine: up, and written to
        context = cast(Any, self)
        self._post = LinkPost(context, ring, line, memory=Memory(), cargo=Cargo({}), on_event=self._on_event)
        self._running = asyncio.get_running_loop().create_task(self._run(), name=f"{FAR_END} {self.call}")

    def _root(self) -> Root:
        return Root(self.settings.code, _HEAD, self.settings.code, _NAME)

    async def _run(self) -> None:
        await self._post.reserve()
        await self._post.run()

    def stop(self) -> asyncio.Task[None]:
        self._running.cancel()
        return self._running

    def hear(self, frame: UiFrame, head: Head, seconds: float) -> None:
        if head.kind not in _OF_THE_LINK:
            self._peer.carried_s += seconds
        if head.kind is FrameKind.DISPATCH:
            self._frames, self._seconds = self._frames + 1, self._seconds + seconds
        self._post.hear(frame)

    def say(self, body: bytes, kind: FrameKind = FrameKind.REPLY) -> str:
        """A frame of our own to the head; its name here."""
        ref = f"kit {self.call} {next(self._notes)}"
        with contextlib.suppress(KeyUnusable):
            self._post.open(Parcel(_HEAD, kind, Traffic.ACTUAL, Priority.P1, body, self._post.now() + _ENDS_S, ref))
        return ref

    def _on_event(self, event: Event) -> None:
        match event:
            case Delivered():
                self._delivered(event)
            case Finished(ref=ref) if ref in self._waiting:
                self._taken(self._waiting.pop(ref))
            case _:
                return

    def send_back(self, name: str) -> None:
        """An order of our own: the one that we were given."""
        self.say(self._bodies[name], FrameKind.DISPATCH)

    def _delivered(self, event: Delivered) -> None:
        if event.kind is FrameKind.REPLY:
            self._peer.receipts.append(self.call)
            self._taken(event)
            return
        name = name_of(event.body)
        self._bodies[name] = event.body
        said = compact.decode(compact.Frame.from_octets(event.body))
        text = "".join(info.description for info in said.content.infos)
        ref = f"{self.call}/{name}"
        frames, seconds = max(1, self._frames), self._seconds
        self._frames, self._seconds = 0, 0.0
        self._peer.arrivals.append(Arrival(self.call, text, parts=frames, token=name, ref=ref, airtime_s=seconds))
        if self._peer.is_hasty:
            self._waiting[self.say(note_body(name, Evidence.HUMAN, "", Traffic.ACTUAL))] = event
        else:
            self._taken(event)

    def _taken(self, event: Delivered) -> None:
        self._post.station.taken(event)
        self._post.wake()


class Wall:
    """The clock of a post: it goes as that of the examined channel does."""

    def __init__(self, peer: ConformancePeer) -> None:
        self._peer = peer

    def time(self) -> float:
        return self._peer.now()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def quality(self) -> str:
        return "peer"


class Forgetful:
    """A disk that keeps nothing: a far post is never restarted."""

    def __init__(self) -> None:
        self._next = itertools.count(0, 1024)

    def ledger(self, caps: Caps) -> Ledger:
        return Ledger(caps)

    async def reserve(self, wanted: Iterable[Wanted]) -> list[Grant]:
        first = next(self._next)
        return [Grant(each.lane, first, first + 1024) for each in wanted]

    async def keep(self, changes: Changes) -> None:
        return None


class LinkPeer(ConformancePeer):
    """What any TNC with posts behind it has in common."""

    abilities = frozenset({Ability.REPORT, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.MESSAGE})
    bad_address = "NOPOST"
    reports = Evidence.HUMAN
    is_shared = True

    def __init__(self) -> None:
        super().__init__()
        self.is_hasty = False
        self.carried_s = 0.0
        self.secrets = {}
        self.nets: dict[str, Net] = {}
        self._made = itertools.count(1)
        self._newest = ""

    def settings(self, port: int) -> LinkSettings:
        net = Net(next(self._made), self)
        self.nets[net.call], self._newest = net, net.call
        self.secrets = {**self.secrets, **net.secrets}
        return net.settings(port, **self.modem())

    def address(self, number: int) -> str:
        return self.nets[self._newest].callsign(number % _POSTS)

    def modem(self) -> dict[str, Any]:
        """What of the settings is this TNC's own."""
        return {}

    def line(self, net: str) -> Line:
        """What the posts of a net speak through."""
        return Line(self)

    def meter(self, heard: int) -> Meter:
        """The frames of our messages as a post has read them, again and as a question too, each from key down to key up."""
        return Meter(airtime_s=self.carried_s)

    async def put_on_air(self, octets: bytes) -> None:
        """A far post sends a frame."""
        raise NotImplementedError(f"{type(self).__name__} has no air")

    def heard(self, octets: bytes, seconds: float) -> None:
        """A frame came over the air."""
        with contextlib.suppress(FrameError):
            frame = UiFrame.decode(octets)
            net = self.nets.get(str(frame.destination))
            if net is not None:
                net.heard(frame, seconds)

    async def say(self, word: Word, about: Arrival) -> None:
        if word is Word.MESSAGE:
            self._post_of(about.address).send_back(about.token)
            return
        name = _NOBODY if word is Word.UNKNOWN else about.token
        note = note_body(name, Evidence.HUMAN, "", Traffic.ACTUAL)
        self._post_of(about.address).say(b"\xff\x00" + note[::-1] if word is Word.MANGLED else note)

    async def be_hasty(self, *, on: bool) -> None:
        self.is_hasty = on

    async def hang_up(self) -> None:
        """Silence at every post."""
        ended = [task for net in self.nets.values() for task in net.stop()]
        await asyncio.gather(*ended, return_exceptions=True)

    def _post_of(self, call: str) -> Post:
        for net in self.nets.values():
            for place in range(_POSTS):
                if net.callsign(place) == call:
                    return net.post(place)
        raise LookupError(call)


class Line:
    """Fills as much of a KissLine as a post needs: it is always up."""

    is_up = True
    name = "far line"

    def __init__(self, peer: LinkPeer) -> None:
        self._peer = peer

    async def write(self, frame: KissFrame) -> None:
        if is_data(frame):
            await self._peer.put_on_air(frame.data)


class SimulatedPosts(LinkPeer, SimulatedKiss):
    """A TNC that sends frame after frame, and an air that is one at a time, near and far alike; while it is deaf, no post hears."""

    abilities = LinkPeer.abilities | {Ability.DEAF, Ability.AIRTIME}

    def __init__(self) -> None:
        super().__init__()
        self._air = asyncio.Lock()

    async def transmit(self) -> None:
        """The near transmitter, for ever."""
        while True:
            octets = await self.to_send.get()
            was_deaf = self.is_deaf
            seconds = await self._aired(octets)
            if not was_deaf:
                self.heard(octets, seconds)

    async def put_on_air(self, octets: bytes) -> None:
        await self._aired(octets)
        self.receive(octets)

    async def _aired(self, octets: bytes) -> float:
        seconds = on_air_s(octets)
        async with self._air:
            await asyncio.sleep(seconds)
        return seconds


@contextlib.asynccontextmanager
async def simulated_posts() -> AsyncIterator[ConformancePeer]:
    """A TNC that listens and sends, and whoever is behind it."""
    async with SimulatedPosts().listening() as tnc:
        transmitter = asyncio.create_task(tnc.transmit(), name="simulated transmitter")
        try:
            yield tnc
        finally:
            await tnc.hang_up()
            transmitter.cancel()
            await asyncio.wait([transmitter])
