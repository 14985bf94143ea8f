"""The channel keeps what it promises: a grade of the conformance kit is the test."""

from __future__ import annotations

import subprocess
import sys


def test_it_passes_gold() -> None:
    """With -v in the command each check is shown; with platinum in it, more is asked."""
    command = [sys.executable, "-m", "fenghuo", "plugin", "check", "fenghuo_beacon", "--fenghuo-grade", "gold"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
