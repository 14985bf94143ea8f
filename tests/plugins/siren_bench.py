"""A cabinet of sirens in the test's own process: units that hang, echoes that get lost, a write that waits until the test lets it go."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from fenghuo_siren import SirenSettings

__all__ = ["Bench", "FarBench", "bench", "settings_at"]

_HEAD = struct.Struct(">HHHB")
_READ_INPUTS, _WRITE_COIL, _WRITE_REGISTER = 2, 5, 6
_ON = 0xFF00


class Bench:
    """Modbus TCP. `coils`: what is on, by unit and coil; `writes`: every write of a coil that was carried out, with its instant; `hung`:
    units that answer nothing; `broken`: coils whose write is refused as a failure of the device; `lost`: coils whose write never arrives;
    `inputs`: what is on of those, read when `sees` is set; `is_asked`: they are being read, `reads`: how often so far; `registers`: what
    was written there; `asked`: each question, unit and function."""

    def __init__(self) -> None:
        self.port = 0
        self.coils: dict[tuple[int, int], bool] = {}
        self.writes: list[tuple[float, int, int, bool]] = []
        self.hung: set[int] = set()
        self.broken: set[tuple[int, int]] = set()
        self.lost: set[tuple[int, int]] = set()
        self.inputs: set[tuple[int, int]] = set()
        self.registers: dict[tuple[int, int], int] = {}
        self.is_mute = False
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.is_asked = False
        self.reads = 0
        self.asked: list[tuple[int, int]] = []
        self.sees = asyncio.Event()
        self.sees.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One master, to its end."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                number, _, length, unit = _HEAD.unpack(await reader.readexactly(_HEAD.size))
                pdu = await reader.readexactly(length - 1)
                answer = await self._answer(unit, pdu)
                if answer:
                    writer.write(_HEAD.pack(number, 0, len(answer) + 1, unit) + answer)
        writer.close()

    async def _answer(self, unit: int, pdu: bytes) -> bytes:
        function, at, value = struct.unpack(">BHH", pdu[:5])
        self.asked.append((unit, function))
        if unit in self.hung or (function == _WRITE_COIL and (unit, at) in self.lost):
            return b""
        if function == _READ_INPUTS and not self.sees.is_set():
            self.is_asked = True
            await self.sees.wait()
        self.reads += function == _READ_INPUTS
        if function == _WRITE_REGISTER:
            self.registers[unit, at] = value
        if function != _WRITE_COIL:
            return self._read(unit, function, at, value) if function <= 4 else pdu[:5]
        if (unit, at) in self.broken:
            return bytes((function | 0x80, 4))
        self.coils[unit, at] = value == _ON
        self.writes.append((asyncio.get_running_loop().time(), unit, at, value == _ON))
        await self.goes_on.wait()
        return b"" if self.is_mute else pdu[:5]

    def _read(self, unit: int, function: int, at: int, count: int) -> bytes:
        if function > 2:
            values = (self.registers.get((unit, at + step), 0) for step in range(count))
            return bytes((function, 2 * count)) + struct.pack(f">{count}H", *values)
        is_on = self.coils if function == 1 else dict.fromkeys(self.inputs, True)
        bits = sum(is_on.get((unit, at + step), False) << step for step in range(count))
        octets = (count + 7) // 8
        return bytes((function, octets)) + bits.to_bytes(octets, "little")

    async def looked(self, times: int = 1) -> None:
        """Inputs were read so often from now on, and what they showed was judged."""
        target = self.reads + times + 1
        await self.until(lambda: self.reads >= target)

    async def until(self, holds: Any, *, within_s: float = 40.0) -> None:
        """Return when it holds. Raises: TimeoutError."""
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(0.01)


class FarBench(Bench):
    """Its answers are long on the way: it reads on, and does what it is told, while they are."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def answered(head: tuple[int, int, int, int], pdu: bytes) -> None:
            number, _, _, unit = head
            if answer := await self._answer(unit, pdu):
                writer.write(_HEAD.pack(number, 0, len(answer) + 1, unit) + answer)

        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            async with asyncio.TaskGroup() as on_the_way:
                while octets := await reader.read(_HEAD.size):
                    head = _HEAD.unpack(octets + await reader.readexactly(_HEAD.size - len(octets)))
                    on_the_way.create_task(answered(head, await reader.readexactly(head[2] - 1)))
        writer.close()


@contextlib.asynccontextmanager
async def bench(kind: type[Bench] = Bench) -> AsyncIterator[Bench]:
    """One that listens."""
    there = kind()
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.port = server.sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        there.goes_on.set()
        there.sees.set()
        server.close()


def settings_at(there: Bench, **more: Any) -> SirenSettings:
    """Sirens that only we can end, armed now, with short waits."""
    base: dict[str, Any] = {
        "sirens": ("1/1", "2/1"),
        "port": there.port,
        "coil": 0,
        "only_we_end": True,
        "sound_s": 1.0,
        "max_on_s": 4.0,
        "answer_s": 0.2,
        "feedback_s": 0.2,
        "watch_s": 0.1,
        "reopen_max_s": 0.2,
        "armed": datetime.now(UTC),
    }
    return SirenSettings(**{**base, **more})
