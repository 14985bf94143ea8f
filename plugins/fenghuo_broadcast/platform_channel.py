"""Channel `broadcast.platform`: asks an emergency broadcast platform to sound something, or to stop it. See docs/reference/broadcast.md.

A start leaves only under a number that is on the disk, and a delivery never has two; a stop is held back by nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from fenghuo import (
    AttemptRef,
    ChannelContext,
    Emission,
    Estimate,
    Evidence,
    FenghuoError,
    FormatError,
    Inbound,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Token,
    Traffic,
    Transient,
    Unknown,
)
from fenghuo_adapters.ebd_post import PacketDoor
from fenghuo_broadcast import ebd
from fenghuo_broadcast.ebd import Broadcast
from fenghuo_broadcast.ebd_numbers import area_of, ebrid
from fenghuo_broadcast.ebm import Programme, programme_of
from fenghuo_broadcast.platform_doubts import Doubts
from fenghuo_broadcast.platform_exchange import PlatformExchange
from fenghuo_broadcast.platform_outcomes import WENT_NOWHERE, of_state, of_stop, worst
from fenghuo_broadcast.platform_plays import STOPPED, DayIsFull, Play, Plays
from fenghuo_broadcast.platform_reports import Reports
from fenghuo_broadcast.platform_settings import DIGITS, PlatformSettings
from fenghuo_broadcast.quiet import Loudness

__all__ = ["PlatformChannel"]

MARGIN_S = 0.2
"""Left of the job's deadline for our own work."""
FORGOTTEN_S = 30 * 86_400.0
"""So long after a restore an emission that we know nothing of may have been one of the time that was lost."""
NOT_NOTED = Transient(Scope.CHANNEL, "not-noted")
TAKEN = 1
"""The highest ResultCode that is no refusal."""
STILL_SOUNDS = Transient(Scope.RECIPIENT, "still-sounds", 0.0)


