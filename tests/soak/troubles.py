"""What happens to a node under the soak: each trouble takes some seconds and leaves a line of what it did."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.e2e.node import NotStarted, OwnProcess
from tests.soak.site import Site, order_text
from tests.soak.watchers import Watchers

__all__ = ["Troubles"]

STORM, STORM_IN_FLIGHT = 500, 32
AWAY_S = 8.0
FULL_S = 6.0
JUMP_S = 3600.0
FLIPS = 3
COME_BACK_S = 60.0


class Troubles:
    """Carries them out. `gentle`: those that end no process, `rough`: those that do; `counts`: how often each was, and what it found."""

    def __init__(self, site: Site, watchers: Watchers, *, seed: int) -> None:
        self._site, self._watchers = site, watchers
        self._chance = random.Random(seed)
        self.gentle: dict[str, Callable[[], Awaitable[str]]] = {
            "message storm": self.message_storm,
            "flap of the far end": self.flap,
            "clock jump": self.clock_jump,
            "full disk": self.full_disk,
            "reconnect storm": self.reconnect_storm,
        }
        self.rough: dict[str, Callable[[], Awaitable[str]]] = {"kill -9": self.kill, "bit flips in a copy": self.bit_flips}
        self.counts: dict[str, int] = {}
        self.slowest_start_s = 0.0
        self.slowest_back_s = 0.0
        self.faults: list[str] = []
        self.flips = 0

    async def happen(self, name: str) -> str:
        """Carry it out; what it says."""
        self.counts[name] = self.counts.get(name, 0) + 1
        return await (self.gentle | self.rough)[name]()

    async def message_storm(self) -> str:
        site, gate = self._site, asyncio.Semaphore(STORM_IN_FLIGHT)

        async def one() -> bool:
            async with gate:
                return await site.order()

        return f"{sum(await asyncio.gather(*(one() for _ in range(STORM))))} of {STORM} promised"

    async def flap(self) -> str:
        await self._site.far_end_goes()
        await asyncio.sleep(self._chance.uniform(1.0, AWAY_S))
        await self._site.far_end_comes()
        return "away and back"

    async def clock_jump(self) -> str:
        """Forward and back again, while it runs."""
        jump = self._chance.choice((-JUMP_S, JUMP_S))
        self._site.set_clock(jump)
        await asyncio.sleep(5.0)
        self._site.set_clock(0.0)
        await asyncio.sleep(2.0)
        return f"{jump:+.0f} s for 5 s"

    async def full_disk(self) -> str:
        """Everything that is left is taken, and given back."""
        filler, site = self._site.folder / "filler", self._site
        before = site.ledger.refused
        with filler.open("wb") as file:
            try:
                while True:
                    os.write(file.fileno(), b"\0" * 1_048_576)
            except OSError:
                pass  # that is what it is for
        await asyncio.sleep(FULL_S)
        filler.unlink()
        await asyncio.sleep(2.0)
        return f"{site.ledger.refused - before} refused meanwhile"

    async def reconnect_storm(self) -> str:
        took_s = await self._watchers.storm(COME_BACK_S)
        if took_s is None:
            self.faults.append(f"after a reconnect storm not all consoles were back within {COME_BACK_S:g} s")
            return "not all came back"
        self.slowest_back_s = max(self.slowest_back_s, took_s)
        return f"all back in {took_s:.1f} s"

    async def kill(self) -> str:
        """In the midst of a storm of its own, after some of it was promised."""
        promised = self._site.ledger.promised
        enough = len(promised) + self._chance.randrange(20, STORM // 2)
        storm = asyncio.create_task(self.message_storm())
        while len(promised) < enough and not storm.done():
            await asyncio.sleep(0.005)
        took_s = await self._site.restarted()
        self.slowest_start_s = max(self.slowest_start_s, took_s)
        return f"served again in {took_s:.2f} s; {await storm}"

    async def bit_flips(self) -> str:
        """The node is killed, bits of a copy of its store are turned, and a node on the copy says so or shows every text as it was."""
        site, copy = self._site, self._site.folder.parent / "flipped"
        copy.mkdir()
        node = site.twin(copy)  # its far end is nobody
        await site.node.kill()
        shutil.copytree(site.folder / "state", copy / "state", ignore=shutil.ignore_patterns("ctl.sock", "lock"))
        site.restarts += 1
        self.slowest_start_s = max(self.slowest_start_s, await site.starts())
        try:
            said = await asyncio.to_thread(_flip, copy / "state" / "fenghuo.sqlite", self._chance)
            self.flips += FLIPS
            return f"{said}: {await self._judged(node)}"
        finally:
            await node.close()
            shutil.rmtree(copy)

    async def _judged(self, node: OwnProcess) -> str:
        try:
            await node.start()
        except (NotStarted, TimeoutError):
            return "the start is refused"
        texts = [row["headline"] for row in await node.ask("message.ls", limit=1000)]
        altered = [text for text in texts if text != order_text(int(text[2:9]) if text[2:9].isdigit() else 0)]
        if altered:
            self.faults.append(f"a text was altered in silence: {altered[0]!r}")
        events = (await node.ask("log.read", limit=10_000))["events"]
        damaged = sum(event["type"] == "alarm.row_damaged" for event in events)
        return f"served, {damaged} damaged rows told, {len(texts)} texts read, {len(altered)} altered"


def _flip(store: Path, chance: random.Random) -> str:
    """Turn some bits of the main file, after the log was put into it; where they are."""
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = store.stat().st_size
    with store.open("r+b") as file:
        for _ in range(FLIPS):
            at = chance.randrange(size)
            file.seek(at)
            (octet,) = file.read(1)
            file.seek(at)
            file.write(bytes((octet ^ (1 << chance.randrange(8)),)))
    return f"{FLIPS} bits of {size >> 10} KiB"
