"""A plugin that is not bundled is known by what a process of its own says of it, and what it does there is done to nobody else."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import ConfigError
from fenghuo.formats.table_reading import Faults
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.plugin import foreign, foreign_types
from fenghuo.plugin.foreign_types import ForeignSettings
from fenghuo.plugin.host import PluginHost, load_plugins
from tests.core.engine.values import content, info, message
from tests.peers.site import install
from tests.scale import PATIENCE_S

LAMP = '''
"""A lamp that says letters."""
import enum
import os
import sys
import time
from datetime import datetime

import msgspec

from fenghuo import AddressKind, Capabilities, ChannelType, Evidence, FrontType, PluginInfo, Renderer, Rendition, SensorType
from fenghuo import SimpleChannel, SourceType, hookimpl

Colour = enum.StrEnum("Colour", ["RED", "GREEN"])


class Bulb(msgspec.Struct, frozen=True):
    watts: int = 40


class Settings(msgspec.Struct, frozen=True, rename={"colour": "color"}):
    port: int
    colour: Colour = Colour.RED
    bulb: Bulb = Bulb()
    key_file: str = ""
    armed: datetime | None = None


class Nothing(msgspec.Struct, frozen=True):
    how: str = ""


def able(settings):
    if settings.port == 666:
        os._exit(3)
    return Capabilities("lamp", Evidence.AIRED, inbound=settings.port == 1, watts_idle=settings.bulb.watts)


def check(settings, secret):
    return {"key_file": "is short"} if settings.key_file and len(secret(settings.key_file)) < 8 else {}


def digits(address):
    if not address.isdigit():
        raise ValueError(f"{address!r} has no digits alone")
    return address.lstrip("0")


def render(message, budget):
    if message.content.infos[0].headline == "hang":
        time.sleep(600)
    return Rendition("lamp", message.content.infos[0].headline[: budget.octets], message.content.infos[0].headline.encode())


@hookimpl
def fenghuo_plugin():
    return PluginInfo("lamp", "1.0")


@hookimpl
def fenghuo_channel_types():
    return [ChannelType("lamp.letters", Settings, able, ("lamp",), lambda ctx: SimpleChannel(), check=check)]


@hookimpl
def fenghuo_source_types():
    return [SourceType("lamp.seen", Nothing, None)]


@hookimpl
def fenghuo_sensor_types():
    return [SensorType("lamp.light", Nothing, None)]


@hookimpl
def fenghuo_front_types():
    return [FrontType("lamp.page", Nothing, None, ("/lamp",))]


@hookimpl
def fenghuo_renderers():
    return [Renderer("lamp", render)]


@hookimpl
def fenghuo_address_kinds():
    return [AddressKind("lamp", digits, lambda address: address[:1] + "…")]
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which this interpreter and those that it starts find plugins."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    return site


@pytest.fixture
def lamp(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginHost]:
    for module, limit in ((foreign, "DECLARE_S"), (foreign, "READ_S"), (foreign_types, "PURE_S")):
        monkeypatch.setattr(module, limit, PATIENCE_S)
    monkeypatch.delitem(sys.modules, "fenghuo_lamp", raising=False)  # of another test, which did want it here
    install(site, "lamp", LAMP)
    host = load_plugins()
    yield host
    host.close()


def saying(headline: str) -> Message:
    return message(content(infos=(info(headline=headline),)))


def read(host: PluginHost, **table: Any) -> tuple[Any, list[str]]:
    shape = host.channel_types["lamp.letters"][1].settings
    faults = Faults("fenghuo.toml")
    assert issubclass(shape, ForeignSettings)
    return shape.read(table, "channels.a.settings", faults), faults.found


def test_what_it_brings_is_known_without_its_code(lamp: PluginHost) -> None:
    """Every family, by id, and nothing of it was imported here."""
    assert () == lamp.faults
    families = (lamp.channel_types, lamp.source_types, lamp.sensor_types, lamp.front_types)
    assert ["lamp.letters", "lamp.seen", "lamp.light", "lamp.page"] == [
        name for family in families for name, (owner, _) in family.items() if owner == "lamp"
    ]
    kind = lamp.channel_types["lamp.letters"][1]
    assert (("lamp",), ("/lamp",)) == (kind.address_kinds, lamp.front_types["lamp.page"][1].paths)
    assert (True, "fenghuo_lamp", "fenghuo-lamp") == (lamp.is_foreign(kind), lamp.module(kind), lamp.origin("lamp.letters").distribution)
    assert "fenghuo_lamp" not in sys.modules
    with pytest.raises(ConfigError, match="has no code in this process"):
        kind.factory(None)  # type: ignore[arg-type]  # nothing is looked at


def test_its_settings_are_read_as_it_reads_them(lamp: PluginHost) -> None:
    """Names of the file, defaults, tables in tables; each mistake in its usual sentence; a check sees the files named."""
    found, faults = read(lamp, port=1, color="green", key_file="k")
    assert ([], 1, "green", {"watts": 40}, None) == (faults, found.port, found.colour, found.bulb, found.armed)
    kind = lamp.channel_types["lamp.letters"][1]
    assert (True, 40.0) == (kind.capabilities(found).inbound, kind.capabilities(found).watts_idle)
    assert {"key_file": "is short"} == kind.check(found, {"k": "1234567"}.__getitem__)
    assert {} == kind.check(found, {"k": "12345678"}.__getitem__)
    assert (
        None,
        [
            'fenghuo.toml: channels.a.settings.colour is unknown; did you mean "color"?',
            'fenghuo.toml: channels.a.settings.port is "x"; it must be a whole number',
        ],
    ) == read(lamp, port="x", colour="red")


def test_its_addresses_and_renditions_are_asked_for(lamp: PluginHost) -> None:
    kind = lamp.address_kinds["lamp"]
    assert ("7", "0…") == (kind.normalise("007"), kind.mask("007"))
    with pytest.raises(ValueError, match="'x' has no digits alone"):
        kind.normalise("x")
    assert Rendition("lamp", "ev", b"evacuate") == lamp.renderers["lamp"].render(saying("evacuate"), Budget(2))


def test_whoever_is_late_once_is_not_asked_again(lamp: PluginHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renderer that hangs holds up the one that asks, and nobody after that."""
    assert "7" == lamp.address_kinds["lamp"].normalise("7")
    monkeypatch.setattr(foreign_types, "PURE_S", 0.2)
    with pytest.raises(ConfigError, match=r"did not answer within 0.2 s when it was asked to render"):
        lamp.renderers["lamp"].render(saying("hang"), Budget())
    with pytest.raises(ValueError, match="did not answer within"):
        lamp.address_kinds["lamp"].normalise("7")
    assert "…" == lamp.address_kinds["lamp"].mask("7")


