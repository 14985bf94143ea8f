"""What is known of a start whose fate nobody has heard: by the notes, and by what stands at the device now."""

from __future__ import annotations

from collections.abc import Callable

from fenghuo import AttemptRef, Evidence, Outcome, Reached, Scope, Transient, Unknown
from fenghuo_siren.device import Controllers, Standing
from fenghuo_siren.plays import Attempt, Plays
from fenghuo_siren.settings import Place, SirenSettings

__all__ = ["Asking"]


class Asking:
    """Of one channel. `clock`: UTC seconds; `look_now`: something that sounds is to be looked after."""

    def __init__(
        self, settings: SirenSettings, controllers: Controllers, plays: Plays, *, clock: Callable[[], float], look_now: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._controllers = controllers
        self._plays = plays
        self._clock = clock
        self._look_now = look_now

    async def read(self, place: Place, ref: AttemptRef) -> Outcome:
        """Raises: LinkError: the device could not be asked."""
        attempt = self._plays.tried(ref)
        if attempt is None and self._plays.knows_all(self._clock()):
            return Transient(Scope.RECIPIENT, "never-started")
        standing = await self._controllers.one(place)
        if attempt is None:
            return Unknown(f"the store was turned back, and nobody knows whether siren {place} was started")
        if attempt.is_started or standing.on or self._plays.was_seen_on(attempt):
            return self._still(attempt, standing)
        if await self._controllers.has_run_since(place, attempt.session) and self._is_witness(attempt, standing):
            self._plays.never_began(attempt)
            return Transient(Scope.RECIPIENT, "never-started")
        return Unknown(f"siren {place} is silent, and nobody knows whether it sounded")

    def _is_witness(self, attempt: Attempt, standing: Standing) -> bool:
        """Whether a start that had reached the relay would still be on: its time is not over, nobody here has stopped it, nobody on the
        spot can have stopped it without a trace, and its watchdog never went hungry. That the device has not failed it shows itself."""
        settings, now = self._settings, self._clock()
        play = self._plays.begun_by(attempt)
        if play is None or now >= attempt.ends_at or not settings.stop_latches or standing.held:
            return False
        return settings.watchdog < 0 or not play.is_hungry(now, settings.watchdog_s)

    def _still(self, attempt: Attempt, standing: Standing) -> Outcome:
        """It was started; what still sounds is looked after from now on."""
        playing = self._plays.sounding.get(attempt.place)
        if standing.on and playing is None and not attempt.is_over:
            playing = self._plays.begin(attempt)
            self._look_now()
        if playing is not None and playing.is_due(attempt) and (attempt.name in playing.aired or (standing.heard and not playing.is_deaf)):
            playing.aired |= {attempt.name}
            return Reached(Evidence.AIRED)
        return Reached(Evidence.ACCEPTED)
