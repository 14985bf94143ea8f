"""Fenghuo as a subject of the comparison: HTTP in, durable, out by the webhook channel to the sink."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from bench.http_subject import HttpSubject
from bench.node import KEY, channel, people_files, started, write_node

__all__ = ["Own"]

RECIPIENTS = 512
"""Deliveries to one recipient go one after the other; a node has many recipients."""
PADDING = "火警：人民路12号三层起火，请立即出动。" * 16


class Own(HttpSubject):
    """The daemon as a process of its own, on free ports. `extra`: more of its settings."""

    name = "fenghuo"

    def __init__(self, folder: Path, *, extra: str = "") -> None:
        super().__init__(folder)
        self.start_s = 0.0
        self._extra = extra

    async def _started(self, log: IO[bytes]) -> int:
        hook = channel("hook", "http.webhook", url=f"http://127.0.0.1:{self._sink.port}/hook", concurrency=64)
        write_node(self._folder, people_files(RECIPIENTS), channels=[hook, self._extra])
        node = await started(self._folder)
        self._process, self.start_s = node.process, node.start_s
        return node.port

    async def _send(self, number: int) -> bool:
        order = {"to": [f"r{number % RECIPIENTS}"], "text": f"fh{number}x {PADDING}", "priority": "P2", "kind": "Dispatch"}
        return await self._post("/api/v1/messages", order, KEY) == 202
