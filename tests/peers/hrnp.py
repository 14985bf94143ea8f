"""A DMR gateway as a process in an environment of its own: ok-dmrlib and dmr-kaitai behind tests/peers/hrnp_gateway.py."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["HrnpGateway"]

PROGRAM = Path(__file__).parent / "hrnp_gateway.py"
PYTHON = Path(__file__).parents[2] / ".venv-dmr" / "bin" / "python"


class HrnpGateway:
    """`async with HrnpGateway() as gateway`: listens on UDP `port`, the same after kill() and start().

    `told`: everything it has said, across restarts; `texts`: the text messages that reached it, `aired`: those that a radio or group had
    not had before, `frames`: the words of the line.
    """

    def __init__(self) -> None:
        self.port = 0
        self.told: list[dict[str, Any]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._ear: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.kill()

    @property
    def texts(self) -> list[dict[str, Any]]:
        return [one for one in self.told if one["what"] == "TMP"]

    @property
    def aired(self) -> list[dict[str, Any]]:
        return [one for one in self.told if one["what"] == "AIR"]

    def frames(self, operation: str) -> int:
        """How many frames of an operation came in."""
        return sum(one["what"] == "FRAME" and one["operation"] == operation for one in self.told)

    async def start(self) -> None:
        """Run it until it listens."""
        if not PYTHON.exists():
            raise RuntimeError("the DMR peer has no environment; `make test` makes it")
        ups = sum(one["what"] == "UP" for one in self.told)
        self._process = await asyncio.create_subprocess_exec(
            str(PYTHON), str(PROGRAM), str(self.port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self._ear = asyncio.create_task(self._listen(self._process), name="hrnp gateway")
        await self.until(lambda: sum(one["what"] == "UP" for one in self.told) > ups, "it listens")
        self.port = next(one["port"] for one in reversed(self.told) if one["what"] == "UP")

    async def kill(self) -> None:
        """SIGKILL; idempotent."""
        process, self._process = self._process, None
        ear, self._ear = self._ear, None
        if process is not None and ear is not None:
            send(process, signal.SIGKILL)
            await process.wait()
            await ear
            if process.stdin is not None:
                process.stdin.close()

    async def order(self, **orders: object) -> None:
        """Tell it what to do, see tests/peers/hrnp_gateway.py; returns when it has done so."""
        assert self._process is not None
        assert self._process.stdin is not None
        obeyed = self._obeyed()
        self._process.stdin.write(json.dumps(orders).encode() + b"\n")
        await self.until(lambda: self._obeyed() > obeyed, "it obeys")

    async def say(self, text: str, *, by: int, to: int, request: int) -> None:
        """Have a radio say something to another."""
        await self.order(**{"text": text, "from": by, "to": to, "request": request})

    async def until(self, holds: Callable[[], bool], what: str, *, timeout_s: float = 40.0) -> None:
        """Return as soon as it holds; asked again after whatever the gateway says."""
        try:
            async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as late:
            raise TimeoutError(f"{what}: not in time; the gateway has told {self.told[-10:]}") from late

    def _obeyed(self) -> int:
        return sum(one["what"] == "OBEYED" for one in self.told)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.told.append(json.loads(line))
            self._news.set()
