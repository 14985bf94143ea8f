"""A serial cable: a pty whose device name is a symlink, joined to a TNC's TCP port, that can be pulled out and put back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["PtyBridge"]


class PtyBridge:
    """`device` exists while plugged. Without a port the cable ends open: `taken` holds what was written, `give()` sends octets."""

    def __init__(self, device: Path, port: int | None = None) -> None:
        self.device = device
        self.taken = bytearray()
        self._port = port
        self._ends: tuple[int, int] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.unplug()

    async def plug(self) -> None:
        """Make the device and join it to the TNC."""
        ours, theirs = self._ends = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self.device.symlink_to(os.ttyname(theirs))
        if self._port is not None:
            reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._task = asyncio.create_task(self._carry(reader, ours))
        asyncio.get_running_loop().add_reader(ours, self._readable, ours)

    async def unplug(self) -> None:
        """The device is gone: whoever has it open gets an error."""
        if self._ends is None:
            return
        ends, self._ends = self._ends, None
        asyncio.get_running_loop().remove_reader(ends[0])
        if self._task is not None and self._writer is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self.device.unlink()
        for end in ends:
            os.close(end)

    def give(self, octets: bytes) -> None:
        """What the TNC would send."""
        assert self._ends is not None
        os.write(self._ends[0], octets)

    def _readable(self, ours: int) -> None:
        data = os.read(ours, 4096)
        self.taken += data
        if self._writer is not None:
            self._writer.write(data)

    async def _carry(self, reader: asyncio.StreamReader, ours: int) -> None:
        while data := await reader.read(4096):
            os.write(ours, data)
