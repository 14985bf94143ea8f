"""A signal to a process that a test started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Protocol

from tests.scale import PATIENCE_S

__all__ = ["Process", "send"]


class Process(Protocol):
    """What is asked of a process that a test started."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    @property
    def stdout(self) -> asyncio.StreamReader | None: ...

    async def wait(self) -> int: ...


def send(process: Process, how: signal.Signals) -> None:
    """Signal it unless it has ended. Popen's send_signal() polls, and may take the exit code away from the loop, which then says 255."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, how)
            if how is signal.SIGSTOP:
                _until_it_stands(process.pid)


def _until_it_stands(pid: int) -> None:
    """Each thread stops when its processor takes the signal: until then it may still answer."""
    late = time.monotonic() + PATIENCE_S
    while not all(_state(task) in "TtZ" for task in Path(f"/proc/{pid}/task").glob("*/stat")):
        assert time.monotonic() < late, f"process {pid} was not stopped"
        time.sleep(0.0005)


def _state(task: Path) -> str:
    """One letter of proc(5): T is stopped, Z has ended."""
    try:
        return task.read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"
