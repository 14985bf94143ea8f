"""What `tools/apt-ensure` does where nothing is missing, and what it says where nothing can be done. No package is installed here."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.scale import PATIENCE_S

SCRIPT = Path(__file__).resolve().parent.parent.parent / "tools" / "apt-ensure"


def ensured(path: Path, *wanted: str) -> subprocess.CompletedProcess[str]:
    """One run with the programs of one folder and no others."""
    return subprocess.run(
        ["/bin/bash", str(SCRIPT), *wanted],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def program(folder: Path, name: str, body: str) -> None:
    """A program in the folder that does this."""
    path = folder / name
    path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def test_what_is_installed_is_left_alone(tmp_path: Path) -> None:
    """With every package present nothing is printed and apt-get is not called."""
    program(tmp_path, "dpkg-query", "printf installed")
    program(tmp_path, "apt-get", "echo called; exit 1")
    done = ensured(tmp_path, "direwolf", "strace")
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_any_provider_of_a_program_will_do(tmp_path: Path) -> None:
    """A program that did not come from Debian's package serves as well as Debian's."""
    program(tmp_path, "dpkg-query", "exit 1")
    program(tmp_path, "node", "exit 0")
    assert 0 == ensured(tmp_path, "nodejs:node").returncode


def test_a_removed_package_whose_settings_remain_is_missing(tmp_path: Path) -> None:
    """Only the state "installed" counts."""
    program(tmp_path, "dpkg-query", "printf config-files")
    done = ensured(tmp_path, "direwolf")
    assert (1, "needed and no apt-get here to install it: direwolf\n") == (done.returncode, done.stderr)
