"""A signal to a process that a test started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Protocol

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
