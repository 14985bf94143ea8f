"""The reference pages say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.modes_profile import Overlay, Profile, read_profiles
from fenghuo.engine.rules import Ladder, Match, Rule, Rung, read_rules
from fenghuo.model.event_types import EVENT_TYPES
from fenghuo.plugin import ports, values
from fenghuo.rig.scenario.running import opened, play
from fenghuo.rig.scenario.schema import (
    Behaviour,
    ChannelSpec,
    Contacts,
    Do,
    Draw,
    Energy,
    Line,
    Measure,
    PersonSpec,
    Place,
    Scenario,
    Source,
    Step,
)
from fenghuo.service.authorisation import VERBS
from tools.reference_schemas import FOLDER, schemas, text

CORE = Path(__file__).parent.parent / "core" / "fenghuo"
EVENT = re.compile(r"\"((?:alarm|message|objective|delivery|target|receipt|channel|directory|sensor|mode|sanwu)\.[a-z_]+)\"")


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_as_kept(name: str) -> None:
    """The committed schema is what the code gives; `python -m tools.reference_schemas` writes it anew."""
    assert text(schemas()[name]) == (FOLDER / name).read_text(encoding="utf-8")


def test_the_example_of_the_rules_page_is_read() -> None:
    """The TOML on the page is a sound rules file."""
    example = re.search(r"```toml\n(.*?)```", (FOLDER / "rules.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    assert ("red alerts, informants", "orders to whom they name") == tuple(rule.name for rule in read_rules(example.group(1)).rules)


@pytest.mark.parametrize("kind", [Overlay, Profile])
def test_each_key_of_a_profile_of_modes_is_on_the_page(kind: type[msgspec.Struct]) -> None:
    """And the example on it is read."""
    page = (FOLDER / "modes.md").read_text(encoding="utf-8")
    assert [] == [field.encode_name for field in msgspec.structs.fields(kind) if f"`{field.encode_name}`" not in page + "`axis` `mode`"]
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example
    assert 1 == len(read_profiles({"modes.md": example.group(1)}))


@pytest.mark.parametrize("kind", [Ladder, Match, Rule, Rung])
def test_each_key_of_the_rules_is_on_the_page(kind: type[msgspec.Struct]) -> None:
    """No key of the rules file is undocumented."""
    page = (FOLDER / "rules.md").read_text(encoding="utf-8")
    assert [] == [field.encode_name for field in msgspec.structs.fields(kind) if not re.search(rf"\b{field.encode_name}\b", page)]


@pytest.mark.parametrize("kind", [Scenario, ChannelSpec, Energy, Draw, Place, PersonSpec, Contacts, Behaviour, Source, Step, Line])
def test_each_key_of_a_scenario_is_on_the_page(kind: type[msgspec.Struct]) -> None:
    """No key, step or measure of a scenario file is undocumented."""
    page = (FOLDER / "scenarios.md").read_text(encoding="utf-8")
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    assert [] == [name for name in (*names, *Do, *Measure) if not re.search(rf"\b{name}\b", page)]


def test_the_example_of_the_scenarios_page_is_played(tmp_path: Path) -> None:
    """The TOML on the page is a sound scenario over the rules of their own page's kind, and keeps its line."""
    example = re.search(r"```toml\n(.*?)```", (FOLDER / "scenarios.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    (tmp_path / "storm.toml").write_text(example.group(1), encoding="utf-8")
    rungs = '[[ladders.both.rungs]]\nchannels = ["sms"]\n[[ladders.both.rungs]]\nchannels = ["radio"]\nmode = "hedge"\n'
    rule = '[[rules]]\nname = "orders"\nmatch = { kind = ["Dispatch"] }\naudience = { name = "as addressed" }\nladder = "both"\n'
    (tmp_path / "rules.toml").write_text(rungs + rule, encoding="utf-8")
    assert {True} == {one.ok for one in play(opened(tmp_path / "storm.toml"), 1).verdicts}


def test_each_event_is_on_the_page() -> None:
    """No event that the code tells is undocumented."""
    page = (FOLDER / "events.md").read_text(encoding="utf-8")
    told = {name for file in CORE.rglob("*.py") for name in EVENT.findall(file.read_text(encoding="utf-8")) if "rig" not in file.parts}
    own = {name for name in told if name.split(".")[0] != "channel" or name in ("channel.health", "channel.admin")}
    verbs = {
        "alarm.ls",
        "mode.ls",
        "mode.show",
        "mode.declare",
        "mode.end",
        "mode.log",
        "message.submit",
        "message.send",
        "message.show",
        "message.ls",
        "message.why",
        "message.preview",
        "directory.import",
        "directory.check",
        "directory.proven",
    }
    assert set() == {name for name in own - verbs - set(VERBS) if f"`{name}`" not in page}


def test_the_list_of_events_is_that_of_the_page() -> None:
    """By the list a scenario that waits for an event is read: what is missing there cannot be waited for."""
    page = (FOLDER / "events.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)
    assert EVENT_TYPES == {name for row in rows for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", row)}


@pytest.mark.parametrize("name", [*ports.__all__, *values.__all__])
def test_each_port_and_each_of_its_fields_is_on_the_page(name: str) -> None:
    """No port, and no field of a value that passes through it, is undocumented."""
    page = (FOLDER / "plugin-ports.md").read_text(encoding="utf-8")
    thing = getattr(ports, name)
    fields = (
        [field.name for field in msgspec.structs.fields(thing)] if isinstance(thing, type) and issubclass(thing, msgspec.Struct) else []
    )
    assert [] == [word for word in (name, *fields) if not re.search(rf"\b{word}\b", page)]
