"""How much of pictures one way may carry in a day, counted on the disk before it leaves, so that no restart gives it twice."""

from __future__ import annotations

import msgspec

from fenghuo import ChannelContext, NotReady

__all__ = ["DAY_S", "Allowance"]

DAY_S = 86_400.0
_NOTE = "allowance"
_MEGABYTE = 1_000_000


class _Spent(msgspec.Struct, frozen=True):
    """Since `since` (UTC seconds) so many octets."""

    since: float = 0.0
    octets: int = 0


class Allowance:
    """`megabytes` in the 24 hours that begin with the first octet; 0 for no limit."""

    def __init__(self, ctx: ChannelContext, megabytes: float) -> None:
        self._ctx = ctx
        self._most = int(megabytes * _MEGABYTE)
        self._spent = _Spent()

    async def open(self) -> None:
        """Take up what an earlier process has spent. Raises: StoreError."""
        if self._most and (noted := (await self._ctx.notes.recall()).values.get(_NOTE)):
            self._spent = msgspec.json.decode(noted, type=_Spent)

    @property
    def is_spent(self) -> bool:
        return bool(self._most) and self._now().octets >= self._most

    def room(self, octets: int = 1) -> int:
        """How many of so many may go now. Raises: NotReady: none, until the day is over."""
        if not self._most:
            return octets
        spent = self._now()
        if spent.octets >= self._most:
            left_s = max(1.0, spent.since + DAY_S - self._ctx.clock.time())
            raise NotReady(f"today's {self._most} octets for attachments are spent", retry_after_s=left_s)
        return min(octets, self._most - spent.octets)

    async def spend(self, octets: int) -> None:
        """On the disk when it returns. Raises: StoreError."""
        if not self._most:
            return
        now = self._now()
        spent = _Spent(now.since or self._ctx.clock.time(), now.octets + octets)
        await self._ctx.notes.keep({_NOTE: msgspec.json.encode(spent).decode()})
        self._spent = spent

    def _now(self) -> _Spent:
        """A clock that was put back begins no new day."""
        return _Spent() if self._ctx.clock.time() >= self._spent.since + DAY_S else self._spent
