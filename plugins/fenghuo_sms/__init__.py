"""SMS over SMPP 3.4 (短信): texts to telephones, delivery reports and answers back. See docs/reference/sms.md."""

from __future__ import annotations

from collections.abc import Sequence

from fenghuo import (
    AddressKind,
    Capabilities,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Doubt,
    Evidence,
    PluginInfo,
    Renderer,
    hookimpl,
)
from fenghuo.formats.renditions import sms_text
from fenghuo_sms.settings import SmsSettings, check, masked, msisdn

__all__ = [
    "SmsSettings",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "fenghuo_renderers",
    "masked",
    "msisdn",
]

# Beyond the wait for the answer: a place in the window and the pace, before begin().
_PLACE_S = 5.0


def capabilities(settings: SmsSettings) -> Capabilities:
    """What this account can do. A delivery report is DEVICE; SMPP 3.4 has a query, but centres answer it so badly that it is OPAQUE."""
    return Capabilities(
        form="sms",
        evidence_max=Evidence.DEVICE,
        doubt=Doubt.OPAQUE,
        concurrency=settings.window,
        inbound=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=settings.response_s + _PLACE_S,
        fee_fen=settings.fee_fen,
        needs=("ip",),
    )


def _sms(ctx: ChannelContext) -> Channel:
    from fenghuo_sms.channel import SmsChannel

    return SmsChannel(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("sms", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("sms.smpp", SmsSettings, capabilities, ("msisdn",), _sms, check)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("sms", sms_text)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("msisdn", msisdn, masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_sms.conformance import simulated_centre

    return [ConformanceFixture("sms.smpp", "simulated centre", simulated_centre, is_simulated=True)]
