"""The places on the trips of one channel: taken before a sheet is printed, counted in its notes, given back where none came out."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from fenghuo import Notes, Scope, Transient
from fenghuo_runner.settings import SheetSettings
from fenghuo_runner.trips import next_at, trip_at, window

__all__ = ["Seats"]


class Seats:
    """Without windows every sheet goes at any time, on no trip. A sheet more than the trip takes waits for the next one: those that are
    sent first are the most urgent, since the core asks in that order. `now`: UTC seconds."""

    def __init__(self, settings: SheetSettings, now: Callable[[], float], notes: Notes) -> None:
        self._windows = [window(text) for text in settings.windows]
        self._said = ", ".join(settings.windows)
        self._per_trip = settings.per_trip
        self._now = now
        self._notes = notes
        self._trip = ""
        self._out = 0

    async def recall(self) -> None:
        """How full a trip was before the start. Raises: StoreError."""
        if self._per_trip:
            values = (await self._notes.recall()).values
            self._trip, self._out = values.get("trip", ""), int(values.get("out", "0"))

    async def take(self) -> str | Transient:
        """The trip that a sheet goes with, empty where there are none; or that it must wait. Raises: StoreError."""
        if not self._windows:
            return ""
        now = self._now()
        trip = trip_at(self._windows, now)
        if trip is None:
            return Transient(Scope.WAY, "between-trips", next_at(self._windows, now) - now)
        if trip.name != self._trip:
            self._trip, self._out = trip.name, 0
        if self._per_trip and self._out >= self._per_trip:
            return Transient(Scope.WAY, "trip-full", next_at(self._windows, now) - now)
        self._out += 1
        await self._keep()
        return trip.name

    async def give_back(self, trip: str) -> None:
        """Nothing came out. Raises: StoreError."""
        if trip and trip == self._trip and self._out:
            self._out -= 1
            await self._keep()

    @contextlib.asynccontextmanager
    async def held(self, trip: str) -> AsyncIterator[None]:
        """A place that is given back where what is inside comes to nothing."""
        try:
            yield
        except BaseException:
            await self.give_back(trip)
            raise

    def wait_s(self) -> float:
        """Until the next sheet is taken along."""
        now = self._now()
        return next_at(self._windows, now) - now if self._windows and trip_at(self._windows, now) is None else 0.0

    def remark(self) -> str:
        """For the operator."""
        if not self._windows:
            return ""
        trip = trip_at(self._windows, self._now())
        full = (
            f", {self._out if trip is not None and trip.name == self._trip else 0} of {self._per_trip} places taken"
            if self._per_trip
            else ""
        )
        return f"takes sheets along {self._said}{full if trip is not None else '; not now'}"

    async def _keep(self) -> None:
        if self._per_trip:
            await self._notes.keep({"trip": self._trip, "out": str(self._out)})
