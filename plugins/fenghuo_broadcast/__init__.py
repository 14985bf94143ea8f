"""Emergency broadcast (应急广播): the platform of the county or city, its terminals, and loudspeakers. See docs/reference/broadcast.md."""

from __future__ import annotations

from collections.abc import Sequence

from fenghuo import AddressKind, PluginInfo, hookimpl
from fenghuo_broadcast.ebd_numbers import ebrid, masked

__all__ = ["fenghuo_address_kinds", "fenghuo_plugin"]


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("broadcast", "0.1.0")


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("ebrid", ebrid, masked)]
