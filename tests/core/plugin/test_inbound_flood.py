"""Many things that come in at once over one channel."""

from __future__ import annotations

import asyncio

from fenghuo.plugin.ports import Inbound
from fenghuo.plugin.supervisor import INBOUND_AT_ONCE
from tests.core.plugin.test_supervisor import Record, came_in, lived, tell


class Slow(Record):
    """A core whose commit takes a second and covers all who wait, who are woken in their order."""

    most = 0
    now = 0
    committed: asyncio.Event | None = None

    async def take(self, name: str, inbound: Inbound) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.committed is None:
            self.committed = asyncio.Event()
            asyncio.get_running_loop().call_later(1, self.commit)
        await self.committed.wait()
        self.now -= 1
        await super().take(name, inbound)

    def commit(self) -> None:
        if self.committed is not None:
            self.committed.set()
        self.committed = None


def test_a_flood_shares_its_commits_and_keeps_its_order() -> None:
    """So many are under way at once and no more; they are acknowledged in the order in which they came."""

    async def story() -> None:
        sent = [b"%d" % n for n in range(200)]
        record = Slow(inbound=tuple(came_in(raw) for raw in sent))
        await lived(record.supervisor(), 4.5)
        assert sent == record.taken
        assert INBOUND_AT_ONCE == record.most

    tell(story)


def test_what_was_read_is_taken_when_the_ear_breaks() -> None:
    """An iterator that raises cuts nothing short that it had given out before."""

    async def story() -> None:
        record = Slow(inbound=(came_in(b"1"), came_in(b"2"), RuntimeError("parser")))
        await lived(record.supervisor(), 1.5)
        assert [b"1", b"2"] == record.taken[:2]

    tell(story)
