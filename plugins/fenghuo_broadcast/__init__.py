"""Emergency broadcast (应急广播): the platform of the county or city, its terminals, and loudspeakers. See docs/reference/broadcast.md."""

from __future__ import annotations

from collections.abc import Sequence

from fenghuo import (
    AddressKind,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    PeerStanding,
    PluginInfo,
    Renderer,
    hookimpl,
)
from fenghuo_broadcast.ebd_numbers import ebrid, masked
from fenghuo_broadcast.ebm import ebm_body
from fenghuo_broadcast.platform_settings import PlatformSettings, capabilities, check
from fenghuo_broadcast.quiet import VERSION

__all__ = [
    "PlatformSettings",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "fenghuo_renderers",
]


def _platform(ctx: ChannelContext) -> Channel:
    from fenghuo_broadcast.platform_channel import PlatformChannel

    return PlatformChannel(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("broadcast", VERSION)


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("broadcast.platform", PlatformSettings, capabilities, ("ebrid",), _platform, check)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("ebrid", ebrid, masked)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("ebm", ebm_body)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_broadcast.conformance import simulated_platform

    return [
        ConformanceFixture("broadcast.platform", "simulated platform", simulated_platform, is_simulated=True, standing=PeerStanding.VECTORS)
    ]
