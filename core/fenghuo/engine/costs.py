"""What an emission costs, as its channel counts it; the figures that are booked with it go into the event stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from fenghuo.engine.channels import Instance
from fenghuo.model.rendition import Rendition
from fenghuo.plugin.ports import Capabilities, Estimate

__all__ = ["FIGURES", "booked", "estimated", "priced"]

FIGURES = ("airtime_s", "octets", "fee_fen", "joules", "fragments")
"""What is booked of an Estimate: seconds on the medium, octets on the wire, fen, joules, and parts."""
_PLACES = 6

log = structlog.stdlib.get_logger("fenghuo.costs")


def priced(estimate: Estimate, capabilities: Capabilities) -> Estimate:
    """With the money and the energy that the type declares, where the channel itself says nothing of them."""
    fee_fen = estimate.fee_fen or capabilities.fee_fen
    joules = estimate.joules or capabilities.watts_transmit * estimate.airtime_s
    return msgspec.structs.replace(estimate, fee_fen=fee_fen, joules=joules)


def estimated(instance: Instance, payload: Rendition, address: str) -> Estimate | None:
    """What one emission would cost; None: the channel is not there, or a bug of its plugin keeps it from saying so, and no message."""
    channel = instance.channel()
    if channel is None:
        return None
    try:
        return priced(channel.estimate(payload, address), instance.capabilities)
    except Exception as error:  # noqa: BLE001  # a plugin's bug in an estimate keeps no message from being planned or sent
        log.warning("estimate failed", channel=instance.name, cause=f"{type(error).__name__}: {error}")
        return None


def booked(cost: Estimate, times: int = 1) -> Mapping[str, Any]:
    """The figures of `times` such emissions as an event keeps them; what is nothing is left out."""
    figures = {name: round(getattr(cost, name) * times, _PLACES) for name in FIGURES}
    return {name: figure for name, figure in figures.items() if figure}
