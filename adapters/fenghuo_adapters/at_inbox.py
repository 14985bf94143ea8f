"""What a modem has stored: read out, handed on once, and emptied only when whoever took it says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from fenghuo.errors import FrameError
from fenghuo_adapters.at_framing import Stored, listed
from fenghuo_adapters.at_session import AtRefused, AtSession
from fenghuo_adapters.pdu_framing import Delivered, Reported, read_incoming

__all__ = ["Arrival", "Inbox"]

AGAIN_S = 60.0
"""What nobody has acknowledged for so long is handed on again: whoever took it could not keep it."""
_SETTLED = 1000
"""Messages remembered as taken whose place could not be emptied: they are emptied when they are seen again, and told no second time."""


class Arrival(msgspec.Struct, frozen=True):
    """One message or report: its octets, what they say (None if they do not hold together), its SIM, the way to acknowledge it, and
    whether the modem keeps it until then; one that does not hands over nothing else before it is acknowledged."""

    raw: bytes
    content: Delivered | Reported | None
    sim: str
    acknowledge: Callable[[], None]
    is_stored: bool


class Inbox:
    """The storage of one modem, across its openings. `wake` is called when there is something to do; run() does it. `now`: monotonic."""

    def __init__(self, hand_on: Callable[[Arrival], None], wake: Callable[[], None], now: Callable[[], float]) -> None:
        self._now = now
        self._hand_on = hand_on
        self._wake = wake
        self._handed: dict[tuple[str, int], tuple[str, float]] = {}  # place → PDU not acknowledged yet, and when it was handed on
        self._settled: deque[str] = deque(maxlen=_SETTLED)
        self._news: deque[Stored] = deque()
        self._to_empty: dict[tuple[str, int], None] = {}  # in the order of their acknowledgements, each place once
        self._to_confirm = 0
        self.sim = ""
        self.memory = ""

    @property
    def has_work(self) -> bool:
        return bool(self._news or self._to_empty or self._to_confirm)

    def opened(self, *, memory: str) -> None:
        """The modem was opened: what it announced before is read by sweep()."""
        self.memory = memory
        self._news.clear()
        self._to_empty.clear()
        self._to_confirm = 0

    def announced(self, stored: Stored) -> None:
        """The modem has put something at a place."""
        self._news.append(stored)
        self._wake()

    def shown(self, digits: str, *, acknowledges: bool) -> None:
        """The modem handed something over without storing it."""

        def confirm() -> None:
            if acknowledges:
                self._to_confirm += 1
                self._wake()

        self._hand_on(_arrival(digits, self.sim, confirm, is_stored=False))

    async def run(self, session: AtSession, limit_s: float) -> None:
        """Confirm, empty and read what is due. Raises: LinkError."""
        while self._to_confirm:
            self._to_confirm -= 1
            await _tried(session, "AT+CNMA", limit_s)
        while self._to_empty:
            place = next(iter(self._to_empty))
            await self._empty(session, place, limit_s)
            self._to_empty.pop(place, None)
        while self._news:
            stored = self._news.popleft()
            await self._select(session, stored.memory, limit_s)
            for _, digits in listed(await _tried(session, f"AT+CMGR={stored.index}", limit_s)):
                self._found((stored.memory, stored.index), digits)

    async def sweep(self, session: AtSession, limit_s: float) -> None:
        """Read everything that is stored, whoever was there when it came. Raises: LinkError."""
        memory = self.memory
        for index, digits in listed(await _tried(session, "AT+CMGL=4", limit_s)):
            if index is not None:
                self._found((memory, index), digits)

    def _found(self, place: tuple[str, int], digits: str) -> None:
        handed, at = self._handed.get(place, ("", 0.0))
        if digits in self._settled:
            self._handed[place] = (digits, at)
            self._to_empty[place] = None
            return
        if handed == digits and self._now() < at + AGAIN_S:
            return
        self._handed[place] = (digits, self._now())

        def acknowledge() -> None:
            if self._handed.get(place, ("", 0.0))[0] != digits or place in self._to_empty:
                return
            if digits not in self._settled:
                self._settled.append(digits)
            self._to_empty[place] = None
            self._wake()

        self._hand_on(_arrival(digits, self.sim, acknowledge, is_stored=True))

    async def _empty(self, session: AtSession, place: tuple[str, int], limit_s: float) -> None:
        memory, index = place
        if self._handed.get(place, ("", 0.0))[0] not in self._settled:
            return  # it was emptied before, and the modem may have put something else there that nobody has read
        await self._select(session, memory, limit_s)
        await _tried(session, f"AT+CMGD={index}", limit_s)
        digits, _ = self._handed.pop(place, ("", 0.0))
        is_elsewhere = any(other == digits for other, _ in self._handed.values())  # a network brought it twice
        if digits in self._settled and not is_elsewhere:
            self._settled.remove(digits)  # its places are empty: the same octets again are a new message

    async def _select(self, session: AtSession, memory: str, limit_s: float) -> None:
        """Turn to another storage, where the modem keeps reports apart from messages."""
        if memory != self.memory:
            await _tried(session, f'AT+CPMS="{memory}"', limit_s)
            self.memory = memory


async def _tried(session: AtSession, text: str, limit_s: float) -> tuple[str, ...]:
    """The answer, nothing where it was refused: an index that is empty by now, a confirmation that nobody waits for."""
    try:
        return await session.command(text, within_s=limit_s)
    except AtRefused:
        return ()


def _arrival(digits: str, sim: str, acknowledge: Callable[[], None], *, is_stored: bool) -> Arrival:
    try:
        content: Delivered | Reported | None = read_incoming(digits)
    except FrameError:
        content = None
    return Arrival(digits.encode("ascii", "replace"), content, sim, acknowledge, is_stored)
