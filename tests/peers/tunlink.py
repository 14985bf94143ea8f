"""Two network namespaces and a link between them that can fail: kernel TCP at both ends, tests/peers/tunlink_process.py between."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Literal, Self

import msgspec
import pytest

from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["Counted", "Places", "TunLink", "needs_tun"]

_CLONE_NEWNET = 0x40000000
_numbers = itertools.count(1)


def _tun_opens() -> bool:
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError:
        return False
    return os.geteuid() == 0


needs_tun = pytest.mark.skipif(not _tun_opens(), reason="a link between namespaces needs root and /dev/net/tun")


class Counted(msgspec.Struct, frozen=True):
    """What one direction has seen: packets and octets that were offered and that passed, packets lost, and turned away by the queue."""

    offered: int = 0
    offered_octets: int = 0
    passed: int = 0
    passed_octets: int = 0
    lost: int = 0
    refused: int = 0


class _Both(msgspec.Struct, frozen=True):
    up: Counted
    down: Counted


class Places:
    """`with Places() as places`: two namespaces, `near` and `far`, with loopback up; gone at the end."""

    def __init__(self) -> None:
        number = next(_numbers)
        self.near, self.far = (f"fht{os.getpid()}n{number}", f"fht{os.getpid()}f{number}")

    def __enter__(self) -> Self:
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "del", name], check=False)

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """This thread, and whatever it starts, is in a namespace: the sockets it opens meanwhile are sockets there."""
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            if libc.setns(there, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            libc.setns(home, _CLONE_NEWNET)
            os.close(home)
            os.close(there)

    def command(self, name: str, *words: str) -> list[str]:
        """A command line that runs inside."""
        return ["ip", "netns", "exec", name, *words]


class TunLink:
    """`async with TunLink(places) as link`: device `name` at both ends, `near_ip` and `far_ip`. Killed at the end, and the devices go."""

    def __init__(
        self,
        places: Places,
        *,
        name: str = "sat0",
        net: str = "10.99.0",
        delay_ms: float = 300,
        rate_kbit: float = 128,
        queue: int = 50,
    ) -> None:
        self.name = name
        self.near_ip, self.far_ip = f"{net}.1", f"{net}.2"
        self._places = places
        self._options = {"name": name, "net": net, "delay-ms": delay_ms, "rate-kbit": rate_kbit, "queue": queue}
        self._process: asyncio.subprocess.Process | None = None
        self.counts = _Both(Counted(), Counted())

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.unplug()

    async def plug(self) -> None:
        """The devices are there."""
        words = [f"--{name}={value}" for name, value in self._options.items()]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.peers.tunlink_process",
            self._places.near,
            self._places.far,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self._heard()

    async def unplug(self) -> None:
        """SIGKILL; the devices are gone at both ends. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        send(process, signal.SIGKILL)
        await process.wait()
        assert process.stdin is not None
        process.stdin.close()

    async def become(self, **terms: float) -> None:
        """Change loss (per cent), delay_ms, rate_kbit or queue; in force when this returns."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(terms) + b"\n")
        await self._heard()

    async def switch(self, state: Literal["up", "down"]) -> None:
        """The near end's device goes down, or is up again; whatever is open there stays open."""
        switching = await asyncio.create_subprocess_exec("ip", "-n", self._places.near, "link", "set", self.name, state)
        async with asyncio.timeout(40 * TIMEOUT_SCALE):
            if await switching.wait():
                raise OSError(f"{self.name} cannot be set {state}")

    async def count(self) -> tuple[Counted, Counted]:
        """The counters of near → far and far → near."""
        await self.become()
        return self.counts.up, self.counts.down

    async def _heard(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(40 * TIMEOUT_SCALE):
            self.counts = msgspec.json.decode(await self._process.stdout.readline(), type=_Both)
