"""What each start has really sounded, booked with its emission: the estimate says how long it was meant to.

A siren that goes on for a second order sounds once: the first is booked up to the start of the second, so that the sum is what was heard.
A start of an earlier process has no emission here any more, and stays booked as it was estimated.
"""

from __future__ import annotations

import msgspec

from fenghuo import Emission, Estimate
from fenghuo_siren.settings import Place

__all__ = ["Sounded"]


class _Sound(msgspec.Struct, frozen=True):
    """The emission whose sound is being counted at a siren, and since when (UTC seconds)."""

    name: str
    emission: Emission
    since: float


class Sounded:
    """Of one channel. `hold` each emission before it may sound; then `begins`, and `ends` or `never`."""

    def __init__(self) -> None:
        self._held: dict[str, Emission] = {}
        self._sounding: dict[Place, _Sound] = {}

    def hold(self, name: str, emission: Emission) -> None:
        """This start may sound from now on."""
        self._held[name] = emission

    def begins(self, place: Place, name: str, at: float) -> None:
        """It sounds, or may; whatever sounded there is that of this one from now on."""
        self.ends(place, at)
        if (emission := self._held.pop(name, None)) is not None:
            self._sounding[place] = _Sound(name, emission, at)

    def ends(self, place: Place, at: float) -> None:
        """The siren is silent, or will be at that instant."""
        if (sound := self._sounding.pop(place, None)) is not None:
            sound.emission.book(Estimate(airtime_s=max(0.0, at - sound.since)))

    def never(self, place: Place, name: str) -> None:
        """This start did not sound at all."""
        if (emission := self._held.pop(name, None)) is not None:
            emission.book(Estimate())
        elif (sound := self._sounding.get(place)) is not None and sound.name == name:
            self.ends(place, sound.since)
