"""Settings of the power sensors: `[sensors.NAME.settings]` with type "power.nut" or "power.supply"."""

from __future__ import annotations

from typing import Annotated

import msgspec

__all__ = ["NutSettings", "SupplySettings"]

_Period = Annotated[float, msgspec.Meta(ge=0.1, le=600)]
_Stale = Annotated[float, msgspec.Meta(gt=0, le=3_600)]


def _refuse_early_staleness(period_s: float, stale_after_s: float) -> None:
    if stale_after_s <= period_s:
        raise ValueError(
            f"stale_after_s = {stale_after_s:g} is not longer than period_s = {period_s:g}: "
            f"every reading would be stale before the next; write {3 * period_s:g}"
        )


class NutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One UPS behind an upsd. `ups`: its name there, as `upsc -l` lists it. It is asked every `period_s` seconds; what is older than
    `stale_after_s` is unknown. `timeout_s`: for one answer."""

    ups: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 3493
    period_s: _Period = 5.0
    stale_after_s: _Stale = 15.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0

    def __post_init__(self) -> None:
        _refuse_early_staleness(self.period_s, self.stale_after_s)


class SupplySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The power supplies of this machine, as the kernel shows them in the folder `path`; looked at every `period_s` seconds."""

    path: Annotated[str, msgspec.Meta(pattern=r"^/")] = "/sys/class/power_supply"
    period_s: _Period = 5.0
    stale_after_s: _Stale = 15.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0

    def __post_init__(self) -> None:
        _refuse_early_staleness(self.period_s, self.stale_after_s)
