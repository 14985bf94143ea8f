"""The upsd of Network UPS Tools with its dummy-ups driver, whose UPS a test writes: processes of the test, not the system's service.

Debian's /sbin/upsd is a wrapper that wants /etc/nut/nut.conf; the programs themselves lie in /lib/nut.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.scale import PATIENCE_S
from tests.signals import Process, send

__all__ = ["UPS", "Upsd"]

UPS = "cabinet"


class Upsd:
    """`async with Upsd(folder) as upsd`: a UPS on mains behind a port of loopback. All killed at the end."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._written = time.time()
        self._folder = folder
        self._driver: Process | None = None
        self._server: Process | None = None

    async def __aenter__(self) -> Self:
        self.port = _free_port()
        state = self._folder / "state"
        state.mkdir(parents=True)
        self._folder.chmod(0o700)
        self.says("OL CHRG", charge=100, runtime=7200)
        (self._folder / "ups.conf").write_text(f"pollinterval = 1\n[{UPS}]\ndriver = dummy-ups\nport = ups.dev\nmode = dummy-once\n")
        (self._folder / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 300\n")
        (self._folder / "upsd.users").write_text("")
        for name in ("ups.conf", "upsd.conf", "upsd.users"):
            (self._folder / name).chmod(0o640)
        try:
            self._driver = await self._spawn("dummy-ups", "-a", UPS)
            await _until(lambda: (state / f"dummy-ups-{UPS}").exists())
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._end()

    def says(self, status: str, **battery: float) -> None:
        """From its next look (once a second) the driver has this: `charge` in percent, `runtime` in seconds. It hands over line by line,
        so the status comes last: whoever sees it sees what goes with it."""
        self._written += 10
        text = "".join(f"battery.{name}: {value:g}\n" for name, value in battery.items())
        _put(self._folder / "ups.dev", f"{text}ups.status: {status}\n", at=self._written)

    async def start(self) -> None:
        """Start upsd; it knows what the driver says when this returns."""
        self._server = await self._spawn("upsd")
        await _until(self._serves)

    async def kill(self) -> None:
        """SIGKILL for upsd; the driver lives on."""
        await _kill(self._server)
        self._server = None

    async def kill_driver(self) -> None:
        """SIGKILL for the driver: upsd has a UPS of which it hears nothing."""
        await _kill(self._driver)
        self._driver = None

    async def _end(self) -> None:
        await self.kill()
        await self.kill_driver()

    async def _spawn(self, program: str, *words: str) -> Process:
        folder = str(self._folder)
        state = str(self._folder / "state")
        where = {"NUT_CONFPATH": folder, "NUT_STATEPATH": state, "NUT_ALTPIDPATH": state}
        with (self._folder / f"{program}.log").open("ab") as log:
            command = (f"/lib/nut/{program}", "-F", *words, "-u", "root")
            return await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env={**os.environ, **where})

    def _serves(self) -> bool:
        assert self._server is not None
        assert self._server.returncode is None, (self._folder / "upsd.log").read_text()
        with socket.socket() as sock:
            sock.settimeout(PATIENCE_S)
            if sock.connect_ex(("127.0.0.1", self.port)):
                return False
            sock.sendall(f"GET VAR {UPS} ups.status\n".encode())
            answer = sock.recv(4096)
        return answer.startswith(b"VAR ") and b"WAIT" not in answer  # which it says before its driver has


def _put(path: Path, text: str, *, at: float) -> None:
    """All at once: the driver must never read half a file. It takes one for changed by the whole second of its `mtime`."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.chmod(0o640)
    os.utime(draft, (at, at))
    draft.rename(path)


async def _kill(process: Process | None) -> None:
    if process is not None:
        send(process, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
