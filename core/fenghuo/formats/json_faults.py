"""Faults of JSON that the fast reader passes over or tells badly: a key that comes twice, half of a surrogate pair."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

__all__ = ["HalfCharacter", "lone_surrogate", "repeated_key"]

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)


class HalfCharacter(NamedTuple):
    """A surrogate without the other one of its pair: after which key, at which octet (from 0), and the escape as written."""

    field: str
    at: int
    written: str


class _Repeated(Exception):
    """Carries the key."""


def _look(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _Repeated(key)
        seen.add(key)


# Figures stay text: one with thousands of digits costs time, and its value is nobody's business here.
_pairs = json.JSONDecoder(object_pairs_hook=_look, parse_int=str, parse_float=str)


def repeated_key(raw: bytes) -> str:
    """The first key of an object that comes twice in it; empty if none does. `raw`: JSON that could be read. Source: RFC 8259 §4."""
    try:
        _pairs.decode(raw.decode())
    except _Repeated as repeated:
        return str(repeated)
    return ""


def lone_surrogate(raw: bytes) -> HalfCharacter | None:
    """The first half of a pair whose other half is missing; None where every escape is whole. Source: RFC 8259 §8.2."""
    high: re.Match[bytes] | None = None
    for escape in _ESCAPE.finditer(raw):
        unit = int(escape[1], 16) if escape[1] else 0
        if high is not None:
            if unit not in _LOW or escape.start() != high.end():
                return _half(raw, high)
            high = None
        elif unit in _LOW:
            return _half(raw, escape)
        elif unit in _HIGH:
            high = escape
    return _half(raw, high) if high is not None else None


def _half(raw: bytes, escape: re.Match[bytes]) -> HalfCharacter:
    keys = [key[1] for key in _KEY.finditer(raw, 0, escape.start())]
    return HalfCharacter(keys[-1].decode(errors="replace") if keys else "?", escape.start(), escape[0].decode())
