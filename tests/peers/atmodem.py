"""A modem on a pty as a process: tests/peers/atmodem_device.py, whose PDUs libgammu reads and writes, seen through its own lines.

gammu, gammu-smsd, smstools and Kannel drive it too (tests/peers/atmodem_hosts.py): what four hosts take for a modem is one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["AtModem", "Submitted"]

DEVICE = "tests.peers.atmodem_device"
ROOT = Path(__file__).resolve().parents[2]


class Submitted(msgspec.Struct, frozen=True):
    """One PDU that the modem sent, as libgammu reads it. `at`: monotonic seconds of the modem's process."""

    to: str
    text: str
    part: int
    parts: int
    reference: int
    wants_report: bool
    coding: str
    pdu: str
    at: float


class _Line(msgspec.Struct, frozen=True):
    what: str
    port: int = 0
    text: str = ""
    pdu: str = ""
    to: str = ""
    order: int = 0


_any_line = msgspec.json.Decoder(_Line)
_submit_line = msgspec.json.Decoder(Submitted)


class AtModem:
    """`async with AtModem(link) as modem`. `link`: becomes a symlink to the device; without one it is behind `port` of loopback.

    The lists only grow: `submits`, `commands` (every AT line), `deleted` (PDUs taken off its storage), `refused` (numbers), `bad` (PDUs
    that libgammu cannot read), and `counts` by the word of each line.
    """

    def __init__(self, link: Path | None = None) -> None:
        self.link = link
        self.port = 0
        self.submits: list[Submitted] = []
        self.commands: list[str] = []
        self.deleted: list[str] = []
        self.refused: list[str] = []
        self.bad: list[str] = []
        self.counts: dict[str, int] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._orders = itertools.count(1)
        self._obeyed = 0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            DEVICE,
            str(self.link) if self.link else "--tcp",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="atmodem log")
        await self.wait_for(lambda: self.counts.get("UP", 0) > 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        send(process, signal.SIGKILL)
        await process.wait()
        await reader
        if process.stdin is not None:
            process.stdin.close()
        if self.link is not None:
            self.link.unlink(missing_ok=True)

    async def wait_for(self, predicate: Callable[[], bool], timeout_s: float = 40.0) -> None:
        """Return as soon as the predicate holds; it is asked again after whatever the modem prints."""
        async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
            while not predicate():
                self._news.clear()
                await self._news.wait()

    async def behave(self, **how: Any) -> None:
        """From now on: `csq`, `hang`, `hang_until_reset`, `no_prompt`, `errors` (codes of the next submissions), `delay_s` of each answer,
        `report_s` until each report, `silent` (no reports), `hasty` (reports before answers), `no_store` (+CNMI ds=2 refused), `pin`,
        `imsi`."""
        await self._order({"how": how})

    async def register(self, stat: int) -> None:
        """The network's <stat>, told unasked too."""
        await self._order({"reg": stat})

    async def message(self, sender: str, text: str, *, parts: int | None = None) -> None:
        """A text from a telephone, or only its first parts."""
        await self._order({"mo": {"from": sender, "text": text, "parts": parts}})

    async def raw(self, digits: str) -> None:
        """Something that came in, PDU or not."""
        await self._order({"raw": digits})

    async def report(self, to: str, reference: int, status: int = 0) -> None:
        """A status report."""
        await self._order({"report": {"to": to, "reference": reference, "status": status}})

    async def reboot(self) -> None:
        """It restarts by itself, says nothing, and has forgotten all it was told."""
        await self._order({"reboot": True})

    async def unplug(self) -> None:
        await self._order({"plug": False})

    async def plug(self) -> None:
        await self._order({"plug": True})

    def texts(self, ending: str = "") -> list[str]:
        """What was sent to numbers with this ending, part by part."""
        return [submit.text for submit in self.submits if submit.to.endswith(ending)]

    async def _order(self, order: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._orders)
        self._process.stdin.write(json.dumps({**order, "id": number}).encode() + b"\n")
        await self.wait_for(lambda: self._obeyed >= number)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        held = b""
        while chunk := await process.stdout.read(1 << 18):
            *lines, held = (held + chunk).split(b"\n")
            for line in lines:
                self._note(line)
            self._news.set()

    def _note(self, line: bytes) -> None:
        read = _any_line.decode(line)
        self.counts[read.what] = self.counts.get(read.what, 0) + 1
        match read.what:
            case "UP":
                self.port = read.port
            case "SUBMIT":
                self.submits.append(_submit_line.decode(line))
            case "AT":
                self.commands.append(read.text)
            case "DELETED":
                self.deleted.append(read.pdu)
            case "REFUSED":
                self.refused.append(read.to)
            case "BAD":
                self.bad.append(read.pdu)
            case "DONE":
                self._obeyed = read.order
