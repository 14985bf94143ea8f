"""What the reference names exists: the other half of each page that is held to the code. A thing that is documented and not there is a
fault like one that is there and not documented."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fenghuo.cli.main import root
from fenghuo.model.event_types import EVENT_TYPES
from fenghuo.plugin import hookspecs, ports, values
from fenghuo.plugin.host import load_plugins
from fenghuo.service.authorisation import VERBS
from fenghuo.service.metrics import FAMILIES
from fenghuo.service.problems import CODES, Exit

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs/reference"
CODE = ("core/fenghuo", "adapters/fenghuo_adapters", "plugins")
OPTION = re.compile(r"^\| `(--[a-z-]+)`", re.MULTILINE)
SUFFIXES = ("_total", "_seconds", "_percent")
GIVEN_BY_THE_PROCESS = "process_"
CARRIED_BY_EVERY_COMMAND = {"--help"}
REFUSALS = {"FormatError", "FrameError", "XmlRefused", "CapError"}
"""Errors whose `code` is the finer word."""


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def headings(name: str, level: str = "##") -> list[str]:
    """What stands in backquotes as a whole heading."""
    return re.findall(rf"^{level} `([^`]+)`$", page(name), re.MULTILINE)


def commands(group: click.Group, path: str = "fenghuo") -> Iterator[tuple[str, click.Command]]:
    """Every command of the program, groups too, each by all of its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


COMMANDS = dict(commands(root))


def test_every_command_on_the_page_is_one_of_the_program() -> None:
    """Nobody types a verb that is gone; and none has two headings."""
    said = [name for name in headings("cli.md") if name.startswith("fenghuo ")]
    assert [] == [name for name in said if name not in COMMANDS]
    assert len(said) == len(set(said)) > 50


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not isinstance(command, click.Group)])
def test_every_option_on_the_page_is_taken(name: str) -> None:
    """In the section of the command: what stands in its table of options."""
    section = page("cli.md").partition(f"## `{name}`\n")[2].partition("\n## ")[0]
    taken = {option for parameter in COMMANDS[name].params for option in parameter.opts + parameter.secondary_opts}
    assert set() == set(OPTION.findall(section)) - taken - CARRIED_BY_EVERY_COMMAND


def test_every_verb_on_the_page_is_one_of_the_desk() -> None:
    """A program that asks for it is answered."""
    said = [verb for heading in re.findall(r"^## (`.*)$", page("desk.md"), re.MULTILINE) for verb in re.findall(r"`([a-z_.]+)`", heading)]
    assert [] == sorted(set(said) - set(VERBS))
    assert [] == sorted(set(VERBS) - set(said))


def test_every_code_and_word_on_the_page_is_given() -> None:
    """By the program and by the desk."""
    codes = re.findall(r"^\| (\d+) \|", page("exit-codes.md"), re.MULTILINE)
    assert {str(code.value) for code in Exit} == set(codes)
    words = re.findall(r"^\| `([a-z-]+)` \| \d+ \| \d+ \|", page("exit-codes.md"), re.MULTILINE)
    assert {code.word for code in CODES.values()} == set(words)


def test_every_metric_on_the_page_is_counted() -> None:
    """A dashboard that draws it draws something."""
    rows = re.findall(r"^\| `fenghuo_(\w+)` \|", page("metrics.md"), re.MULTILINE)
    known = {name + suffix for name in FAMILIES for suffix in ("", *SUFFIXES)}
    assert [] == [name for name in rows if name not in known]
    assert len(FAMILIES) == len(set(rows)) == len(rows)


def test_every_event_that_can_be_waited_for_is_told_somewhere() -> None:
    """As a whole name, or as the part of it that a state fills in: `delivery.` and the state entered."""
    code = "\n".join(path.read_text(encoding="utf-8") for folder in CODE for path in (ROOT / folder).rglob("*.py") if not is_list(path))
    made = {f"{family}." for family in re.findall(r"f\"(\w+)\.\{", code)}
    assert [] == sorted(name for name in EVENT_TYPES if f'"{name}"' not in code and not name.startswith(tuple(made)))


def is_list(path: Path) -> bool:
    return path.name == "event_types.py"


def test_every_hook_on_the_page_is_specified_and_by_that_signature() -> None:
    """An author who copies the heading has a hook that is called."""
    hooks = {name: thing for name, thing in vars(hookspecs).items() if name.startswith("fenghuo_")}
    written = {re.match(r"\w+", heading).group(): heading for heading in headings("plugins.md", "###")}  # type: ignore[union-attr]
    assert set(hooks) == set(written)
    assert [] == [name for name, hook in hooks.items() if written[name] != f"{name}() -> {inspect.signature(hook).return_annotation}"]


def test_every_port_on_the_page_is_one() -> None:
    """Under its own heading: a value, a port, or what a plugin is given."""
    said = re.findall(r"^### (\w+)$", page("plugin-ports.md"), re.MULTILINE)
    offered = {*ports.__all__, *values.__all__}
    assert [] == [name for name in said if name not in offered and not hasattr(__import__("fenghuo"), name)]


def test_every_type_of_a_bundled_plugin_has_its_settings_on_the_page() -> None:
    """And no type is described that none of them brings."""
    host = load_plugins()
    brought = {*host.channel_types, *host.source_types, *host.sensor_types, *host.front_types}
    described = re.findall(r'^## \[\w+\.NAME\.settings\] with type = "([\w.]+)"$', page("settings.md"), re.MULTILINE)
    assert brought == set(described)


def reasons_given() -> set[str]:
    """The finer words that the core and the bundled plugins raise, as they stand in the code."""
    return {
        str(word.value.value)
        for folder in ("core/fenghuo", "plugins")
        for path in (ROOT / folder).rglob("*.py")
        if "rig" not in path.parts
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in REFUSALS
        for word in call.keywords
        if word.arg == "code" and isinstance(word.value, ast.Constant)
    }


def test_every_reason_of_a_refusal_is_on_its_page_and_given() -> None:
    """A script that looks for one finds what the program says; none is without a word for people."""
    rows = re.findall(r"^\| (`[^|]*) \| (\S[^|]*) \|$", page("refusals.md"), re.MULTILINE)
    said = [word for names, _ in rows for word in re.findall(r"`([a-z-]+)`", names)]
    assert reasons_given() == set(said)
    assert len(said) == len(set(said))
