"""Commands, a Debian tree, and the commands that a page shows."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.scale import TIMEOUT_SCALE

__all__ = ["LONG_S", "ROOT", "commands", "debian", "run"]

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 600.0 * TIMEOUT_SCALE
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def run(*command: str, folder: Path = ROOT, **environment: str) -> str:
    """A command that must not fail; what it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")} if environment else dict(os.environ)
    done = subprocess.run(
        command, cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, timeout=LONG_S, check=False
    )
    assert 0 == done.returncode, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def debian(tree: Path, include: str) -> Path:
    """A bare Debian 12 with these packages, from the machine's own mirror."""
    mirror = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").splitlines()[0]
    run("debootstrap", "--variant=minbase", f"--include={include}", "bookworm", str(tree), mirror)
    return tree


def commands(page: str) -> str:
    """Every block of commands on a page of docs/, in order."""
    return "".join(SHELL_BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8")))
