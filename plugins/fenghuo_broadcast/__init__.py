"""Emergency broadcast (应急广播): the platform of the county or city, its terminals, and loudspeakers. See docs/reference/broadcast.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fenghuo import (
    AddressKind,
    Budget,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    KeyProvider,
    Message,
    PeerStanding,
    PluginInfo,
    Renderer,
    Rendition,
    Signer,
    hookimpl,
    installed_version,
)
from fenghuo_broadcast.ebd_numbers import ebrid, masked
from fenghuo_broadcast.ebm import ebm_body
from fenghuo_broadcast.loudspeaker_settings import LoudspeakerSettings, loudspeaker
from fenghuo_broadcast.loudspeaker_settings import capabilities as loudspeaker_capabilities
from fenghuo_broadcast.loudspeaker_settings import check as loudspeaker_check
from fenghuo_broadcast.platform_settings import PlatformSettings, capabilities, check
from fenghuo_broadcast.terminal_settings import TerminalSettings
from fenghuo_broadcast.terminal_settings import capabilities as terminal_capabilities
from fenghuo_broadcast.terminal_settings import check as terminal_check

__all__ = [
    "LoudspeakerSettings",
    "PlatformSettings",
    "TerminalSettings",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_key_providers",
    "fenghuo_plugin",
    "fenghuo_renderers",
]


async def _key_file(key: str, secret: Callable[[str], str]) -> Signer:
    from fenghuo_broadcast.key_file import open_file

    return await open_file(key, secret)


def _platform(ctx: ChannelContext) -> Channel:
    from fenghuo_broadcast.platform_channel import PlatformChannel

    return PlatformChannel(ctx)


def _terminal(ctx: ChannelContext) -> Channel:
    from fenghuo_broadcast.terminal_channel import TerminalChannel

    return TerminalChannel(ctx)


def _loudspeakers(ctx: ChannelContext) -> Channel:
    from fenghuo_broadcast.loudspeaker_channel import LoudspeakerChannel

    return LoudspeakerChannel(ctx)


def _spoken(message: Message, budget: Budget) -> Rendition:
    from fenghuo_broadcast.loudspeaker_channel import loudspeaker_rendition

    return loudspeaker_rendition(message, budget)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("broadcast", installed_version())


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [
        ChannelType("broadcast.platform", PlatformSettings, capabilities, ("ebrid",), _platform, check),
        ChannelType("broadcast.terminal", TerminalSettings, terminal_capabilities, ("ebrid",), _terminal, terminal_check),
        ChannelType("broadcast.rtp", LoudspeakerSettings, loudspeaker_capabilities, ("loudspeaker",), _loudspeakers, loudspeaker_check),
    ]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("ebrid", ebrid, masked), AddressKind("loudspeaker", loudspeaker, masked)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("ebm", ebm_body), Renderer("loudspeaker", _spoken)]


@hookimpl
def fenghuo_key_providers() -> Sequence[KeyProvider]:
    return [KeyProvider("file", _key_file)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_broadcast.conformance import simulated_platform
    from fenghuo_broadcast.conformance_terminal import simulated_adapter
    from fenghuo_broadcast.loudspeaker_conformance import receivers

    return [
        ConformanceFixture("broadcast.rtp", "receivers", receivers),
        ConformanceFixture(
            "broadcast.platform", "simulated platform", simulated_platform, is_simulated=True, standing=PeerStanding.VECTORS
        ),
        ConformanceFixture("broadcast.terminal", "simulated adapter", simulated_adapter, is_simulated=True, standing=PeerStanding.VECTORS),
    ]
