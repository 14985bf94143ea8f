"""A server that is measured in a process of its own, told by a pipe when to begin; its processor is counted there alone."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["Serves", "processor_s", "run_server", "said"]

Serves = Callable[[Any, Connection], Awaitable[None]]
"""What it runs: (case, pipe)."""


def processor_s() -> float:
    """What this process has used, seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def said(pipe: Connection) -> Any:
    """What the other process says next."""
    is_said = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), is_said.set)
    await is_said.wait()
    asyncio.get_running_loop().remove_reader(pipe.fileno())
    return pipe.recv()


def run_server(serves: Serves, case: Any, pipe: Connection) -> None:
    """The whole life of that process."""
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415  # as the daemon has it, where it is

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

    async def live() -> None:
        await serves(case, pipe)

    asyncio.run(live())
