"""Several modems as one way out: a text goes to whichever is up and free, what comes in on any of them comes in here.

It knows short messages, not alerts. Nothing waits once submit() was called, and nothing is taken off a modem before it is acknowledged.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

import msgspec

from fenghuo.errors import LinkError, LinkTimeout
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.at_modem import Modem, NotReadyToSend
from fenghuo_adapters.at_profile import Profile
from fenghuo_adapters.at_session import AtRefused, NotHandedOver
from fenghuo_adapters.at_setup import Standing
from fenghuo_adapters.at_status import Blame, blame_of
from fenghuo_adapters.kiss_line import ByteLine
from fenghuo_adapters.pdu_framing import Encoded, Submit, submit_pdu
from fenghuo_adapters.short_message_framing import Coding, Part, split

__all__ = ["BrokenOff", "Late", "ModemPool", "Place", "PoolEvents", "Sent", "Text"]

_PART_RETRY_FIRST_S, _PART_RETRY_MOST_S = 1.0, 4.0

Correlation = TypeVar("Correlation")


class PoolEvents(Protocol):
    """What the owner of a pool is told at once."""

    def stands(self, *, up: bool, reason: str) -> None:
        """Whether any modem is up, and how each of them is; told at each change. Must not block or raise."""

    async def pin_refused(self, line: str) -> None:
        """The SIM behind this line refused the PIN; the line is not opened again before that is kept. Raises: LinkError: it is not yet."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One text to one number. `validity_s`: seconds until it is worth nothing any more."""

    destination: str
    text: str
    validity_s: float


class Sent(msgspec.Struct, frozen=True):
    """What became of a text: the SIM it left by, the modem's reference of each part taken, the code of the refusal that ended it (empty:
    none), how many parts there were, and when each of them was taken (monotonic seconds)."""

    sim: str
    references: tuple[int, ...]
    code: str
    parts: int
    taken_at: tuple[float, ...] = ()

    def taken(self, reference: int, at: float) -> Sent:
        """With one more part."""
        return msgspec.structs.replace(self, references=(*self.references, reference), taken_at=(*self.taken_at, at))

    def taken_by(self, wall: float, monotonic: float) -> list[tuple[int, float]]:
        """The references, and when each part was taken in UTC seconds; `wall`, `monotonic`: now."""
        return [(reference, wall - (monotonic - at)) for reference, at in zip(self.references, self.taken_at, strict=True)]

    @property
    def is_complete(self) -> bool:
        return not self.code and len(self.references) == self.parts


class Late(msgspec.Struct, Generic[Correlation], frozen=True):
    """An answer that came after the submitter had given up."""

    correlation: Correlation
    sent: Sent


class BrokenOff(LinkError):
    """A text of several parts was cut off among them, by `cause`; `sent`: what was taken before."""

    def __init__(self, cause: LinkError, sent: Sent) -> None:
        self.cause = cause
        self.sent = sent
        super().__init__(f"lost after {len(sent.references)} of {sent.parts} parts: {cause}")

    @property
    def may_have_left(self) -> bool:
        """Whether the part that was not answered may be on its way all the same."""
        return not isinstance(self.cause, NotHandedOver)


