"""Settings of sirens behind Modbus relays, `[channels.NAME.settings]` with type "siren.modbus", and the address of one of them."""

from __future__ import annotations

import itertools
import math
import re
from datetime import datetime
from typing import Literal, Self

import msgspec

__all__ = ["LEAST_S", "Place", "SirenSettings", "masked", "siren"]

_PLACE = re.compile(r"([0-9]{1,3})(?:/([0-9]{1,2}))?")
_MOST_RELAYS = 64
_LAST = 0xFFFF
LEAST_S = 1.0
"""Shortest play: what is left of the longest on-time is not worth a start below it."""
_LONGEST_S = 3600.0
"""Longest on-time: whatever is longer is a slip of the pen, and the town is not to pay for it."""
_SPACES = {"coil": "coil", "watchdog": "coil", "timer": "holding", "session": "holding", "stop_input": "input"}
"""Which of the four kinds of Modbus address a key counts in; `feedback_at` is of the kind that `feedback` names."""


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a siren hangs: a relay, from 1, of a Modbus unit, 1 to 247. Written `12/3`; `12` is its first relay."""

    unit: int
    relay: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises: ValueError with a sentence."""
        found = _PLACE.fullmatch(text.strip())
        place = cls(int(found[1]), int(found[2] or 1)) if found else None
        if place is None or not 1 <= place.unit <= 247 or not 1 <= place.relay <= _MOST_RELAYS:
            raise ValueError(
                f"{text!r} is no siren; write UNIT/RELAY, for example 12/3, with a unit of 1 to 247 and a relay of 1 to {_MOST_RELAYS}"
            )
        return place

    def __str__(self) -> str:
        return f"{self.unit}/{self.relay}"


class SirenSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Modbus line and the sirens on it, all wired alike. Addresses are the protocol's own, from 0 (coil 00001 of a manual is 0), and
    those of relay 1; relay n has the next n - 1; -1: there is none.

    `driver`: "tcp" with `host` and `port`, or "serial" with `device` and `baud` (8N1). `sirens`: every siren that may be started, as
    `UNIT/RELAY`; they are watched, and no other address is touched. `coil`: the relay that sounds it.
    `feedback`: what shows that it sounds: "none", a bit ("coil", "input") or a register ("holding", "register") at `feedback_at`, which
    from `threshold` on means sound, for example the current of the motor. `stop_input`: an input that is on while somebody holds it
    stopped at the siren; `stop_latches`: it stays on, and the siren stopped, until somebody lets go by hand. `sound_s`: how long one play
    lasts; `max_on_s`: longest without a pause, whatever is ordered meanwhile.
    `timer`: a holding register that takes the longest on-time before each start, in units of `timer_unit_s`, so that the device ends it
    by itself. `watchdog`: a coil that must be written every `watchdog_s` while it sounds, else the device ends it. `only_we_end`: neither
    is there, and somebody accepts that a siren sounds for as long as this node is dead.
    `session`: a holding register that the device itself clears when it starts; with it and with `stop_latches` a start whose echo was
    lost can be told from one that the device or somebody there has ended, and is no doubt. `armed`: the instant at which a person armed
    them, as in armed = 2026-07-15T09:30:00+08:00; without it nothing is ever started, and an instant before the last install, upgrade or
    restore counts as none. `drills`: exercises may sound them. `alarm_to`: audiences of the report that a siren sounds which nobody here
    started.
    """

    sirens: tuple[str, ...]
    coil: int
    driver: Literal["tcp", "serial"] = "tcp"
    host: str = "127.0.0.1"
    port: int = 502
    device: str = ""
    baud: int = 9600
    feedback: Literal["none", "coil", "input", "holding", "register"] = "none"
    feedback_at: int = -1
    threshold: int = 1
    stop_input: int = -1
    stop_latches: bool = False
    sound_s: float = 60.0
    max_on_s: float = 180.0
    timer: int = -1
    timer_unit_s: float = 1.0
    watchdog: int = -1
    watchdog_s: float = 1.0
    only_we_end: bool = False
    session: int = -1
    armed: datetime | None = None
    drills: bool = False
    alarm_to: tuple[str, ...] = ()
    open_s: float = 3.0
    answer_s: float = 0.5
    feedback_s: float = 2.0
    watch_s: float = 2.0
    reopen_max_s: float = 30.0

    def __post_init__(self) -> None:
        if not self.sirens:
            raise ValueError('sirens names none; list those that may be started, for example sirens = ["1/1", "2/1"]')
        for text in self.sirens:
            Place.parse(text)
        self._check_line()
        self._check_addresses()
        self._check_end()
        self._check_times()
        if self.armed is not None and self.armed.tzinfo is None:
            raise ValueError(f"armed {self.armed.isoformat()} has no time zone; write for example armed = 2026-07-15T09:30:00+08:00")

    def _check_line(self) -> None:
        if self.driver == "serial" and not self.device:
            raise ValueError('driver = "serial" needs a device, for example device = "/dev/ttyUSB0"')
        if self.driver == "tcp" and self.device:
            raise ValueError('device is for driver = "serial"; driver = "tcp" takes host and port')
        if self.driver == "tcp" and not self.host:
            raise ValueError('host is empty; name the gateway of the sirens, for example host = "10.32.4.20"')
        if not 1 <= self.port <= _LAST:
            raise ValueError(f"port {self.port} is not a TCP port; it goes from 1 to 65535")

    def _check_addresses(self) -> None:
        if not 0 <= self.coil <= _LAST:
            raise ValueError(f"coil {self.coil} is not one of 0 to 65535")
        for name in ("feedback_at", "stop_input", "timer", "watchdog", "session"):
            if not -1 <= getattr(self, name) <= _LAST:
                raise ValueError(f"{name} {getattr(self, name)} is not one of 0 to 65535, or -1 for none")
        if (self.feedback != "none") != (self.feedback_at >= 0):
            raise ValueError(
                f'feedback = "{self.feedback}" with feedback_at = {self.feedback_at} names half of a sensor; '
                'give both, for example feedback = "input" and feedback_at = 0, or neither'
            )
        if self.stop_latches and self.stop_input < 0:
            raise ValueError("stop_latches = true speaks of a stop_input, and there is none; name the input, for example stop_input = 120")
        if self.feedback == "coil" and self.feedback_at == self.coil:
            raise ValueError(
                f"feedback_at {self.feedback_at} is the coil itself, where our own command is read back and no sound; "
                'name a sensor, for example feedback = "input" with its feedback_at, or leave both out'
            )
        if not 1 <= self.threshold <= _LAST:
            raise ValueError(f"threshold {self.threshold} is not one of 1 to 65535; silence is 0, so give the least value that means sound")
        self._check_wiring()

    def _check_wiring(self) -> None:
        """Relay n has the next n - 1 of everything: two keys must not meet there, for a write of one would be one of the other."""
        named = {key: getattr(self, key) for key in (*_SPACES, "feedback_at") if getattr(self, key) >= 0}
        farthest = max(place.relay for place in self.places)
        for key, first in named.items():
            if first + farthest - 1 > _LAST:
                raise ValueError(
                    f"{key} {first} leaves no address for relay {farthest}, which would have {first + farthest - 1}; "
                    f"it goes to {_LAST - farthest + 1}"
                )
        spaces = {**_SPACES, "feedback_at": self.feedback}
        for one, other in itertools.combinations(named, 2):
            if spaces[one] == spaces[other]:
                self._check_apart(one, other)

    def _check_apart(self, one: str, other: str) -> None:
        first, second = getattr(self, one), getattr(self, other)
        taken = {(place.unit, first + place.relay): place for place in self.places}
        for its in self.places:
            mine = taken.get((its.unit, second + its.relay))
            if mine is not None:
                raise ValueError(
                    f"{other} {second} meets {one} {first}: that of {its} is that of {mine}, address {first + mine.relay - 1}; "
                    f"each needs addresses of its own, for example {other} = {self._beyond(first)}"
                )

    def _beyond(self, first: int) -> int:
        """An address that is apart from those that begin at `first`."""
        apart = first + _MOST_RELAYS
        return apart if apart + _MOST_RELAYS <= _LAST else max(0, first - _MOST_RELAYS)

    def _check_end(self) -> None:
        if not self.ends_by_itself and not self.only_we_end:
            raise ValueError(
                "timer and watchdog are both -1, so a siren would sound on for as long as this node is dead; name the device's own limit, "
                "for example timer = 200, or accept it with only_we_end = true"
            )

    def _check_times(self) -> None:
        for name in (
            "sound_s",
            "max_on_s",
            "timer_unit_s",
            "watchdog_s",
            "open_s",
            "answer_s",
            "feedback_s",
            "watch_s",
            "reopen_max_s",
            "baud",
        ):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} {getattr(self, name)} must be a number greater than 0, and not endless")
        if self.sound_s < LEAST_S:
            raise ValueError(f"sound_s {self.sound_s:g} is too short to be heard; a play lasts {LEAST_S:g} s or longer")
        if self.max_on_s < self.sound_s:
            raise ValueError(f"max_on_s {self.max_on_s:g} is less than sound_s {self.sound_s:g}; a play must fit into the longest on-time")
        if self.max_on_s > _LONGEST_S:
            raise ValueError(
                f"max_on_s {self.max_on_s:g} is longer than an hour; no siren sounds for more than {_LONGEST_S:g} s without a pause"
            )
        if self.timer >= 0 and self.max_on_s / self.timer_unit_s > _LAST:
            raise ValueError(f"max_on_s {self.max_on_s:g} has no room in a register of units of {self.timer_unit_s:g} s; it holds 65535")

    @property
    def places(self) -> tuple[Place, ...]:
        """Every siren once, unit by unit."""
        return tuple(sorted({Place.parse(text) for text in self.sirens}))

    @property
    def ends_by_itself(self) -> bool:
        """Whether the device ends a sound when nobody here can."""
        return self.timer >= 0 or self.watchdog >= 0

    @property
    def attempt_s(self) -> float:
        """The longest start: the line, eight questions, and the sensor."""
        return self.open_s + 8 * self.answer_s + self.feedback_s + 2.0


def siren(text: str) -> str:
    """An address the one right way. Raises: ValueError with a sentence."""
    return str(Place.parse(text))


def masked(address: str) -> str:
    """Where a siren hangs is no secret."""
    return address
