"""Answers of a group one after another: how long a slot is, whose it is, when it begins. Pure.

All count from the end of the frame that called. Source: scenarios.md S9.
"""

from __future__ import annotations

import math

from fenghuo.link.air import Air
from fenghuo.link.frame import FrameKind
from fenghuo.link.pieces import DIGEST, Call
from fenghuo.link.receipts import Held, HeldList, encode_receipt
from fenghuo.link.seal import sealed_octets

__all__ = ["GUARD_S", "over_s", "rank", "slot_ds", "start_s"]

# Between two answers: what stations differ in noticing the end of the call. A modem that decodes in software takes 60-150 ms.
GUARD_S = 0.2


def slot_ds(air: Air, pieces: int) -> int:
    """Tenths of a second for one answer about so many pieces, all or some held: the modem's way to the channel, keying, the receipt, a
    guard."""
    answers = (Held(1, 0, pieces), Held(1, 0, digest=bytes(DIGEST)))
    longest = max(len(encode_receipt(HeldList((answer,)))) for answer in answers)
    answer_s = air.access_s + air.airtime_s(sealed_octets(FrameKind.RECEIPT, longest)) + GUARD_S
    return min(255, math.ceil(answer_s * 10))


def rank(position: int, asked: int) -> int | None:
    """Which slot member `position` has among those asked, from 0; None: it is not asked."""
    return (asked & ((1 << position) - 1)).bit_count() if asked >> position & 1 else None


def start_s(call: Call, slot: int, air: Air) -> float:
    """Seconds from the end of the call to the start of a slot."""
    return air.turnaround_s + slot * call.slot_ds / 10


def over_s(call: Call, air: Air) -> float:
    """Seconds from the end of the call to the end of the last slot."""
    return start_s(call, call.asked.bit_count(), air)
