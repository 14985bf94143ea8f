"""A daemon that is real on the wire and fake behind the desk, and the command run against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from fenghuo.cli.main import root
from tests.core.desk_fake import Served
from tests.scale import PATIENCE_S

__all__ = ["Ran", "Shell"]


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs `fenghuo …`: in this process, or as a process of its own."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served = served
        self.folder = folder

    def run(self, *words: str, stdin: bytes | None = None) -> Ran:
        result = CliRunner().invoke(root, ["--socket", str(self.served.path), *words], input=stdin, prog_name="fenghuo")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    def process(self, *words: str, stdin: bytes | None = None, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "fenghuo.cli.main", *words],
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_S,
            env={**os.environ, "FENGHUO_SOCKET": str(self.served.path), **environment},
            cwd=self.folder,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with capture_logs(), Served(tmp_path) as served:
        yield served


@pytest.fixture
def shell(served: Served, tmp_path: Path) -> Shell:
    return Shell(served, tmp_path)
