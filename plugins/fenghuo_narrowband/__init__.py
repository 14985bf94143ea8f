"""Packet radio: orders as readable text over a KISS TNC (AX.25), answers back. See docs/reference/radio-text.md."""

from __future__ import annotations

from collections.abc import Sequence

from fenghuo import AddressKind, Capabilities, Channel, ChannelContext, ChannelType, Doubt, Evidence, PluginInfo, Renderer, hookimpl
from fenghuo.formats.renditions import radio_text
from fenghuo_narrowband.airtime import BUDGET_OCTETS, attempt_s
from fenghuo_narrowband.settings import RadioSettings, callsign, masked

__all__ = ["RadioSettings", "capabilities", "fenghuo_address_kinds", "fenghuo_channel_types", "fenghuo_plugin", "fenghuo_renderers"]


def capabilities(settings: RadioSettings) -> Capabilities:
    """What this station can do; `evidence_max` is what it claims by itself, answers raise it."""
    return Capabilities(
        form="radio",
        evidence_max=Evidence.AIRED if settings.pace else Evidence.ACCEPTED,
        doubt=Doubt.OPAQUE,
        max_payload=BUDGET_OCTETS,
        concurrency=1,
        half_duplex=not settings.full_duplex,
        group=bool(settings.group),
        inbound=True,
        repeat_safe=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=attempt_s(settings),
        watts_idle=2.0,
        watts_transmit=25.0,
    )


def _radio(ctx: ChannelContext) -> Channel:
    from fenghuo_narrowband.channel import RadioChannel

    return RadioChannel(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("narrowband", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("radio.kiss", RadioSettings, capabilities, ("callsign",), _radio)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("radio", radio_text)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("callsign", callsign, masked)]
