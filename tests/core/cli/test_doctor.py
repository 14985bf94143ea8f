"""`fenghuo doctor` as a command: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from fenghuo.cli.main import root


def test_each_finding_has_its_command_on_a_line_of_its_own(tmp_path: Path) -> None:
    """Exit 1 says that something was found."""
    ran = CliRunner().invoke(root, ["doctor", str(tmp_path / "none.toml")])
    assert (1, f"settings-missing: there are no settings at {tmp_path}/none.toml\n    fenghuo config init {tmp_path}\n1 found\n") == (
        ran.exit_code,
        ran.output,
    )


def test_a_first_node_that_does_not_run_is_told_how_to_start(tmp_path: Path) -> None:
    """What `config init` writes is sound but for the daemon that nobody has started."""
    assert 0 == CliRunner().invoke(root, ["config", "init", str(tmp_path)]).exit_code
    ran = CliRunner().invoke(root, ["doctor", str(tmp_path / "fenghuo.toml"), "--json", "--account", "root"])
    assert "daemon-silent" in [one["cause"] for one in json.loads(ran.output)["findings"]]


def test_an_account_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = CliRunner().invoke(root, ["doctor", str(tmp_path), "--account", "nobody-here"])
    assert 2 == ran.exit_code
    assert "this machine has no account 'nobody-here'" in ran.output
