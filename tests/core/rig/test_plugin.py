"""The rig comes in by the plugin door, like anybody's."""

from __future__ import annotations

import subprocess
import sys

import click

from fenghuo.plugin.host import load_plugins
from fenghuo.rig import plugin
from fenghuo.rig.sim_bulk import SimBulkChannel
from fenghuo.rig.sim_channel import SimChannel
from fenghuo.rig.sim_settings import SimSettings
from tests.plugins.sms_fakes import FakeContext, settings_for
from tests.scale import PATIENCE_S


def test_it_brings_three_channels_and_two_commands() -> None:
    """Without a fault, through the host that everybody's plugin passes."""
    host = load_plugins([plugin])
    assert ((), {"sim.sms", "sim.bulk", "sim.radio"}, {"demo", "simulate"}) == (host.faults, set(host.channel_types), set(host.commands))
    assert {"rig"} == {name for name, _ in host.channel_types.values()}
    assert all(isinstance(command, click.Command) for command in host.commands.values())


def test_each_channel_takes_the_addresses_of_what_it_stands_for() -> None:
    """Telephones and callsigns, with the same settings."""
    found = {kind.id: (kind.settings, kind.address_kinds) for kind in plugin.fenghuo_channel_types()}
    telephones, radios = (SimSettings, ("msisdn",)), (SimSettings, ("callsign",))
    assert {"sim.sms": telephones, "sim.bulk": telephones, "sim.radio": radios} == found


def test_a_factory_makes_the_channel() -> None:
    """From a context with its settings."""
    context = FakeContext(settings_for(1))
    context.settings = SimSettings(socket="b.sock")  # type: ignore[assignment]  # the fake is typed for SMS
    assert [SimChannel, SimBulkChannel, SimChannel] == [type(kind.factory(context)) for kind in plugin.fenghuo_channel_types()]


def test_declaring_loads_nothing_heavy() -> None:
    """A daemon without simulated channels pays for none: neither the channel nor the demo is imported."""
    code = "import sys, fenghuo.rig.plugin as p; p.fenghuo_channel_types(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert set() == {"fenghuo.rig.sim_channel", "fenghuo.rig.demo"} & set(done.stdout.split())
