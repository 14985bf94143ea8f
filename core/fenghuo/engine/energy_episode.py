"""One discharge of the node's battery as it goes: which stage is in force, when the next begins, and what of it a person must hear. Pure.

A reading is cheap; the curve is fitted anew only now and then, and between two fits the plan's own drain goes on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import msgspec

from fenghuo.engine.energy import FLOORS_PCT, STAGES, WARNED_S, Battery, EnergyPlan, Load, drain_pct_per_h, energy_plan, stage
from fenghuo.engine.energy_runtime import Discharge, Fit
from fenghuo.model.mode import PowerMode

__all__ = ["Episode", "News"]

SOONEST_S, LATEST_S, PACE = 60.0, 600.0, 0.1
"""A fit costs milliseconds: after a tenth of the time since the cut, in these bounds, so that forty hours of it cost two seconds."""
OFF_PCT = 3.0
"""Sooner when a reading is so far from what the plan expects: the first of a load that nobody has told of, or a wrong one."""
HOLD_S, HOLD_READINGS = 30.0, 3
"""What a reading that nobody expected says of the stage must be said for so long, and so often, before it is in force."""
BACK_S, BACK_READINGS, BACK_PCT = 120.0, 5, 10.0
"""A stage that was entered is given up when the charge stands so far above it for so long: its reading was wrong."""

MOST_SAID = 64


class News(msgspec.Struct, frozen=True):
    """What a reading has brought: a stage that is now in force, and one that begins within a quarter of an hour; each told once.
    `corrected`: the stage in force after one that was entered by a mistake."""

    entered: PowerMode | None = None
    corrected: PowerMode | None = None
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
        self._known = (began, began_pct) if began_pct is not None else None
        self._doubted_until = -math.inf
        self._read: deque[float] = deque(maxlen=3)
        self._said: deque[tuple[float, int]] = deque(maxlen=MOST_SAID)

    def read(self, at: float, charge_pct: float, *, is_low: bool = False) -> News:
        """A reading of the battery's charge at `at`, UTC seconds; `is_low`: by its own word it is nearly empty, which counts at once."""
        self._read.append(charge_pct)
        steady = sorted(self._read)[1] if len(self._read) > 1 else charge_pct  # one that stands alone says nothing; of two the higher
        is_expected = self._expects(at, charge_pct)
        self._doubted_until = self._doubted_until if is_expected else at + BACK_S
        self._discharge.read(at, steady, drain_pct_per_h(self._battery, self._loads, self._stage or stage(steady)))
        self._last_pct, self._last_at = steady, at
        due_s = min(max(PACE * (at - self._began), SOONEST_S), LATEST_S)
        if at - self._fitted_at >= due_s or abs(self.plan(at).charge_pct - steady) >= OFF_PCT:
            self._fit, self._fitted_at = self._discharge.fit(), at
        return self._news(at, self.plan(at), is_sure=is_low or is_expected, is_low=is_low)

    def _expects(self, at: float, charge_pct: float) -> bool:
        """Whether a reading is where the last one that was expected leads by what the loads declare."""
        if self._known is None:
            return False
        since, before = self._known
        gone = (at - since) / 3600.0 * drain_pct_per_h(self._battery, self._loads, self._stage or STAGES[0])
        if abs(before - gone - charge_pct) >= OFF_PCT:
            return False
        self._known = (at, charge_pct)
        return True

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

    def _news(self, at: float, plan: EnergyPlan, *, is_sure: bool, is_low: bool) -> News:
        """A battery on its own does not fill: a stage that was entered is not left by noise."""
        charge = plan.charge_pct if at >= self._doubted_until else max(plan.charge_pct, *self._read)
        ahead = len(STAGES) - 1 if is_low else STAGES.index(stage(charge))
        self._said.append((at, ahead))
        in_force = STAGES.index(self._stage) if self._stage is not None else -1
        if (back := self._wrong(at, plan, in_force)) is not None:
            self._stage = self._warned = STAGES[back]
            return News(corrected=self._stage, plan=plan)
        ahead = ahead if is_sure else self._held(at, plan, in_force)
        entered = None
        if ahead > in_force:
            entered = self._stage = STAGES[ahead]
        if self._stage is None:
            return News(plan=plan)
        following = next((one for one in plan.steps if STAGES.index(one.stage) > STAGES.index(self._stage)), None)
        coming = None
        if following is not None and following.begins_s <= WARNED_S and self._warned is not following.stage:
            coming = self._warned = following.stage
        return News(entered, None, coming, plan)

    def _held(self, at: float, plan: EnergyPlan, in_force: int) -> int:
        """The furthest stage that every reading of the last while has said. Of the first one whose charge nobody knew before as much as its
        own, but the last stage: by that command is given away."""
        if len(self._said) == 1 and self._known is None:
            return min(self._said[0][1], len(STAGES) - 2)
        recent = [index for when, index in self._said if at - when <= HOLD_S][-MOST_SAID:]
        recent = recent if len(recent) >= HOLD_READINGS else [index for _, index in list(self._said)[-HOLD_READINGS:]]
        is_long = len(self._said) >= HOLD_READINGS and at - self._said[0][0] >= HOLD_S
        if not is_long or min(recent) < in_force:
            return max(in_force, 0)
        self._known = (at, plan.charge_pct)
        return min(recent)

    def _wrong(self, at: float, plan: EnergyPlan, in_force: int) -> int | None:
        """The stage that it was all the time, if the one in force was a mistake."""
        recent = [index for when, index in self._said if at - when <= BACK_S]
        is_long = len(recent) >= BACK_READINGS and at - self._said[0][0] >= BACK_S
        if in_force < 1 or not is_long or max(recent) >= in_force or plan.charge_pct < FLOORS_PCT[in_force - 1] + BACK_PCT:
            return None
        return max(recent)
