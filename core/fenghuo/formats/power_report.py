"""What a post measures of itself and says in one frame of telemetry: five octets of power, and a sixth where fuel is measured. Pure.

1 | state 2 bits, nearly empty 1 bit, five zeros | charge in half percents, 255 unknown | minutes left 16 bits, 65535 unknown
| fuel in half percents, left out where nobody measures it
"""

from __future__ import annotations

import struct

import msgspec

from fenghuo.errors import FrameError

__all__ = ["STATES", "PowerReport", "decode_power", "encode_power"]

STATES = ("unknown", "mains", "battery")
"""By their number on the air."""
_POWER = 1
_FORM = struct.Struct(">BBBH")
_NO_CHARGE, _NO_MINUTES, _FULL = 0xFF, 0xFFFF, 200
_STATE_SHIFT, _LOW = 6, 0x20


class PowerReport(msgspec.Struct, frozen=True):
    """What a post lives on: `state` of STATES; percent and minutes, None: nobody there knows; `fuel_pct`: of the tank of its
    generator."""

    state: str
    is_low: bool = False
    charge_pct: float | None = None
    minutes: float | None = None
    fuel_pct: float | None = None


def encode_power(report: PowerReport) -> bytes:
    """Five or six octets; what lasts longer than 45 days is told as that."""
    charge = _NO_CHARGE if report.charge_pct is None else _halves(report.charge_pct)
    fuel = b"" if report.fuel_pct is None else bytes((_halves(report.fuel_pct),))
    minutes = _NO_MINUTES if report.minutes is None else int(min(max(report.minutes, 0.0), _NO_MINUTES - 1))
    return _FORM.pack(_POWER, STATES.index(report.state) << _STATE_SHIFT | (_LOW if report.is_low else 0), charge, minutes) + fuel


def decode_power(body: bytes) -> PowerReport:
    """Raises: FrameError: something else is measured there, or nothing that makes sense."""
    if len(body) not in (_FORM.size, _FORM.size + 1) or body[0] != _POWER:
        raise FrameError(f"{len(body)} octets of telemetry are no power report", code="telemetry")
    _, flags, charge, minutes = _FORM.unpack(body[: _FORM.size])
    fuel = body[_FORM.size] if len(body) > _FORM.size else None
    state = flags >> _STATE_SHIFT
    if state >= len(STATES) or flags & (_LOW - 1) or _FULL < charge < _NO_CHARGE or (fuel or 0) > _FULL:
        raise FrameError(f"power report with flags {flags:#04x}, charge {charge} and fuel {fuel} makes no sense", code="telemetry")
    return PowerReport(
        STATES[state],
        bool(flags & _LOW),
        None if charge == _NO_CHARGE else charge / 2,
        None if minutes == _NO_MINUTES else float(minutes),
        None if fuel is None else fuel / 2,
    )


def _halves(percent: float) -> int:
    return round(2 * min(100.0, max(0.0, percent)))
