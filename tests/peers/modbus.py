"""pymodbus's server as sirens: started in its own process, judged by its log of coils, killed and started anew on the same port."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.peers import modbus_server
from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["Sirens"]

SCRIPT = Path(modbus_server.__file__)


class Sirens:
    """`async with Sirens() as sirens`: `log` is every line of it. `serial`: a device instead of TCP; the rest are its options."""

    def __init__(self, *, serial: Path | None = None, **options: Any) -> None:
        self.log: list[dict[str, Any]] = []
        self.port = 0
        self.options = options
        self._serial = serial
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.kill()

    async def start(self) -> None:
        """Be there, on the same port as before, with every relay open: a controller that starts remembers nothing."""
        where = ("serial", str(self._serial)) if self._serial else ("tcp", str(self.port))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            *where,
            msgspec.json.encode(self.options).decode(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(10 * TIMEOUT_SCALE):
            ready = msgspec.json.decode(await self._process.stdout.readline())
        self.port = ready["port"] if not self._serial else 0
        self._reader = asyncio.create_task(self._read(self._process.stdout))

    async def kill(self) -> None:
        """kill -9."""
        if self._process is None or self._reader is None:
            return
        process, self._process = self._process, None
        send(process, signal.SIGKILL)
        await process.wait()
        await self._reader
        process._transport.close()  # type: ignore[attr-defined]  # the pipe to a dead process stays open without it

    async def died(self) -> None:
        """Wait until it has ended by itself (`die_on`)."""
        assert self._process is not None
        async with asyncio.timeout(10 * TIMEOUT_SCALE):
            await self._process.wait()
        await self.kill()

    async def do(self, command: str) -> None:
        """A hand at the cabinet: `force 1/1 on`, `held 1/1 on`, `dead 1/1`."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()

    def starts(self, siren: str = "") -> list[dict[str, Any]]:
        """How often a relay closed, by whomever."""
        return [line for line in self.log if line.get("on") and "coil" in line and siren in ("", line["coil"])]

    def ends(self, siren: str = "") -> list[dict[str, Any]]:
        """How often a relay opened."""
        return [line for line in self.log if line.get("on") is False and "coil" in line and siren in ("", line["coil"])]

    async def until(self, holds: Any, *, within_s: float = 5.0) -> None:
        """Return when the log fits. Raises: TimeoutError."""
        async with asyncio.timeout(within_s * TIMEOUT_SCALE), self._changed:
            await self._changed.wait_for(lambda: bool(holds()))

    async def _read(self, lines: asyncio.StreamReader) -> None:
        while line := await lines.readline():
            async with self._changed:
                self.log.append(msgspec.json.decode(line))
                self._changed.notify_all()
