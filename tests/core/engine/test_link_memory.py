"""No counter goes on the air twice, over any number of crashes (security.md S3); windows outlive them too."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fenghuo.engine.link_memory import LinkMemory
from fenghuo.link.counters import Counters
from fenghuo.link.frame import FrameKind, Head
from fenghuo.link.seal import Opener, Sealer
from fenghuo.store import Store, StoreSettings
from fenghuo.store.disk import DATABASE
from tests.core.link.posts import CENTRE, NOW, SIREN, TOWN, cause, opened, plain, ring
from tests.core.store.rows import StillClock

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


@pytest.mark.soak  # a minute
@pytest.mark.timeout(600)
@pytest.mark.may_block("as above")
async def test_no_counter_is_sealed_twice_over_ten_thousand_crashes(tmp_path: Path) -> None:
    """The same, for a release."""
    await no_counter_twice(tmp_path, 10_000)


async def test_a_window_outlives_the_process(tmp_path: Path) -> None:
    """A recorded frame is no news to a receiver that was restarted."""
    keys, frame = ring(TOWN), Sealer(ring(CENTRE), await granted_by(tmp_path / "centre")).seal(TOWN, plain(), NOW)
    store = await Store.open(tmp_path / "town", clock=StillClock(), node="town", settings=StoreSettings(min_free=0, ballast=0))
    before = Opener(keys, await LinkMemory(store).windows(keys.lanes()))
    await LinkMemory(store).keep([before.kept(opened(before.open(frame, NOW)).lane)])
    await store.close()
    again = await Store.open(tmp_path / "town", clock=StillClock(), node="town", settings=StoreSettings(min_free=0, ballast=0))
    after = Opener(keys, await LinkMemory(again).windows(keys.lanes()))
    assert "repeated" == cause(after.open(frame, NOW))
    await again.close()


async def granted_by(folder: Path) -> Counters:
    store = await Store.open(folder, clock=StillClock(), node="taicang", settings=StoreSettings(min_free=0, ballast=0))
    counters = Counters(lane for lane in ring(CENTRE).lanes() if lane.source == CENTRE)
    for grant in await LinkMemory(store).reserve(counters.wanted()):
        counters.grant(grant)
    await store.close()
    return counters
