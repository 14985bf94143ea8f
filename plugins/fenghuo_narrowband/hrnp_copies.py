"""Which texts to us are copies: a radio that had no acknowledgement says the same text again, under the same request. Pure.

A radio that was switched off counts its requests from 1 again. So a copy is the same words as well, and not long after the first.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum

import msgspec

from fenghuo_adapters.hrnp_framing import Tmp

__all__ = ["COPY_S", "Copies", "Standing"]

COPY_S = 300.0
"""Seconds within which a radio says a text again of which it has no acknowledgement, and more; the same words later are said anew."""
REMEMBERED = 1000


class Standing(Enum):
    """Of a text that came in. FRESH: not heard before; AWAITED: a copy of one that is not kept yet; KEPT: a copy of one that is."""

    FRESH = "fresh"
    AWAITED = "awaited"
    KEPT = "kept"


class _First(msgspec.Struct):
    at: float
    is_kept: bool = False


class Copies:
    """What was heard in the last COPY_S seconds, the newest REMEMBERED of it. `monotonic`: seconds of a clock that is never set."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._firsts: OrderedDict[tuple[int, int, bytes], _First] = OrderedDict()

    def heard(self, tmp: Tmp) -> Standing:
        """How a text stands; a fresh one is remembered."""
        key, now = _key(tmp), self._monotonic()
        first = self._firsts.get(key)
        if first is not None and now - first.at < COPY_S:
            return Standing.KEPT if first.is_kept else Standing.AWAITED
        self._firsts[key] = _First(now)
        self._firsts.move_to_end(key)
        if len(self._firsts) > REMEMBERED:
            self._firsts.popitem(last=False)
        return Standing.FRESH

    def kept(self, tmp: Tmp) -> None:
        """It is on our disk: from now on its radio may be told so, once for each copy."""
        first = self._firsts.get(_key(tmp))
        if first is not None:
            first.is_kept = True


def _key(tmp: Tmp) -> tuple[int, int, bytes]:
    return tmp.source, tmp.request, hashlib.sha256(tmp.text.encode("utf-16-le", "surrogatepass")).digest()
