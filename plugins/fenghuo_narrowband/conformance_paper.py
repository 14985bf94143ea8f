"""The printer of a screen for the conformance kit: a file, read slip by slip as a person would."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from fenghuo import Arrival, ConformancePeer
from fenghuo_narrowband.settings import ScreenSettings

__all__ = ["paper"]

_SLIP = re.compile(r"#\d{4} P\d [^\n]{19}\n(.*?)\n-{40}\n", re.DOTALL)
_LOOK_S = 0.02


class Paper(ConformancePeer):
    """Everybody reads the same roll; a slip counts when its rule is printed."""

    version = "file"
    is_local = True

    def __init__(self, roll: Path) -> None:
        super().__init__()
        self._roll = roll
        self._read = 0

    def settings(self, port: int) -> ScreenSettings:
        return ScreenSettings(printer=str(self._roll))

    def address(self, number: int) -> str:
        return "here"

    async def watch(self) -> None:
        """For ever: whatever was printed has arrived."""
        while True:
            text = await asyncio.to_thread(_since, self._roll, self._read)
            for slip in _SLIP.finditer(text):
                self.arrivals.append(Arrival(self.address(0), slip[1]))
            end = max((slip.end() for slip in _SLIP.finditer(text)), default=0)
            self._read += len(text[:end].encode())
            await asyncio.sleep(_LOOK_S)


def _since(roll: Path, octets: int) -> str:
    return roll.read_bytes()[octets:].decode("utf-8", "ignore") if roll.exists() else ""


@contextlib.asynccontextmanager
async def paper() -> AsyncIterator[ConformancePeer]:
    """A roll of paper and somebody who reads it."""
    with tempfile.TemporaryDirectory(prefix="fenghuo-paper-") as folder:
        roll = Paper(Path(folder) / "roll")
        watching = asyncio.create_task(roll.watch(), name="reader of the paper")
        try:
            yield roll
        finally:
            watching.cancel()
            await asyncio.wait([watching])