class ModemPool(Generic[Correlation]):
    """See the module. open() opens every modem once; one that is absent is tried for ever, as long as another is there."""

    def __init__(
        self, lines: Sequence[ByteLine], profile: Profile, events: PoolEvents, rng: random.Random, *, withheld: Collection[str] = ()
    ) -> None:
        """`withheld`: names of lines whose SIM has refused this very PIN before."""
        self.profile = profile
        self.rng = rng
        self._events = events
        self._modems = [Modem(line, profile, self, rng, withholds_pin=line.name in withheld) for line in lines]
        self.refused_pin: set[str] = set(withheld)
        self._turned = asyncio.Event()
        self._incoming: asyncio.Queue[Arrival | Late[Correlation] | None] = asyncio.Queue()
        self._given_up: dict[str, tuple[Correlation, Sent]] = {}  # by modem: the last submission that was not answered in time
        self._reference = rng.randrange(65536)
        self._told: tuple[bool, str] | None = None
        self._is_open = False

    async def open(self) -> None:
        """Open them all at once, for one that hangs must not hold up the rest. Raises: LinkError: none is there; nothing keeps running."""
        faults = [fault for fault in await asyncio.gather(*map(_opening, self._modems)) if fault is not None]
        if len(faults) == len(self._modems):
            raise faults[0]
        self._is_open = True
        for modem in self._modems:
            if not modem.is_kept:
                modem.keep_trying()
        self.changed(self._modems[0])

    async def close(self) -> None:
        """Idempotent; afterwards no octet leaves, and receive() ends."""
        self._is_open = False
        await asyncio.gather(*(modem.close() for modem in self._modems))
        self._incoming.put_nowait(None)

    @asynccontextmanager
    async def place(self, *, within_s: float) -> AsyncIterator[Place[Correlation]]:
        """A modem that is up and free, taken before anything irreversible; of several the one with the best signal.

        Raises: NotReadyToSend: none is up, or none came free in time.
        """
        try:
            async with asyncio.timeout(within_s):
                modem = await self._free()
        except TimeoutError:
            raise NotReadyToSend("no modem came free in time") from None
        modem.is_taken = True
        try:
            yield Place(self, modem)
        finally:
            modem.is_taken = False
            self._turned.set()

    async def receive(self) -> Arrival | Late[Correlation] | None:
        """The next thing that came in; None once the pool is closed. May be cancelled without losing anything."""
        item = await self._incoming.get()
        if item is None:
            self._incoming.put_nowait(None)  # whoever asks again is told again
        return item

    async def enquire(self, *, within_s: float) -> Standing:
        """How the best of them stands. Raises: LinkError: none answers."""
        failed: LinkError = NotReadyToSend("there is no modem")
        for modem in sorted(self._modems, key=lambda one: (one.is_taken, not one.is_up)):
            try:
                return await modem.enquire(within_s=within_s)
            except LinkError as silent:
                failed = silent
        raise failed

    def parts_of(self, text: str) -> tuple[Coding, tuple[Part, ...]]:
        """A text as its parts under a reference of its own. Raises: ValueError for one that cannot be one message."""
        self._reference = (self._reference + 1) % 65536
        return split(text, self._reference, wide=self.profile.wide_references)

    def gave_up(self, modem: Modem, correlation: Correlation, sent: Sent) -> None:
        """The last part of a text was not answered; when it is, receive() tells it."""
        self._given_up[modem.name] = (correlation, sent)

    # What a modem tells (ModemEvents).

    def changed(self, modem: Modem) -> None:
        self._turned.set()
        if not self._is_open:
            return
        up = any(one.is_up for one in self._modems)
        told = (up, self._standing())
        if told != self._told:
            self._told = told
            self._events.stands(up=up, reason=told[1])

    def arrived(self, arrival: Arrival) -> None:
        self._incoming.put_nowait(arrival)

    def answered_late(self, modem: Modem, reference: int) -> None:
        correlation, sent = self._given_up.pop(modem.name, (None, None))
        if correlation is not None and sent is not None:
            whole = sent.taken(reference, asyncio.get_running_loop().time())
            self._incoming.put_nowait(Late(correlation, whole))

    async def pin_refused(self, modem: Modem) -> None:
        self.refused_pin.add(modem.name)
        await self._events.pin_refused(modem.name)

    def in_step(self, modem: Modem) -> None:
        self._given_up.pop(modem.name, None)

    def _standing(self) -> str:
        if len(self._modems) == 1:
            return self._modems[0].why_down or "registered"
        ready = sum(modem.is_up for modem in self._modems)
        down = "; ".join(f"{modem.name}: {modem.why_down}" for modem in self._modems if not modem.is_up)
        return f"{ready} of {len(self._modems)} modems registered" + (f"; {down}" if down else "")

    async def _free(self) -> Modem:
        while True:
            self._turned.clear()
            up = [modem for modem in self._modems if modem.is_up]
            if not up:
                raise NotReadyToSend(self._standing())
            if free := [modem for modem in up if not modem.is_taken]:
                return max(free, key=lambda modem: modem.signal or 0.0)
            await self._turned.wait()


