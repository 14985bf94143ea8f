"""The energy plan as figures and sentences: the answer of `fenghuo power plan`, and what an alarm says of the stage that comes."""

from __future__ import annotations

import math
from typing import Any

from fenghuo.engine.energy import EnergyPlan, Shed, Step
from fenghuo.engine.power import PowerState
from fenghuo.formats.sentences import Sentence, said
from fenghuo.model.mode import PowerMode
from fenghuo.service.showing import rfc3339

__all__ = ["lasts_says", "left_s", "plan_view", "stage_says"]


def plan_view(plan: EnergyPlan, *, by: str, state: PowerState, since: float | None, age_s: float) -> dict[str, Any]:
    """`by`: "curve" when the drain was measured, "declared" when it is what the loads say. `since`: when the mains went, UTC seconds; None:
    they had not, by the last that was heard. `age_s`: of the charge that was told last. Seconds, percent, watts."""
    return {
        "by": by,
        "age_s": round(age_s, 1),
        "says": [*_says(plan, _when(state, since)), *_aged(age_s, state)],
        "plan": {
            "charge_pct": round(plan.charge_pct, 1),
            "left_s": _seconds(plan.left_s),
            "least_s": _seconds(plan.least_s),
            "most_s": _seconds(plan.most_s),
            "unmanaged_s": _seconds(plan.unmanaged_s),
            "gain": round(plan.gain, 2) if math.isfinite(plan.gain) else None,
            "reserve_s": _seconds(plan.reserve_s),
            "steps": [_step(one) for one in plan.steps],
            "warnings": [{"stage": one.stage.value, "in_s": _seconds(one.in_s)} for one in plan.warnings],
            "messages": {name: {"p0": one.p0, "others": one.others} for name, one in plan.messages.items()},
        },
    }


def stage_says(plan: EnergyPlan, coming: PowerMode) -> str:
    """What a person must know a quarter of an hour before a stage begins."""
    step = next(one for one in plan.steps if one.stage is coming)
    sheds = ", ".join(_shed(one) for one in step.sheds) or "nothing"
    return (
        f"{coming.value} begins in {step.begins_s / 60:.0f} minutes, at {step.from_pct:g} %; to shed then: {sheds}; "
        f"{_hours(plan.left_s)} are left by the plan, {_hours(plan.unmanaged_s)} with nothing shed"
    )


def left_s(plan: EnergyPlan | None) -> int | None:
    """None: nobody knows, or it lasts without an end."""
    return None if plan is None else _seconds(plan.left_s)


def lasts_says(plan: EnergyPlan | None) -> tuple[Sentence, ...]:
    """For how long what is left can go on without mains; nothing where nobody knows."""
    if plan is None:
        return ()
    return (said("whatif.lasts", left=_hours(plan.left_s), least=_hours(plan.least_s), most=_hours(plan.most_s)),)


def _when(state: PowerState, since: float | None) -> str:
    """What is left is left from now on, from when the mains go, or nobody knows."""
    match state:
        case PowerState.BATTERY:
            return ""
        case PowerState.MAINS:
            return "if the mains went now: "
        case _ if since is not None:
            return f"nobody knows whether there is mains; on battery since {rfc3339(since)}: "
        case _:
            return "nobody knows whether there is mains; without them: "


def _aged(age_s: float, state: PowerState) -> list[str]:
    """That nobody has seen it go on."""
    if state is not PowerState.UNKNOWN:
        return []
    return [f"the charge was told last {_hours(age_s)} ago; what is left goes on from there by the plan"]


def _says(plan: EnergyPlan, when: str) -> list[str]:
    left = f"{when}{_hours(plan.left_s)} are left by the plan, between {_hours(plan.least_s)} and {_hours(plan.most_s)}"
    gain = f"with nothing shed {_hours(plan.unmanaged_s)}: the plan lasts {plan.gain:.1f} times as long"
    reserve = (
        f"after {_hours(plan.reserve_s)} what is left is the reserve for P0" if plan.reserve_s else "what is left is the reserve for P0"
    )
    return [left, gain, reserve]


def _step(one: Step) -> dict[str, Any]:
    return {
        "stage": one.stage.value,
        "from_pct": round(one.from_pct, 1),
        "to_pct": one.to_pct,
        "begins_s": _seconds(one.begins_s),
        "lasts_s": _seconds(one.lasts_s),
        "watts": one.watts,
        "sheds": [{"name": shed.name, "before_w": shed.before_w, "after_w": shed.after_w} for shed in one.sheds],
    }


def _shed(one: Shed) -> str:
    return f"{one.name} ({one.before_w:g} W)" if not one.after_w else f"{one.name} ({one.before_w:g} to {one.after_w:g} W)"


def _seconds(value: float) -> int | None:
    """None: without an end."""
    return round(value) if math.isfinite(value) else None


def _hours(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "no end"
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{seconds / 60:.0f} min"
