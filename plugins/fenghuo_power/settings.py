"""Settings of the power sensors: `[sensors.NAME.settings]` with type "power.nut", "power.supply" or "power.upower"."""

from __future__ import annotations

from typing import Annotated, Protocol

import msgspec

__all__ = ["NutSettings", "Pace", "SupplySettings", "UPowerSettings"]

_Period = Annotated[float, msgspec.Meta(ge=0.1, le=600)]
_Stale = Annotated[float, msgspec.Meta(gt=0, le=3_600)]


class Pace(Protocol):
    """How often a source is asked, seconds."""

    @property
    def period_s(self) -> float:
        """On mains, and at first on battery."""

    @property
    def longest_s(self) -> float:
        """On battery the wait grows with the time there, up to this: each look wakes the machine."""

    @property
    def stale_after_s(self) -> float:
        """What is older is unknown; it grows with the wait."""


def _refuse_early_staleness(pace: Pace) -> None:
    if pace.stale_after_s <= pace.period_s:
        raise ValueError(
            f"stale_after_s = {pace.stale_after_s:g} is not longer than period_s = {pace.period_s:g}: "
            f"every reading would be stale before the next; write {3 * pace.period_s:g}"
        )


class NutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One UPS behind an upsd. `ups`: its name there, as `upsc -l` lists it. It is asked every `period_s` seconds, on battery ever more
    seldom up to `longest_s`; what is older than `stale_after_s` is unknown. `timeout_s`: for one answer. `fuel_variable`: its variable
    with the percent in the tank of a generator, as `upsc` shows it; empty: nobody measures that."""

    ups: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 3493
    period_s: _Period = 5.0
    longest_s: _Period = 240.0
    stale_after_s: _Stale = 15.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    fuel_variable: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = ""

    def __post_init__(self) -> None:
        _refuse_early_staleness(self)


class SupplySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The power supplies of this machine, as the kernel shows them in the folder `path`; looked at every `period_s` seconds, on battery
    ever more seldom up to `longest_s`."""

    path: Annotated[str, msgspec.Meta(pattern=r"^/")] = "/sys/class/power_supply"
    period_s: _Period = 5.0
    longest_s: _Period = 240.0
    stale_after_s: _Stale = 15.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0

    def __post_init__(self) -> None:
        _refuse_early_staleness(self)


class UPowerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """UPower on the system bus, or on the bus at `address`; asked every `period_s` seconds, on battery ever more seldom up to
    `longest_s`; what is older than `stale_after_s` is unknown."""

    address: Annotated[str, msgspec.Meta(pattern=r"^$|^[a-z]+:")] = ""
    period_s: _Period = 5.0
    longest_s: _Period = 240.0
    stale_after_s: _Stale = 15.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0

    def __post_init__(self) -> None:
        _refuse_early_staleness(self)
