"""Says a frame through a digipeater and listens for its repetition, and asks after one that has fallen silent.

A frame to ourselves through a digipeater is the question: whoever repeats it is there and hears us, and nobody else has to answer.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable

from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import KissFrame
from fenghuo_adapters.kiss_line import KissLine
from fenghuo_narrowband.airtime import frame_s, question_s
from fenghuo_narrowband.repeaters import Repeaters, Route
from fenghuo_narrowband.settings import RadioSettings

__all__ = ["Repeats"]

MayAsk = Callable[[float], Awaitable[bool]]
_Key = tuple[Address, Route, bytes]


class Repeats:
    """The way of one station's frames. `on_turn(is_carried, sentence)` is called whenever somebody else carries us, or nobody any more.

    `now`: monotonic seconds; `may_ask(seconds)`: whether the medium has room for a question of so long, which is then spent.
    """

    def __init__(
        self, settings: RadioSettings, line: KissLine, now: Callable[[], float], *, may_ask: MayAsk, on_turn: Callable[[bool, str], None]
    ) -> None:
        self._settings = settings
        self._line = line
        self._now = now
        self._may_ask = may_ask
        self._on_turn = on_turn
        self._mycall = Address.parse(settings.mycall)
        self._base = tuple(map(Address.parse, settings.path))
        relays = tuple(map(Address.parse, settings.relays))
        self._known = Repeaters(self._base, relays, steady_s=settings.steady_s)
        self._told: Route | None = self._base
        self._awaited: dict[_Key, asyncio.Future[None]] = {}
        self._answered: dict[Address, asyncio.Future[None]] = {}
        self._questions = random.SystemRandom().randrange(10_000)  # a digipeater repeats no frame that it has repeated just now

    @property
    def is_listened_for(self) -> bool:
        return bool(self._base) and self._settings.repeat_s > 0

    def route(self) -> Route | None:
        """By whom the next frame goes; None: nobody carries us."""
        return self._known.route(self._now())

    def says(self) -> str:
        """How it stands, for an operator; empty while the base station carries us."""
        return self._known.says(self._now())

    def anew(self) -> None:
        """The line to the TNC is back."""
        self._known.anew()
        self._told = self.route()

    def hear(self, frame: UiFrame) -> None:
        """Any frame: who said it, and whether it is one of ours."""
        if frame.source == self._mycall and frame.repeated:
            awaited = self._awaited.get((frame.destination, frame.path, frame.info))
            if awaited is not None and not awaited.done():
                awaited.set_result(None)
        answered = self._answered.get(frame.source)
        if answered is not None and not answered.done():
            answered.set_result(None)
        if self._known.heard(frame):
            self._tell()

    async def say(self, frame: UiFrame) -> bool:
        """Hand a frame to the TNC and wait until it is on the air, and repeated; whether that was heard, or none was to be expected.

        Raises: LinkClosed: nothing left; LinkError: some of it may have.
        """
        octets = frame.encode()
        key = (frame.destination, frame.path, frame.info)
        repeated: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited[key] = repeated
        try:
            await self._line.write(KissFrame(octets, port=self._settings.kiss_port))
            is_listened_for = bool(frame.path) and self.is_listened_for
            if self._settings.pace or is_listened_for:
                await self._line.dwell(frame_s(octets, self._settings))
            return await self._within(repeated, self._settings.repeat_s) if is_listened_for else True
        finally:
            self._awaited.pop(key, None)

    async def settle(self, route: Route) -> None:
        """A frame was not heard to be repeated: ask whether this way is there still. Noise loses one frame, and not several in a row; what
        there is no air to ask stays as it was known. Raises: LinkError."""
        for _ in range(self._settings.repeat_tries - 1):
            if await self._ask(route) is not False:
                return
        self._known.lost(route, self._now())
        self._tell()

    async def leave_room(self, station: Address) -> None:
        """Silence after an order, until this station is heard or `quiet_s` have passed: whoever is behind a digipeater does not hear us and
        would answer into our next frame. Raises: LinkError."""
        if self._settings.quiet_s:
            answered = self._answered[station] = asyncio.get_running_loop().create_future()
            try:
                await self._within(answered, self._settings.quiet_s)
            finally:
                del self._answered[station]

    async def found(self, *, is_urgent: bool, may_look: bool) -> Route | None:
        """By whom the next order goes; None: nobody carries us. What is urgent asks everybody once more before it gives up; what is not
        may look whether the base station is back, which nobody hears of while a relay carries us. Raises: LinkError."""
        route = self.route()
        if route is None and is_urgent:
            await self.ask(math.inf)
        elif route is not None and may_look and self.is_listened_for and self._known.is_base_due(self._now()):
            await self._find(self._base)
            self._tell()
        return self.route()

    async def ask(self, within_s: float) -> bool:
        """Whether anybody who is asked now carries us: the way in use; or, where there is none, as many as time allows, least lately asked
        first. Raises: LinkError."""
        end = self._now() + within_s
        route = self.route()
        if route is not None:
            return bool(await self._ask(route))
        for absent in self._known.absent():
            if self._now() + question_s(self._settings) + self._settings.repeat_s > end:
                break
            if await self._find(absent):
                break
        self._tell()
        return self.route() is not None

    async def _find(self, route: Route) -> bool:
        is_there = await self._ask(route)
        if is_there is False:
            self._known.lost(route, self._now())
        return bool(is_there)

    async def _ask(self, route: Route) -> bool | None:
        """Whether one short frame to ourselves is heard again; None: it was not asked, for want of air. Raises: LinkError."""
        self._questions = (self._questions + 1) % 10_000
        frame = UiFrame(self._mycall, self._mycall, f"PATH {self._questions}".encode(), path=route)
        if not await self._may_ask((1 + len(route)) * frame_s(frame.encode(), self._settings)):
            return None
        return await self.say(frame)

    async def _within(self, thing: asyncio.Future[None], seconds: float) -> bool:
        """Whether it comes in time. Raises: LinkError: the line was lost meanwhile."""
        patience = asyncio.create_task(self._line.dwell(seconds))
        try:
            await asyncio.wait((thing, patience), return_when=asyncio.FIRST_COMPLETED)
            if not thing.done():
                await patience  # raises what ended it
            return thing.done()
        finally:
            patience.cancel()
            await asyncio.gather(patience, return_exceptions=True)

    def _tell(self) -> None:
        """Say it once when somebody else carries us."""
        route = self.route()
        if route != self._told:
            self._told = route
            name = ",".join(map(str, self._base))
            self._on_turn(route is not None, self.says() or f"{name} carries us")
