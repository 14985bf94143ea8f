"""One discharge of the node's battery as it goes: which stage is in force, when the next begins, and what of it a person must hear. Pure.

A reading is cheap; the curve is fitted anew only now and then, and between two fits the plan's own drain goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from fenghuo.engine.energy import STAGES, WARNED_S, Battery, EnergyPlan, Load, drain_pct_per_h, energy_plan, stage
from fenghuo.engine.energy_runtime import Discharge, Fit
from fenghuo.model.mode import PowerMode

__all__ = ["Episode", "News"]

SOONEST_S, LATEST_S, PACE = 60.0, 600.0, 0.1
"""A fit costs milliseconds: after a tenth of the time since the cut, in these bounds, so that forty hours of it cost two seconds."""
OFF_PCT = 3.0
"""Sooner when a reading is so far from what the plan expects: the first of a load that nobody has told of, or a wrong one."""


class News(msgspec.Struct, frozen=True):
    """What a reading has brought: a stage that is now in force, and one that begins within a quarter of an hour; each told once."""

    entered: PowerMode | None = None
    coming: PowerMode | None = None
    plan: EnergyPlan | None = None


class Episode:
    """From the cut at `began` (UTC seconds) with the charge before it, if anybody knew it."""

    def __init__(self, battery: Battery, loads: Sequence[Load], *, began: float, began_pct: float | None) -> None:
        self._battery = battery
        self._loads = loads
        self._discharge = Discharge(began, began_pct, has_plan=True)
        self._began = began
        self._fitted_at = -math.inf
        self._fit: Fit | None = None
        self._last_pct: float | None = None
        self._last_at = began
        self._stage: PowerMode | None = None
        self._warned: PowerMode | None = None

    def read(self, at: float, charge_pct: float) -> News:
        """A reading of the battery's charge at `at`, UTC seconds."""
        self._discharge.read(at, charge_pct, drain_pct_per_h(self._battery, self._loads, self._stage or stage(charge_pct)))
        self._last_pct, self._last_at = charge_pct, at
        due_s = min(max(PACE * (at - self._began), SOONEST_S), LATEST_S)
        if at - self._fitted_at >= due_s or abs(self.plan(at).charge_pct - charge_pct) >= OFF_PCT:
            self._fit, self._fitted_at = self._discharge.fit(), at
        plan = self.plan(at)
        return self._news(plan)

    def plan(self, now: float) -> EnergyPlan:
        """What is left at `now`, by the curve as far as it says more than the loads declare."""
        if self._fit is None:
            return energy_plan(self._battery, self._loads, self._last_pct or 0.0)
        gone = (now - self._fitted_at) / 3600.0 * drain_pct_per_h(self._battery, self._loads, self._stage or STAGES[0]) * self._fit.scale
        charge = min(100.0, max(0.0, self._fit.charge_pct - gone))
        return energy_plan(self._battery, self._loads, charge, scale=self._fit.scale, spread=self._fit.spread)

    @property
    def began(self) -> float:
        """When the mains went, UTC seconds."""
        return self._began

    @property
    def told_at(self) -> float:
        """When a charge was read last, UTC seconds."""
        return self._last_at

    @property
    def fit(self) -> Fit | None:
        """What the curve says; None: nothing yet."""
        return self._fit

    def _news(self, plan: EnergyPlan) -> News:
        """A battery on its own does not fill: a stage that was entered is not left by noise."""
        ahead = stage(plan.charge_pct)
        entered = None
        if self._stage is None or STAGES.index(ahead) > STAGES.index(self._stage):
            entered = self._stage = ahead
        following = next((one for one in plan.steps if STAGES.index(one.stage) > STAGES.index(self._stage)), None)
        coming = None
        if following is not None and following.begins_s <= WARNED_S and self._warned is not following.stage:
            coming = self._warned = following.stage
        return News(entered, coming, plan)
