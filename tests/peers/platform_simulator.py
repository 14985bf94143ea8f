"""The SIMULATOR of an emergency broadcast platform, seen through its own lines. No independent platform runs on a build machine."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["CERTIFICATE", "ISSUER", "PLATFORM", "Happened", "PlatformSimulator"]

RECIPE = Path(__file__).with_name("platform_simulator_process.py")
PLATFORM = "010233110000000001"
CERTIFICATE, ISSUER = "000000003363", "000000000075"
START_S = 40.0
ANSWER_S = 40.0
"""Longer than the platform itself waits for an answer."""
LONGEST_LINE = 16 * 1024 * 1024


class Happened(msgspec.Struct, frozen=True):
    """One line. `what`: up, slow, start, again, stop, sounds, silent, asked, answered; `at`: seconds of the machine's monotonic clock."""

    what: str
    at: float
    ebmid: str = ""
    dest: str = ""
    source: str = ""
    severity: str = ""
    title: str = ""
    text: str = ""
    areas: str = ""
    stops: str = ""
    packet: str = ""
    code: str = ""
    why: int = 0
    port: int = 0


class PlatformSimulator:
    """`async with PlatformSimulator() as platform`: `port`, `lines` so far, `wait()` for one, `report()` to the centre's door."""

    def __init__(self, *options: str, key: Path | None = None, peer_key: Path | None = None) -> None:
        self.port = 0
        self.lines: list[Happened] = []
        self._arguments = [
            *options,
            *(["--key", str(key)] if key else []),
            *(["--peer-key", str(peer_key)] if peer_key else []),
        ]
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(RECIPE),
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="platform simulator's lines")
        self.port = (await self.wait("up", within_s=START_S)).port
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process is not None
        assert self._reader is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reader
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def end(self) -> None:
        """Its process ends, as by a power cut."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def pause(self) -> None:
        """It answers nobody until go_on()."""
        assert self._process is not None
        send(self._process, signal.SIGSTOP)

    async def go_on(self) -> None:
        assert self._process is not None
        send(self._process, signal.SIGCONT)

    async def wait(self, what: str, *, ebmid: str = "", after: int = 0, within_s: float = 40.0) -> Happened:
        """The first line of this kind, about this number if given, not among the first `after`."""
        async with asyncio.timeout(within_s * TIMEOUT_SCALE), self._changed:
            while True:
                found = self.of(what, ebmid=ebmid, after=after)
                if found:
                    return found[0]
                await self._changed.wait()

    def of(self, what: str, *, ebmid: str = "", after: int = 0) -> Sequence[Happened]:
        return [line for line in self.lines[after:] if line.what == what and ebmid in ("", line.ebmid)]

    async def report(self, door: str, about: Happened, code: int, **more: object) -> Happened:
        """It reports to the centre's door, and this is the centre's answer. `terminal`, `log`, `unsigned`, `source`: see the process."""
        seen = len(self.lines)
        order = {"door": door, "to": about.source, "ebmid": about.ebmid, "code": code, **more}  # `ebmid` may name another
        await self._tell(order)
        return await self.wait("answered", ebmid=str(order["ebmid"]), after=seen, within_s=ANSWER_S)

    async def be_hasty(self, doors: Mapping[str, str]) -> None:
        """Report each start of these sources to their doors before it is answered for; of no others."""
        await self._tell({"hasty": dict(doors)})

    async def _tell(self, order: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        await self._process.stdin.drain()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            async with self._changed:
                self.lines.append(msgspec.json.decode(line, type=Happened))
                self._changed.notify_all()
