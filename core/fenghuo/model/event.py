"""One entry of the ordered event stream that consoles, metrics, audit and peers read."""

from __future__ import annotations

import msgspec

__all__ = ["Event"]


class Event(msgspec.Struct, frozen=True, gc=False):
    """`seq` counts all events of the store, without holes; `type` is dotted (`delivery.emitting`); `subject` names what it is about."""

    seq: int
    at: float
    type: str
    subject: str
    body: dict[str, str | int | float | bool | None | list[str] | dict[str, float]]
