"""What an endpoint's settings leave out: its screen, its rules, its directory."""

from __future__ import annotations

from pathlib import Path

import pytest

import fenghuo_console
import fenghuo_http
import fenghuo_narrowband
from fenghuo.engine.routing import route
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import SettingsError
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.model.traffic import Kind
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service.endpoint import endpoint_directory
from fenghuo.service.settings import Settings, load, load_rules
from tests.core.formats import compact_values

FILE = """
[node]
name = "shaxi"
role = "endpoint"
[endpoint]
up = { callsign = "bj1cmd" }
printer = "paper"
[channels.link]
type = "radio.kiss"
settings = { mycall = "BJ1T11" }
"""


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return load_plugins([fenghuo_narrowband, fenghuo_http, fenghuo_console])


def loaded(folder: Path, text: str, host: PluginHost) -> tuple[Settings, RuleBook]:
    file = folder / "fenghuo.toml"
    file.write_text(text, encoding="utf-8")
    settings = load(file, host)
    return settings, load_rules(settings)


def of(kind: Kind, source: str) -> Message:
    return compact_values.message(compact_values.order(kind=kind, to=(), needed=None), source=source)


def routed(text: str, folder: Path, host: PluginHost, message: Message) -> list[tuple[tuple[str, ...], Evidence]]:
    settings, rules = loaded(folder, text, host)
    assert settings.node.endpoint is not None
    return [(item.recipients, item.needed) for item in route(message, rules, endpoint_directory(settings.node.endpoint))]


def test_an_endpoint_has_a_screen_without_saying_so(tmp_path: Path, host: PluginHost) -> None:
    """Its printer is relative to the settings file, like every path in it."""
    settings, _ = loaded(tmp_path, FILE, host)
    screen, _ = settings.channels
    assert ("screen", str(tmp_path / "paper")) == (screen.name, getattr(screen.settings, "printer", ""))


def test_a_screen_of_its_own_is_kept(tmp_path: Path, host: PluginHost) -> None:
    """Who names a screen gets no second one."""
    settings, _ = loaded(tmp_path, FILE + '[channels.wall]\ntype = "post.screen"\n', host)
    assert ["link", "wall"] == [channel.name for channel in settings.channels]


def test_what_comes_is_shown_to_the_operator_and_asks_for_a_person(tmp_path: Path, host: PluginHost) -> None:
    """Whatever its kind, and nobody has to sign for it."""
    assert [(("operator",), Evidence.HUMAN)] == routed(FILE, tmp_path, host, of(Kind.DISPATCH, "post:BJ1CMD"))


def test_a_report_made_here_goes_up(tmp_path: Path, host: PluginHost) -> None:
    """It is not shown to whoever wrote it."""
    assert [(("up",), Evidence.DEVICE)] == routed(FILE, tmp_path, host, of(Kind.REPORT, "console"))


def test_a_report_that_came_over_the_link_does_not_go_back(tmp_path: Path, host: PluginHost) -> None:
    """Only what is made here goes up; the rest would circle."""
    assert [(("operator",), Evidence.HUMAN)] == routed(FILE, tmp_path, host, of(Kind.REPORT, "post:BJ1CMD"))


def test_rules_that_are_named_must_be_there(tmp_path: Path, host: PluginHost) -> None:
    """Made-up rules stand in for none, never for a file that went missing."""
    with pytest.raises(SettingsError, match="rules"):
        loaded(tmp_path, FILE.replace('role = "endpoint"', 'role = "endpoint"\nrules = "gone.toml"'), host)


def test_an_address_of_the_head_that_is_none_is_a_sentence(tmp_path: Path, host: PluginHost) -> None:
    """`fenghuo config check` names the key."""
    with pytest.raises(SettingsError, match=r"endpoint\.up\.callsign"):
        loaded(tmp_path, FILE.replace("bj1cmd", "not a call"), host)


def test_a_centre_gets_no_screen(tmp_path: Path, host: PluginHost) -> None:
    """The role is what makes an endpoint, and a centre needs its rules."""
    with pytest.raises(SettingsError, match="rules"):
        loaded(tmp_path, FILE.replace('role = "endpoint"', ""), host)
