"""Tables of the settings file about people on duty, field by field with what each must be."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["DutyTable"]


class DutyTable(msgspec.Struct, frozen=True):
    """Who must be on duty at any time. Without roles nobody watches the roster."""

    roles: Annotated[
        tuple[str, ...], Meta(description="Roles in which somebody must always be on duty, for example duty_officer and duty_leader.")
    ] = ()
    horizon_h: Annotated[float, Meta(gt=0, le=168, description="Hours ahead in which a gap of the roster is an alarm.")] = 12
    grace_min: Annotated[float, Meta(ge=0, le=240, description="Minutes after which whoever should have begun has not come.")] = 15