def test_what_it_ends_of_is_a_sentence(lamp: PluginHost) -> None:
    """Its process is gone, and this one goes on."""
    found, _ = read(lamp, port=666)
    with pytest.raises(ConfigError, match="its process ended when it was asked to capabilities"):
        lamp.channel_types["lamp.letters"][1].capabilities(found)
    assert (None, ["fenghuo.toml: channels.a.settings cannot be read: its process ended when it was asked to capabilities"]) == read(
        lamp, port=1
    )


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise RuntimeError('as promised')", "RuntimeError: as promised"),
        ("import os; os._exit(3)", "its process ended when it was asked to declare"),
        ("import sys; sys.exit('no')", "SystemExit: no"),
        ("kept = bytearray(2 << 30)", "MemoryError"),
        ("import time; time.sleep(600)", "it did not answer within"),
        ("", "fenghuo_plugin is missing, so it does not say who it is"),
    ],
    ids=["raises", "exits", "leaves", "eats", "hangs", "nothing"],
)
def test_what_it_does_when_imported_is_done_to_its_own_process(site: Path, monkeypatch: pytest.MonkeyPatch, code: str, says: str) -> None:
    """It is set aside by name, and everybody else is there."""
    monkeypatch.setattr(foreign, "DECLARE_S", 0.3 if "sleep" in code else PATIENCE_S)
    install(site, "lamp", code)
    host = load_plugins()
    assert [("lamp", True)] == [(fault.plugin, fault.cause.startswith(says)) for fault in host.faults], host.faults
    assert "sms.smpp" in host.channel_types


def test_it_is_imported_here_where_somebody_wants_that(lamp: PluginHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """The type itself, of every family, for an instance that settings put into the loop."""
    monkeypatch.delitem(sys.modules, "fenghuo_lamp", raising=False)
    kinds: Mapping[str, Any] = {"channel": lamp.channel_types["lamp.letters"][1], "source": lamp.source_types["lamp.seen"][1]}
    assert ["Settings", "Nothing"] == [lamp.in_loop(kind).settings.__name__ for kind in kinds.values()]
    assert lamp.in_loop(lamp.channel_types["http.webhook"][1]) is lamp.channel_types["http.webhook"][1]
    monkeypatch.delitem(sys.modules, "fenghuo_lamp")


def test_its_process_ends_with_the_host(lamp: PluginHost) -> None:
    """rest() leaves those that are asked again and again; a question starts an ended one anew."""
    teller = lamp.channel_types["lamp.letters"][1].settings.teller  # type: ignore[attr-defined]  # a ForeignSettings
    lamp.rest()
    assert "7" == lamp.address_kinds["lamp"].normalise("7")
    teller.rest()
    assert "8" == lamp.address_kinds["lamp"].normalise("8")
