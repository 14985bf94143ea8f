"""What the subjects share that take messages by HTTP and hand them on to a web hook: sink, client, process, volley."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO

import msgspec

from bench.pump import HttpClient, Sink, Volley, fire

__all__ = ["HttpSubject"]


class HttpSubject(ABC):
    """One process with a sink of its own behind it, killed by its pid at the end."""

    name: str

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = Sink()
        self._client: HttpClient | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Return when messages are taken."""
        await self._sink.start()
        with (self._folder / "log").open("ab") as log:
            port = await self._started(log)
        self._client = HttpClient(port)

    async def volley(self, first: int, count: int, *, in_flight: int, rate: float = 0.0) -> Volley:
        return await fire(self._send, self._sink.got, first=first, count=count, in_flight=in_flight, rate=rate)

    async def stop(self) -> None:
        if self._client is not None:
            self._client.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._sink.stop()

    @abstractmethod
    async def _started(self, log: IO[bytes]) -> int:
        """Start the process; the port that takes messages."""

    @abstractmethod
    async def _send(self, number: int) -> bool:
        """Send one message; whether it was taken."""

    async def _post(self, path: str, body: object, *headers: str) -> int:
        assert self._client is not None
        return await self._client.post(path, msgspec.json.encode(body), *headers)
