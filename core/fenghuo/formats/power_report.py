"""What a post measures of itself and says in one frame of telemetry: five octets of power. Pure.

1 | state 2 bits, nearly empty 1 bit, five zeros | charge in half percents, 255 unknown | minutes left 16 bits, 65535 unknown
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
_NO_CHARGE, _NO_MINUTES = 0xFF, 0xFFFF
_STATE_SHIFT, _LOW = 6, 0x20


class PowerReport(msgspec.Struct, frozen=True):
    """What a post lives on: `state` of STATES; percent and minutes, None: nobody there knows."""

    state: str
    is_low: bool = False
    charge_pct: float | None = None
    minutes: float | None = None


def encode_power(report: PowerReport) -> bytes:
    """Five octets; what lasts longer than 45 days is told as that."""
    charge = _NO_CHARGE if report.charge_pct is None else round(2 * min(100.0, max(0.0, report.charge_pct)))
    minutes = _NO_MINUTES if report.minutes is None else int(min(max(report.minutes, 0.0), _NO_MINUTES - 1))
    return _FORM.pack(_POWER, STATES.index(report.state) << _STATE_SHIFT | (_LOW if report.is_low else 0), charge, minutes)


def decode_power(body: bytes) -> PowerReport:
    """Raises: FrameError: something else is measured there, or nothing that makes sense."""
    if len(body) != _FORM.size or body[0] != _POWER:
        raise FrameError(f"{len(body)} octets of telemetry are no power report", code="telemetry")
    _, flags, charge, minutes = _FORM.unpack(body)
    state = flags >> _STATE_SHIFT
    if state >= len(STATES) or flags & (_LOW - 1) or 200 < charge < _NO_CHARGE:
        raise FrameError(f"power report with flags {flags:#04x} and charge {charge} makes no sense", code="telemetry")
    return PowerReport(
        STATES[state],
        bool(flags & _LOW),
        None if charge == _NO_CHARGE else charge / 2,
        None if minutes == _NO_MINUTES else float(minutes),
    )
