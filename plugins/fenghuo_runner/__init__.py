"""A task sheet on paper, carried by a runner: the public channel that is left without power, network and road. docs/reference/runner.md."""

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
from fenghuo.formats.sheet import sheet_body
from fenghuo_runner.settings import SheetSettings, faults, masked, place

__all__ = [
    "SheetSettings",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "fenghuo_renderers",
]

_MARGIN_S = 30.0
"""For the layout of a sheet of many pages, beside two turns of every outlet: that of a page may stand before that of an order."""

_NEEDS: dict[str, tuple[str, ...]] = {"local": (), "courier": ("road",), "boat": ("water",), "drone": ("air",)}
"""What each needs to get there; who walks about in the village itself needs no road."""


def capabilities(settings: SheetSettings) -> Capabilities:
    """What a desk with these outlets can do. A folder can be asked whether a sheet is in it; what a printer has, nobody can say."""
    is_folder = not settings.command and not settings.printer_path
    outlets = sum(map(bool, (settings.out_folder, settings.printer_path, settings.command)))
    return Capabilities(
        form="sheet",
        evidence_max=Evidence.DONE,  # whoever carried it comes back and says so
        doubt=Doubt.QUERYABLE if is_folder else Doubt.OPAQUE,
        repeat_safe=True,
        batch=True,
        inbound=bool(settings.returns_folder),
        receipt_q95_s=settings.back_s,
        attempt_s=2 * outlets * settings.print_s + _MARGIN_S,
        needs=_NEEDS[settings.mode],
    )


def _sheets(ctx: ChannelContext) -> Channel:
    from fenghuo_runner.channel import SheetChannel

    return SheetChannel(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("runner", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("runner.sheet", SheetSettings, capabilities, ("place",), _sheets, faults)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("sheet", sheet_body)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("place", place, masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_runner.conformance import sheets_in_a_folder

    return [ConformanceFixture("runner.sheet", "paper", sheets_in_a_folder)]
