"""Emergency broadcast (应急广播): the platform of the county or city, its terminals, and loudspeakers. See docs/reference/broadcast.md."""

from __future__ import annotations

from collections.abc import Sequence

from fenghuo import AddressKind, PluginInfo, Renderer, hookimpl
from fenghuo_broadcast.ebd_numbers import ebrid, masked
from fenghuo_broadcast.ebm import ebm_body
from fenghuo_broadcast.quiet import VERSION

__all__ = ["fenghuo_address_kinds", "fenghuo_plugin", "fenghuo_renderers"]


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("broadcast", VERSION)


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("ebrid", ebrid, masked)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("ebm", ebm_body)]
