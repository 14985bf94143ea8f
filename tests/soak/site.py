"""The node under the soak, its far end, and the disk that both stand on. Acts from outside only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from fenghuo.client.caller import CallFailed, Unreachable
from tests.e2e.node import OwnProcess, Person, orders
from tests.peers.hook import Hook, Post
from tests.soak.measured import Ledger, Sample

__all__ = ["Site", "order_text"]

SECRET = "soak-secret"
PEOPLE = 64
WATCHDOG_USEC = 2_000_000
ORDER = re.compile(r"命令(\d{7})号")
LAG = re.compile(r"^fenghuo_loop_lag_seconds (\S+)$", re.MULTILINE)
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
EXTRA = """[fronts.console]
type = "console"
[self_probe]
every_s = 10
"""


class Site:
    """`async with Site(folder) as site`: a node whose state lies on the small disk at `folder`, and a web server that takes its orders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger()
        self.life = 0
        self.restarts = 0
        self._posted = 0
        self._hook: Hook | None = None
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._port = 0
        self.node: OwnProcess

    async def __aenter__(self) -> Self:
        self._manager.setblocking(False)
        self._manager.bind(str(self._notify))
        asyncio.get_running_loop().add_reader(self._manager, lambda: self._manager.recv(4096))
        await self.far_end_comes()
        self.node = self._node(self.folder, f"http://127.0.0.1:{self._port}/to/all")
        self.set_clock(0.0)
        await self.starts()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.node.close()
        await self.far_end_goes()
        asyncio.get_running_loop().remove_reader(self._manager)
        self._manager.close()

    @property
    def _notify(self) -> Path:
        return self.folder.parent / "notify"

    def twin(self, folder: Path) -> OwnProcess:
        """A node of the same settings that is not started, whose far end is nobody."""
        return self._node(folder, "http://127.0.0.1:9/nobody")

    def _node(self, folder: Path, url: str) -> OwnProcess:
        secret = folder / "hook.secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        hook = {"type": "http.webhook", "settings": {"url": url, "secret_file": "hook.secret", "timeout_s": 5.0}}
        persons = [Person(f"p{number}", url=f"http://127.0.0.1/{number}") for number in range(PEOPLE)]
        rules = orders("hook", needed="ACCEPTED", deadline_s=300)
        return OwnProcess(folder, channels={"hook": hook}, persons=persons, rules=rules, extra=EXTRA)

    async def starts(self) -> float:
        """Start the daemon, by a clock that set_clock() moves; seconds until it serves."""
        began = time.monotonic()
        # A manager that asks for signs of life: the daemon measures then how late its loop is.
        words = [f"NOTIFY_SOCKET={self._notify}", f"WATCHDOG_USEC={WATCHDOG_USEC}"]
        faked = [
            f"LD_PRELOAD={LIBRARY}",
            f"FAKETIME_TIMESTAMP_FILE={self.folder / 'clock'}",
            "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
        ]
        await self.node.start(under=["env", *words, *(faked if LIBRARY is not None else ())])
        self.life += 1
        return time.monotonic() - began

    def set_clock(self, off_s: float) -> None:
        """What the daemon takes for the time is off by so much from now on."""
        (self.folder / "clock").write_text(f"{off_s:+.1f}s\n")

    async def far_end_comes(self) -> None:
        """On the same port as before."""
        for left in range(20, -1, -1):
            hook = Hook(SECRET, self._take, port=self._port)
            try:
                self._hook = await hook.__aenter__()
            except AssertionError:  # somebody's client still holds the port
                if not left:
                    raise
                await asyncio.sleep(0.5)
            else:
                self._port = hook.port
                return

    async def far_end_goes(self) -> None:
        hook, self._hook = self._hook, None
        if hook is not None:
            await hook.__aexit__(None, None, None)

    def _take(self, post: Post) -> None:
        for number in ORDER.findall(post.body):
            self.ledger.received(int(number), post.token)

    async def order(self) -> bool:
        """One more, under a key; whether it was promised: what gets no 202 was not."""
        number, self._posted = self._posted, self._posted + 1
        to = f"p{number % PEOPLE}"
        status, _ = await self.node.order(to, order_text(number), key=f"soak-{number}", priority="P2")
        if status == 202:
            self.ledger.promised[number] = time.monotonic()
        elif status:
            self.ledger.refused += 1
        else:
            self.ledger.unanswered += 1
        return status == 202

    async def sample(self, at: float) -> Sample | None:
        """As it is now; None: it is away."""
        life, proc = self.life, Path(f"/proc/{self.node.pid}") if self.node.is_alive else None
        try:
            if proc is None:
                return None
            pages = int((proc / "statm").read_text().split()[1])
            descriptors = len(list((proc / "fd").iterdir()))
            async with asyncio.timeout(10):
                lag = LAG.search(await self.node.ask("metrics"))
        except (OSError, TimeoutError, CallFailed, Unreachable):  # it was killed meanwhile
            return None
        return Sample(at, life, pages * os.sysconf("SC_PAGE_SIZE") / 1048576, descriptors, float(lag.group(1)) if lag else 0.0)

    async def drained(self, within_s: float) -> bool:
        """Whether everything that was promised came to the far end, given so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.ledger.missing:
                    await asyncio.sleep(0.2)
                return True
        return False

    async def restarted(self) -> float:
        """kill -9, and a start; seconds until it serves. Raises: NotStarted."""
        await self.node.kill()
        self.restarts += 1
        return await self.starts()


def order_text(number: int) -> str:
    """What the order of this number says, and nothing else."""
    return f"命令{number:07d}号：请检查闸门。"
