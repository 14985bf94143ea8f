"""LED boards (条屏) behind one controller: a channel with receipts, and one of everything else that a plugin can bring."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec
from fenghuo import (
    AddressKind,
    Capabilities,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Doubt,
    Evidence,
    Front,
    FrontContext,
    FrontType,
    KeyProvider,
    PluginInfo,
    Renderer,
    Sensor,
    SensorContext,
    SensorType,
    Source,
    SourceContext,
    SourceType,
    hookimpl,
)

from fenghuo_beacon.framing import LONGEST, show
from fenghuo_beacon.pure import board_number, board_text, masked

__all__ = ["BeaconSettings", "ButtonSettings", "PageSettings", "SupplySettings"]


class BeaconSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[channels.NAME.settings]` of type "beacon.boards"."""

    host: str
    port: int
    timeout_s: float = 5.0
    again_s: float = 2.0


class ButtonSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[sources.NAME.settings]` of type "beacon.buttons"."""

    host: str
    port: int
    to: str = "role:duty_officer"
    again_s: float = 2.0


class SupplySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[sensors.NAME.settings]` of type "beacon.supply"."""

    host: str
    port: int
    every_s: float = 30.0
    timeout_s: float = 5.0


class PageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[fronts.NAME.settings]` of type "beacon.page"."""

    path: str = "/boards"


# The factories import what they make when it is asked for: whoever only lists plugins pays for none of it.


def _boards(ctx: ChannelContext) -> Channel:
    from fenghuo_beacon.channel import Boards

    return Boards(ctx)


def _buttons(ctx: SourceContext) -> Source:
    from fenghuo_beacon.ways_in import Buttons

    return Buttons(ctx)


def _supply(ctx: SensorContext) -> Sensor:
    from fenghuo_beacon.ways_in import Supply

    return Supply(ctx)


def _page(ctx: FrontContext) -> Front:
    from fenghuo_beacon.page import Page

    return Page(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("beacon", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    ability = Capabilities(
        form="board",
        evidence_max=Evidence.DEVICE,
        doubt=Doubt.IDEMPOTENT,
        max_payload=LONGEST,
        concurrency=4,
        inbound=True,
        receipt_q95_s=60.0,
        attempt_s=15.0,
    )
    return [ChannelType("beacon.boards", BeaconSettings, lambda settings: ability, ("board",), _boards)]


@hookimpl
def fenghuo_source_types() -> Sequence[SourceType]:
    return [SourceType("beacon.buttons", ButtonSettings, _buttons)]


@hookimpl
def fenghuo_sensor_types() -> Sequence[SensorType]:
    return [SensorType("beacon.supply", SupplySettings, _supply)]


@hookimpl
def fenghuo_front_types() -> Sequence[FrontType]:
    return [FrontType("beacon.page", PageSettings, _page)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("board", board_text)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("board", board_number, masked)]


@hookimpl
def fenghuo_key_providers() -> Sequence[KeyProvider]:
    from fenghuo_beacon.keys import open_key

    return [KeyProvider("beacon-file", open_key)]


@hookimpl
def fenghuo_commands() -> Sequence[click.Command]:
    @click.command("beacon")
    @click.argument("board")
    @click.argument("text")
    def beacon(*, board: str, text: str) -> None:
        """Print the line that would show TEXT on BOARD; sends nothing."""
        click.echo(show("trial", board_number(board), text).decode(), nl=False)

    return [beacon]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_beacon.far_end import controller

    return [ConformanceFixture("beacon.boards", "simulated controller", controller, is_simulated=True)]
