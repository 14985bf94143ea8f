"""The duty officer's console: a page, and the wire to it. See docs/reference/console-protocol.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from fenghuo import Front, FrontContext, FrontType, PluginInfo, hookimpl

__all__ = ["ConsoleSettings", "fenghuo_front_types", "fenghuo_plugin"]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]


class ConsoleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[fronts.NAME.settings]` of type console.

    `open_viewer`: whether a browser on this machine may watch without a token; `origins`: what else than this port's own
    address a page may come from; `heartbeat_s`: seconds between pings; `page`: whether to serve the page at /.
    """

    open_viewer: bool = False
    origins: tuple[str, ...] = ()
    heartbeat_s: Seconds = 10.0
    page: bool = True


def _console(ctx: FrontContext) -> Front:
    from fenghuo_console.console import Console

    return Console(ctx)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("console", "0.1.0")


@hookimpl
def fenghuo_front_types() -> Sequence[FrontType]:
    return [FrontType("console", ConsoleSettings, _console, ("/ws/console",))]
