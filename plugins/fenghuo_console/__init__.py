"""The duty officer's console: a page, the wire to it (docs/reference/console-protocol.md), and the channel that ends there
(docs/reference/console.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec

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
    Front,
    FrontContext,
    FrontType,
    Message,
    PluginInfo,
    Renderer,
    Rendition,
    hookimpl,
)
from fenghuo.formats.renditions import radio_text

__all__ = [
    "ConsoleSettings",
    "DeskSettings",
    "desk",
    "desk_capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_front_types",
    "fenghuo_plugin",
    "fenghuo_renderers",
]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
FORM = "desk"
_DESK = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class ConsoleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[fronts.NAME.settings]` of type console.

    `open_viewer`: whether a browser on this machine may watch without a token; `origins`: what else than this port's own
    address a page may come from; `heartbeat_s`: seconds between pings; `page`: whether to serve the page at /; `tiles`: a base map, the
    whole path of a folder of Z/X/Y.png or of an .mbtiles file; `tiles_credit`: whose map it is, as it stands on it; `reload_s`: seconds
    after the line of the last armed console is gone within which somebody who comes back was never away for channels of type console.
    """

    open_viewer: bool = False
    origins: tuple[str, ...] = ()
    heartbeat_s: Seconds = 10.0
    page: bool = True
    tiles: str = ""
    tiles_credit: str = ""

    def __post_init__(self) -> None:
        if self.tiles and not self.tiles.startswith("/"):
            raise ValueError(f"tiles {self.tiles!r} must be the whole path of a folder Z/X/Y.png or of an .mbtiles file on this machine")

    reload_s: Annotated[float, msgspec.Meta(ge=0, le=120)] = 20.0


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[channels.NAME.settings]` of type console. `receipt_q95_s`: seconds within which somebody on watch has answered, for 95 %; the next
    rung goes after that."""

    receipt_q95_s: Seconds = 15.0


def desk_capabilities(settings: DeskSettings) -> Capabilities:
    """A copy lies in the same place; what people say there is a receipt."""
    return Capabilities(
        form=FORM,
        evidence_max=Evidence.DONE,
        doubt=Doubt.IDEMPOTENT,
        concurrency=8,
        inbound=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=5.0,
        needs=("grid",),
    )


def desk(text: str) -> str:
    """The name of a duty desk. Raises: ValueError with a sentence."""
    if not _DESK.fullmatch(text):
        raise ValueError(f"a desk has a name of 1 to 32 small letters, figures and hyphens, such as duty; not {text!r}")
    return text


def _masked(address: str) -> str:
    """A desk is no secret."""
    return address


def _text(message: Message, budget: Budget) -> Rendition:
    """All of it, as people read it."""
    return msgspec.structs.replace(radio_text(message, budget), form=FORM)


def _channel(ctx: ChannelContext) -> Channel:
    from fenghuo_console.desk_channel import DeskChannel

    return DeskChannel(ctx)


def _console(ctx: FrontContext) -> Front:
    from fenghuo_console.console import Console

    return Console(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("console", "0.1.0")


@hookimpl
def fenghuo_front_types() -> Sequence[FrontType]:
    return [FrontType("console", ConsoleSettings, _console, ("/ws/console",))]


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("console", DeskSettings, desk_capabilities, ("desk",), _channel)]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer(FORM, _text)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("desk", desk, _masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_console.conformance import consoles

    return [ConformanceFixture("console", "simulated consoles", consoles, is_simulated=True)]
