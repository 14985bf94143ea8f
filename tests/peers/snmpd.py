"""net-snmp's agent as a satellite modem: one number that a test sets with net-snmp's own snmpset."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["COMMUNITY", "OID", "Snmpd"]

COMMUNITY = "modem"
OID = "1.3.6.1.4.1.6247.999.1.1.0"
"""Below Comtech's enterprise number; the 999 branch is invented."""
_WRITER = "bench"


class Snmpd:
    """`async with Snmpd(folder) as snmpd`: on a UDP port of loopback, `value` at OID. Killed at the end."""

    def __init__(self, folder: Path, value: int = 120) -> None:
        self.port = 0
        self._folder = folder
        self._value = value
        self._process: asyncio.subprocess.Process | None = None
        self._ear: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.port = _free_port()
        settings = self._folder / "snmpd.conf"
        settings.write_text(
            f"agentaddress udp:127.0.0.1:{self.port}\nrocommunity {COMMUNITY} 127.0.0.1\nrwcommunity {_WRITER} 127.0.0.1\n"
            f"override -rw {OID} integer {self._value}\n"
        )
        self._process = await asyncio.create_subprocess_exec(
            "/usr/sbin/snmpd",
            *("-f", "-Lo", "-C", "-c", str(settings), "-p", str(self._folder / "snmpd.pid")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(self._folder), "MIBS": ""},
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(40 * TIMEOUT_SCALE):
            while b"NET-SNMP version" not in (line := await self._process.stdout.readline()):
                assert line, "snmpd ended before it served"
        self._ear = asyncio.create_task(_drained(self._process.stdout), name="snmpd log")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process is not None
        assert self._ear is not None
        self.speak()
        send(self._process, signal.SIGKILL)
        await self._process.wait()
        await self._ear

    async def set(self, value: int) -> None:
        """From now on the modem says this."""
        done = await asyncio.create_subprocess_exec(
            "snmpset",
            *("-v2c", "-c", _WRITER, f"127.0.0.1:{self.port}", OID, "i", str(value)),
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(self._folder), "MIBS": ""},
        )
        assert await done.wait() == 0

    def be_silent(self) -> None:
        """Nothing is answered (SIGSTOP) until speak()."""
        assert self._process is not None
        send(self._process, signal.SIGSTOP)

    def speak(self) -> None:
        assert self._process is not None
        send(self._process, signal.SIGCONT)


async def _drained(log: asyncio.StreamReader) -> None:
    """It writes a line for each question, and would stand still at a pipe that nobody reads."""
    while await log.readline():
        pass


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
