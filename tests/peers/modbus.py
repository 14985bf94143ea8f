"""pymodbus's server as sirens: started in its own process, judged by its log of coils, killed and started anew on the same port."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.peers import modbus_server
from tests.scale import PATIENCE_S, TIMEOUT_SCALE

__all__ = ["Cable", "Sirens"]

SCRIPT = Path(modbus_server.__file__)
LOOK_S = 0.01


class Sirens:
    """`with Sirens() as sirens`: `log` is every line of it since the last reset(). `serial`: a device instead of TCP; the rest are its
    options. It belongs to no event loop, so that tests may share one."""

    def __init__(self, *, serial: Path | None = None, **options: Any) -> None:
        self.port = 0
        self.options = options
        self._serial = serial
        self._process: subprocess.Popen[bytes] | None = None
        self._file: Path
        self._from = 0

    def __enter__(self) -> Self:
        number, name = tempfile.mkstemp(prefix="fenghuo-sirens-")
        os.close(number)
        self._file = Path(name)
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        self._file.unlink()

    def start(self) -> None:
        """Be there, on the same port as before, with every relay open: a controller that starts remembers nothing."""
        where = ("serial", str(self._serial)) if self._serial else ("tcp", str(self.port))
        words = [sys.executable, str(SCRIPT), *where, msgspec.json.encode(self.options).decode()]
        lines = len(self._lines())
        with self._file.open("ab") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log)
        ready = self._ready(lines)
        self.port = ready["port"] if not self._serial else 0

    def _ready(self, after: int) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while len(lines := self._lines()) <= after:
            assert time.monotonic() < end, "the server of sirens did not start"
            time.sleep(LOOK_S)
        return lines[after]

    def kill(self) -> None:
        """kill -9."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()

    async def died(self) -> None:
        """Wait until it has ended by itself (`die_on`)."""
        assert self._process is not None
        await asyncio.to_thread(self._process.wait, PATIENCE_S)
        self.kill()

    def do(self, command: str) -> None:
        """A hand at the cabinet: `force 1/1 on`, `held 1/1 on`, `dead 1/1`."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()

    def reset(self) -> None:
        """Every relay open, every motor well, and an empty log."""
        lines = len(self._lines())
        self.do("reset 0/0")
        while "reset" not in self._ready(lines):
            lines += 1
        self._from = len(self._lines())

    @property
    def log(self) -> list[dict[str, Any]]:
        return self._lines()[self._from :]

    def _lines(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self._file.read_bytes().split(b"\n")[:-1]]

    def starts(self, siren: str = "") -> list[dict[str, Any]]:
        """How often a relay closed, by whomever."""
        return [line for line in self.log if line.get("on") and "coil" in line and siren in ("", line["coil"])]

    def ends(self, siren: str = "") -> list[dict[str, Any]]:
        """How often a relay opened."""
        return [line for line in self.log if line.get("on") is False and "coil" in line and siren in ("", line["coil"])]

    async def until(self, holds: Any, *, within_s: float = 40.0) -> None:
        """Return when it holds, of the log for example. Raises: TimeoutError."""
        async with asyncio.timeout(within_s * TIMEOUT_SCALE):
            while not holds():
                await asyncio.sleep(LOOK_S)


class Cable:
    """`async with Cable(folder) as cable`: a serial line between two devices, `near` and `far`, as two ptys joined here. `hold()` keeps
    back what comes from the far end, as a slow modem on the way does, and `let_go()` hands it over."""

    def __init__(self, folder: Path) -> None:
        self.near, self.far = folder / "tty.near", folder / "tty.far"
        self._ends: list[tuple[int, int]] = []
        self._held: bytes | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for device in (self.near, self.far):
            ours, theirs = os.openpty()
            tty.setraw(theirs)
            os.set_blocking(ours, False)
            device.symlink_to(os.ttyname(theirs))
            self._ends.append((ours, theirs))
        (near, _), (far, _) = self._ends
        loop.add_reader(near, lambda: os.write(far, os.read(near, 512)))
        loop.add_reader(far, lambda: self._back(os.read(far, 512)))
        return self

    def hold(self) -> None:
        self._held = b""

    def let_go(self) -> None:
        held, self._held = self._held, None
        if held:
            os.write(self._ends[0][0], held)

    def _back(self, octets: bytes) -> None:
        if self._held is None:
            os.write(self._ends[0][0], octets)
        else:
            self._held += octets

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for ours, theirs in self._ends:
            asyncio.get_running_loop().remove_reader(ours)
            os.close(ours)
            os.close(theirs)
