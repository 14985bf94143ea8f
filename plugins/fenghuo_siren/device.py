"""The controller of sirens as its registers: what stands there, and the few writes that start and end a sound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec

from fenghuo_adapters.modbus_framing import Function, Request, Rtu, Tcp
from fenghuo_adapters.modbus_line import ModbusLine, Urgency
from fenghuo_adapters.serial_line import SerialLine
from fenghuo_adapters.tcp_line import TcpLine
from fenghuo_siren.settings import Place, SirenSettings

__all__ = ["Controllers", "Standing", "line_of"]

_RTU_GAP_BITS = 3.5 * 11
"""Silence between two frames of a serial line, in bits. Source: Modbus over Serial Line 1.02 §2.5.1.1."""
_SENSES = {
    "coil": Function.READ_COILS,
    "input": Function.READ_INPUTS,
    "holding": Function.READ_HOLDING,
    "register": Function.READ_INPUT_REGISTERS,
}


class Standing(msgspec.Struct, frozen=True):
    """One siren now: its relay is `on`; `heard`: its sensor shows sound; `held`: somebody holds it stopped on the spot."""

    on: bool
    heard: bool = False
    held: bool = False


class Controllers:
    """All units of one line. Every call raises LinkError: the line or the unit does not answer, or refuses."""

    def __init__(self, line: ModbusLine, settings: SirenSettings) -> None:
        self._line = line
        self._settings = settings
        self.units: Mapping[int, tuple[Place, ...]] = {
            unit: tuple(places) for unit, places in groupby(settings.places, key=lambda place: place.unit)
        }

    async def look(self, places: Sequence[Place], *, is_urgent: bool = False) -> dict[Place, Standing]:
        """How sirens of one unit stand, in as few questions as there are kinds of sign."""
        settings, first, last = self._settings, places[0].relay - 1, places[-1].relay
        span = range(first, last)

        async def read(function: Function, at: int) -> Sequence[int]:
            if at < 0:
                return (0,) * len(span)
            request = Request(places[0].unit, function, at + first, count=len(span))
            return (await self._line.ask(request, urgency=Urgency.WRITE if is_urgent else Urgency.LOOK)).values

        on = await read(Function.READ_COILS, settings.coil)
        held = await read(Function.READ_INPUTS, settings.stop_input)
        sensed = await read(_SENSES.get(settings.feedback, Function.READ_COILS), settings.feedback_at)
        return {
            place: Standing(bool(on[at]), self._is_sound(sensed[at]), bool(held[at]))
            for place in places
            for at in (place.relay - 1 - first,)
        }

    async def one(self, place: Place, *, is_urgent: bool = False) -> Standing:
        """How this one stands."""
        return (await self.look((place,), is_urgent=is_urgent))[place]

    def _is_sound(self, value: int) -> bool:
        settings = self._settings
        return settings.feedback != "none" and value >= (settings.threshold if settings.feedback in ("holding", "register") else 1)

    async def switch(self, place: Place, *, on: bool) -> None:
        """Close or open the relay; the answer is the unit's own echo."""
        urgency = Urgency.WRITE if on else Urgency.STOP
        await self._write(place, Function.WRITE_COIL, self._settings.coil, (int(on),), urgency=urgency)

    def open_at_once(self, place: Place, *, after_s: float = 0.0) -> None:
        """Open the relay behind a question that still waits for its answer after so long; switch() says whether it did."""
        request = Request(place.unit, Function.WRITE_COIL, self._settings.coil + place.relay - 1, values=(0,))
        self._line.interject(request, after_s=after_s)

    async def limit(self, place: Place, seconds: float) -> None:
        """Tell the device after how long it ends the sound by itself, where it can be told."""
        if self._settings.timer >= 0:
            units = max(1, math.ceil(seconds / self._settings.timer_unit_s))
            await self._write(place, Function.WRITE_REGISTER, self._settings.timer, (units,))

    async def kick(self, place: Place) -> None:
        """Keep the watchdog of this one from ending it."""
        if self._settings.watchdog >= 0:
            await self._write(place, Function.WRITE_COIL, self._settings.watchdog, (1,))

    async def sign(self, place: Place, session: int) -> None:
        """Leave a number that the device forgets when it starts anew."""
        if self._settings.session >= 0:
            await self._write(place, Function.WRITE_REGISTER, self._settings.session, (session,))

    async def has_run_since(self, place: Place, session: int) -> bool:
        """Whether the device has not started anew since this number was left there; False where it cannot show it."""
        if self._settings.session < 0:
            return False
        at = self._settings.session + place.relay - 1
        return (await self._line.ask(Request(place.unit, Function.READ_HOLDING, at))).values[0] == session

    async def _write(
        self, place: Place, function: Function, first: int, values: tuple[int, ...], *, urgency: Urgency = Urgency.WRITE
    ) -> None:
        await self._line.ask(Request(place.unit, function, first + place.relay - 1, values=values), urgency=urgency)


def line_of(settings: SirenSettings) -> ModbusLine:
    """The line that the settings name, not opened yet."""
    if settings.driver == "serial":
        wire = SerialLine(settings.device, settings.baud, open_s=settings.open_s)
        return ModbusLine(wire, Rtu(), answer_s=settings.answer_s, gap_s=max(0.00175, _RTU_GAP_BITS / settings.baud))
    return ModbusLine(TcpLine(settings.host, settings.port, open_s=settings.open_s), Tcp(), answer_s=settings.answer_s)
