"""A real systemd, as the manager of one user, in a mount namespace of its own: it runs units where another program is PID 1.

Source: systemd(1), --user; sd_booted(3): /run/systemd/system is what says that systemd runs here.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.scale import PATIENCE_S
from tests.signals import Process, send

__all__ = ["ServiceManager"]

# Shared inside this namespace alone: systemd mounts credentials in a child of its own and counts on seeing them itself.
BEGIN = (
    "mount --make-rshared / && mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system && "
    "exec /lib/systemd/systemd --user --unit=basic.target"
)


class ServiceManager:
    """`async with ServiceManager(folder) as manager`: `folder` holds its units and its sockets, and what it says in `manager.log`."""

    def __init__(self, folder: Path) -> None:
        self.units = folder / "config" / "systemd" / "user"
        self.log = folder / "manager.log"
        self._run = folder / "run"
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(self._run),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SYSTEMD_LOG_TARGET": "console",
        }
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self.units.mkdir(parents=True)
        self._run.mkdir(mode=0o700)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "unshare", "--mount", "sh", "-c", BEGIN, stdout=log, stderr=log, env=self._environment
            )
        async with asyncio.timeout(PATIENCE_S):
            while not (self._run / "systemd" / "private").exists():
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the manager and whatever it still runs of what was asked for here."""
        assert self._process is not None
        try:
            await self.ctl("exit")
            async with asyncio.timeout(PATIENCE_S):
                await self._process.wait()
        except TimeoutError:
            send(self._process, signal.SIGKILL)
            await self._process.wait()

    async def ctl(self, *arguments: str) -> tuple[int, str]:
        """`systemctl --user …` beside that manager: (exit code, what it said)."""
        assert self._process is not None
        command = ("nsenter", "--mount", f"--target={self._process.pid}", "systemctl", "--user", *arguments)
        asking = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=self._environment
        )
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                said, _ = await asking.communicate()
        except TimeoutError:
            send(asking, signal.SIGKILL)
            raise
        assert asking.returncode is not None
        return asking.returncode, said.decode()

    async def shown(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, as `systemctl show` prints them."""
        code, said = await self.ctl("show", unit, *(f"--property={name}" for name in properties))
        assert 0 == code, said
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    async def until(self, unit: str, name: str, value: str) -> None:
        """Return when a property of the unit has that value; a look every 50 ms."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.shown(unit, name))[name] != value:
                await asyncio.sleep(0.05)
