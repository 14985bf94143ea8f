"""SMS (短信), over SMPP 3.4 and over modems: texts to telephones, delivery reports and answers back. See docs/reference/sms.md."""

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
from fenghuo_sms import modem_settings
from fenghuo_sms.modem_settings import ModemSettings
from fenghuo_sms.settings import SmsSettings, check, masked, msisdn

__all__ = [
    "ModemSettings",
    "SmsSettings",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "fenghuo_renderers",
    "masked",
    "modem_capabilities",
    "msisdn",
]

# Beyond the wait for the answer: a place in the window and the pace, before begin().
_PLACE_S = 5.0
# An order of so many parts still has its time on a modem that is well.
_PARTS = 10


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


def modem_capabilities(settings: ModemSettings) -> Capabilities:
    """What these modems can do. A delivery report of every part is DEVICE; what became of an unanswered text, no modem can say."""
    return Capabilities(
        form="sms",
        evidence_max=Evidence.DEVICE if settings.reports else Evidence.ACCEPTED,
        doubt=Doubt.OPAQUE,
        concurrency=len(settings.devices),
        inbound=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=_PLACE_S + settings.prompt_s + settings.send_s + _PARTS * settings.part_s,
        watts_idle=0.5 * len(settings.devices),
        watts_transmit=modem_settings.WATTS_TRANSMIT,
        fee_fen=settings.fee_fen,
    )


def _sms(ctx: ChannelContext) -> Channel:
    from fenghuo_sms.channel import SmsChannel

    return SmsChannel(ctx)


def _modems(ctx: ChannelContext) -> Channel:
    from fenghuo_sms.modem_channel import ModemChannel

    return ModemChannel(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("sms", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [
        ChannelType("sms.smpp", SmsSettings, capabilities, ("msisdn",), _sms, check),
        ChannelType("sms.at", ModemSettings, modem_capabilities, ("msisdn",), _modems, modem_settings.check),
    ]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("sms", sms_text)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("msisdn", msisdn, masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_sms.conformance import simulated_centre
    from fenghuo_sms.conformance_modem import simulated_modem

    return [
        ConformanceFixture("sms.smpp", "simulated centre", simulated_centre, is_simulated=True),
        ConformanceFixture("sms.at", "simulated modem", simulated_modem, is_simulated=True),
    ]
