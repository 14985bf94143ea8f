"""Daemons that are forks of one interpreter which has read all modules, so that a hundred short lives cost no hundred imports.

What is forked runs `fenghuo serve` as the command line does; nothing of it had begun before: no thread, no loop, no open store.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import importlib
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from fenghuo.cli.main import main as command
from tests.e2e.node import Node
from tests.scale import PATIENCE_S

__all__ = ["ForkedNode", "Nursery"]

_LATE = (
    "fenghuo.cli.serve",
    "fenghuo.service.web_server",
    "fenghuo_http.api",
    "fenghuo_narrowband.channel",
    "fenghuo_sms.channel",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "uvicorn.supervisors",
    "uvloop",
)
"""What a daemon reads when it first needs it."""


_TRACER = re.compile(r"^TracerPid:\t([1-9]\d*)$", re.MULTILINE)


class Life:
    """A forked daemon, as far as a Node asks for its process."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, door: socket.socket) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._tracer: asyncio.subprocess.Process | None = None
        self._end = asyncio.create_task(self._ended(door))

    async def wait(self) -> int:
        """Its exit code, when it has ended."""
        return await asyncio.shield(self._end)

    async def _ended(self, door: socket.socket) -> int:
        code = int(await asyncio.get_running_loop().sock_recv(door, 64))
        if self._tracer is not None:
            await self._tracer.wait()
        self.returncode = code
        return code

    async def traced(self, under: Sequence[str]) -> None:
        """Attach a tracer; it ends by itself when the process does."""
        self._tracer = await asyncio.create_subprocess_exec(*under, "-p", str(self.pid))
        while not _TRACER.search(Path(f"/proc/{self.pid}/status").read_text()):
            assert self._tracer.returncode is None, "the tracer ended before it was attached"
            await asyncio.sleep(0.005)


class Nursery:
    """`async with Nursery() as nursery`: an interpreter with everything read, which forks one daemon after the other."""

    async def __aenter__(self) -> Self:
        self._door, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door.setblocking(False)
        with far:
            command = (sys.executable, "-m", "tests.e2e.nursery", str(far.fileno()))
            environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
            self._process = await asyncio.create_subprocess_exec(*command, pass_fds=[far.fileno()], env=environ)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._door.close()
        async with asyncio.timeout(PATIENCE_S):
            await self._process.wait()

    async def begin(self, config: Path, log: Path, under: Sequence[str]) -> Life:
        """A daemon with these settings. `under`: a tracer and its options; it is attached before the daemon does anything."""
        loop = asyncio.get_running_loop()
        (go_read, go), (out, out_write) = os.pipe(), os.pipe()
        log_fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        socket.send_fds(self._door, [os.fsencode(config)], [go_read, out_write, log_fd])
        for fd in (go_read, out_write, log_fd):
            os.close(fd)
        stdout = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(out, "rb"))
        with os.fdopen(go, "wb") as go_stream:
            async with asyncio.timeout(PATIENCE_S):
                life = Life(int(await loop.sock_recv(self._door, 64)), stdout, self._door)
                if under:
                    await life.traced(under)
            go_stream.write(b"!")
        return life


class ForkedNode(Node):
    """A node whose daemon is a fork out of the nursery."""

    nursery: Nursery

    async def _spawn(self, under: Sequence[str]) -> Life:
        return await self.nursery.begin(self.folder / "fenghuo.toml", self.log, under)


def main(door: socket.socket) -> None:
    """Read every module, then fork a daemon for each request, say its pid, and its exit code when it has ended."""
    _end_with_the_parent()
    for name in _LATE:
        importlib.import_module(name)
    for plugin in entry_points(group="fenghuo"):
        plugin.load()
    gc.freeze()
    while True:
        config, fds, _, _ = socket.recv_fds(door, 4096, 3)
        if not config:
            return
        pid = os.fork()
        if not pid:
            _daemon(door, fds, lambda: command(["serve", "--config", os.fsdecode(config)]))  # noqa: B023  the fork runs it at once
        for fd in fds:
            os.close(fd)
        with contextlib.suppress(BrokenPipeError):
            door.send(str(pid).encode())
            _, status = os.waitpid(pid, 0)
            door.send(str(os.waitstatus_to_exitcode(status)).encode())


def _daemon(door: socket.socket, fds: Sequence[int], serve: Callable[[], object]) -> NoReturn:
    """In the fork: input, output and errors as given, wait for the word to go, serve, end."""
    _end_with_the_parent()
    door.close()
    for at, fd in enumerate(fds):
        os.dup2(fd, at)
        os.close(fd)
    os.read(0, 1)
    code = 1
    try:
        serve()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        os._exit(code)


def _end_with_the_parent() -> None:
    """A test that is killed leaves no daemon behind. Source: prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
