"""One life of a plugin's own process, as the core sees it: started, asked whether it lives, held to its limits, and ended.

What it may do to itself ends that process and nothing else. Knows no port: who fills one stands above (cell, cell_runner).
Source: plugins.md, Supervision (isolation tiers).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.errors import LinkBroken, NotReady
from fenghuo.plugin.cell_confinement import command, environment
from fenghuo.plugin.cell_values import Made
from fenghuo.plugin.cell_wire import LARGEST, CellWire, Handler

__all__ = ["CALL_S", "CellEnded", "CellProcess"]

PING_S, PONG_S = 2.0, 5.0
"""It is asked whether it still lives so often, and has so long to say so. A loop that stands for longer is killed."""
CALL_S = 10.0
MADE_S = 20.0
"""Reading the plugin's modules for the first time, on a slow disk."""
STOP_S = 2.0
CPU_WINDOW_S = 10.0
SAID_A_SECOND = 16 << 10
"""Octets of what it writes to its standard error that go into the log each second; whoever writes more waits."""


class CellEnded(Exception):
    """The process of a plugin is gone by its own doing: a crash, by which the supervisor counts."""


class CellProcess:
    """`fault`: set when it is over, with what became of it. `remark`: what its instance last said of itself."""

    def __init__(self, made: Made, handlers: Mapping[str, Handler]) -> None:
        self._made, self._handlers = made, handlers
        self._wire: CellWire | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._killed = ""
        self.remark = ""
        self.fault: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether it can be asked something."""
        return self._wire is not None and not self._wire.ended.done()

    @property
    def under_way(self) -> int:
        """How much is done beside the questions of others."""
        return len(self._tasks)

    async def start(self) -> None:
        """Until the instance is made there; from then on it is asked whether it lives. Raises: what its factory raised; NotReady: nobody
        waits at the socket of its unit; CellEnded: the process came to its end meanwhile."""
        reader, writer = await (self._called() if self._made.terms.unit else self._started())
        self._wire = CellWire(reader, writer, self._handlers, on_stubborn=self.kill)
        self.spawn(self._wire.run())
        await self.demand("make", self._made, timeout_s=MADE_S)
        self.spawn(self._watch())

    async def demand(self, do: str, *args: Any, timeout_s: float | None) -> None:
        """Have something done that it must not end by. Raises: CellEnded: it did; whatever was raised there."""
        try:
            await self.ask(do, *args, timeout_s=timeout_s)
        except LinkBroken as gone:
            raise CellEnded(f"{self._killed or gone}; its process is over") from gone

    async def ask(self, do: str, *args: Any, timeout_s: float | None = CALL_S) -> msgspec.Raw:
        """Have something done there. Raises: as CellWire.ask()."""
        if self._wire is None:
            raise NotReady("its process was not started")
        return await self._wire.ask(do, *args, timeout_s=timeout_s)

    async def stop(self, within_s: float) -> None:
        """It is asked to be silent, and ended: afterwards there is nobody who could send."""
        within_s = max(0.0, min(STOP_S, within_s))
        if self.is_open:
            with contextlib.suppress(Exception):  # whatever it says, it is ended
                await self.ask("stop", within_s, timeout_s=within_s)
        await self.end("it was stopped")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for as long as it lives."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def kill(self, reason: str) -> None:
        """End the whole of it, with whatever it has started; in a unit the line is cut, and the unit ends what does not see that."""
        self._killed = self._killed or reason
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._made.terms.unit and self.is_open:
            self.spawn(self.end(reason))

    async def end(self, reason: str) -> None:
        """Idempotent."""
        self._killed = self._killed or reason
        process, wire = self._process, self._wire
        if process is not None:
            self.kill(reason)
            await process.wait()
        if wire is not None:
            await wire.close(self._killed)
        if not self.fault.done():
            self.fault.set_result(f"{self._killed}; its process is over")
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def _started(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *command("fenghuo.plugin.cell_child", str(theirs.fileno()), str(os.getpid())),
                pass_fds=(theirs.fileno(),),
                env=environment(),
                start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        if self._process.stderr is not None:
            self.spawn(_pass_on(self._process.stderr))
        return await asyncio.open_unix_connection(sock=ours, limit=LARGEST)

    async def _called(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        path = self._made.terms.unit
        try:
            async with asyncio.timeout(CALL_S):
                return await asyncio.open_unix_connection(path, limit=LARGEST)
        except (OSError, TimeoutError) as refusal:
            raise NotReady(f"no unit waits at {path}: {refusal or 'it took no connection'}") from refusal

    async def _watch(self) -> None:
        """Ask whether it lives; whoever does not say so in time is killed, and whoever takes more of the processor than it may."""
        wire = self._wire
        spent: list[tuple[float, float]] = []
        while wire is not None and not wire.ended.done():
            try:
                self.remark = str(msgspec.msgpack.decode(await wire.ask("ping", timeout_s=PONG_S)))
                spent = [*spent[-int(CPU_WINDOW_S / PING_S) :], (asyncio.get_running_loop().time(), _processor_s(self._process))]
                if self._is_over(spent):
                    self.kill(f"it used more than {self._made.terms.cpu_share:.0%} of a processor for {CPU_WINDOW_S:g} s")
                await asyncio.wait({wire.ended}, timeout=PING_S)
            except Exception as fault:  # noqa: BLE001  # any of them means that it does not live
                self.kill(f"it did not answer within {PONG_S:g} s" if not wire.ended.done() else str(fault))
                break
        if wire is not None:
            await self.end(await wire.ended)

    def _is_over(self, spent: list[tuple[float, float]]) -> bool:
        """Whether it took more than its share through the whole window, (time, processor seconds) each; a share of one is no limit."""
        share = self._made.terms.cpu_share
        (since, before), (until, after) = spent[0], spent[-1]
        return share < 1.0 and until - since >= CPU_WINDOW_S and after - before > share * (until - since)


async def _pass_on(said: asyncio.StreamReader) -> None:
    """What it writes to its standard error is the log's, as far as the log's rate allows; the rest waits in its pipe."""
    while octets := await said.read(SAID_A_SECOND // 4):
        sys.stderr.write(octets.decode("utf-8", "replace"))
        sys.stderr.flush()
        await asyncio.sleep(len(octets) / SAID_A_SECOND)


def _processor_s(process: asyncio.subprocess.Process | None) -> float:
    """Processor seconds that it has used so far; 0 where nobody can say. Source: proc(5), stat, fields 14 and 15."""
    if process is None:
        return 0.0
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
