"""A real web server as a process, node's own, that takes webhooks; seen through its own log lines."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tests.scale import TIMEOUT_SCALE

__all__ = ["Hook", "Post"]

RECIPE = Path(__file__).parent / "hook" / "hook.js"
LONGEST_LINE = 8 * 1024 * 1024
START_S = 40.0 * TIMEOUT_SCALE


class Post(msgspec.Struct, frozen=True):
    """One POST that it took, or the line that says it is up. `again`: its token came before."""

    what: str
    url: str = ""
    token: str = ""
    body: str = ""
    again: bool = False
    port: int = 0
    version: str = ""


class Hook:
    """`async with Hook(secret) as hook`: `port`, `version`, and `on_post` is called for each POST. `under`: words before the command, as
    of a network namespace; `host`, `port`: where it listens there, 0 for a free port."""

    def __init__(
        self, secret: str, on_post: Callable[[Post], None], *, under: Sequence[str] = (), host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.port = port
        self.version = ""
        self._under = under
        self._environment = {**os.environ, "HOOK_SECRET": secret, "HOOK_HOST": host, "HOOK_PORT": str(port)}
        self._on_post = on_post
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._under,
            "node",
            str(RECIPE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            limit=LONGEST_LINE,
        )
        async with asyncio.timeout(START_S):
            up = await self._next(self._process)
        assert up is not None
        self.port, self.version = up.port, up.version
        self._reader = asyncio.create_task(self._read(self._process), name="hook log")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process is not None
        assert self._reader is not None
        self._process.kill()
        await self._process.wait()
        await self._reader
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        while (post := await self._next(process)) is not None:
            self._on_post(post)

    async def _next(self, process: asyncio.subprocess.Process) -> Post | None:
        assert process.stdout is not None
        line = await process.stdout.readline()
        return msgspec.json.decode(line, type=Post) if line else None
