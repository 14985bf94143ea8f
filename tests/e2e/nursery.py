"""Daemons that are forks of one interpreter which has read all modules, so that some four hundred short lives cost no imports.

What is forked runs a command as the command line does; nothing of it had begun before: no thread, no loop, no open store. What a fork
cannot show has a process of its own (`OwnProcess` in tests/e2e/node.py): how soon it is there, what it costs, another network.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import ClassVar, NoReturn, Self

import msgspec

from fenghuo.cli.main import main as command
from tests.scale import PATIENCE_S

__all__ = ["Life", "Nursery"]

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

_READ_WITHIN_S = 3 * PATIENCE_S
"""The first life waits until everything is read, and is not what a machine without a processor to spare is judged by."""

_TRACER = re.compile(r"^TracerPid:\t([1-9]\d*)$", re.MULTILINE)


class Life:
    """A forked daemon, as far as a Node asks for its process. `word`: the nursery says its exit code there."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, word: socket.socket) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._tracer: asyncio.subprocess.Process | None = None
        self._end = asyncio.create_task(self._ended(word))

    async def wait(self) -> int:
        """Its exit code, when it has ended."""
        return await asyncio.shield(self._end)

    async def _ended(self, word: socket.socket) -> int:
        with word:
            code = int(await asyncio.get_running_loop().sock_recv(word, 64))
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


class _Asked(msgspec.Struct, frozen=True, array_like=True):
    words: Sequence[str]
    environ: dict[str, str]


class Nursery:
    """`with Nursery() as nursery`: an interpreter with everything read, which forks daemons. One for all tests of a process."""

    _of_this_process: ClassVar[Nursery | None] = None

    def __enter__(self) -> Self:
        self._network = _network()
        self._door, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            words = (sys.executable, "-m", "tests.e2e.nursery", str(far.fileno()))
            self._process = subprocess.Popen(words, pass_fds=[far.fileno()], env={**os.environ, "PYTHONUNBUFFERED": "1"})
        Nursery._of_this_process = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        Nursery._of_this_process = None
        self._door.close()
        self._process.wait(PATIENCE_S)

    @classmethod
    def at_hand(cls) -> Nursery | None:
        """The one of this process, unless the test stands in a network of its own, where a fork would not be."""
        one = cls._of_this_process
        return one if one is not None and _network() == one._network else None

    async def begin(self, words: Sequence[str], log: Path, under: Sequence[str] = ()) -> Life:
        """`fenghuo WORDS` in the environment of now, errors to the log. `under`: a tracer and its options; it is attached before the
        daemon does anything."""
        loop = asyncio.get_running_loop()
        (go_read, go), (out, out_write) = os.pipe(), os.pipe()
        log_fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        word, its_word = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its_word:
            asked = msgspec.json.encode(_Asked(words, {**os.environ, "PYTHONUNBUFFERED": "1"}))
            socket.send_fds(self._door, [asked], [go_read, out_write, log_fd, its_word.fileno()])
        for fd in (go_read, out_write, log_fd):
            os.close(fd)
        word.setblocking(False)
        stdout = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(out, "rb"))
        with os.fdopen(go, "wb") as go_stream:
            async with asyncio.timeout(_READ_WITHIN_S):
                life = Life(int(await loop.sock_recv(word, 64)), stdout, word)
                if under:
                    await life.traced(under)
            go_stream.write(b"!")
        return life


def _network() -> str:
    """The network namespace of this thread. Source: network_namespaces(7)."""
    return os.readlink("/proc/thread-self/ns/net")


def main(door: socket.socket) -> None:
    """Read every module, then fork a daemon for each request, say its pid, and its exit code when it has ended."""
    _end_with_the_parent()
    for name in _LATE:
        importlib.import_module(name)
    for plugin in entry_points(group="fenghuo"):
        plugin.load()
    gc.freeze()
    with selectors.DefaultSelector() as waiting:
        waiting.register(door, selectors.EVENT_READ)
        while _turn(door, waiting):
            pass


def _turn(door: socket.socket, waiting: selectors.BaseSelector) -> bool:
    """Wait for requests and ends, and serve them; False when nobody will ask again."""
    for key, _ in waiting.select():
        if key.fileobj is door:
            return _born(door, waiting)
        waiting.unregister(key.fileobj)
        _reap(key.fd, *key.data)
    return True


def _born(door: socket.socket, waiting: selectors.BaseSelector) -> bool:
    """Take a request and fork; False when nobody will ask again."""
    asked, fds, _, _ = socket.recv_fds(door, 65536, 4)
    if not asked:
        return False
    pid = os.fork()
    if not pid:
        _run(msgspec.json.decode(asked, type=_Asked), fds[:3])
    word = socket.socket(fileno=fds.pop())
    for fd in fds:
        os.close(fd)
    word.send(str(pid).encode())
    waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, word))
    return True


def _reap(pidfd: int, pid: int, word: socket.socket) -> None:
    os.close(pidfd)
    _, status = os.waitpid(pid, 0)
    with word:
        word.send(str(os.waitstatus_to_exitcode(status)).encode())


def _run(asked: _Asked, fds: Sequence[int]) -> NoReturn:
    """In the fork: environment, input, output and errors as given, nothing else open; wait for the word to go, run, end."""
    _end_with_the_parent()
    os.environ.clear()
    os.environ.update(asked.environ)
    sys.path[:0] = [folder for folder in asked.environ.get("PYTHONPATH", "").split(os.pathsep) if folder not in ("", *sys.path)]
    for at, fd in enumerate(fds):
        os.dup2(fd, at)
    os.closerange(len(fds), os.sysconf("SC_OPEN_MAX"))
    os.read(0, 1)
    code = 1
    try:
        command(asked.words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  the end of the process: an interpreter says the same
        traceback.print_exc()
    finally:
        os._exit(code)


def _end_with_the_parent() -> None:
    """A test that is killed leaves no daemon behind. Source: prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
