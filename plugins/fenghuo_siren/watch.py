"""Looks at every siren of a line: ends what is due, keeps watchdogs fed, hears late sensors, and tells of what nobody here started."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from fenghuo import ChannelContext, Evidence, FenghuoError, Inbound, InboundKind, LinkError, Reached, Token
from fenghuo_adapters.modbus_line import ModbusRefused
from fenghuo_siren.device import Controllers, Standing
from fenghuo_siren.plays import Play, Plays
from fenghuo_siren.settings import Place, SirenSettings

__all__ = ["Watch"]

_BUSY_LOOK_S = 0.2
_FIRST_PAUSE_S = 0.25
_AGAIN_S = 1.0
"""Pause of a unit that did not answer."""
_KICKED_AFTER = 1 / 3
"""Of a watchdog's time: the write may have to wait for one that another unit does not answer."""

Silence = Callable[[Place, Callable[[Place], bool] | None], Awaitable[bool]]
"""Opens a relay, if it is still to be opened when its turn comes; whether the unit answered."""


class Watch:
    """One task that looks, and one for each unit that ends. `silence(place)` opens a relay; `is_up`: the line answers."""

    def __init__(self, ctx: ChannelContext, controllers: Controllers, plays: Plays, *, silence: Silence) -> None:
        self._ctx = ctx
        self._settings: SirenSettings = ctx.settings
        self._controllers = controllers
        self._plays = plays
        self._silence = silence
        self._wakes = {unit: asyncio.Event() for unit in controllers.units}
        self._arrived: asyncio.Queue[Inbound | None] = asyncio.Queue()
        self._owed: dict[Place, None] = {}
        self._stray: set[Place] = set()
        self._seen: set[Place] = set()
        self._credible: set[Place] = set()
        self._silent_units: set[int] = set()
        self._last_cause = ""
        self._has_vouched = False
        self._failures = 0
        self._kicked_at: dict[int, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.is_up = False

    def start(self) -> None:
        """From now on."""
        self.is_up = True
        loop = asyncio.get_running_loop()
        name = f"siren {self._ctx.name}"
        ends = (self._end_for_ever(unit) for unit in self._controllers.units)
        self._tasks = [loop.create_task(work, name=name) for work in (self._look_for_ever(), *ends)]

    async def stop(self) -> None:
        """Idempotent; arrivals() ends."""
        self.is_up = False
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._arrived.put_nowait(None)

    def look_now(self) -> None:
        """Something has begun or is to end."""
        for wake in self._wakes.values():
            wake.set()

    def owe_silence(self, place: Place) -> None:
        """This one could not be stopped: go on trying."""
        self._owed.pop(place, None)
        self._owed[place] = None
        self._wakes[place.unit].set()

    def settle(self, place: Place) -> None:
        """It is silent, or was started since: nothing is owed."""
        self._owed.pop(place, None)

    async def arrivals(self) -> AsyncIterator[Inbound]:
        """Late sensors, and reports of strays, until stop()."""
        while (inbound := await self._arrived.get()) is not None:
            yield inbound

    # Looking.

    async def _look_for_ever(self) -> None:
        """While something sounds its unit is looked at each time, and of the others one after the other."""
        others = itertools.cycle(self._controllers.units)
        while True:
            sounding = {place.unit for place in self._plays.sounding}
            for unit in {*sounding, next(others)} if sounding else self._controllers.units:
                await self._look(unit)
            self._tell(len(self._silent_units) < len(self._controllers.units))
            await asyncio.sleep(self._pause_s())

    def _pause_s(self) -> float:
        settings = self._settings
        if not self.is_up:
            return min(settings.reopen_max_s, _FIRST_PAUSE_S * 2.0 ** min(self._failures, 10)) * self._ctx.random.uniform(0.5, 1.0)
        return min(_BUSY_LOOK_S, settings.watch_s) if self._plays.sounding else settings.watch_s

    async def _look(self, unit: int) -> None:
        """One unit, if it answers."""
        began_at = self._ctx.clock.time()
        try:
            found = await self._controllers.look(self._controllers.units[unit])
        except LinkError as exc:
            self._last_cause = str(exc)
            if unit not in self._silent_units:
                self._silent_units.add(unit)
                self._ctx.log.warning("sirens do not answer", unit=unit, cause=str(exc))
            return
        if unit in self._silent_units:
            self._silent_units.discard(unit)
            self._ctx.log.info("sirens answer again", unit=unit)
        for place, standing in found.items():
            if place not in self._seen:
                await self._meet(place, standing)
            await self._judge(place, standing, began_at)
            is_credible = self._plays.is_credible(place, is_on=standing.on, is_sound=standing.heard)
            (self._credible.add if is_credible else self._credible.discard)(place)

    async def _meet(self, place: Place, standing: Standing) -> None:
        """The first look: what sounds now may be ours, of a process that died. If its time is over meanwhile it is ended now."""
        self._seen.add(place)
        left = self._plays.left_behind(place)
        if not left or place in self._plays.sounding:
            return
        if standing.on:
            self._ctx.log.warning("a siren sounds that was started before this process; it is ended in time", siren=str(place))
            for attempt in left:
                self._plays.begin(attempt)
            self._wakes[place.unit].set()
        else:
            await self._note_end(place, left[-1].at)

    async def _note_end(self, place: Place, until: float) -> None:
        try:
            await self._plays.ended(place, until)
        except FenghuoError as exc:
            self._ctx.log.warning("a siren is silent, and that is not noted", siren=str(place), cause=str(exc))

    async def _judge(self, place: Place, standing: Standing, seen_at: float) -> None:
        """`seen_at`: when the look began; its answers may be older than a start that was written between two of them."""
        play = self._plays.sounding.get(place)
        if play is not None and seen_at <= play.told_at:
            return
        if play is not None and standing.on:
            play.is_sure = True
        if play is not None and standing.held:
            self._ctx.log.warning("a siren was stopped on the spot", siren=str(place))
            await self._silence(place, None)
        elif play is not None and not play.is_sure:
            return  # it may still come; at its end the relay is opened in any case
        elif play is not None and (news := play.hear(is_sound=standing.heard)):
            for attempt in news:
                self._arrived.put_nowait(_late(attempt.token, attempt.n))
        elif play is not None and not standing.on and seen_at > play.told_at + self._settings.feedback_s:
            self._ctx.log.info("a siren was ended by its own device", siren=str(place))
            self._plays.stop(place, self._ctx.clock.time())
            self._plays.sounded.ends(place, min(seen_at, play.attempt.ends_at))
            await self._note_end(place, seen_at)
        self._find_stray(place, standing, seen_at)

    def _find_stray(self, place: Place, standing: Standing, seen_at: float) -> None:
        """On, and nobody here ordered it. A motor that runs down after our own stop is none."""
        play, quiet_s = self._plays.sounding.get(place), seen_at - self._plays.quiet_from.get(place, float("-inf"))
        is_ours = play is not None or place in self._owed or quiet_s < self._settings.feedback_s + self._settings.watch_s
        if not (standing.on or standing.heard) or (play is not None and not play.is_deaf):
            self._stray.discard(place)
        elif is_ours:
            return  # what it showed before is told once, and not anew after each play
        elif place not in self._stray:
            self._stray.add(place)
            self._ctx.log.error("a siren sounds and nobody here ordered it", siren=str(place), relay=standing.on, sensor=standing.heard)
            if self._settings.alarm_to:
                self._arrived.put_nowait(_report(self._ctx.name, place, standing, self._settings.alarm_to))

    def _tell(self, is_up: bool) -> None:
        """What is known of the line; and sensors that can be believed speak for the sirens, each time it comes up. A relay never does."""
        self._failures = 0 if is_up else self._failures + 1
        if is_up != self.is_up:
            self.is_up = is_up
            self._ctx.health(is_up, "sirens answer" if is_up else f"no siren answers: {self._last_cause}")
        if not is_up:
            self._has_vouched = False
            self._credible.clear()
        elif not self._has_vouched and self._settings.feedback != "none":
            self._vouch()

    def _vouch(self) -> None:
        """One sensor that agrees with its relay will do. While there is none the core is told at each look, for whatever else is known to
        work, as an answered probe, would take the suspicion away."""
        if self._credible:
            self._has_vouched = True
            self._arrived.put_nowait(Inbound(InboundKind.HEARD, b"sensors", _no_ack))
        else:
            self._ctx.strained("no sensor vouches for its siren: each has shown sound since before any start")

    # Ending.

    async def _end_for_ever(self, unit: int) -> None:
        """Apart from looking, and unit by unit, so that one that hangs keeps no siren of another on and starves no other watchdog."""
        while True:
            self._wakes[unit].clear()
            answers = await self._end_due(unit) and await self._kick(unit)
            if not answers:
                # The line belongs to the others meanwhile.
                await asyncio.sleep(_AGAIN_S)
                continue
            try:
                async with asyncio.timeout(self._next_s(unit)):
                    await self._wakes[unit].wait()
            except TimeoutError:
                continue

    async def _end_due(self, unit: int) -> bool:
        """Whether the unit answers, as far as it was asked; after the first that it does not open it is left alone for a moment, and that
        one comes last from then on, so that a relay that is broken keeps no other on."""
        due = [place for place in self._plays_of(unit) if place not in self._owed and self._is_due(place)]
        for place in (*due, *(place for place in tuple(self._owed) if place.unit == unit)):
            if not await self._silence(place, self._is_due):
                return False
        return True

    def _is_due(self, place: Place) -> bool:
        play = self._plays.sounding.get(place)
        return place in self._owed or (play is not None and play.attempt.ends_at <= self._ctx.clock.time())

    async def _kick(self, unit: int) -> bool:
        """Whether the unit answers, as far as it was asked."""
        settings, now, playing = self._settings, self._ctx.clock.time(), tuple(self._plays_of(unit))
        if settings.watchdog < 0 or not playing or now < self._kicked_at.get(unit, 0.0) + settings.watchdog_s * _KICKED_AFTER:
            return True
        self._kicked_at[unit] = now
        for place in playing:
            asked_at = self._ctx.clock.time()
            try:
                await self._controllers.kick(place)
                self._plays.fed(place, asked_at, self._ctx.clock.time(), settings.watchdog_s)
            except LinkError as exc:
                self._ctx.log.warning("a watchdog was not fed", siren=str(place), cause=str(exc))
                if not isinstance(exc, ModbusRefused):
                    return False
        return True

    def _plays_of(self, unit: int) -> dict[Place, Play]:
        return {place: play for place, play in self._plays.sounding.items() if place.unit == unit}

    def _next_s(self, unit: int) -> float | None:
        """Seconds to the next thing that is due; None: nothing sounds."""
        now = self._ctx.clock.time()
        waits = [play.attempt.ends_at - now for play in self._plays_of(unit).values()]
        if waits and self._settings.watchdog >= 0:
            waits.append(self._kicked_at.get(unit, 0.0) + self._settings.watchdog_s * _KICKED_AFTER - now)
        return max(0.01, min(waits)) if waits else None


def _late(token: Token, n: int) -> Inbound:
    """The sensor's word, after send() has answered."""
    aired = Reached(Evidence.AIRED)
    return Inbound(InboundKind.LATE_OUTCOME, b"sensor on", _no_ack, token=token, n=n, level=Evidence.AIRED, outcome=aired)


def _report(name: str, place: Place, standing: Standing, audiences: tuple[str, ...]) -> Inbound:
    """A report (信息报送) to those whom the settings name. This node has seen it itself, on the wire that the settings give it: it is
    the word of that siren as a post below, which may report, and which nobody has to release."""
    sign = "继电器已闭合" if standing.on else "传感器显示正在鸣响"
    body = {
        "to": list(audiences),
        "kind": "Report",
        "priority": "P1",
        "subject": f"警报器{place}异常鸣响",
        "text": f"通道{name}的警报器{place}正在鸣响，本系统未下达指令（{sign}）。请立即到现场核实，必要时就地停鸣。",
    }
    return Inbound(
        InboundKind.MESSAGE,
        msgspec.json.encode(body),
        _no_ack,
        address_kind="siren",
        address=str(place),
        media_type="application/json",
        proven=True,
    )


async def _no_ack() -> None:
    """A relay waits for no acknowledgement."""