class PlatformChannel(SimpleChannel):
    """See plugins.md, Channel. The heartbeat tells health; what was started outlives this object in its notes."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: PlatformSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._loudness = Loudness(settings)
        self._plays = Plays(ctx.notes, settings.source)
        self._reports = Reports(settings, self._plays)
        self._line = PlatformExchange(settings, ctx.clock.time)
        self._doubts = Doubts(self._asked_once)
        self._door = PacketDoor(self._answer)
        self._heart: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._is_open = False
        self._forgotten_until = 0.0

    async def start(self) -> None:
        """Recall, listen, and hear the platform once. Raises: NotReady; AuthFailed: a key is none; ConfigError: armed in the future."""
        recalled, now = await self._ctx.notes.recall(), self._ctx.clock.time()
        self._forgotten_until = recalled.turned_back_at + FORGOTTEN_S if recalled.turned_back_at else 0.0
        await self._loudness.look(self._ctx, recalled)
        await self._plays.load(recalled.values, now)
        if self._loudness.why_off:
            self._ctx.log.warning("nothing is started over this channel", cause=self._loudness.why_off)
        await self._line.open(self._ctx)
        try:
            if self._settings.listen_port:
                await self._door.open(self._settings.listen_host, self._settings.listen_port)
            await self._line.beat(self._settings.timeout_s)
        except LinkError as silent:
            raise NotReady(str(silent), retry_after_s=5.0) from silent
        self._is_open = True
        self._heart = asyncio.create_task(self._beats(), name=f"heartbeat of {self._ctx.name}")

    async def stop(self, deadline: float) -> None:
        self._is_open = False
        tasks = [task for task in (self._heart, self._asking) if task is not None]
        self._heart = self._asking = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._reports.end()
        await self._line.close()
        await self._door.close()

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(latency_q50_s=min(1.0, self._settings.receipt_q95_s), latency_q95_s=self._settings.receipt_q95_s)

    async def send(self, job: SendJob) -> Outcome:
        if not self._is_open:
            return Transient(Scope.CHANNEL, "not-started")
        address = self._address(job.address)
        if not address:
            return Permanent(Scope.RECIPIENT, "not-a-resource-code")
        if self._limit_s(job) <= 0:
            return Transient(Scope.CHANNEL, "no-time")
        async with job.begin() as emission:
            return await self._emit(job, emission, address)

    async def query(self, ref: AttemptRef) -> Outcome:
        """What became of it, by its own number; asked again until there is an answer. Raises: LinkError: there was none."""
        play = self._plays.of(ref.token)
        if play is None:
            is_sure = self._ctx.clock.time() > self._forgotten_until
            return WENT_NOWHERE if is_sure else Unknown("the store went back in time")
        return await self._doubts.resolve(ref, within_s=self._settings.query_s)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """A heartbeat. Raises: LinkError."""
        began = self._ctx.clock.monotonic()
        await self._line.beat(budget.timeout_s)
        return ProbeResult(answered=True, round_trip_s=self._ctx.clock.monotonic() - began, detail=self._loudness.why_off or "armed")

    async def inbound(self) -> AsyncIterator[Inbound]:
        async for item in self._reports.inbound():
            yield item

    async def _emit(self, job: SendJob, emission: Emission, address: str) -> Outcome:
        try:
            programme = self._completed(programme_of(emission.payload), address)
            if programme.stops:
                was_coming = self._plays.starts.stop(programme.message, address)
                started = self._plays.started(programme.message, address)
                if not started and not was_coming:
                    return Permanent(Scope.RECIPIENT, "nothing-to-stop")
                return await self._end(emission.token, programme, started, limit_s=self._limit_s(job))
            refused = self._refusal(job, programme)
            return refused or await self._begin(job, emission, programme, address)
        except DayIsFull:
            return Permanent(Scope.CHANNEL, "no-numbers-left-today")
        except (FormatError, ValueError) as unsaid:  # XML has no room for control characters
            self._ctx.log.error("a message cannot be broadcast", token=emission.token, cause=str(unsaid))
            return Permanent(Scope.MESSAGE, getattr(unsaid, "code", "no-xml"))

    async def _begin(self, job: SendJob, emission: Emission, programme: Programme, address: str) -> Outcome:
        """Start it. An Update ends first what it replaces: two texts about one danger are worse than a gap of a moment."""
        token = emission.token
        self._plays.look_for_room(token, self._ctx.clock.time())
        is_first = self._plays.of(token) is None
        with self._plays.starts.coming(token, programme, address, until=programme.ends, is_first=is_first) as start:
            given_way = await self._make_room(token, programme, address, limit_s=self._limit_s(job))
            if start.ended is not None or not isinstance(given_way, Reached):
                return start.ended or given_way
            try:
                play = await self._plays.start(token, programme, address, self._ctx.clock.time())
            except FenghuoError:
                return NOT_NOTED
            if (ended := await self._plays.opens(token, start, emission)) is not None:
                return ended
        number = play.ebmids[0]
        said = ebd.start(self._line.head(address), Broadcast(number, programme, programme.event_type))
        outcome = await self._line.give(said, play.ebmids, self._limit_s(job))
        stop = self._plays.stop_of(number)
        if stop:  # it may have overtaken the start on its way: only a stop that was sent afterwards certainly came after it
            broadcast = Broadcast(stop, programme, programme.event_type)
            await self._line.give(ebd.stop(self._line.head(address), broadcast, number), (stop,), self._settings.timeout_s)
        return outcome

    async def _make_room(self, token: Token, programme: Programme, address: str, *, limit_s: float) -> Outcome:
        if not programme.replaces:
            return Reached(Evidence.ACCEPTED)
        self._plays.starts.stop(programme.message, address, before=programme.revision)
        earlier = self._plays.started(programme.message, address, before=programme.revision)
        return await self._end(Token(f"{token}/before"), programme, earlier, limit_s=limit_s)

    async def _end(self, token: Token, programme: Programme, started: list[Play], *, limit_s: float) -> Outcome:
        """Stop each that may still sound, all at once: none waits for the slowest of them."""
        now = self._ctx.clock.time()
        sounding = {number: play for play in started if play.may_sound(now) for number in play.ebmids}
        if not sounding:
            is_said = bool(self._settings.listen_port and started) and all(play.is_silenced for play in started)
            return Reached(Evidence.AIRED if is_said else Evidence.ACCEPTED)
        address = started[0].address
        try:
            play = await self._plays.stop(token, programme, address, stops=tuple(sounding), now=now)
        except FenghuoError:
            return NOT_NOTED
        given = []
        pairs = [(own, stopped) for own, stopped in zip(play.ebmids, play.stops, strict=True) if stopped in sounding]
        for own, stopped in pairs:
            broadcast = Broadcast(own, programme, sounding[stopped].event_type)
            given.append(self._line.give(ebd.stop(self._line.head(address), broadcast, stopped), (own,), limit_s))
        outcomes = zip(await asyncio.gather(*given), pairs, strict=True)
        return worst([of_stop(outcome, sounding[stopped], is_cancel=programme.stops) for outcome, (_, stopped) in outcomes])

    async def _asked_once(self, ref: AttemptRef) -> Outcome:
        """Raises: LinkError."""
        play = self._plays.of(ref.token)
        if play is None:
            return WENT_NOWHERE
        return worst([await self._asked(play, number, self._settings.timeout_s) for number in play.stops or play.ebmids])

    async def _asked(self, play: Play, number: str, limit_s: float) -> Outcome:
        """What became of one number. Raises: LinkError."""
        waiting = self._reports.expected(number)
        answer = await self._line.ask(ebd.state_request(self._line.head(play.address), number), limit_s)
        state = next((state for state in answer.states if state.ebmid == number), None)
        if state is None and answer.result is not None and answer.result.code in self._settings.absent_codes:
            return Reached(Evidence.ACCEPTED) if play.stops else WENT_NOWHERE
        if state is None and (answer.result is None or answer.result.code <= TAKEN):  # it comes in by itself, or never
            state = await self._reports.state(waiting, limit_s)
        if state is None:
            return Unknown("no-state")
        if play.stops:
            return Reached(Evidence.AIRED) if state.code == STOPPED else STILL_SOUNDS
        return of_state(state, play.ebmids, terminals_count=self._settings.terminal_reports)

    async def _answer(self, raw: bytes) -> bytes:
        """Somebody posted a packet at our door."""
        came, result = await self._reports.taken(self._line.take, raw)
        if result.code > 1:
            self._ctx.log.warning("a packet was refused", code=result.code, cause=result.words, source=came.source if came else "")
        return await self._line.answer(came, result)

    async def _beats(self) -> None:
        """Heartbeats, as long as the channel lives: the platform misses us as we miss it."""
        is_up = True
        while True:
            await asyncio.sleep(self._settings.heartbeat_s)
            try:
                await self._line.beat(self._settings.timeout_s)
            except LinkError as silent:
                self._ctx.health(False, str(silent))
                is_up = False
                continue
            if not is_up:
                self._ctx.health(True, "the platform answers")
                is_up = True
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask_again(), name=f"doubts of {self._ctx.name}")

    async def _ask_again(self) -> None:
        """Beside the heartbeats: a platform may let us wait for the state of each for as long as it likes."""
        for item in await self._doubts.again():
            await self._reports.hand_over(item)

    def _refusal(self, job: SendJob, programme: Programme) -> Outcome | None:
        if not programme.event_type:
            return Permanent(Scope.MESSAGE, "no-event-type")
        is_exercise = job.traffic is not Traffic.ACTUAL
        now = self._ctx.clock.time()
        return self._loudness.refusal(level=programme.level, priority=job.priority, is_exercise=is_exercise, now=now)

    def _completed(self, programme: Programme, address: str) -> Programme:
        """With what the settings and the address say where the message says nothing."""
        return msgspec.structs.replace(
            programme,
            areas=programme.areas or (area_of(address),),
            sender=programme.sender or self._settings.sender_name or self._settings.source,
            event_type=programme.event_type or self._settings.event_type,
        )

    def _address(self, text: str) -> str:
        """A resource code of this form, empty if it is none."""
        try:
            code = ebrid(text)
        except ValueError:
            return ""
        return code if len(code) == DIGITS[self._settings.form] else ""

    def _limit_s(self, job: SendJob) -> float:
        return min(self._settings.timeout_s, job.deadline - self._ctx.clock.monotonic() - MARGIN_S)