async def _opening(modem: Modem) -> LinkError | None:
    """Why it cannot be opened now, if it cannot."""
    try:
        await modem.open()
    except LinkError as failed:
        modem.why_down = str(failed)
        return failed
    return None


class Place(Generic[Correlation]):
    """One modem, for one text."""

    def __init__(self, pool: ModemPool[Correlation], modem: Modem) -> None:
        self._pool = pool
        self._modem = modem

    async def submit(
        self, text: Text, correlation: Correlation, *, timeout_s: float, turn: Callable[[], Awaitable[None]] | None = None
    ) -> Sent:
        """Hand over one text, part after part, each as soon as the one before it was taken; `timeout_s` is for all of it. `turn` is
        awaited before each part: what it raises ends the text there, with nothing under way.

        A later part that is refused for the moment is offered again until the time is over.
        Raises: NotHandedOver (nothing left), LinkTimeout (nobody knows; a late answer comes by receive()), LinkBroken (nobody knows),
        BrokenOff (of several parts), ValueError (a text that cannot be one message, a destination that is no number).
        """
        until = asyncio.get_running_loop().time() + timeout_s
        coding, parts = self._pool.parts_of(text.text)
        pdus = [self._pdu(text, coding, part) for part in parts]
        sent = Sent(self._modem.sim, (), "", len(parts))
        wait_s = _PART_RETRY_FIRST_S
        while len(sent.references) < len(pdus):
            if turn is not None:
                await turn()
            try:
                reference = await self._hand_over(pdus[len(sent.references)], sent, correlation, whom=text.destination, until=until)
            except AtRefused as refused:
                if not _is_worth_waiting(refused.code, sent, wait_s, until):
                    return msgspec.structs.replace(sent, code=refused.code)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _PART_RETRY_MOST_S)
                continue
            sent = sent.taken(reference, asyncio.get_running_loop().time())
        return sent

    async def _hand_over(self, pdu: Encoded, sent: Sent, correlation: Correlation, *, whom: str, until: float) -> int:
        """The reference of one part. Raises: AtRefused; LinkError as submit() does."""
        left_s = until - asyncio.get_running_loop().time()
        is_last = len(sent.references) + 1 == sent.parts
        try:
            return await self._modem.submit(pdu, whom=whom, within_s=left_s)
        except AtRefused:
            raise
        except LinkError as failed:
            if is_last and isinstance(failed, LinkTimeout):
                self._pool.gave_up(self._modem, correlation, sent)
            if sent.parts == 1 or (isinstance(failed, NotHandedOver) and not sent.references):
                raise
            raise BrokenOff(failed, sent) from failed
        except asyncio.CancelledError:
            if is_last:
                self._pool.gave_up(self._modem, correlation, sent)
            raise

    def _pdu(self, text: Text, coding: Coding, part: Part) -> Encoded:
        profile = self._pool.profile
        return submit_pdu(
            Submit(
                destination=text.destination,
                coding=coding,
                part=part,
                validity_s=text.validity_s,
                wants_report=profile.wants_report,
                centre=profile.centre,
            )
        )


def _is_worth_waiting(code: str, sent: Sent, wait_s: float, until: float) -> bool:
    """Whether a later part may be offered again: the first parts are out, and a text with a gap helps nobody."""
    may_pass = blame_of(code) in (Blame.LATER, Blame.UNSURE)
    return may_pass and bool(sent.references) and asyncio.get_running_loop().time() + wait_s < until
