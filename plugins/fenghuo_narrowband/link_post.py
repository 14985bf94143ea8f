"""One station on its TNC: moves frames between the line, the station and the disk, in the order that keeps the promises.

Only here is the station called. Nothing leaves before what it says stands on the disk; nothing is acknowledged before the core has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from fenghuo import ChannelContext, FrameError, LinkError, NotReady, Priority, Traffic
from fenghuo.link import Changes, Disk, Ending, Event, Finished, FrameKind, KeyRing, Memory, Outgoing, Parcel, Station
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import KissFrame
from fenghuo_adapters.kiss_line import KissLine
from fenghuo_narrowband.link_air import air_of, caps_of, frame_s
from fenghuo_narrowband.link_cargo import Cargo
from fenghuo_narrowband.link_settings import LinkSettings
from fenghuo_narrowband.tnc import AT_ONCE, persistence

__all__ = ["NOTE", "LinkPost"]

# A transfer of before the crash that no job asks for again by now is of a message that was answered, replaced or withdrawn.
UNCLAIMED_S = 120.0
# Refs of our own notes begin so; no job of the core stands behind them.
NOTE = "note/"
NOTE_RETRY_S = 60.0
_NOTE_S = 86_400.0  # how long a person's receipt is worth sending
_MEASURED_S = 3_600.0
_KEEP_S = 10.0
# Whatever the station says, it is not asked more often than this when nothing happens.
_LEAST_REST_S = 0.02
_LONGEST_REST_S = 60.0


class LinkPost:
    """The station of this post. `on_event` hears what it says; `open`, `cancel`, `taken` and `say` are for the loop's own thread."""

    def __init__(
        self, ctx: ChannelContext, ring: KeyRing, line: KissLine, *, memory: Memory, cargo: Cargo, on_event: Callable[[Event], None]
    ) -> None:
        settings: LinkSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._line = line
        self._cargo = cargo
        self._on_event = on_event
        self._disk: Disk = ctx.link
        self._base = ctx.clock.time() - ctx.clock.monotonic()  # a wall clock that jumps must not open slots or end transfers
        self._net, self._mycall = Address.parse(settings.net), Address.parse(settings.mycall)
        notes = tuple(outgoing for outgoing in memory.outgoing if outgoing.parcel.ref.startswith(NOTE))
        self._notes = {outgoing.parcel.ref: outgoing for outgoing in notes}  # as they stand on the disk, under way or resting
        self._resting: dict[str, float] = {}  # of notes that nobody answered for: when they are said again
        self._unkept: list[asyncio.Future[None]] = []
        self._kept = {outgoing.parcel.ref: outgoing for outgoing in memory.outgoing if outgoing not in notes}
        self._claim_until = self.now() + UNCLAIMED_S
        self._was_slotted = False
        self._wake = asyncio.Event()
        self._events: list[Event] = []  # not told before the disk has what belongs to them
        kept = Memory(memory.windows, notes, memory.incoming)
        self.station = Station(
            ring,
            air_of(settings),
            ledger=self._disk.ledger(caps_of(settings)),
            chance=ctx.random,
            memory=kept,
            is_clock_trusted=ctx.clock.quality() != "freerun",
        )

    def now(self) -> float:
        """UTC seconds of a clock that does not jump."""
        return self._base + self._ctx.clock.monotonic()

    def wake(self) -> None:
        self._wake.set()

    def open(self, parcel: Parcel) -> None:
        """Send a parcel. Raises: KeyUnusable, FrameError."""
        self.station.open(parcel, self.now())
        self.wake()

    def claim(self, ref: str) -> Outgoing | None:
        """Take up a transfer of before the start."""
        outgoing = self._kept.pop(ref, None)
        if outgoing is not None:
            self.station.resume(outgoing)
            self.wake()
        return outgoing

    async def reply(self, destination: int, body: bytes, traffic: Traffic, ref: str) -> None:
        """A note to a post that wrote to us. Raises: NotReady: it is not on the disk in time; as note()."""
        parcel = Parcel(destination, FrameKind.REPLY, traffic, Priority.P1, body, self.now() + _NOTE_S, ref)
        try:
            async with asyncio.timeout(_KEEP_S):
                await self.note(parcel)
        except TimeoutError as late:
            raise NotReady("the link could not keep the receipt") from late

    async def note(self, parcel: Parcel) -> None:
        """Send a note of our own; on the disk when this returns. Raises: KeyUnusable, FrameError, StoreError: as the loop ends."""
        if parcel.ref in self._resting:  # it stands there already, and is wanted now
            self._say_again(parcel.ref)
            return
        self.open(parcel)
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unkept.append(kept)
        await kept

    def measure(self, destination: int, body: bytes) -> None:
        """Telemetry to a post: worth hearing for as long as the next one is not due."""
        self.station.measure(destination, body, traffic=Traffic.SYSTEM, ends_at=self.now() + _MEASURED_S)
        self.wake()

    def cancel(self, ref: str) -> None:
        self.station.cancel(ref)
        self.wake()

    async def reserve(self) -> None:
        """Counters for every lane that runs low, on the disk before the first is used."""
        wanted = self.station.counters.wanted()
        if wanted:
            for grant in await self._disk.reserve(wanted):
                self.station.counters.grant(grant)

    def hear(self, frame: UiFrame) -> None:
        """A frame of our net."""
        self._events += self.station.receive_frame(frame.info, self.now())
        self.wake()

    async def run(self) -> None:
        """Until cancelled. Raises: StoreError: nothing can be kept, so nothing may be said."""
        while True:
            self._wake.clear()
            now = self.now()
            self._forget_unclaimed(now)
            self._wake_notes(now)
            self._events += self.station.look(now)
            events, self._events = self._events, []
            await self._keep(self._put_to_rest(events, now))
            self._tell(events)
            await self.reserve()
            if not await self._say():
                await self._rest()

    async def _keep(self, resting: set[tuple[int, int]]) -> None:
        """`resting`: transfers of notes that are over for now; their rows stay."""
        unkept, self._unkept = self._unkept, []
        changes = self.station.changes()
        if resting:
            changes = msgspec.structs.replace(changes, gone_out=tuple(key for key in changes.gone_out if key not in resting))
        self._note_rows(changes)
        if changes:
            await self._disk.keep(changes)
        self.station.committed()
        for kept in unkept:
            if not kept.done():
                kept.set_result(None)

    async def _say(self) -> bool:
        """The next frame, if one may go now and is still wanted."""
        if not self._line.is_up:
            return False
        for ref in await self._cargo.turn():
            self.station.cancel(ref)
        frame = self.station.frame_due(self.now())
        if frame is None:
            return False
        octets = UiFrame(self._net, self._mycall, frame.octets).encode()
        try:
            await self._set_persistence(slotted=frame.is_slotted)
            await self._line.write(KissFrame(octets, port=self._settings.kiss_port))
        except (LinkError, FrameError) as fault:
            self._ctx.log.warning("frame not handed over", cause=str(fault))
        else:
            self._cargo.aired(frame.ref, frame_s(octets, self._settings, is_chained=frame.is_chained))
        return True

    async def _set_persistence(self, *, slotted: bool) -> None:
        """Slots are for one station each: with persistence 63 a modem in four finds its way to the channel too late for its own.
        Said again for each slot, since a TNC that was restarted in between forgot it. Raises: LinkError."""
        if not slotted and not self._was_slotted:
            return
        said = persistence(self._settings, AT_ONCE if slotted else self._settings.persistence)
        if said is not None:
            await self._line.write(said)
        self._was_slotted = slotted

    async def _rest(self) -> None:
        times = [*self._resting.values(), *([] if (at := self.station.next_at(self.now())) is None else [at])]
        at = min(times, default=None)
        wait_s = _LONGEST_REST_S if at is None or not self._line.is_up else min(max(at - self.now(), _LEAST_REST_S), _LONGEST_REST_S)
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    def _forget_unclaimed(self, now: float) -> None:
        if self._kept and now >= self._claim_until:
            for ref in tuple(self._kept):
                self.claim(ref)
                self.station.cancel(ref)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self._on_event(event)

    # Notes: nobody else will say them, so that each keeps its row until the other end has it or it is over.

    def _note_rows(self, changes: Changes) -> None:
        self._notes |= {outgoing.parcel.ref: outgoing for outgoing in changes.outgoing if outgoing.parcel.ref.startswith(NOTE)}

    def _put_to_rest(self, events: list[Event], now: float) -> set[tuple[int, int]]:
        """Notes that nobody answered for are said again later, under the same number; the keys of their rows."""
        resting = set()
        for event in events:
            outgoing = self._notes.get(event.ref) if isinstance(event, Finished) else None
            if outgoing is None or not isinstance(event, Finished):
                continue
            if event.ending is Ending.SILENT:
                self._resting[event.ref] = now + NOTE_RETRY_S
                resting.add((outgoing.parcel.destination, outgoing.transfer))
            else:
                del self._notes[event.ref]
        return resting

    def _wake_notes(self, now: float) -> None:
        for ref in [ref for ref, at in self._resting.items() if at <= now]:
            self._say_again(ref)

    def _say_again(self, ref: str) -> None:
        """One whose end has come is looked at as well: the station takes its row away."""
        del self._resting[ref]
        self.station.resume(self._notes[ref])
        self.wake()
