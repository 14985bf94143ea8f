"""Prometheus Alertmanager as a process: a receiver of alarms of which nobody here wrote a line."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.scale import PATIENCE_S
from tests.signals import Process, send

__all__ = ["Alertmanager"]

CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class Alertmanager:
    """`async with Alertmanager(folder) as peer`: serves its API at `url`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        config = self._folder / "alertmanager.yml"
        config.write_text(CONFIG)
        with (self._folder / "alertmanager.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "prometheus-alertmanager",
                f"--config.file={config}",
                f"--storage.path={self._folder}",
                f"--web.listen-address=127.0.0.1:{self._port}",
                "--cluster.listen-address=",
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(PATIENCE_S):
            while not await self._answers():
                await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is not None:
            send(self._process, signal.SIGKILL)
            await self._process.wait()

    @staticmethod
    def now() -> float:
        """Its clock, which is the machine's: it judges by that whether an alert is over."""
        return time.time()

    async def until(self, session: aiohttp.ClientSession, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The alerts that are active, as soon as they fit."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with session.get(f"{self.url}/api/v2/alerts?active=true") as answer:
                    alerts: list[dict[str, Any]] = await answer.json()
                if holds(alerts):
                    return alerts
                await asyncio.sleep(0.05)

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        return True
