"""Packet radio as a channel: readable text in AX.25 UI frames through a KISS TNC, to one station or to a group.

AIRED is the most it can say by itself: KISS reports no end of transmission, so the airtime of each frame is waited out while the
line must hold; through a base station or a relay each frame must be heard to be repeated as well. A digipeater keeps nothing, so that it
is never RELAYED. DEVICE and HUMAN come only from what the far station sends back.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from fenghuo import (
    Aired,
    ChannelContext,
    Emission,
    Estimate,
    Evidence,
    FrameError,
    Inbound,
    InboundKind,
    LinkClosed,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    PowerLevel,
    Priority,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
    Unknown,
)
from fenghuo_adapters.ax25_framing import MAX_INFO, Address, UiFrame
from fenghuo_adapters.kiss_framing import Command, KissFrame
from fenghuo_adapters.kiss_line import KissLine, Pauses
from fenghuo_narrowband.airtime import MAX_OCTETS, AirClosed, frame_s
from fenghuo_narrowband.answers import Answer, Device, Order, reading
from fenghuo_narrowband.parts import fragments
from fenghuo_narrowband.repeaters import Route
from fenghuo_narrowband.repeats import Repeats
from fenghuo_narrowband.settings import RadioSettings
from fenghuo_narrowband.tnc import byte_line, parameters

if TYPE_CHECKING:
    from fenghuo_narrowband.text_air import TextAir

__all__ = ["ADDRESS_KIND", "RadioChannel"]

ADDRESS_KIND = "callsign"

_FIRST_PAUSE_S = 0.5
_ANYBODY, _A_NUMBER = "FFFFFF", 9999
"""Whom and what an estimate is for that is for nobody yet: as long as any."""
# A station heard this lately proves that the receiver, the antenna and the squelch work.
_PROOF_S = 600.0
_HEARD_STATIONS = 1000  # remembered, so that a noisy band cannot fill the memory


class RadioChannel(SimpleChannel):
    """One TNC. Half-duplex: one emission at a time, more urgent ones between two frames. `air`: what its medium's caps leave, if there
    are any."""

    def __init__(self, ctx: ChannelContext, air: TextAir | None = None) -> None:
        settings: RadioSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._mycall = Address.parse(settings.mycall)
        self._base = tuple(Address.parse(hop) for hop in settings.path)
        self._heard_at: dict[str, float] = {}  # when each station was last reported, oldest first
        self._last_heard: float | None = None
        self._power = PowerLevel.FULL
        self._air = air
        self._is_carried = True  # as far as is known
        self._line = KissLine(
            byte_line(settings),
            on_state=self._on_state,
            pauses=Pauses(_FIRST_PAUSE_S, settings.reopen_max_s, ctx.random),
            greeting=parameters(settings),
            write_s=settings.write_s,
        )
        self._repeats = Repeats(settings, self._line, ctx.clock.monotonic, may_ask=self._may_ask, on_turn=self._on_turn)

    async def start(self) -> None:
        if self._air is not None:
            await self._air.open()
        try:
            await self._line.start()
        except LinkError as exc:
            raise NotReady(str(exc), retry_after_s=min(5.0, self._settings.reopen_max_s)) from exc

    async def stop(self, deadline: float) -> None:
        await self._line.stop()

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        """Frame by frame as they will be, each repeated by every digipeater, but for the short number, which has four digits whatever it
        is."""
        station = Address.parse(address or _ANYBODY)
        infos = fragments(payload.text, _A_NUMBER, MAX_INFO)
        frames = [UiFrame(station, self._mycall, info, path=self._base) for info in infos]
        airtime_s = sum(map(self._airtime_s, frames))
        # Half the band may be taken by others before we get a turn.
        return Estimate(airtime_s=airtime_s, latency_q50_s=airtime_s, latency_q95_s=2 * airtime_s + 5, fragments=len(frames))

    async def send(self, job: SendJob) -> Outcome:
        try:
            station = Address.parse(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "bad-callsign")
        if job.size > MAX_OCTETS:
            return Permanent(Scope.MESSAGE, "too-long")
        if self._power is not PowerLevel.FULL:
            return Transient(Scope.CHANNEL, "listening-only")
        if not self._line.is_up:
            return Transient(Scope.CHANNEL, "line-down")
        route = await self._repeats.found(is_urgent=job.priority is Priority.P0, may_look=job.priority > Priority.P1)
        if route is None:
            return Transient(Scope.CHANNEL, "no-repeater", 0.0)  # the channel is down: as soon as it is not, in order with the rest
        async with job.begin() as emission:
            return await self._emit(station, emission, job, route)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Through a base station: whoever repeats a frame to ourselves proves the air. Without one, an open line proves the TNC and never
        the air: only a station lately heard does. Raises: LinkError: the line is down."""
        self._line.ready()
        if self._repeats.is_listened_for:
            is_carried = await self._repeats.ask(budget.timeout_s)
            return ProbeResult(answered=is_carried, detail=self._repeats.says() or f"{self._settings.path[0]} was asked")
        silence_s = self._silence_s()
        lately = f"{silence_s:.0f} s ago somebody was heard" if silence_s is not None else "nobody was heard yet"
        is_proven = silence_s is not None and silence_s <= _PROOF_S
        return ProbeResult(answered=is_proven, detail=f"{self._line.name} is open, which proves the TNC and not the air; {lately}")

    def remark(self) -> str:
        return self._repeats.says()

    async def inbound(self) -> AsyncIterator[Inbound]:
        async for frame in self._line.frames():
            for thing in self._read(frame):
                yield thing

    async def set_power(self, level: PowerLevel) -> None:
        self._power = level

    async def _emit(self, station: Address, emission: Emission, job: SendJob, route: Route) -> Outcome:
        """All frames of one emission, each waited out; a line lost on the way, or a frame that nobody was heard to repeat, leaves it
        unknown, not failed: somebody may have heard it all the same."""
        began, aired = False, list[float]()
        try:
            for info in fragments(emission.payload.text, emission.number, MAX_INFO):
                frame = UiFrame(station, self._mycall, info, path=route)
                await self._turn(emission, frame, job)
                is_repeated = await self._repeats.say(frame)
                began = True
                aired.append(self._airtime_s(frame))
                emission.book(Estimate(airtime_s=sum(aired), fragments=len(aired)))
                if not is_repeated:
                    await self._repeats.settle(route)
                    return Unknown(f"{route[0]} was not heard to repeat it")
            await self._after(station, route)
        except LinkClosed as exc:
            return Unknown(str(exc)) if began else Transient(Scope.CHANNEL, "line-down")
        except AirClosed as exc:
            return Unknown(str(exc)) if began else _closed(exc.retry_after_s)
        except LinkError as exc:
            return Unknown(str(exc))
        refs = (_ref(station, emission.number),) if emission.number else ()
        return Aired(refs) if self._settings.pace else Reached(Evidence.ACCEPTED, refs)

    async def _after(self, station: Address, route: Route) -> None:
        """All of it is on the air by now, whatever becomes of the line."""
        try:
            if route:
                await self._repeats.leave_room(station)
        except LinkError as exc:
            self._ctx.log.debug("the line was lost after an order", cause=str(exc))

    async def _turn(self, emission: Emission, frame: UiFrame, job: SendJob) -> None:
        if self._air is None:
            await emission.turn()
        else:
            await self._air.turn(emission, self._airtime_s(frame), job.priority, deadline=job.deadline)

    def _airtime_s(self, frame: UiFrame) -> float:
        """Its own seconds on the medium and those of its repetitions."""
        return (1 + len(frame.path)) * frame_s(frame.encode(), self._settings)

    async def _may_ask(self, seconds: float) -> bool:
        return self._air is None or await self._air.may_ask(seconds)

    def _read(self, frame: KissFrame) -> Iterator[Inbound]:
        """What one frame means; whatever is no AX.25 UI frame of this radio port is noise."""
        if frame.command != Command.DATA or frame.port != self._settings.kiss_port:
            return
        try:
            heard = UiFrame.decode(frame.data)
        except FrameError as exc:
            self._ctx.log.debug("frame not understood", cause=str(exc))
            return
        self._repeats.hear(heard)
        if heard.source == self._mycall:
            self._last_heard = self._ctx.clock.monotonic()
            return  # our own frame, repeated by a digipeater
        yield from self._station(heard, frame.data)
        if heard.destination == self._mycall:
            yield from self._addressed(heard, frame.data)

    def _station(self, heard: UiFrame, raw: bytes) -> Iterator[Inbound]:
        """HEARD, at most once for each station in the set time."""
        now, call = self._ctx.clock.monotonic(), str(heard.source)
        self._last_heard = now
        last = self._heard_at.get(call)
        if last is not None and now - last < self._settings.heard_every_s:
            return
        self._heard_at.pop(call, None)
        self._heard_at[call] = now
        if len(self._heard_at) > _HEARD_STATIONS:
            del self._heard_at[next(iter(self._heard_at))]
        yield _inbound(InboundKind.HEARD, heard, raw)

    def _addressed(self, heard: UiFrame, raw: bytes) -> Iterator[Inbound]:
        match reading(heard.info):
            case Device(number=number):
                yield _inbound(InboundKind.RECEIPT, heard, raw, ref=_ref(heard.source, number), level=Evidence.DEVICE)
            case Answer(text=text):
                yield _inbound(InboundKind.ANSWER, heard, raw, text=text)
            case Order():
                self._ctx.log.warning("another post sent us an order; it is not taken in", frame=str(heard))
            case None:
                return

    def _silence_s(self) -> float | None:
        """Seconds since any station was heard; None if none was."""
        return self._ctx.clock.monotonic() - self._last_heard if self._last_heard is not None else None

    def _on_state(self, up: bool, reason: str) -> None:
        say = self._ctx.log.info if up else self._ctx.log.warning
        say("radio line up" if up else "radio line down", cause=reason)
        if up:
            self._repeats.anew()
        self._ctx.health(up, reason)

    def _on_turn(self, is_carried: bool, sentence: str) -> None:
        """Somebody else carries us now: a relay is a strain, and nobody is an outage."""
        self._ctx.log.warning("the way on the air has changed", cause=sentence)
        if is_carried and not self._is_carried:
            self._ctx.health(True, sentence)
        elif not is_carried:
            self._ctx.health(False, sentence)
        elif self._repeats.says():
            self._ctx.strained(sentence)
        self._is_carried = is_carried


def _closed(retry_after_s: float) -> Outcome:
    if math.isinf(retry_after_s):
        return Permanent(Scope.MESSAGE, "longer-than-the-cap")
    return Transient(Scope.MESSAGE, "no-airtime", retry_after_s)


def _ref(station: Address, number: int) -> str:
    """By what a terminal's receipt names an emission: it knows its own callsign and the number it read."""
    return f"{station}/{number:04d}"


def _inbound(kind: InboundKind, heard: UiFrame, raw: bytes, *, text: str = "", ref: str = "", level: Evidence | None = None) -> Inbound:
    return Inbound(kind, raw, _no_ack, address_kind=ADDRESS_KIND, address=str(heard.source), text=text, ref=ref, level=level)


async def _no_ack() -> None:
    """A radio frame is not acknowledged: the answer was heard or it was not, and acks would take airtime from orders."""
