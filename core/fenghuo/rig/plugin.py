"""The rig at the plugin door: simulated channels, the demo, and scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fenghuo.plugin.hookspecs import hookimpl
from fenghuo.plugin.ports import Channel, ChannelContext, ChannelType, PluginInfo
from fenghuo.rig.sim_settings import SimSettings, bulk_capabilities, radio_capabilities, sms_capabilities

if TYPE_CHECKING:
    import click

__all__ = ["fenghuo_channel_types", "fenghuo_commands", "fenghuo_plugin"]


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("rig", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return (
        ChannelType("sim.sms", SimSettings, sms_capabilities, ("msisdn",), _channel),
        ChannelType("sim.bulk", SimSettings, bulk_capabilities, ("msisdn",), _bulk),
        ChannelType("sim.radio", SimSettings, radio_capabilities, ("callsign",), _channel),
    )


@hookimpl
def fenghuo_commands() -> Sequence[click.Command]:
    from fenghuo.rig.demo import demo  # the command line alone pays for them
    from fenghuo.rig.simulate import simulate

    return (demo, simulate)


def _bulk(ctx: ChannelContext) -> Channel:
    from fenghuo.rig.sim_bulk import SimBulkChannel

    return SimBulkChannel(ctx)


def _channel(ctx: ChannelContext) -> Channel:
    from fenghuo.rig.sim_channel import SimChannel  # a factory imports its channel

    return SimChannel(ctx)
