"""A signal to a process that a test started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

__all__ = ["send"]


def send(process: asyncio.subprocess.Process, how: signal.Signals) -> None:
    """Signal it unless it has ended. Its own send_signal() polls, and may take the exit code away from the loop, which then says 255."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, how)
