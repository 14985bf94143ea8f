"""The air of a far end's modem: what it submits takes its time there, and it answers for a submission when that is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["FarAir"]

_ANSWERS_A_SUBMISSION = b"+CMGS:"
"""Source: 3GPP TS 27.005 §3.5.1."""


class FarAir:
    """`part_s`: how long a part is on the air; `on_air_s`: seconds that all were, as measured."""

    def __init__(self, part_s: float) -> None:
        self.on_air_s = 0.0
        self._part_s = part_s

    def put(self, write: Callable[[bytes], object], octets: bytes) -> None:
        """Write what the modem says: at once, or, where it answers for a submission, when that has been on the air."""
        if _ANSWERS_A_SUBMISSION not in octets:
            write(octets)
            return
        loop = asyncio.get_running_loop()
        began = loop.time()

        def sent() -> None:
            self.on_air_s += loop.time() - began
            write(octets)

        loop.call_later(self._part_s, sent)
