"""`[[authority]]` of the settings: what it gives, whom it does not know, and who has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.authority import Grant
from fenghuo.model.area import AreaRef
from fenghuo.model.traffic import Kind, Priority
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service.settings import Settings, load
from fenghuo.service.settings_authority import without_authority

FILE = """
[node]
name = "taicang"
[tokens.met]
file = "met.token"
rights = ["source"]
[tokens.fire]
file = "fire.token"
rights = ["source"]
areas = ["mca:320585"]
[tokens.duty]
file = "duty.token"
rights = ["operator"]
[channels.link]
type = "radio.link"
[channels.link.settings]
mycall = "BH4TCC"
code = 1
[channels.link.settings.posts.BH4TC1]
code = 11
key_id = 11
secret_file = "link.key"
[channels.link.settings.posts.BJ1CMD]
code = 2
key_id = 2
secret_file = "up.key"
is_head = true
"""
RULES = """
[[authority]]
source = "met"
kinds = ["Alert"]
areas = ["mca:320585"]
events = ["台风"]
gravest = "orange"
urgent_per_min = 5
[[authority]]
source = "met"
gravest = "blue"
[[authority]]
source = "post:bh4tc1"
most_urgent = "P1"
devices = true
[[authority]]
source = "mett"
"""


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return load_plugins()


def read(folder: Path, text: str, host: PluginHost) -> Settings:
    (folder / "rules.toml").write_text("")
    for name in ("met", "fire", "duty"):
        (folder / f"{name}.token").write_text(f"{name}-0123456789abcdef0123456789abcdef")
        (folder / f"{name}.token").chmod(0o600)
    for at, name in enumerate(("link", "up")):
        (folder / f"{name}.key").write_text(f"{at}f" * 32)
        (folder / f"{name}.key").chmod(0o600)
    file = folder / "fenghuo.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, host, environment={})


def test_rules_are_grants_by_source_and_a_post_is_written_the_one_right_way(tmp_path: Path, host: PluginHost) -> None:
    """Several of one source stand side by side; a source that nobody here is, is a slip that is named."""
    settings = read(tmp_path, FILE + RULES, host)
    first = Grant("met", (Kind.ALERT,), (), (AreaRef.parse("mca:320585"),), ("台风",), Priority.P1, urgent_per_min=5)
    assert {
        "met": (first, Grant("met", gravest=Priority.P3)),
        "post:BH4TC1": (Grant("post:BH4TC1", most_urgent=Priority.P1, devices=True),),
        "mett": (Grant("mett"),),
    } == settings.authority
    said = 'fenghuo.toml: authority[4].source is "mett", which no token, source or post of this file has; did you mean "met"?'
    assert [said] == [warning for warning in settings.warnings if "authority" in warning]


def test_who_has_no_rule_is_named_with_what_holds_instead(tmp_path: Path, host: PluginHost) -> None:
    """Programs that bring alerts, and posts below; neither people nor the post above."""
    may = "it may report and reply about its own area by the directory; all else waits for a person"
    assert [
        "[[authority]] has no rule for the token met: it may raise every event at any severity, for every area",
        "[[authority]] has no rule for the token fire: it may raise every event at any severity, for its areas",
        f"[[authority]] has no rule for post:BH4TC1: {may}",
    ] == list(without_authority(read(tmp_path, FILE, host), host))
    assert 1 == len(list(without_authority(read(tmp_path, FILE + RULES, host), host)))
