"""Channel `broadcast.terminal`: starts and stops terminals itself, by the protocol of platforms. See docs/reference/broadcast.md.

Here nobody stands between us and the loudspeaker, so that this channel sees to it that the more severe is heard.
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
    InboundKind,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
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
from fenghuo_adapters.broadcast_terminal_framing import Frame
from fenghuo_adapters.broadcast_terminal_line import NotWritten
from fenghuo_broadcast import terminal_command as command
from fenghuo_broadcast.ebd_numbers import area_of, ebrid
from fenghuo_broadcast.ebm import Programme, programme_of
from fenghuo_broadcast.platform_doubts import Doubts
from fenghuo_broadcast.platform_outcomes import of_stop
from fenghuo_broadcast.platform_plays import STOPPED, DayIsFull, Play, Plays
from fenghuo_broadcast.platform_starts import Start
from fenghuo_broadcast.quiet import Loudness
from fenghuo_broadcast.terminal_command import Manner, Report
from fenghuo_broadcast.terminal_exchange import TerminalExchange
from fenghuo_broadcast.terminal_outcomes import PRE_EMPTED, SAY_AGAIN, STATES, WENT_NOWHERE, is_of_another, of_answer, of_report, record
from fenghuo_broadcast.terminal_settings import TerminalSettings

__all__ = ["TerminalChannel"]

MARGIN_S = 0.2
FORGOTTEN_S = 30 * 86_400.0
"""So long after a restore an emission that we know nothing of may have been one of the time that was lost."""
NOT_NOTED = Transient(Scope.CHANNEL, "not-noted")


class TerminalChannel(SimpleChannel):
    """See plugins.md, Channel. The line dials again by itself; what was started outlives this object in its notes."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: TerminalSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._manner = Manner(settings.charset, settings.charset_code, settings.volume, settings.local_time)
        self._loudness = Loudness(settings)
        self._plays = Plays(ctx.notes, settings.source)
        self._exchange = TerminalExchange(settings, ctx.clock.time, self._changed, ctx.random)
        self._doubts = Doubts(self._asked_once)
        self._passed: asyncio.Queue[Inbound | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_back = asyncio.Event()
        self._is_open = False
        self._forgotten_until = 0.0

    async def start(self) -> None:
        """Recall, and connect. Raises: NotReady; AuthFailed: a key is none; ConfigError: armed in the future."""
        recalled, now = await self._ctx.notes.recall(), self._ctx.clock.time()
        self._forgotten_until = recalled.turned_back_at + FORGOTTEN_S if recalled.turned_back_at else 0.0
        await self._loudness.look(self._ctx, recalled)
        await self._plays.load(recalled.values, now)
        if self._loudness.why_off:
            self._ctx.log.warning("nothing is started over this channel", cause=self._loudness.why_off)
        try:
            await self._exchange.open(self._ctx)
        except LinkError as silent:
            raise NotReady(str(silent), retry_after_s=5.0) from silent
        self._is_open = True
        self._tasks = [
            asyncio.create_task(self._hear(), name=f"reports of {self._ctx.name}"),
            asyncio.create_task(self._catch_up(self._plays.all_sounding(now)), name=f"what {self._ctx.name} missed"),
        ]

    async def stop(self, deadline: float) -> None:
        self._is_open = False
        await self._exchange.close()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._passed.put_nowait(None)

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(latency_q50_s=min(1.0, self._settings.receipt_q95_s), latency_q95_s=self._settings.receipt_q95_s)

    async def send(self, job: SendJob) -> Outcome:
        if not self._is_open:
            return Transient(Scope.CHANNEL, "not-started")
        try:
            address = ebrid(job.address)
        except ValueError:
            address = ""
        if len(address) != self._settings.digits:
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
        if play.stops:
            return SAY_AGAIN  # a second stop does no harm
        return await self._doubts.resolve(ref, within_s=self._settings.query_s)

    async def inbound(self) -> AsyncIterator[Inbound]:
        while (item := await self._passed.get()) is not None:
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
            refused = self._refusal(job, programme, address)
            return refused or await self._begin(job, emission, programme, address)
        except DayIsFull:
            return Permanent(Scope.CHANNEL, "no-numbers-left-today")
        except FormatError as unsaid:
            self._ctx.log.error("a message cannot be broadcast", token=emission.token, cause=str(unsaid))
            return Permanent(Scope.MESSAGE, unsaid.code)

    async def _begin(self, job: SendJob, emission: Emission, programme: Programme, address: str) -> Outcome:
        """Start it; what it replaces, and what is less severe, is silent before."""
        token, now = emission.token, self._ctx.clock.time()
        begins, ends = int(now), int(min(programme.ends, now + self._settings.sound_s)) + 1
        self._plays.look_for_room(token, now)
        known = self._plays.of(token)
        number = known.ebmids[0] if known is not None else self._plays.sample
        command.open_data(number, programme, self._manner, begins=begins, ends=ends)  # what cannot be said silences nobody
        self._plays.starts.give_way(address, programme.severity, ends - now)
        with self._plays.starts.coming(token, programme, address, until=ends, is_first=known is None) as start:
            given_way = await self._make_room(token, programme, address, limit_s=self._limit_s(job))
            if start.ended is not None or not isinstance(given_way, Reached):
                return start.ended or given_way
            try:
                play = await self._plays.start(token, programme, address, now, until=ends)
            except FenghuoError:
                return NOT_NOTED
            if (ended := await self._plays.opens(token, start, emission)) is not None:
                return ended
        data = command.open_data(play.ebmids[0], programme, self._manner, begins=begins, ends=ends)
        outcome = await self._given(self._settings.op_open, address, data, play.ebmids, limit_s=self._limit_s(job))
        if self._plays.stop_of(play.ebmids[0]):  # it may have overtaken the start while that was signed
            close = command.close_data(play.ebmids[0])
            await self._given(self._settings.op_close, address, close, (), limit_s=self._settings.answer_s)
        return outcome

    async def _make_room(self, token: Token, programme: Programme, address: str, *, limit_s: float) -> Outcome:
        now = self._ctx.clock.time()
        if programme.replaces:
            self._plays.starts.stop(programme.message, address, before=programme.revision)
        replaced = self._plays.started(programme.message, address, before=programme.revision) if programme.replaces else []
        lower = [play for play in self._plays.sounding(address, now) if play.level > programme.severity and play not in replaced]
        ended = await self._end(Token(f"{token}/before"), programme, [*replaced, *lower], limit_s=limit_s)
        if isinstance(ended, Reached):
            for number in (number for play in lower for number in play.ebmids):
                self._pass(number, PRE_EMPTED)
        return ended

    async def _end(self, token: Token, programme: Programme, started: list[Play], *, limit_s: float) -> Outcome:
        """Stop each that may still sound, all at once; the first number of a stop names it."""
        now = self._ctx.clock.time()
        numbers = [(play, number) for play in started if play.may_sound(now) for number in play.ebmids]
        if not numbers:
            return Reached(Evidence.ACCEPTED)
        address = started[0].address
        try:
            stop = await self._plays.stop(token, programme, address, stops=[number for _, number in numbers], now=now)
        except FenghuoError:
            return NOT_NOTED
        given = [
            self._given(self._settings.op_close, address, command.close_data(number), stop.ebmids[:1], limit_s=limit_s)
            for _, number in numbers
        ]
        outcomes = [
            of_stop(outcome, play, is_cancel=programme.stops)
            for (play, _), outcome in zip(numbers, await asyncio.gather(*given), strict=True)
        ]
        for (_, number), outcome in zip(numbers, outcomes, strict=True):
            if isinstance(outcome, Reached):
                await self._noted(number, STOPPED)
        return next((outcome for outcome in outcomes if not isinstance(outcome, Reached)), outcomes[0])

    async def _noted(self, number: str, state: int) -> None:
        """It is so, also where that cannot be noted."""
        try:
            await self._plays.reported(number, state)
        except FenghuoError as full:
            self._ctx.log.warning("what became of a broadcast is not noted", number=number, cause=str(full))

    async def _given(self, operation: int, address: str, data: bytes, refs: tuple[str, ...], *, limit_s: float) -> Outcome:
        try:
            answer = await self._exchange.ask(operation, address, data, limit_s)
        except NotWritten:
            return Transient(Scope.CHANNEL, "not-connected")
        except LinkError as failed:
            return Unknown(type(failed).__name__)
        return of_answer(answer, self._settings.accepts, refs)

    async def _asked_once(self, ref: AttemptRef) -> Outcome:
        """Raises: LinkError."""
        play = self._plays.of(ref.token)
        return await self._asked(play, self._settings.answer_s) if play is not None else WENT_NOWHERE

    async def _asked(self, play: Play, limit_s: float) -> Outcome:
        """Raises: LinkError."""
        now = int(self._ctx.clock.time())
        since = max(0, int(min(now, play.until) - self._settings.sound_s) - 60)
        data = command.query_data(play.address, play.ebmids[0], since=since, until=now)
        answer = await self._exchange.question(self._settings.op_query, play.address, data, limit_s)
        found = record(answer, play.ebmids[0], absent_is_certain=self._settings.absent_is_certain)
        if not isinstance(found, Report):
            return found
        await self._noted(found.ebmid, STATES[found.code])
        return of_report(found, play.ebmids)

    async def _catch_up(self, sounding: list[Play]) -> None:
        """Ask about whatever sounds, at the start and whenever the line is back: nobody may have been there to hear its report."""
        while True:
            self._is_back.clear()
            for play in sounding:
                try:
                    outcome = await self._asked(play, self._settings.answer_s)
                except LinkError:
                    break  # the line is gone again
                self._pass(play.ebmids[0], outcome)
            for item in await self._doubts.again():
                self._passed.put_nowait(item)
            await self._is_back.wait()
            sounding = self._plays.all_sounding(self._ctx.clock.time())

    def _pass(self, number: str, outcome: Outcome) -> None:
        """Hand the core what we found out ourselves about a broadcast, if it is anything."""
        match outcome:
            case Reached(level=level):
                self._passed.put_nowait(Inbound(InboundKind.RECEIPT, b"asked", _nobody_waits, ref=number, level=level))
            case Permanent():
                self._passed.put_nowait(Inbound(InboundKind.RECEIPT, b"found", _nobody_waits, ref=number, failure=outcome))

    async def _hear(self) -> None:
        """What terminals report by themselves, until the line is closed."""
        async for frame in self._exchange.reports():
            if frame.operation != self._settings.op_report:
                continue
            try:
                report = command.read_report(frame.data)
            except FormatError as unread:
                self._ctx.log.warning("a report was refused", source=frame.source, cause=str(unread))
                continue
            if report is None:
                continue
            _, play = self._plays.owner(report.ebmid) or (None, None)
            if is_of_another(frame, play):
                self._ctx.log.warning("a report was refused", source=frame.source, cause="the broadcast was for another terminal")
                await self._answer(frame)
                continue
            self._passed.put_nowait(self._receipt(frame, report))

    def _receipt(self, frame: Frame, report: Report) -> Inbound:
        async def ack() -> None:
            await self._plays.reported(report.ebmid, STATES[report.code])
            await self._answer(frame)

        outcome = of_report(report)
        failure = outcome if isinstance(outcome, Permanent) else None
        level = outcome.level if isinstance(outcome, Reached) else None
        return Inbound(InboundKind.RECEIPT, frame.covered, ack, ref=report.ebmid, level=level, failure=failure)

    async def _answer(self, report: Frame) -> None:
        try:
            await self._exchange.answer(report)
        except FenghuoError as gone:
            self._ctx.log.info("a report could not be answered, and comes again", cause=str(gone))

    def _refusal(self, job: SendJob, programme: Programme, address: str) -> Outcome | None:
        if not programme.event_type:
            return Permanent(Scope.MESSAGE, "no-event-type")
        now, is_exercise = self._ctx.clock.time(), job.traffic is not Traffic.ACTUAL
        refused = self._loudness.refusal(level=programme.level, priority=job.priority, is_exercise=is_exercise, now=now)
        if refused is not None:
            return refused
        there: list[Play | Start] = [*self._plays.sounding(address, now), *self._plays.starts.coming_to(address)]
        louder = [one.until for one in there if one.level < programme.severity]
        return Transient(Scope.RECIPIENT, "more-severe-sounds", max(louder) - now) if louder else None

    def _completed(self, programme: Programme, address: str) -> Programme:
        return msgspec.structs.replace(
            programme,
            areas=programme.areas or (area_of(address),),
            sender=programme.sender or self._settings.sender_name,
            event_type=programme.event_type or self._settings.event_type,
        )

    def _changed(self, up: bool, reason: str) -> None:
        if self._is_open:
            self._ctx.health(up, reason)
            if up:
                self._is_back.set()

    def _limit_s(self, job: SendJob) -> float:
        return min(self._settings.answer_s, job.deadline - self._ctx.clock.monotonic() - MARGIN_S)


async def _nobody_waits() -> None:
    """What we found ourselves is answered to nobody."""
