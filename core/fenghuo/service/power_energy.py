"""Follows the battery of this node through a discharge, tells each stage before it begins and when it does, and answers how long is left.

It sheds nothing: what is shed follows from the modes. Shapes: docs/reference/power.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fenghuo.clock import Clock
from fenghuo.engine.energy import EnergyPlan, Load, Price, energy_plan
from fenghuo.engine.energy_episode import Episode, News
from fenghuo.engine.energy_runtime import Fit
from fenghuo.engine.power import PowerState, Sensed
from fenghuo.model.mode import PowerMode
from fenghuo.service.energy_words import plan_view, stage_says
from fenghuo.service.power import CLEAN_S, PowerWatch
from fenghuo.service.settings_values import EnergySettings
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["EnergyWatch"]

SUBJECT = "power/energy"


class EnergyWatch:
    """`loads`: what draws, with the channels that no load of the settings names; `prices`: one message on each channel, asked only when
    somebody wants to know."""

    def __init__(self, store: Store, clock: Clock, power: PowerWatch, settings: EnergySettings) -> None:
        self._store = store
        self._clock = clock
        self._power = power
        self._settings = settings
        self._sensor = settings.sensor
        self._episode: Episode | None = None
        self._before_pct: float | None = None
        self._stage = PowerMode.UNKNOWN
        self._mains_since: float | None = None
        self.loads: Callable[[], tuple[Load, ...]] = lambda: settings.loads
        self.prices: Callable[[], Mapping[str, Price]] = dict
        self.on_stage: Callable[[PowerMode, EnergyPlan | None], None] = _nobody_acts
        self.on_corrected: Callable[[], None] = _nobody_gave

    def read(self, sensor: str, one: Sensed) -> None:
        """A power sensor has ended a reading; of several the one that the settings name counts, else the first that told a charge."""
        if one.charge_pct is not None and not self._sensor:
            self._sensor = sensor
        if sensor != self._sensor or one.state is PowerState.UNKNOWN:
            return
        now = self._clock.time()
        if one.state is PowerState.MAINS:
            self._on_mains(one, now)
        elif one.charge_pct is not None:
            self._on_battery(now - (one.charge_age_s or 0.0), one.charge_pct, is_low=one.is_low)

    def view(self) -> dict[str, Any]:
        """`power.plan` of the desk; without a charge that holds, or a curve to go on by, there is no plan."""
        one, now = self._power.sensed().get(self._sensor, Sensed()), self._clock.time()
        left = self._left(one, now)
        if left is None:
            return {"sensor": self._sensor, "state": "unknown", "says": ["nobody knows what is left in the battery"], "plan": None}
        charge, fit = left
        plan = self._planned(charge, fit, self.loads(), self.prices())
        by = "curve" if fit is not None else "declared"
        discharge = self._discharge()
        since = discharge.began if discharge is not None else None
        age_s = one.charge_age_s if one.charge_age_s is not None or discharge is None else now - discharge.told_at
        return {
            "sensor": self._sensor,
            "state": one.state.value,
            **plan_view(plan, by=by, state=one.state, since=since, age_s=age_s or 0.0),
        }

    def lasts(self, left: Collection[str]) -> EnergyPlan | None:
        """What is left by the plan with these channels alone; None: nobody knows the charge."""
        known = self._left(self._power.sensed().get(self._sensor, Sensed()), self._clock.time())
        if known is None:
            return None
        loads = tuple(load if not load.channel or load.channel in left else _off(load) for load in self.loads())
        return self._planned(*known, loads, {})

    def _left(self, one: Sensed, now: float) -> tuple[float, Fit | None] | None:
        """The charge by now, percent, and the curve that says so, if any does. A curve goes on when its sensor is lost, unless the mains
        were back by then; None: nobody knows."""
        if self._episode is not None and (fit := self._episode.fit) is not None and (one.charge_pct is not None or self._discharge()):
            return self._episode.plan(now).charge_pct, fit
        return (one.charge_pct, None) if one.charge_pct is not None else None

    def _discharge(self) -> Episode | None:
        """The one under way by the last that was heard."""
        return self._episode if self._mains_since is None else None

    def _planned(self, charge: float, fit: Fit | None, loads: tuple[Load, ...], prices: Mapping[str, Price]) -> EnergyPlan:
        if fit is None:
            return energy_plan(self._settings.battery, loads, charge, prices=prices)
        return energy_plan(self._settings.battery, loads, charge, prices=prices, scale=fit.scale, spread=fit.spread)

    def _on_mains(self, one: Sensed, now: float) -> None:
        """Mains for ten minutes end a discharge; mains that come and go for seconds do not charge a battery."""
        self._before_pct = one.charge_pct
        self._mains_since = self._mains_since or now
        if self._episode is not None and now - self._mains_since < CLEAN_S:
            return
        self._episode = None
        if self._stage is not PowerMode.GRID:
            self._enter(PowerMode.GRID, None)

    def _on_battery(self, at: float, charge_pct: float, *, is_low: bool) -> None:
        if self._mains_since is not None and self._episode is not None and (self._before_pct or 0.0) > charge_pct:
            self._episode = None  # it was charged meanwhile: the curve begins anew
        self._mains_since = None
        if self._episode is None:
            self._episode = Episode(self._settings.battery, self.loads(), began=at, began_pct=self._before_pct)
        news = self._episode.read(at, charge_pct, is_low=is_low)
        if news.corrected is not None and news.corrected is not self._stage:
            self._enter(news.corrected, news.plan)
            self.on_corrected()
        if news.entered is not None and news.entered is not self._stage:
            self._enter(news.entered, news.plan)
        if news.coming is not None:
            self._warn(news)

    def _enter(self, stage: PowerMode, plan: EnergyPlan | None) -> None:
        was, self._stage = self._stage, stage
        figures = {} if plan is None else _figures(plan)

        def tell(tx: Tx) -> None:
            tx.event("power.stage", SUBJECT, was=was.value, stage=stage.value, **figures)

        self._store.submit(tell)
        self.on_stage(stage, plan)

    def _warn(self, news: News) -> None:
        plan, coming = news.plan, news.coming
        assert plan is not None
        assert coming is not None
        message = stage_says(plan, coming)

        def tell(tx: Tx) -> None:
            tx.event("alarm.power_stage", SUBJECT, message=message, stage=coming.value, **_figures(plan))

        self._store.submit(tell)


def _nobody_acts(stage: PowerMode, plan: EnergyPlan | None) -> None:
    """Until whoever hands command over is wired in."""


def _nobody_gave() -> None:
    """The same."""


def _off(load: Load) -> Load:
    return Load(load.name, (0.0, 0.0, 0.0, 0.0), load.channel)


def _figures(plan: EnergyPlan) -> dict[str, Any]:
    """What an event keeps of a plan."""
    return {
        "charge_pct": round(plan.charge_pct, 1),
        "left_s": round(plan.left_s),
        "least_s": round(plan.least_s),
        "most_s": round(plan.most_s),
        "unmanaged_s": round(plan.unmanaged_s),
    }
