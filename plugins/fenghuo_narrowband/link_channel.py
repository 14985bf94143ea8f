"""The narrow link as a channel: compact frames, sealed, in pieces, acknowledged by the far end's disk; half-duplex over one TNC.

Its evidence is the far end's: DEVICE when it stands on the disk there (RELAYED if that post passes it on), HUMAN when a person
pressed the key. Urgent traffic passes between two frames, whoever they are of.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

from fenghuo import (
    ChannelContext,
    Emission,
    Estimate,
    Evidence,
    FrameError,
    Inbound,
    InboundKind,
    KeyUnusable,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Traffic,
    Transient,
    Unknown,
    Unsupported,
)
from fenghuo.link import Apart, Delivered, Event, Finished, FrameKind, Hostile, KeyRing, Measured, NotTaken, Reached, Unreached
from fenghuo.link.faults import fault_in
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import Command, KissFrame
from fenghuo_adapters.kiss_line import KissLine, Pauses
from fenghuo_narrowband.link_air import air_of
from fenghuo_narrowband.link_cargo import Cargo, Passenger, Shipment, name_or_refusal
from fenghuo_narrowband.link_keys import ring_of
from fenghuo_narrowband.link_post import NOTE, LinkPost
from fenghuo_narrowband.link_reading import ADDRESS_KIND, Heard, inbound_of, measured_of, note_body, tally_body, told_of
from fenghuo_narrowband.link_refusals import Refusals
from fenghuo_narrowband.link_settings import LinkSettings, PostTable, behind_of
from fenghuo_narrowband.tnc import byte_line, parameters

__all__ = ["LinkChannel"]

_FIRST_PAUSE_S = 0.5
# Octets that a piece has around it: its own head and the seal.
_SEAL = 22
# Orders of one fan-out are licensed within milliseconds of each other; so long the first waits for the others of its group.
GATHER_S = 0.15
# A TNC that is gone for longer takes its transfers with it: other channels must have their turn.
_OUTAGE_S = 60.0
_PROOF_S = 600.0
_FORGED = "more than ten frames in a minute under its key do not fit their tag: somebody forges them, or the two ends have different keys"


class LinkChannel(SimpleChannel):
    """One TNC under one station."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: LinkSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._calls = settings.calls_of()
        self._posts = {call: settings.posts[name] for name in settings.posts for call in [str(Address.parse(name))]}
        self._relays = settings.relays_of()
        called = {group.code: group.members for group in settings.groups.values() if group.head == settings.code}
        self._cargo = Cargo(called, settings.commanded())
        self._gathering: dict[tuple[bytes, int, str], list[Passenger]] = {}
        self._inbound: asyncio.Queue[Inbound | None] = asyncio.Queue()
        self._refusals: Refusals | None = None
        self._heard_at: dict[str, float] = {}
        self._power = PowerLevel.FULL
        self._tasks: list[asyncio.Task[None]] = []
        self._outage: asyncio.TimerHandle | None = None
        self._post: LinkPost | None = None
        self._line = KissLine(
            byte_line(settings),
            on_state=self._on_state,
            pauses=Pauses(_FIRST_PAUSE_S, settings.reopen_max_s, ctx.random),
            greeting=parameters(settings),
            write_s=settings.write_s,
        )

    async def start(self) -> None:
        ring: KeyRing = ring_of(self._settings, self._ctx.secret)
        memory = await self._ctx.link.recall(ring)
        self._post = LinkPost(self._ctx, ring, self._line, memory=memory, cargo=self._cargo, on_event=self._on_event)
        await self._post.reserve()
        self._refusals = Refusals(self._ctx, self._cargo, self._post, set_out=self._set_out)
        await self._refusals.recall()
        try:
            await self._line.start()
        except LinkError as exc:
            raise NotReady(str(exc), retry_after_s=min(5.0, self._settings.reopen_max_s)) from exc
        self._tasks = [asyncio.create_task(self._post.run(), name="link post"), asyncio.create_task(self._listen(), name="link ear")]
        self._tasks[0].add_done_callback(self._ended)

    async def stop(self, deadline: float) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._outage is not None:
            self._outage.cancel()
        await self._line.stop()

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        air, size = air_of(self._settings), len(payload.data)
        room = air.room(FrameKind.DISPATCH)
        pieces = max(1, -(-size // room))
        left = size - (pieces - 1) * room
        airtime_s = (pieces - 1) * air.airtime_s(room + _SEAL) + air.airtime_s(left + _SEAL)
        wait_s = airtime_s + air.answer_s()
        return Estimate(airtime_s=airtime_s, latency_q50_s=wait_s, latency_q95_s=3 * wait_s + 5, fragments=pieces)

    async def send(self, job: SendJob) -> Outcome:
        """One job until its end: the far end's receipt, silence after many polls, or the end of the message."""
        if self._post_for(job.address) is None:
            return Permanent(Scope.RECIPIENT, "no-such-post")
        if self._power is not PowerLevel.FULL:
            return Transient(Scope.CHANNEL, "listening-only")
        if not self._line.is_up or self._post is None:
            return Transient(Scope.CHANNEL, "line-down")
        async with job.begin() as emission:
            name = name_or_refusal(emission.payload.data)
            if isinstance(name, Permanent):
                return name
            return await self._carry(self._passenger(job, emission, name))

    def _post_for(self, call: str) -> PostTable | None:
        """The post to which what is for this callsign goes."""
        return self._posts.get(call) or self._posts.get(self._relays.get(call, ""))

    def _passenger(self, job: SendJob, emission: Emission, name: str) -> Passenger:
        assert self._post is not None
        assert self._refusals is not None
        post = self._post_for(job.address)
        assert post is not None
        level = Evidence.RELAYED if post.relays else Evidence.DEVICE
        ends_at = self._post.now() + emission.validity_s
        passenger = Passenger(post.code, job.address, job, emission, level, emission.payload.data, name, ends_at)
        return self._refusals.made_readable(passenger, self._call(post.code))

    async def _carry(self, passenger: Passenger) -> Outcome:
        self._set_out(passenger)
        try:
            return await passenger.outcome
        finally:
            self._cargo.leave(passenger)

    def _set_out(self, passenger: Passenger) -> None:
        if not passenger.outcome.done() and not self._board(passenger):
            self._gather(passenger)

    def _board(self, passenger: Passenger) -> bool:
        """Whether the same is under way to the same post already, from before a crash or for another member of the group."""
        assert self._post is not None
        for ref in self._cargo.refs_for(passenger):
            shipment, outgoing = self._cargo.get(ref), self._post.claim(ref)
            parcel = shipment.parcel if shipment else outgoing.parcel if outgoing else None
            if parcel is None:
                continue
            self._cargo.join(ref, parcel, passenger)
            if self._post.station.is_held(ref, passenger.code):
                passenger.reached()
            return True
        return False

    def _gather(self, passenger: Passenger) -> None:
        if not self._cargo.may_be_called_with_others(passenger.code) and passenger.call not in self._relays:
            self._depart([passenger])
            return
        waiting = self._gathering.setdefault(passenger.kin, [])
        waiting.append(passenger)
        if len(waiting) == 1:
            asyncio.get_running_loop().call_later(GATHER_S, self._gathered, passenger.kin)

    def _gathered(self, kin: tuple[bytes, int, str]) -> None:
        waiting = self._gathering.pop(kin, [])
        self._depart([passenger for passenger in waiting if not passenger.outcome.done()])

    def _depart(self, passengers: list[Passenger]) -> None:
        assert self._post is not None
        for shipment in self._cargo.load(passengers):
            self._open(shipment, self._post)

    def _open(self, shipment: Shipment, post: LinkPost) -> None:
        try:
            post.open(shipment.parcel)
        except KeyUnusable as fault:
            self._ctx.log.error("key cannot be used", cause=str(fault))
            self._cargo.drop(shipment.ref, Transient(Scope.RECIPIENT, "key-unusable", 60.0))
        except FrameError as fault:
            self._cargo.drop(shipment.ref, Permanent(Scope.MESSAGE, fault.code or "too-long"))

    # What comes in.

    async def inbound(self) -> AsyncIterator[Inbound]:
        while (thing := await self._inbound.get()) is not None:
            yield thing
        for task in self._tasks[:1]:
            if task.done() and not task.cancelled():
                task.result()

    async def _listen(self) -> None:
        async for frame in self._line.frames():
            heard = self._of_our_net(frame)
            if heard is not None and self._post is not None:
                self._post.hear(heard)
                self._station_heard(heard)

    def _of_our_net(self, frame: KissFrame) -> UiFrame | None:
        if frame.command != Command.DATA or frame.port != self._settings.kiss_port:
            return None
        try:
            heard = UiFrame.decode(frame.data)
        except FrameError as fault:
            self._ctx.log.debug("frame not understood", cause=str(fault))
            return None
        is_ours = heard.destination == Address.parse(self._settings.net) and heard.source != Address.parse(self._settings.mycall)
        return heard if is_ours else None

    def _station_heard(self, heard: UiFrame) -> None:
        now, call = self._ctx.clock.monotonic(), str(heard.source)
        if call not in self._posts or now - self._heard_at.get(call, -1e9) < self._settings.heard_every_s:
            return
        self._heard_at[call] = now
        self._inbound.put_nowait(Inbound(InboundKind.HEARD, b"", _nothing, address_kind=ADDRESS_KIND, address=call))

    def _on_event(self, event: Event) -> None:
        match event:
            case Delivered():
                self._delivered(event)
            case Reached() | Unreached() | Finished():
                self._cargo.told(event)
                if isinstance(event, Finished) and self._refusals is not None:
                    self._refusals.told(event)
            case Hostile():
                self._hostile(event)
            case Apart():
                self._apart(event)
            case Measured():
                self._inbound.put_nowait(measured_of(event, self._call(event.source)))
            case NotTaken(cause=cause):
                self._ctx.log.info("frame not taken", cause=cause.value, source=self._call(event.source))
            case _:
                return

    def _hostile(self, event: Hostile) -> None:
        if event.active:
            self._inbound.put_nowait(told_of(self._call(event.source), InboundKind.HOSTILE, _FORGED))
        else:
            self._ctx.log.info("no forged frames any more", source=self._call(event.source))

    def _apart(self, event: Apart) -> None:
        """A person must set the wrong one of the two."""
        call, way = self._call(event.source), "ahead of" if event.ahead_s > 0 else "behind"
        off = f"{abs(event.ahead_s) / 3600:.1f} h" if abs(event.ahead_s) >= 3600 else f"{abs(event.ahead_s) / 60:.0f} min"
        self._ctx.log.error("clocks differ", source=call, ahead_s=round(event.ahead_s))
        text = (
            f"the clock of {call} is {off} {way} ours: what one of the two still holds good the other may refuse as over; set the wrong one"
        )
        self._inbound.put_nowait(Inbound(InboundKind.CLOCK, b"", _nothing, address_kind=ADDRESS_KIND, address=call, text=text))

    def _delivered(self, event: Delivered) -> None:
        async def ack() -> None:
            assert self._post is not None
            self._post.station.taken(event)
            self._post.wake()

        async def refuse(why: str) -> None:
            assert self._refusals is not None
            await self._refusals.answer(event, call, why)

        call, fault = self._call(event.source), fault_in(event)
        post = self._posts.get(call)
        heard = Heard(call, behind_of(post) if post else (), ack, refuse, post is not None and post.is_head)
        for thing in self._refusals.heard(event, fault, heard) if fault and self._refusals else inbound_of(event, heard):
            self._inbound.put_nowait(thing)

    def _call(self, code: int | None) -> str:
        return self._calls.get(code, f"node {code}") if code is not None else "unknown"

    # The rest.

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        """A person's receipt for what came in as `ref`; on the disk when this returns. Raises: NotReady, FrameError, KeyUnusable."""
        call, _, name = ref.partition("/")
        post = self._posts.get(call)
        if post is None:
            return Unsupported()
        await self._note(post, note_body(name, level, text, traffic), traffic, f"{ref}/{level:d}")
        return None

    async def tally(self, ref: str, level: Evidence, addresses: Collection[str], *, traffic: Traffic) -> Unsupported | None:
        """One receipt for all behind us, in one frame. Raises: NotReady, FrameError, KeyUnusable."""
        call, _, name = ref.partition("/")
        post = self._posts.get(call)
        if post is None or not (post.is_head and post.behind):
            return Unsupported()
        if not addresses:
            return None
        body = tally_body(name, level, [each in addresses for each in behind_of(post)], traffic)
        await self._note(post, body, traffic, f"{ref}/{level:d}/{len(addresses)}")
        return None

    async def _note(self, post: PostTable, body: bytes, traffic: Traffic, ref: str) -> None:
        if self._post is None:
            raise NotReady("the link is not open")
        await self._post.reply(post.code, body, traffic, f"{NOTE}{ref}")

    async def measure(self, address: str, body: bytes) -> Unsupported | None:
        post = self._posts.get(address)
        if post is None:
            return Unsupported()
        if self._post is None or not self._line.is_up:
            raise NotReady("the link is not open")
        self._post.measure(post.code, body)
        return None

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Raises: LinkError: the line is down. An open line proves the TNC; only a post lately heard proves the air."""
        self._line.ready()
        last = max(self._heard_at.values(), default=None)
        if last is None:
            return ProbeResult(answered=False, detail=f"{self._line.name} is open; no post was heard yet")
        silence_s = self._ctx.clock.monotonic() - last
        return ProbeResult(answered=silence_s <= _PROOF_S, detail=f"{self._line.name} is open; a post was heard {silence_s:.0f} s ago")

    async def set_power(self, level: PowerLevel) -> None:
        self._power = level

    def _on_state(self, up: bool, reason: str) -> None:
        say = self._ctx.log.info if up else self._ctx.log.warning
        say("radio line up" if up else "radio line down", cause=reason)
        self._ctx.health(up, reason)
        if self._outage is not None:
            self._outage.cancel()
            self._outage = None
        if up and self._post is not None:
            self._post.wake()
        elif not up:
            self._outage = asyncio.get_running_loop().call_later(_OUTAGE_S, self._give_up)

    def _give_up(self) -> None:
        for shipment in self._cargo:
            if self._post is not None:
                self._post.cancel(shipment.ref)
            self._cargo.drop(shipment.ref, Unknown("line-down"))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._inbound.put_nowait(None)


async def _nothing() -> None:
    """A frame that was only heard is not acknowledged."""
