"""SMS over a Tiantong satellite terminal (天通): slow, dear, and there when nothing else is. See docs/reference/tiantong.md."""

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
    Renderer,
    Rendition,
    hookimpl,
)
from fenghuo_tiantong.settings import TiantongSettings, check, masked, number

__all__ = [
    "TiantongSettings",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "fenghuo_renderers",
    "masked",
    "number",
]

# Beyond the answers themselves: a place at the terminal before begin(), and a second and third part.
_PLACE_S = 5.0
_MORE_PARTS = 2


def capabilities(settings: TiantongSettings) -> Capabilities:
    """What this terminal can do. A delivery report is DEVICE; what became of an unanswered text, no terminal can say."""
    return Capabilities(
        form="satellite-code" if settings.posts else "satellite",
        evidence_max=Evidence.DEVICE if settings.reports else Evidence.ACCEPTED,
        doubt=Doubt.OPAQUE,
        concurrency=1,
        inbound=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=_PLACE_S + settings.prompt_s + settings.send_s + _MORE_PARTS * settings.part_s,
        watts_idle=settings.watts_idle,
        watts_transmit=settings.watts_transmit,
        fee_fen=settings.fee_fen,
        needs=("line of sight",),
    )


def _terminal(ctx: ChannelContext) -> Channel:
    from fenghuo_tiantong.channel import TiantongChannel

    return TiantongChannel(ctx)


def _check(settings: TiantongSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    faults = check(settings, secret)
    if not settings.posts:
        return faults
    from fenghuo_tiantong.keys import check_keys

    return {**faults, **check_keys(settings, secret)}


def _claims(settings: TiantongSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    if not settings.posts:
        return {}
    from fenghuo_tiantong.keys import claims

    return claims(settings, secret)


def _satellite_code(message: Message, budget: Budget) -> Rendition:
    from fenghuo_tiantong.rendition import satellite_code

    return satellite_code(message, budget)


def _satellite(message: Message, budget: Budget) -> Rendition:
    from fenghuo_tiantong.rendition import satellite_text

    return satellite_text(message, budget)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("tiantong", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("tiantong.sms", TiantongSettings, capabilities, ("satphone",), _terminal, _check, _claims)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("satellite", _satellite), Renderer("satellite-code", _satellite_code)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("satphone", number, masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_tiantong.conformance import simulated_terminal

    return [ConformanceFixture("tiantong.sms", "simulated terminal", simulated_terminal, is_simulated=True, standing=PeerStanding.VECTORS)]
