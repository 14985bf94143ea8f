"""The energy plan: what is left in the battery, as hours, as steps of shedding and as messages on each channel. Pure.

What the steps say is a proposal: nothing is shed by it. Source: failover.md, Modes, No power; scenarios.md S10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from fenghuo.model.mode import PowerMode

__all__ = [
    "FLOORS_PCT",
    "STAGES",
    "Battery",
    "EnergyPlan",
    "Four",
    "Load",
    "Messages",
    "Price",
    "Shed",
    "Step",
    "Warn",
    "drain_pct_per_h",
    "energy_plan",
    "stage",
]

STAGES = (PowerMode.BATTERY_FULL, PowerMode.BATTERY_SAVE, PowerMode.BATTERY_MIN, PowerMode.LAST_GASP)
"""A battery runs down through them in this order."""
FLOORS_PCT = (60.0, 30.0, 10.0, 0.0)
"""The charge at which each ends. Source: failover.md, Modes."""
WARNED_S = 900.0
"""A person hears of a stage so long before it begins: the time it takes to hand traffic over and to move the store."""
_HOUR_S = 3600.0

Four = tuple[float, float, float, float]
"""One figure for each of STAGES."""


class Battery(msgspec.Struct, frozen=True):
    """`usable_wh`: what may be taken from it, full to empty; `efficiency`: the share of that which reaches the loads; `reserve`: the share
    of `usable_wh` that is for P0 alone; `spread`: how far, as a share, the figures for the loads may be wrong until they are measured."""

    usable_wh: float
    efficiency: Four = (1.0, 1.0, 1.0, 1.0)
    reserve: float = 0.30
    spread: float = 0.10


class Load(msgspec.Struct, frozen=True):
    """What draws: watts in each stage, 0 where it is off. `channel`: whose it is, "" for what belongs to none."""

    name: str
    watts: Four
    channel: str = ""


class Price(msgspec.Struct, frozen=True):
    """One message on a channel: seconds on the medium, and joules beside what the loads draw anyhow."""

    airtime_s: float
    joules: float


class Shed(msgspec.Struct, frozen=True):
    """A load that draws less from here on, watts."""

    name: str
    before_w: float
    after_w: float


class Step(msgspec.Struct, frozen=True):
    """One stage of what lies ahead: it begins in `begins_s` seconds (0: it is in force) at `from_pct` of charge and lasts `lasts_s`, to
    `to_pct`. `sheds`: what goes at its beginning, what saves most first."""

    stage: PowerMode
    from_pct: float
    to_pct: float
    begins_s: float
    lasts_s: float
    watts: float
    sheds: tuple[Shed, ...]


class Warn(msgspec.Struct, frozen=True):
    """When a person is to hear of the stage that comes: seconds from now, 0 at once."""

    stage: PowerMode
    in_s: float


class Messages(msgspec.Struct, frozen=True):
    """How many a channel can still send if it sends without a pause: of P0 until the battery is empty, of all others until the reserve."""

    p0: int
    others: int


class EnergyPlan(msgspec.Struct, frozen=True):
    """`left_s` with its interval; `unmanaged_s`: with nothing shed; `reserve_s`: until only the reserve for P0 is left, 0 when it is."""

    charge_pct: float
    left_s: float
    least_s: float
    most_s: float
    unmanaged_s: float
    reserve_s: float
    steps: tuple[Step, ...]
    warnings: tuple[Warn, ...]
    messages: Mapping[str, Messages]

    @property
    def gain(self) -> float:
        """How many times longer it lasts than with nothing shed; 1 when it is empty."""
        return self.left_s / self.unmanaged_s if self.unmanaged_s else 1.0


def stage(charge_pct: float) -> PowerMode:
    """What a battery of this charge stands for."""
    return next((one for one, floor in zip(STAGES, FLOORS_PCT, strict=True) if charge_pct >= floor), PowerMode.LAST_GASP)


def drain_pct_per_h(battery: Battery, loads: Sequence[Load], at: PowerMode) -> float:
    """Percent of charge that go in an hour of this stage."""
    index = STAGES.index(at)
    return 100.0 * _watts(loads, index) / (battery.efficiency[index] * battery.usable_wh)


def energy_plan(
    battery: Battery,
    loads: Sequence[Load],
    charge_pct: float,
    *,
    prices: Mapping[str, Price] = MappingProxyType({}),
    scale: float = 1.0,
    spread: float | None = None,
) -> EnergyPlan:
    """What `charge_pct` means. `scale`: how much more is drawn than the loads say, as measured; `spread`: how far that may be wrong, as a
    share, in place of the battery's own."""
    wide = battery.spread if spread is None else spread
    steps = tuple(_steps(battery, loads, charge_pct, scale))
    left_s = sum(one.lasts_s for one in steps)
    return EnergyPlan(
        charge_pct=charge_pct,
        left_s=left_s,
        least_s=left_s / (1 + wide),
        most_s=left_s / (1 - wide) if wide < 1 else math.inf if left_s else 0.0,
        unmanaged_s=_lasts_s(charge_pct, drain_pct_per_h(battery, loads, STAGES[0]) * scale),
        reserve_s=_until(steps, 100.0 * battery.reserve),
        steps=steps,
        warnings=tuple(Warn(one.stage, max(0.0, one.begins_s - WARNED_S)) for one in steps if one.begins_s > 0),
        messages={name: _messages(battery, _with(loads, steps, name), price) for name, price in prices.items()},
    )


