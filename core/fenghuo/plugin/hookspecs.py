"""Every hook, in the order of life. All are synchronous and register objects; the I/O happens in the objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

from fenghuo.plugin.conformance import ConformanceFixture
from fenghuo.plugin.ports import AddressKind, ChannelType, FrontType, PluginInfo, Renderer, SensorType, SourceType
from fenghuo.plugin.signing import KeyProvider

if TYPE_CHECKING:
    import click

__all__ = ["hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("fenghuo")
hookimpl = pluggy.HookimplMarker("fenghuo")


@hookspec
def fenghuo_plugin() -> PluginInfo:  # type: ignore[empty-body]  # a specification has no body
    """Name, version and API range."""


@hookspec
def fenghuo_channel_types() -> Sequence[ChannelType]:  # type: ignore[empty-body]  # a specification has no body
    """The kinds of channel this plugin brings."""


@hookspec
def fenghuo_source_types() -> Sequence[SourceType]:  # type: ignore[empty-body]  # a specification has no body
    """The kinds of source: alerts and reports coming in."""


@hookspec
def fenghuo_sensor_types() -> Sequence[SensorType]:  # type: ignore[empty-body]  # a specification has no body
    """The kinds of sensor: power, network, road, weather."""


@hookspec
def fenghuo_front_types() -> Sequence[FrontType]:  # type: ignore[empty-body]  # a specification has no body
    """The kinds of front: consoles and APIs."""


@hookspec
def fenghuo_renderers() -> Sequence[Renderer]:  # type: ignore[empty-body]  # a specification has no body
    """Renderers for the forms that this plugin's channels name."""


@hookspec
def fenghuo_address_kinds() -> Sequence[AddressKind]:  # type: ignore[empty-body]  # a specification has no body
    """How addresses of a kind are read, normalised and masked."""


@hookspec
def fenghuo_key_providers() -> Sequence[KeyProvider]:  # type: ignore[empty-body]  # a specification has no body
    """Places where private keys are, by whose names settings ask for them."""


@hookspec
def fenghuo_commands() -> Sequence[click.Command]:  # type: ignore[empty-body]  # a specification has no body
    """Commands that appear as `fenghuo <name> …`."""


@hookspec
def fenghuo_conformance() -> Sequence[ConformanceFixture]:  # type: ignore[empty-body]  # a specification has no body
    """How the conformance kit starts a far end for this plugin's channels."""
