"""No counter goes on the air twice, and no more airtime is spent than allowed, over any number of crashes (security.md S3, I7)."""

from __future__ import annotations

import contextlib
import random
import shutil
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.link_memory import LinkMemory
from fenghuo.errors import KeyUnusable
from fenghuo.link.air import Air
from fenghuo.link.counters import Counters
from fenghuo.link.events import Changes, Delivered, NotTaken
from fenghuo.link.frame import FrameKind, Head
from fenghuo.link.keys import Root
from fenghuo.link.ledger import Caps, Ledger
from fenghuo.link.parcels import Parcel
from fenghuo.link.pieces import Piece
from fenghuo.link.seal import Cause, Plain, Sealer
from fenghuo.link.station import Station
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.store import Store, StoreSettings
from fenghuo.store.disk import DATABASE
from tests.core.link.posts import CENTRE, GROUP, NOW, ROOTS, SIREN, TOWN, plain, ring, sealer
from tests.core.store.rows import SMALL, StillClock

INLINE = StoreSettings(min_free=0, ballast=0, log_frames=0, inline=True)


class House:
    """The centre's end of the link over a real store, whose process can die at any point."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self._chance = chance
        self.ring = ring(CENTRE)
        self.lanes = [lane for lane in self.ring.lanes() if lane.source == CENTRE]

    async def live(self, aired: list[tuple[str, int]]) -> None:
        """From a start to a death: seal, reserve in time, die before, in, after a commit, or anywhere between two frames."""
        store = await Store.open(self.folder, clock=StillClock(), node="taicang", settings=INLINE)
        memory, counters = LinkMemory(store), Counters(self.lanes)
        sealer = Sealer(self.ring, counters)
        for _ in range(self._chance.choice((0, 1, 1, 2, 3))):
            torn = self._log()
            granted = await memory.reserve(counters.wanted())
            if self._chance.random() < 0.2:
                return await self._die(store, since=torn if self._chance.random() < 0.5 else None)
            for grant in granted:
                counters.grant(grant)
            for _ in range(self._chance.randrange(900)):
                destination, kind = self._chance.choice((TOWN, SIREN)), self._chance.choice((FrameKind.COMMAND, FrameKind.ALERT))
                head = Head.decode(sealer.seal(destination, plain(kind=kind), NOW))
                aired.append((self.ring.sending(destination, kind).name, head.counter))
        return await self._die(store)

    def _log(self) -> int:
        log = self.folder / f"{DATABASE}-wal"
        return log.stat().st_size if log.exists() else 0

    async def talk(self, clock: StillClock, caps: Caps, aired: list[tuple[float, float]]) -> None:
        """From a start to a death, saying as much as the caps allow; it dies before or in a commit, behind it, or between two frames."""
        store = await Store.open(self.folder, clock=clock, node="taicang", settings=INLINE)
        memory = LinkMemory(store, medium="145.825", place="here")
        kept = await memory.recall(self.ring)
        station = Station(self.ring, Air(), ledger=memory.ledger(caps), chance=self._chance, memory=kept)
        for grant in await memory.reserve(station.counters.wanted()):
            station.counters.grant(grant)
        for n in range(self._chance.randrange(20, 90)):
            order = Parcel(TOWN, FrameKind.ALERT, Traffic.ACTUAL, Priority.P0, bytes(150), clock.now + 60, f"{clock.now}/{n}")
            station.open(order, clock.now)
            torn = self._log()
            await memory.keep(station.changes())
            if self._chance.random() < 0.02:
                return await self._die(store, since=torn if self._chance.random() < 0.5 else None)
            station.committed()
            frame = station.frame_due(clock.now)
            if frame is not None:
                aired.append((clock.now, frame.airtime_s))
            clock.now += self._chance.uniform(0.2, 1.5)
        return await self._die(store)

    async def _die(self, store: Store, *, since: int | None = None) -> None:
        """The files stay as they are at this moment; `since`: the commit was cut off somewhere behind this octet of the log."""
        files = {path: path.read_bytes() for path in self.folder.iterdir() if path.name.startswith(DATABASE)}
        await store.close()
        for path in list(self.folder.iterdir()):
            if path.name.startswith(DATABASE):
                path.unlink()
        for path, octets in files.items():
            is_torn = since is not None and path.name.endswith("-wal")
            path.write_bytes(octets[: self._chance.randint(since or 0, len(octets))] if is_torn else octets)


async def no_counter_twice(folder: Path, crashes: int) -> None:
    house, aired = House(folder, random.Random(crashes)), list[tuple[str, int]]()
    for _ in range(crashes):
        await house.live(aired)
    assert len(aired) > 100 * crashes
    assert len(aired) == len(set(aired))


@pytest.mark.may_block("the store runs its jobs in the caller, so that a death falls on a chosen point")
@pytest.mark.timeout(60)
async def test_no_counter_is_sealed_twice_over_two_hundred_crashes(tmp_path: Path) -> None:
    """Whatever was sealed before a crash is never sealed under the same counter after it."""
    await no_counter_twice(tmp_path, 200)


@pytest.mark.soak  # six minutes
@pytest.mark.timeout(3600)
@pytest.mark.may_block("as above")
async def test_no_counter_is_sealed_twice_over_ten_thousand_crashes(tmp_path: Path) -> None:
    """The same, for a release."""
    await no_counter_twice(tmp_path, 10_000)


@pytest.mark.may_block("as above")
@pytest.mark.timeout(60)
async def test_no_more_is_on_the_air_than_allowed_over_twelve_crashes(tmp_path: Path) -> None:
    """The sum of seconds in any span stays under the hard cap, whichever lives they were spent in; and the cap is used."""
    house, clock, caps, aired = (
        House(tmp_path, random.Random(7)),
        StillClock(NOW),
        Caps(200.0, 0.12, 0.12, 0.0),
        list[tuple[float, float]](),
    )
    for _ in range(12):
        await house.talk(clock, caps, aired)
    spans = [sum(seconds for at, seconds in aired if end - caps.span_s < at <= end) for end, _ in aired]
    assert 0.5 * caps.hard * caps.span_s < max(spans) <= caps.hard * caps.span_s


async def test_airtime_is_remembered_for_a_channel_that_remembers_nothing_else(tmp_path: Path) -> None:
    """What was reserved before a crash counts as spent after it, for readable text as for the link."""
    caps, store = Caps(200.0, 0.1, 0.1, 0.0), await opened_store(tmp_path)
    memory = LinkMemory(store, medium="vhf")
    ledger = await memory.airtime(caps)
    assert not ledger.may(5.0, NOW, Priority.P1)
    wanted = ledger.wanted()
    assert wanted is not None
    await memory.keep(Changes(aired=wanted))
    await store.close()
    again = await opened_store(tmp_path)
    assert wanted.reserved / caps.span_s == (await LinkMemory(again, medium="vhf").airtime(caps)).used(StillClock().time())
    await again.close()


async def opened_store(folder: Path) -> Store:
    return await Store.open(folder, clock=StillClock(), node="taicang", settings=SMALL)


class Post:
    """A station over a real store, from its start to its end."""

    def __init__(self, store: Store, own: int) -> None:
        self.memory = LinkMemory(store)
        self.store = store
        self.ring = ring(own)

    async def start(self) -> Station:
        station = Station(self.ring, Air(), ledger=Ledger(), chance=random.Random(1), memory=await self.memory.recall(self.ring))
        for grant in await self.memory.reserve(station.counters.wanted()):
            station.counters.grant(grant)
        await self.settle(station)
        return station

    async def settle(self, station: Station) -> None:
        await self.memory.keep(station.changes())
        station.committed()


async def test_a_window_outlives_the_process(tmp_path: Path) -> None:
    """A recorded frame is no news to a receiver that was restarted, and neither is a message."""
    frame = sealer().seal(TOWN, Plain(FrameKind.DISPATCH, Traffic.ACTUAL, Piece(7, 0, 1, b"18:00").encode(), NOW + 600), NOW)
    store = await opened_store(tmp_path)
    post = Post(store, TOWN)
    station = await post.start()
    (delivered,) = station.receive_frame(frame, NOW)
    assert isinstance(delivered, Delivered)
    await post.settle(station)
    station.taken(delivered)
    await post.settle(station)
    await store.close()
    again = Post(await opened_store(tmp_path), TOWN)
    station = await again.start()
    assert [NotTaken(Cause.REPEATED, CENTRE)] == station.receive_frame(frame, NOW)
    assert [] == station.look(NOW)
    await again.store.close()


async def test_transfers_outlive_the_process(tmp_path: Path) -> None:
    """What goes out and what comes in stand on the disk as the station holds them, a missing piece as missing."""
    store = await opened_store(tmp_path)
    post = Post(store, CENTRE)
    station = await post.start()
    parcel = Parcel(TOWN, FrameKind.ALERT, Traffic.EXERCISE, Priority.P1, bytes(500), NOW + 600, "a")
    station.open(parcel, NOW)
    station.open(msgspec.structs.replace(parcel, destination=GROUP, ref="b"), NOW)
    for index in (0, 2):
        piece = Piece(9, index, 3, b"" if index else b"ab", digest=b"abc" if index else b"").encode()
        station.receive_frame(sealer(TOWN, first=index).seal(CENTRE, Plain(FrameKind.REPORT, Traffic.ACTUAL, piece, NOW + 600), NOW), NOW)
    changes = station.changes()
    await post.memory.keep(changes)
    kept = await post.memory.recall(post.ring)
    assert (set(changes.outgoing), changes.incoming) == (set(kept.outgoing), kept.incoming)
    assert (b"ab", None, b"") == kept.incoming[0].pieces
    station.committed()
    station.cancel("a")
    station.look(NOW)
    await post.settle(station)
    assert ["b"] == [outgoing.parcel.ref for outgoing in (await post.memory.recall(post.ring)).outgoing]
    await store.close()


async def test_transfers_to_far_ends_that_are_gone_stay_behind(tmp_path: Path) -> None:
    """A device taken out of the settings, or a group with other members, is not sent to under an old plan."""
    store = await opened_store(tmp_path)
    post = Post(store, CENTRE)
    station = await post.start()
    for destination in (TOWN, SIREN, GROUP):
        station.open(Parcel(destination, FrameKind.ALERT, Traffic.ACTUAL, Priority.P1, b"", NOW + 600, str(destination)), NOW)
    await post.settle(station)
    fewer = ring(CENTRE, roots=(ROOTS[0], Root(9, CENTRE, GROUP, "group", members=(TOWN, SIREN))))
    assert [TOWN] == [outgoing.parcel.destination for outgoing in (await post.memory.recall(fewer)).outgoing]
    await store.close()


async def test_a_store_that_was_copied_sends_and_takes_nothing(tmp_path: Path) -> None:
    """A clone would go on with the counters that the first one uses; that one itself goes on after any restart."""
    first, clone = tmp_path / "first", tmp_path / "clone"
    store = await opened_store(first)
    station = await Post(store, CENTRE).start()
    station.open(Parcel(TOWN, FrameKind.ALERT, Traffic.ACTUAL, Priority.P1, b"", NOW + 600, "a"), NOW)
    await store.close()
    shutil.copytree(first, clone)
    for folder, is_stale in ((first, False), (clone, True), (clone, True), (first, False)):
        store = await opened_store(folder)
        post = Post(store, CENTRE)
        station = await post.start()
        parcel = Parcel(SIREN, FrameKind.ALERT, Traffic.ACTUAL, Priority.P1, b"", NOW + 600, "b")
        with pytest.raises(KeyUnusable, match="restored or copied") if is_stale else contextlib.nullcontext():
            station.open(parcel, NOW)
        told = [event.body["message"] for event in await store.events.read(0, 1000) if event.type == "alarm.keys_stale"]
        assert is_stale == bool(told)
        await store.close()