def _steps(battery: Battery, loads: Sequence[Load], charge_pct: float, scale: float) -> list[Step]:
    found: list[Step] = []
    begins_s = 0.0
    for index in range(STAGES.index(stage(charge_pct)), len(STAGES)):
        from_pct = charge_pct if not found else FLOORS_PCT[index - 1]
        lasts_s = _lasts_s(from_pct - FLOORS_PCT[index], drain_pct_per_h(battery, loads, STAGES[index]) * scale)
        found.append(Step(STAGES[index], from_pct, FLOORS_PCT[index], begins_s, lasts_s, _watts(loads, index), _shed(loads, index)))
        begins_s += lasts_s
    return found


def _shed(loads: Sequence[Load], index: int) -> tuple[Shed, ...]:
    if index == 0:
        return ()
    falls = [Shed(one.name, one.watts[index - 1], one.watts[index]) for one in loads if one.watts[index] < one.watts[index - 1]]
    return tuple(sorted(falls, key=lambda one: one.after_w - one.before_w))


def _until(steps: Sequence[Step], floor_pct: float) -> float:
    """Seconds until the charge has fallen so far."""
    return sum(one.lasts_s * pct / (one.from_pct - one.to_pct) for one in steps if (pct := _above(one, floor_pct)))


def _messages(battery: Battery, steps: Sequence[Step], price: Price) -> Messages:
    """What these steps hold over what one message takes: the node lives on while it is on the air, and the transmitter comes on top."""
    held = [(one, battery.usable_wh * battery.efficiency[STAGES.index(one.stage)] * _HOUR_S / 100.0) for one in steps]
    each = [(one, joules_a_pct / cost) for one, joules_a_pct in held if (cost := one.watts * price.airtime_s + price.joules)]
    p0 = sum(_above(one, 0.0) * count for one, count in each)
    others = sum(_above(one, 100.0 * battery.reserve) * count for one, count in each)
    return Messages(int(p0 + 1e-9), int(others + 1e-9))


def _with(loads: Sequence[Load], steps: Sequence[Step], channel: str) -> list[Step]:
    """The steps in which a channel is on."""
    return [one for one in steps if _is_on(loads, channel, STAGES.index(one.stage))]


def _above(step: Step, floor_pct: float) -> float:
    """How many percent of a step's charge lie above a floor."""
    return max(0.0, step.from_pct - max(step.to_pct, floor_pct))


def _is_on(loads: Sequence[Load], channel: str, index: int) -> bool:
    own = [one.watts[index] for one in loads if one.channel == channel]
    return not own or any(own)


def _lasts_s(pct: float, pct_per_h: float) -> float:
    return pct / pct_per_h * _HOUR_S if pct_per_h else math.inf


def _watts(loads: Sequence[Load], index: int) -> float:
    return sum(one.watts[index] for one in loads)
