"""The command as a whole: quick to start, its options before and after the verb, its documents complete."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fenghuo.cli.door import Where, place
from fenghuo.cli.lazy import LazyGroup
from fenghuo.cli.main import root
from fenghuo.errors import SettingsError
from fenghuo.service.desk import VERBS
from fenghuo.service.problems import CODES, Exit
from tests.core.cli.conftest import Shell
from tests.scale import PATIENCE_S

DOCS = Path(__file__).parents[3] / "docs" / "reference"
HEAVY = {"asyncio", "structlog", "lxml", "prometheus_client", "uvicorn", "starlette", "sqlite3", "shapely", "aiosmpplib"}
READING = {"ls", "show", "why", "check", "explain", "lint", "status", "fsck"}
"""Last words of the commands that read."""


def commands(group: click.Group, path: str = "fenghuo") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group with its whole name."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(root))


def test_status_imports_nothing_heavy() -> None:
    """Start-up pays for no library that `fenghuo status` does not use."""
    code = "import sys, fenghuo.cli.main, fenghuo.cli.status, fenghuo.client.socket; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout.split()
    assert set(loaded) & HEAVY == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_heading(name: str) -> None:
    """docs/reference/cli.md has a heading for each command."""
    headings = [line.lstrip("# `").rstrip("`") for line in (DOCS / "cli.md").read_text().splitlines() if line.startswith("#")]
    assert name in headings


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented(name: str) -> None:
    """Each option of a command stands in its section of docs/reference/cli.md."""
    shared = {"--socket", "--config", "--url", "--token-file", "--json"}
    section = (DOCS / "cli.md").read_text().partition(f"## `{name}`\n")[2].partition("\n## ")[0]
    missing = [
        option
        for parameter in COMMANDS[name].params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--") and option not in shared and option not in section
    ]
    assert missing == []


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.split()[-1] in READING])
def test_every_read_has_json(name: str) -> None:
    """Each read prints JSON when asked."""
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert "--json" in options


def test_every_verb_of_the_desk_is_documented() -> None:
    """docs/reference/desk.md has a heading for each verb of the desk."""
    text = (DOCS / "desk.md").read_text()
    assert [verb for verb in VERBS if f"## `{verb}`" not in text] == []


def test_every_exit_code_and_word_is_documented() -> None:
    """docs/reference/exit-codes.md names every exit code and every stable word with the same figures."""
    text = (DOCS / "exit-codes.md").read_text()
    assert [code.name for code in Exit if f"| {code.value} |" not in text] == []
    assert [code.word for code in CODES.values() if f"| `{code.word}` | {code.status} | {code.exit.value} |" not in text] == []


def test_version(shell: Shell) -> None:
    """--version prints name and version."""
    ran = shell.run("--version")
    assert (ran.code, ran.out.startswith("fenghuo ")) == (0, True)


def test_help_lists_verbs_without_importing_them(shell: Shell) -> None:
    """--help names every verb with its line."""
    out = shell.run("--help").out
    assert isinstance(root, LazyGroup)
    assert [name for name in root.verbs if name not in out] == []


@pytest.mark.parametrize("words", [["--config", "f.toml", "status"], ["status", "--config", "f.toml"]])
def test_settings_say_where_the_daemon_is(shell: Shell, tmp_path: Path, words: list[str]) -> None:
    """--config finds socket and token, before the verb or after it, though the rest of the file is nonsense to this command."""
    (tmp_path / "f.toml").write_text('[node]\nstate = "."\n[control]\nsocket = "ctl.sock"\n[channels.x]\ntype = "unknown"\n')
    assert shell.process(*words, FENGHUO_SOCKET="").code == 0


def test_place_has_its_defaults(tmp_path: Path) -> None:
    """Without [control] the socket lies in the state folder, and that beside the file."""
    (tmp_path / "f.toml").write_text("")
    assert place(tmp_path / "f.toml").socket == tmp_path / "state" / "ctl.sock"
    (tmp_path / "f.toml").write_text("[control]\nsocket = 7\n")
    with pytest.raises(SettingsError, match=r"\[control\] socket must be text"):
        place(tmp_path / "f.toml")


def test_words_after_the_verb_count_more() -> None:
    """What was said after the verb replaces what was said before it, option by option."""
    outer, inner = Where(url="http://a", token_file=Path("t")), Where(url="http://b")
    assert inner.over(outer) == Where(url="http://b", token_file=Path("t"))


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_is_printed(shell: Shell, name: str) -> None:
    """Each shell gets a script that calls us back."""
    assert "_FENGHUO_COMPLETE" in shell.run("completion", name).out


def test_completion_completes(shell: Shell) -> None:
    """The shell's question is answered with the verbs that fit."""
    ran = shell.process(_FENGHUO_COMPLETE="bash_complete", COMP_WORDS="fenghuo al", COMP_CWORD="1")
    assert ran.out == "plain,alarms\nplain,alert\n"
