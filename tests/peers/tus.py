"""A real server of resumable uploads as a process: @tus/server behind tests/peers/tus/tus.mjs, seen through its own log and files."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["Asked", "TusServer", "Upload"]

RECIPE = Path(__file__).parent / "tus" / "tus.mjs"
NODE_MODULES = Path(__file__).parent / "node" / "node_modules"
START_S = 40.0 * TIMEOUT_SCALE


class Asked(msgspec.Struct, frozen=True):
    """A request as it came in: for PATCH `octets` of the upload `id` from `offset` on."""

    method: str
    id: str = ""
    offset: int = 0
    octets: int = 0


class Upload(msgspec.Struct, frozen=True):
    """An upload as it lies on its disk."""

    id: str
    size: int
    metadata: dict[str, str]
    octets: bytes = b""


class _Line(msgspec.Struct, frozen=True):
    what: str
    port: int = 0
    method: str = ""
    id: str = ""
    offset: int = 0
    octets: int = 0


class TusServer:
    """`async with TusServer(folder, secret) as server`: `port`, `asked`, `whole()`. It may be killed and started again: what it has is on
    its disk, and its port stays. `under`: words before the command, as of a network namespace; `host`: where it listens there."""

    def __init__(self, folder: Path, secret: str, *, under: Sequence[str] = (), host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.port = 0
        self.asked: list[Asked] = []
        self._under = under
        self._secret = secret
        self._host = host
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.kill()

    async def start(self) -> None:
        """Begin, on the port it had before if it had one."""
        its = {"TUS_FOLDER": str(self.folder), "TUS_SECRET": self._secret, "TUS_HOST": self._host, "TUS_PORT": str(self.port)}
        self._process = await asyncio.create_subprocess_exec(
            *self._under,
            "node",
            str(RECIPE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **its, "TUS_MODULES": str(NODE_MODULES)},
        )
        async with asyncio.timeout(START_S):
            up = await _next(self._process)
        assert up is not None, "the server of uploads did not start"
        self.port = up.port
        self._reader = asyncio.create_task(self._read(self._process), name="tus log")

    async def kill(self) -> None:
        """kill -9."""
        process, self._process = self._process, None
        if process is None:
            return
        send(process, signal.SIGKILL)
        await process.wait()
        if self._reader is not None:
            await self._reader
        assert process.stdin is not None
        process.stdin.close()

    def whole(self) -> list[Upload]:
        """The uploads that it has all of, from its disk; what is being made has no words yet."""
        written = [file.read_bytes() for file in self.folder.glob("*.json")]
        known = [msgspec.json.decode(words, type=Upload) for words in written if words]
        found = [msgspec.structs.replace(one, octets=(self.folder / one.id).read_bytes()) for one in known]
        return [one for one in found if len(one.octets) == one.size]

    async def until(self, holds: Callable[[], bool], *, timeout_s: float = 60.0) -> None:
        """Wait for something that its log says."""
        async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
            while not holds():
                await asyncio.sleep(0.01)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        while (line := await _next(process)) is not None:
            self.asked.append(Asked(line.method, line.id, line.offset, line.octets))


async def _next(process: asyncio.subprocess.Process) -> _Line | None:
    assert process.stdout is not None
    line = await process.stdout.readline()
    return msgspec.json.decode(line, type=_Line) if line else None
