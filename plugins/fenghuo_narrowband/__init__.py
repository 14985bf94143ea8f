"""Narrow radio: readable text (docs/reference/radio-text.md) and the sealed link (docs/reference/radio-link.md) over a KISS TNC, and text
messages to DMR radios (docs/reference/radio-hrnp.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fenghuo import (
    AddressKind,
    Budget,
    Capabilities,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Doubt,
    Evidence,
    Message,
    PeerStanding,
    PluginInfo,
    Priority,
    Probing,
    Renderer,
    Rendition,
    hookimpl,
)
from fenghuo.formats.renditions import radio_text
from fenghuo_narrowband.airtime import BUDGET_OCTETS, attempt_s, question_s
from fenghuo_narrowband.hrnp_settings import HrnpSettings, masked_station, station
from fenghuo_narrowband.link_settings import LinkSettings
from fenghuo_narrowband.parts import MAX_PARTS
from fenghuo_narrowband.settings import RadioSettings, ScreenSettings, callsign, here, masked

__all__ = [
    "HrnpSettings",
    "LinkSettings",
    "RadioSettings",
    "ScreenSettings",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "fenghuo_renderers",
    "hrnp_capabilities",
    "link_capabilities",
    "screen_capabilities",
]


# The link ends every transfer by itself, and does not wait in vain for longer than minutes; the core need not hurry it.
ATTEMPT_S = 1800.0
WATTS = 25.0
"""What a mobile transceiver draws while it sends."""


def capabilities(settings: RadioSettings) -> Capabilities:
    """What this station can do. By itself it claims ACCEPTED or AIRED; DEVICE is the acknowledgement of the station at the far end. A probe
    asks a base station; without one it puts nothing on the air."""
    asks_s = question_s(settings) if settings.path and settings.repeat_s else 0.0
    return Capabilities(
        form="radio",
        evidence_max=Evidence.DEVICE,
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
        watts_transmit=WATTS,
        probing=Probing(joules=WATTS * asks_s, airtime_s=(1 + len(settings.path)) * asks_s),
        cadence_s=max(settings.beacon_s, settings.heard_every_s) if settings.beacon_s else 0.0,
    )


def link_capabilities(settings: LinkSettings) -> Capabilities:
    """What the link can do: it paces itself, so that everybody and each class has a place of its own and urgent frames pass at once.
    Whoever is reached through a post counts as well: an order to all behind it is one message, if all are licensed together."""
    reached = sum(1 if post.is_head else max(1, len(post.behind)) for post in settings.posts.values())
    return Capabilities(
        form="compact",
        evidence_max=Evidence.DONE,  # what people at the posts key in comes back sealed
        doubt=Doubt.IDEMPOTENT,
        max_payload=settings.octets,
        concurrency=max(1, reached) * len(Priority),
        group=bool(settings.groups),
        inbound=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=ATTEMPT_S,
        watts_idle=2.0,
        watts_transmit=25.0,
    )


def hrnp_capabilities(settings: HrnpSettings) -> Capabilities:
    """What text messages over DMR can do: a radio acknowledges, nobody can be asked, and one message is on the air at a time."""
    return Capabilities(
        form="radio",
        evidence_max=Evidence.DEVICE,
        doubt=Doubt.OPAQUE,
        max_payload=3 * settings.characters,  # alerts are fitted to one message of Chinese
        concurrency=1,
        half_duplex=True,
        group=True,
        inbound=True,
        repeat_safe=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=MAX_PARTS * settings.tries * (settings.packet_tries * settings.ack_s + settings.answer_s),
        watts_idle=2.0,
        watts_transmit=25.0,
    )


def screen_capabilities(settings: ScreenSettings) -> Capabilities:
    """A screen shows a copy in the same place; paper keeps both."""
    doubt = Doubt.OPAQUE if settings.printer else Doubt.IDEMPOTENT
    return Capabilities(form="radio", evidence_max=Evidence.DEVICE, doubt=doubt, receipt_q95_s=86_400.0, human_audible=settings.speech)


def _screen(ctx: ChannelContext) -> Channel:
    from fenghuo_narrowband.screen import ScreenChannel

    return ScreenChannel(ctx)


def _link(ctx: ChannelContext) -> Channel:
    from fenghuo_narrowband.link_channel import LinkChannel

    return LinkChannel(ctx)


def _hrnp(ctx: ChannelContext) -> Channel:
    from fenghuo_narrowband.hrnp_channel import HrnpChannel

    return HrnpChannel(ctx)


# Ciphers and dictionaries are loaded when a link is set up or a message is made for one, not with the name of the plugin.
def _check(settings: LinkSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    from fenghuo_narrowband.link_keys import check

    return check(settings, secret)


def _claims(settings: LinkSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    from fenghuo_narrowband.link_keys import claims

    return claims(settings, secret)


def _compact(message: Message, budget: Budget) -> Rendition:
    from fenghuo_narrowband.link_rendition import compact_rendition

    return compact_rendition(message, budget)


def _radio(ctx: ChannelContext) -> Channel:
    from fenghuo_narrowband.channel import RadioChannel

    if ctx.settings.hard_cap >= 1:
        return RadioChannel(ctx)
    from fenghuo_narrowband.text_air import TextAir

    return RadioChannel(ctx, TextAir(ctx))


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("narrowband", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [
        ChannelType("radio.kiss", RadioSettings, capabilities, ("callsign",), _radio),
        ChannelType("radio.link", LinkSettings, link_capabilities, ("callsign",), _link, _check, _claims),
        ChannelType("radio.hrnp", HrnpSettings, hrnp_capabilities, ("dmr",), _hrnp),
        ChannelType("post.screen", ScreenSettings, screen_capabilities, ("screen",), _screen),
    ]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("radio", radio_text), Renderer("compact", _compact)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [
        AddressKind("callsign", callsign, masked),
        AddressKind("dmr", station, masked_station),
        AddressKind("screen", here, masked),
    ]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_narrowband.conformance import simulated_tnc
    from fenghuo_narrowband.conformance_link import simulated_posts
    from fenghuo_narrowband.conformance_paper import paper
    from fenghuo_narrowband.hrnp_conformance import simulated_gateway

    return [
        ConformanceFixture("radio.kiss", "simulated TNC", simulated_tnc, is_simulated=True),
        ConformanceFixture("radio.link", "simulated posts", simulated_posts, is_simulated=True),
        ConformanceFixture("radio.hrnp", "simulated gateway", simulated_gateway, is_simulated=True, standing=PeerStanding.VECTORS),
        ConformanceFixture("post.screen", "paper", paper),
    ]
