"""Sirens: a relay contact over Modbus TCP or RTU, with a sensor that shows whether it sounds (docs/reference/siren.md)."""

from __future__ import annotations

from collections.abc import Sequence

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
    PluginInfo,
    Renderer,
    Rendition,
    Traffic,
    hookimpl,
    installed_version,
)
from fenghuo_siren.settings import SirenSettings, masked, siren

__all__ = [
    "SirenSettings",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "fenghuo_renderers",
]

_AT_ONCE = 16
"""Sirens that are started at one time; the line takes their questions one by one."""


def capabilities(settings: SirenSettings) -> Capabilities:
    """AIRED is the sensor's word; a relay alone shows that it was told, and no more."""
    drill = (Traffic.EXERCISE,) if settings.drills else ()
    return Capabilities(
        form="siren",
        evidence_max=Evidence.ACCEPTED if settings.feedback == "none" else Evidence.AIRED,
        doubt=Doubt.ACTUATOR,
        concurrency=_AT_ONCE,
        inbound=settings.feedback != "none",
        human_audible=True,
        receipt_q95_s=settings.sound_s,
        attempt_s=settings.attempt_s,
        needs=("grid",),
        traffic=(Traffic.ACTUAL, *drill),
        loudness=100.0,
        sounds_s=settings.sound_s,
    )


def _channel(ctx: ChannelContext) -> Channel:
    from fenghuo_siren.channel import SirenChannel

    return SirenChannel(ctx)


def _rendition(message: Message, budget: Budget) -> Rendition:
    from fenghuo_siren.rendition import siren_rendition

    return siren_rendition(message, budget)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("siren", installed_version())


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("siren.modbus", SirenSettings, capabilities, ("siren",), _channel)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("siren", _rendition)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("siren", siren, masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_siren.conformance import simulated_sirens

    return [ConformanceFixture("siren.modbus", "simulated sirens", simulated_sirens, is_simulated=True)]
