"""What is known of a start whose fate nobody has heard: by the notes, and by what stands at the device now."""

from __future__ import annotations

from collections.abc import Callable

from fenghuo import AttemptRef, Evidence, Outcome, Reached, Scope, Transient, Unknown
from fenghuo_siren.device import Controllers, Standing
from fenghuo_siren.plays import Attempt, Plays
from fenghuo_siren.settings import Place

__all__ = ["Asking"]


class Asking:
    """Of one channel. `since`: UTC seconds when its process began; `look_now`: something that sounds is to be looked after."""

    def __init__(self, controllers: Controllers, plays: Plays, *, since: float, look_now: Callable[[], None]) -> None:
        self._controllers = controllers
        self._plays = plays
        self._since = since
        self._look_now = look_now

    async def read(self, place: Place, ref: AttemptRef, now: float) -> Outcome:
        """Raises: LinkError: the device could not be asked."""
        attempt = self._plays.tried(ref)
        if attempt is None and self._plays.knows_all(now):
            return Transient(Scope.RECIPIENT, "never-started")
        standing = await self._controllers.one(place)
        if attempt is None:
            return Unknown(f"the store was turned back, and nobody knows whether siren {place} was started")
        if attempt.is_started or standing.on:
            return self._still(attempt, standing)
        if self._is_witness(attempt, now) and await self._controllers.has_run_since(place, attempt.session):
            self._plays.never_began(attempt)
            return Transient(Scope.RECIPIENT, "never-started")
        return Unknown(f"siren {place} is silent, and nobody knows whether it sounded")

    def _is_witness(self, attempt: Attempt, now: float) -> bool:
        """Whether a start that had reached the relay would still be on, as far as we know: it was this process's, we have not stopped it,
        and its time is not over. That the device has not failed meanwhile is for the device to show."""
        was_stopped = self._plays.quiet_from.get(attempt.place, 0.0) >= attempt.at
        return attempt.at >= self._since and now < attempt.ends_at and not was_stopped

    def _still(self, attempt: Attempt, standing: Standing) -> Outcome:
        """It was started; what still sounds is looked after from now on."""
        playing = self._plays.sounding.get(attempt.place)
        if standing.on and playing is None and not attempt.is_over:
            playing = self._plays.begin(attempt)
            self._look_now()
        is_its_own = playing is not None and playing.attempt.name == attempt.name
        if playing is not None and is_its_own and (standing.heard or playing.level >= Evidence.AIRED):
            playing.level = Evidence.AIRED
            return Reached(Evidence.AIRED)
        return Reached(Evidence.ACCEPTED)
