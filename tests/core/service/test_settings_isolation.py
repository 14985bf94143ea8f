"""Where the code of an instance is to run: what settings say, and what is so when they say nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenghuo.errors import SettingsError
from fenghuo.plugin import foreign
from fenghuo.plugin.cell_values import MIB, Terms
from fenghuo.plugin.foreign_types import ForeignSettings
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service.settings import Settings, load
from tests.peers.site import install
from tests.scale import PATIENCE_S

LAMP = """
import msgspec

from fenghuo import Capabilities, ChannelType, Evidence, FrontType, PluginInfo, SimpleChannel, SourceType, hookimpl


class Settings(msgspec.Struct, frozen=True):
    port: int = 7


@hookimpl
def fenghuo_plugin():
    return PluginInfo("lamp", "1.0")


@hookimpl
def fenghuo_channel_types():
    able = Capabilities("lamp", Evidence.AIRED)
    return [ChannelType("lamp.letters", Settings, lambda settings: able, ("lamp",), lambda ctx: SimpleChannel())]


@hookimpl
def fenghuo_source_types():
    return [SourceType("lamp.seen", Settings, None)]


@hookimpl
def fenghuo_front_types():
    return [FrontType("lamp.page", Settings, None)]
"""
NODE = '[node]\nname = "n"\nstate = "state"\nrules = "rules.toml"\n[web]\nlisten = "127.0.0.1:0"\n'


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginHost]:
    """With a plugin that did not come with Fenghuo."""
    monkeypatch.setattr(foreign, "DECLARE_S", PATIENCE_S)
    monkeypatch.setattr(foreign, "READ_S", PATIENCE_S)
    site = install(tmp_path / "site", "lamp", LAMP)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", site)
    host = load_plugins()
    yield host
    host.close()
    sys.modules.pop("fenghuo_lamp", None)


def read(folder: Path, host: PluginHost, text: str) -> Settings:
    file = folder / "fenghuo.toml"
    (folder / "rules.toml").touch()
    file.write_text(NODE + text)
    return load(file, host)


def test_what_is_not_bundled_has_a_process_of_its_own(tmp_path: Path, host: PluginHost) -> None:
    """By default, with the limits that its table names; what came with Fenghuo has one where its table says so."""
    hook = '[channels.hook{}]\ntype = "http.webhook"\n{}[channels.hook{}.settings]\nurl = "http://127.0.0.1/hook"\n'
    found = read(
        tmp_path,
        host,
        '[channels.lamp]\ntype = "lamp.letters"\nprocessor_percent = 50\n[sources.eye]\ntype = "lamp.seen"\nmemory_mib = 128\n'
        + hook.format("-a", "", "-a")
        + hook.format("-b", 'isolation = "unit"\n', "-b"),
    )
    assert {
        "lamp": Terms(cpu_share=0.5),
        "hook-a": None,
        "hook-b": Terms(cpu_share=0.9, unit="/run/fenghuo-units/hook-b"),
    } == {channel.name: channel.terms for channel in found.channels}
    assert [Terms(memory=128 * MIB, cpu_share=0.9)] == [source.terms for source in found.sources]
    assert isinstance(found.channels[0].settings, ForeignSettings)


def test_an_administrator_may_let_it_in_and_is_warned(tmp_path: Path, host: PluginHost) -> None:
    """Its own struct then, and its code; the sentence says what that means."""
    found = read(
        tmp_path,
        host,
        '[channels.lamp]\ntype = "lamp.letters"\nisolation = "loop"\n[fronts.page]\ntype = "lamp.page"\nisolation = "loop"\n',
    )
    assert ("Settings", None) == (type(found.channels[0].settings).__name__, found.channels[0].terms)
    says = "isolation lets a plugin that did not come with Fenghuo into the daemon: what it does wrong there, it does to all of it"
    assert {f"fenghuo.toml: channels.lamp.{says}", f"fenghuo.toml: fronts.page.{says}"} <= set(found.warnings)


def test_a_front_works_in_the_daemon_or_not_at_all(tmp_path: Path, host: PluginHost) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(tmp_path, host, '[fronts.page]\ntype = "lamp.page"\n[fronts.api]\ntype = "http.api"\nisolation = "unit"\n')
    says = 'and a front works with the desk and the web port, which the daemon alone has; if its plugin is trusted write isolation = "loop"'
    assert (
        f"fenghuo.toml: fronts.page.isolation is process, {says}",
        f"fenghuo.toml: fronts.api.isolation is unit, {says}",
    ) == refusal.value.faults


def test_the_socket_of_a_unit_must_fit(tmp_path: Path, host: PluginHost) -> None:
    text = f'[plugins]\nunits = "/run/{"x" * 100}"\n[channels.lamp]\ntype = "lamp.letters"\nisolation = "unit"\n'
    with pytest.raises(SettingsError, match=r"channels.lamp.isolation needs the socket .*/lamp, whose path has more than 107 octets"):
        read(tmp_path, host, text)
