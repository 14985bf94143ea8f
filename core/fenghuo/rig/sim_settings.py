"""Settings of the simulated channels."""

from __future__ import annotations

import msgspec

from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities, Doubt

__all__ = ["SimSettings", "bulk_capabilities", "radio_capabilities", "sms_capabilities"]


class SimSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`socket`: where the simulated bearer listens, relative to the working folder; `window`: texts under way at once;
    `receipt_q95_s`: 95 % of receipts have come by then; `retry_s`: between tries to reach a bearer that is gone."""

    socket: str
    window: int = 8
    receipt_q95_s: float = 5.0
    retry_s: float = 1.0
    fee_fen: float = 0.0


def sms_capabilities(settings: SimSettings) -> Capabilities:
    """Like short messages: receipts of devices, several at once."""
    return Capabilities(
        form="sms",
        evidence_max=Evidence.DEVICE,
        doubt=Doubt.OPAQUE,
        repeat_safe=False,
        concurrency=settings.window,
        inbound=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=10.0,
        fee_fen=settings.fee_fen or 5.0,
    )


def bulk_capabilities(settings: SimSettings) -> Capabilities:
    """Like a bulk gateway: pages of telephones, receipts of each."""
    return msgspec.structs.replace(sms_capabilities(settings), batch=True, attempt_s=15.0)


def radio_capabilities(settings: SimSettings) -> Capabilities:
    """Like narrowband radio: one at a time, readable text of limited length."""
    return Capabilities(
        form="radio",
        evidence_max=Evidence.DEVICE,
        doubt=Doubt.OPAQUE,
        max_payload=512,
        repeat_safe=True,
        half_duplex=True,
        inbound=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=30.0,
        fee_fen=settings.fee_fen,
    )
