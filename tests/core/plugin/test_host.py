"""The plugin host: what it takes in, what it sets aside, and that one bad plugin stops nothing."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

import click
import msgspec
import pytest

from fenghuo import (
    AddressKind,
    Capabilities,
    ChannelType,
    Evidence,
    FrontType,
    PluginInfo,
    Renderer,
    Rendition,
    SensorType,
    SimpleChannel,
    SourceType,
    hookimpl,
)
from fenghuo.plugin.host import load_plugins


class Nothing(msgspec.Struct, frozen=True):
    """No settings."""


def channel_type(name: str) -> ChannelType:
    return ChannelType(name, Nothing, lambda _: Capabilities("text", Evidence.AIRED), ("url",), lambda _: SimpleChannel())


def module(name: str, also: Mapping[str, Callable[[], Any]] | None = None, **hooks: Callable[[], Any]) -> types.ModuleType:
    """A plugin made on the spot, which says who it is."""
    made = types.ModuleType(name)
    ours: dict[str, Callable[[], Any]] = {"fenghuo_plugin": lambda: PluginInfo(name, "1.0")}
    for hook, function in {**ours, **hooks, **(also or {})}.items():
        setattr(made, hook, hookimpl(function))
    return made


def test_no_plugin_is_no_fault() -> None:
    """With no plugin every mapping is empty, and the product starts."""
    host = load_plugins([])
    assert ({}, {}, {}, ()) == (dict(host.channel_types), dict(host.renderers), dict(host.commands), host.faults)


def test_what_a_plugin_brings_is_found_by_id_with_its_name() -> None:
    """Every family of types comes with the name of the plugin that answers for it."""

    def never(_: object) -> Any:
        raise AssertionError("the host builds nothing")

    plugin = module(
        "full",
        fenghuo_channel_types=lambda: [channel_type("a.b")],
        fenghuo_source_types=lambda: [SourceType("a.source", Nothing, never)],
        fenghuo_sensor_types=lambda: [SensorType("a.sensor", Nothing, never)],
        fenghuo_front_types=lambda: [FrontType("a.front", Nothing, never)],
        fenghuo_renderers=lambda: [Renderer("text", lambda message, budget: Rendition("text", "", b""))],
        fenghuo_address_kinds=lambda: [AddressKind("url", str, str)],
        fenghuo_commands=lambda: [click.Command("full")],
    )
    host = load_plugins([plugin])
    assert () == host.faults
    assert "full" == host.channel_types["a.b"][0]
    assert ["a.source", "a.sensor", "a.front"] == [*host.source_types, *host.sensor_types, *host.front_types]
    assert ["text", "url", "full"] == [*host.renderers, *host.address_kinds, *host.commands]


def broken() -> Any:
    raise RuntimeError("no device tree")


def leaving() -> Any:
    raise SystemExit(3)


async def asynchronous() -> Any:
    return []


FAULTS: dict[str, tuple[dict[str, Callable[[], Any]], str]] = {
    "a hook that raises": ({"fenghuo_channel_types": broken}, "RuntimeError: no device tree"),
    "a hook that leaves the process": ({"fenghuo_channel_types": leaving}, "SystemExit: 3"),
    "a coroutine hook": (
        {"fenghuo_channel_types": asynchronous},
        "fenghuo_channel_types is a coroutine function; hooks are synchronous and register objects",
    ),
    "an unknown hook": ({"fenghuo_chanel_types": broken}, "fenghuo_chanel_types is no hook of this API"),
    "a thing of another kind": (
        {"fenghuo_channel_types": lambda: ["a.b"]},
        "fenghuo_channel_types gave a str where a ChannelType belongs",
    ),
    "an API that is too new": (
        {"fenghuo_plugin": lambda: PluginInfo("bad", "1.0", ">=2")},
        "it was written for plugin API >=2; this build speaks 1.0",
    ),
    "an API range that cannot be read": (
        {"fenghuo_plugin": lambda: PluginInfo("bad", "1.0", "1.x")},
        "its API range '1.x' cannot be read; write it as '>=1,<2'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_plugin_is_set_aside_by_name_and_the_others_go_on(fault: str) -> None:
    """One plugin's fault is recorded with its cause, nothing of it is used, and its neighbours work."""
    hooks, cause = FAULTS[fault]
    bad = module("bad", {"fenghuo_address_kinds": lambda: [AddressKind("x", str, str)], **hooks})
    host = load_plugins([module("one", fenghuo_channel_types=lambda: [channel_type("one")]), bad, module("two")])
    assert [f"plugin bad: {cause}"] == [str(found) for found in host.faults]
    assert ["one", "two"] == [info.name for info in host.plugins]
    assert (["one"], []) == (list(host.channel_types), list(host.address_kinds))


def test_a_plugin_that_does_not_say_who_it_is_is_refused() -> None:
    """fenghuo_plugin is asked of every plugin."""
    assert ["plugin anonymous: fenghuo_plugin is missing, so it does not say who it is"] == [
        str(fault) for fault in load_plugins([types.ModuleType("anonymous")]).faults
    ]


def test_the_first_plugin_keeps_an_id() -> None:
    """Two plugins with one id: the second thing is set aside, the plugin stays."""
    one = module("one", fenghuo_channel_types=lambda: [channel_type("same")])
    two = module("two", fenghuo_channel_types=lambda: [channel_type("same"), channel_type("other")])
    host = load_plugins([one, two])
    assert ["plugin two: 'same' was already brought by plugin one; the first one stays"] == [str(fault) for fault in host.faults]
    assert {"same": "one", "other": "two"} == {name: plugin for name, (plugin, _) in host.channel_types.items()}


def test_a_command_that_cannot_be_had_takes_no_other_with_it() -> None:
    """Commands are asked for late, each plugin in its own try."""
    host = load_plugins([module("bad", fenghuo_commands=broken), module("good", fenghuo_commands=lambda: [click.Command("good")])])
    assert ["good"] == list(host.commands)
    assert ["plugin bad: fenghuo_commands failed: RuntimeError: no device tree"] == [str(fault) for fault in host.faults]


def test_the_bundled_plugins_come_by_entry_points_without_a_fault() -> None:
    """What is installed loads whole: SMS, radio, HTTP."""
    host = load_plugins()
    assert () == host.faults
    assert {"sms.smpp", "radio.kiss", "http.webhook"} <= set(host.channel_types)
