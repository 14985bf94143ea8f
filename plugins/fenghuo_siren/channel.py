"""Sirens as a channel: one start for each order and never a second by itself, an end that does not depend on us alone, a stop at once.

The order of writes is the promise: first the device's own limit and our note, then the relay. So whatever dies, a start without a note
never sounded, and one with a note is never made again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from fenghuo import (
    AttemptRef,
    CancelResult,
    ChannelContext,
    Emission,
    Estimate,
    Evidence,
    FenghuoError,
    Inbound,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
    Unknown,
    switch_stands,
)
from fenghuo_adapters.modbus_framing import LATE_S
from fenghuo_adapters.modbus_line import ModbusRefused
from fenghuo_siren.asking import Asking
from fenghuo_siren.device import Controllers, line_of
from fenghuo_siren.plays import Attempt, Plays
from fenghuo_siren.rendition import STOP, order_of
from fenghuo_siren.settings import LEAST_S, Place, SirenSettings
from fenghuo_siren.watch import Watch

__all__ = ["SirenChannel"]

_FEEDBACK_LOOK_S = 0.1
_FOR_GOOD = (1, 2, 3)
"""Illegal function, address, value: these settings do not fit this unit."""
_ASK_PAUSE_S = 0.3
_ASK_S = 15.0
"""Longest that query() waits for a line that is away; the core gives it 20 s."""


class SirenChannel(SimpleChannel):
    """The sirens on one Modbus line."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: SirenSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._line = line_of(settings)
        self._controllers = Controllers(self._line, settings)
        self._plays = Plays(ctx.notes)
        self._hands = {place: asyncio.Lock() for place in settings.places}
        self._closing: dict[Place, str] = {}  # for which message a relay is being closed, whose echo has not come
        self._watch = Watch(ctx, self._controllers, self._plays, silence=self._silence)
        self._asking = Asking(settings, self._controllers, self._plays, clock=ctx.clock.time, look_now=self._watch.look_now)
        self._power = PowerLevel.FULL
        self._why_off = "the channel has not started"
        self._is_stopped = False

    async def start(self) -> None:
        now = self._ctx.clock.time()
        await self._plays.recall(now)
        self._why_off = await switch_stands(self._ctx, self._settings.armed, since=self._plays.since)
        if self._why_off:
            self._ctx.log.warning("sirens are not armed", cause=self._why_off)
        try:
            await self._line.open()
        except LinkError as exc:
            raise NotReady(str(exc), retry_after_s=min(5.0, self._settings.reopen_max_s)) from exc
        if not self._settings.ends_by_itself:
            self._ctx.log.warning("these sirens have no timer and no watchdog: only this node ends a sound", line=self._line.name)
        self._watch.start()

    async def stop(self, deadline: float) -> None:
        """What the device ends by itself goes on to its end; what only we can end is ended now."""
        self._is_stopped = True
        await self._watch.stop()
        await asyncio.gather(*(self._leave(place) for place in self._hands), return_exceptions=True)
        await self._line.close()

    async def _leave(self, place: Place) -> None:
        async with self._hands[place]:  # what is being written now is known to sound after it
            is_ours_to_end = place in self._plays.sounding and not self._settings.ends_by_itself
        if is_ours_to_end:
            await self._silence(place)
        elif (play := self._plays.sounding.get(place)) is not None:
            self._plays.sounded.ends(place, play.attempt.ends_at)

    @property
    def _is_off(self) -> bool:
        return self._is_stopped or self._power is not PowerLevel.FULL

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        is_stop = order_of(payload.data)[0] == STOP
        sounds_s = 0.0 if is_stop else self._settings.sound_s
        return Estimate(airtime_s=sounds_s, latency_q50_s=1.0, latency_q95_s=self._settings.attempt_s)

    async def send(self, job: SendJob) -> Outcome:
        place = _place(job.address)
        if place not in self._hands:
            return Permanent(Scope.RECIPIENT, "no-such-siren")
        if self._is_stopped:
            return Transient(Scope.CHANNEL, "switched-off")
        stops = self._plays.stopped(place)
        if not self._watch.is_up:
            return Transient(Scope.CHANNEL, "line-down")
        async with job.begin() as emission:
            word, message = order_of(emission.payload.data)
            if word == STOP:
                return await self._end(place, message)  # whoever switched it off wants it silent, too
            if self._is_off:
                return Transient(Scope.CHANNEL, "switched-off")
            if self._why_off:
                return Permanent(Scope.RECIPIENT, "not-armed")
            return await self._sound(place, emission, message, stops)

    async def query(self, ref: AttemptRef) -> Outcome:
        """What the device says of an attempt. Raises: LinkError: it could not be asked for as long as the core would wait."""
        place = _place(ref.address)
        if place not in self._hands:
            return Unknown("no-such-siren")
        loop = asyncio.get_running_loop()
        end = loop.time() + _ASK_S
        while True:
            try:
                return await self._asking.read(place, ref)
            except LinkError:
                if self._is_stopped or loop.time() >= end:
                    raise
            await asyncio.sleep(_ASK_PAUSE_S)

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        """Silence, where this attempt sounds. What has sounded cannot be taken back, and so is TOO_LATE all the same."""
        place = _place(ref.address)
        if place not in self._hands:
            return CancelResult.TOO_LATE
        playing, attempt = self._plays.sounding.get(place), self._plays.tried(ref)
        is_sounding = playing is not None and attempt is not None and playing.is_due(attempt)
        if is_sounding or playing is None:
            await self._quiet(place, attempt.message if attempt is not None else "")
        return CancelResult.TOO_LATE if attempt is not None else CancelResult.CANCELLED

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Raises: LinkError: no siren of the line answers."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(budget.timeout_s):
            await self._controllers.one(self._settings.places[0])
        return ProbeResult(answered=True, round_trip_s=loop.time() - began, detail=f"{self._settings.places[0]} answers")

    def inbound(self) -> AsyncIterator[Inbound]:
        return self._watch.arrivals()

    async def set_power(self, level: PowerLevel) -> None:
        """Less than FULL is silence: whoever switches a siren off means now, and every start that is on its way."""
        self._power = level
        if level is PowerLevel.FULL:
            return
        for place in self._hands:
            self._plays.halt(place)
        loud = [place for place, hand in self._hands.items() if place in self._plays.sounding or hand.locked()]
        await asyncio.gather(*(self._silence(place) for place in loud))

    # Starting.

    async def _sound(self, place: Place, emission: Emission, message: str, stops: int) -> Outcome:
        """`stops`: how often it had been told to stop when the order came; once more, and it stays silent."""
        stops_of_it = self._plays.stopped(place, message)
        try:
            await self._line.open()
        except LinkError as exc:
            return Transient(Scope.CHANNEL, f"line-down: {exc}")
        now, settings = self._ctx.clock.time(), self._settings
        ends_at = self._plays.until(place, now, sound_s=settings.sound_s, max_on_s=settings.max_on_s)
        attempt = Attempt(emission.token, emission.n, place, now, ends_at, session=self._ctx.random.randint(1, 0xFFFF), message=message)
        prepared = await self._prepared(attempt)
        if not isinstance(prepared, Attempt):
            return prepared
        attempt = prepared
        self._plays.sounded.hold(attempt.name, emission)
        try:
            await emission.turn()
        except FenghuoError:
            await self._never(attempt)
            raise
        async with self._hands[place]:
            is_stopped = (self._plays.stopped(place), self._plays.stopped(place, message)) != (stops, stops_of_it) or self._is_off
            outcome = Permanent(Scope.MESSAGE, "stopped-before-it-began") if is_stopped else await self._switched_on(attempt)
        if isinstance(outcome, Permanent | Transient):
            await self._never(attempt)
        return await self._confirmed(attempt) if outcome is None else outcome

    async def _never(self, attempt: Attempt) -> None:
        try:
            await self._plays.forget(attempt)
        except FenghuoError as exc:
            self._ctx.log.warning("a siren was not started, and that is not noted", siren=str(attempt.place), cause=str(exc))

    async def _prepared(self, attempt: Attempt) -> Attempt | Outcome:
        """Everything before the relay, and the attempt as it is noted; an outcome: it failed, and nothing has sounded."""
        if (seconds := attempt.ends_at - attempt.at) < LEAST_S:
            return Transient(Scope.RECIPIENT, "longest-on-time-reached", retry_after_s=self._settings.sound_s)
        try:
            standing = await self._controllers.one(attempt.place)
            if standing.held:
                return Transient(Scope.RECIPIENT, "held-stopped-at-the-siren")
            await self._controllers.sign(attempt.place, attempt.session)
            await self._controllers.limit(attempt.place, seconds)
            await self._controllers.kick(attempt.place)
        except ModbusRefused as exc:
            return _refused(exc)
        except LinkError as exc:
            return Transient(Scope.RECIPIENT, f"no-answer: {exc}")
        noted = msgspec.structs.replace(attempt, was_heard=standing.heard)
        try:
            await self._plays.mean(noted)
        except FenghuoError as exc:
            return Transient(Scope.CHANNEL, f"not-noted: {exc}")
        return noted

    async def _switched_on(self, attempt: Attempt) -> Outcome | None:
        """The one write that sounds it; None: the unit has echoed it."""
        self._closing[attempt.place] = attempt.message
        try:
            await self._controllers.switch(attempt.place, on=True)
        except ModbusRefused as exc:
            return _refused(exc) if exc.is_certain else self._may_sound(attempt, exc)
        except LinkError as exc:
            return self._may_sound(attempt, exc)
        except asyncio.CancelledError:  # the core waits no longer, and the write may be on the wire
            self._may_sound(attempt, "broken off")
            raise
        finally:
            del self._closing[attempt.place]
        if self._plays.begin(attempt, told_at=self._ctx.clock.time()).is_deaf:
            self._ctx.log.warning("a sensor showed sound before its siren was started, and vouches for nothing", siren=str(attempt.place))
        self._watch.settle(attempt.place)
        self._watch.look_now()
        return None

    def _may_sound(self, attempt: Attempt, cause: LinkError | str) -> Outcome:
        """Nobody knows whether it began; that it ends is looked after all the same."""
        self._plays.begin(attempt, told_at=self._ctx.clock.time(), is_sure=False)
        self._watch.look_now()
        return Unknown(str(cause))

    async def _confirmed(self, attempt: Attempt) -> Outcome:
        """The relay has it. What the sensor shows comes from the watch, as a late outcome, however soon."""
        try:
            await self._plays.began(attempt)
        except FenghuoError as exc:
            self._ctx.log.warning("a siren was started, and that is not noted", siren=str(attempt.place), cause=str(exc))
        return Reached(Evidence.ACCEPTED)

    # Ending.

    async def _end(self, place: Place, message: str) -> Outcome:
        """Carry out a Cancel. Raises nothing: the watch goes on trying what did not succeed."""
        if not await self._quiet(place, message):
            return Transient(Scope.CHANNEL, "no-answer", retry_after_s=1.0)
        if place in self._plays.sounding:
            self._ctx.log.warning("a siren sounds on for another message than the one that ended", siren=str(place))
            return Reached(Evidence.ACCEPTED)
        if self._settings.feedback == "none":
            return Reached(Evidence.ACCEPTED)
        loop = asyncio.get_running_loop()
        end = loop.time() + self._settings.feedback_s
        try:
            while (await self._controllers.one(place)).heard:
                if loop.time() >= end:
                    return Reached(Evidence.ACCEPTED)
                await asyncio.sleep(_FEEDBACK_LOOK_S)
        except LinkError:
            return Reached(Evidence.ACCEPTED)
        return Reached(Evidence.AIRED)

    async def _quiet(self, place: Place, message: str) -> bool:
        """It sounds no longer for this message, and not at all if for no other."""
        self._plays.halt(place, message)
        if self._closing.get(place) == message and not self._plays.goes_on(place, message, self._ctx.clock.time()):
            self._controllers.open_at_once(place)  # it sounds, and its echo may be long on the way
        is_done = await self._silence(place, lambda at: not self._plays.goes_on(at, message, self._ctx.clock.time()))
        if is_done and place in self._plays.sounding:
            await self._note_end(place, message)
        return is_done

    async def _silence(self, place: Place, still: Callable[[Place], bool] | None = None) -> bool:
        """Open the relay; whether the unit said that it did. What could not be told is told again by the watch. `still`: asked when its
        turn has come; without it, what is on its way is stopped as well."""
        if still is None:
            self._plays.halt(place)
            if place in self._closing:
                self._controllers.open_at_once(place)
        async with self._hands[place]:
            if still is not None and not still(place):
                return True
            play = self._plays.stop(place, self._ctx.clock.time())
            self._controllers.open_at_once(place, after_s=LATE_S)  # another unit may keep the line waiting
            try:
                await self._controllers.switch(place, on=False)
            except LinkError as exc:
                self._ctx.log.error("a siren could not be stopped; it is tried again", siren=str(place), cause=str(exc))
                self._watch.owe_silence(place)
                return False
            self._watch.settle(place)
            self._plays.sounded.ends(place, self._ctx.clock.time())
        if play is not None:
            self._ctx.log.info("siren ended", siren=str(place), sounded_s=round(self._ctx.clock.time() - play.began_at, 1))
        await self._note_end(place)
        return True

    async def _note_end(self, place: Place, message: str = "") -> None:
        try:
            await self._plays.ended(place, self._ctx.clock.time(), message)
        except FenghuoError as exc:
            self._ctx.log.warning("a siren was ended, and that is not noted", siren=str(place), cause=str(exc))


def _refused(exc: ModbusRefused) -> Outcome:
    """A refusal after which nothing has sounded: of an address or value it is for good, of a busy or failing unit it may pass."""
    code = f"refused: exception {exc.code}"
    return Permanent(Scope.RECIPIENT, code) if exc.code in _FOR_GOOD else Transient(Scope.RECIPIENT, code)


def _place(address: str) -> Place:
    """Where an address points; Place(0) for one that is none, where no siren can be."""
    try:
        return Place.parse(address)
    except ValueError:
        return Place(0)
