"""Rulers laid beside the figures: what the disk gives right now, what a process does while nothing happens, what it syncs."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bench.pump import percentile

__all__ = ["FsyncProbe", "family", "fsync_probe", "processor_s", "syncs", "wakeups_a_second"]

APPENDS = 150


class FsyncProbe(msgspec.Struct, frozen=True):
    """Milliseconds of one fdatasync after an append of 4 KiB."""

    p50_ms: float
    p99_ms: float


def fsync_probe(folder: Path) -> FsyncProbe:
    """150 appends back to back, on the disk of `folder`."""
    path = folder / "probe"
    times: list[float] = []
    with path.open("wb", buffering=0) as file:
        for _ in range(APPENDS):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append(1e3 * (time.perf_counter() - began))
    path.unlink()
    return FsyncProbe(percentile(times, 0.5), percentile(times, 0.99))


async def wakeups_a_second(pid: int, seconds: float) -> float:
    """Voluntary context switches of all threads of a process and of those below it, a second."""
    everyone = family(pid)
    before, began = sum(map(_switches, everyone)), time.monotonic()
    await asyncio.sleep(seconds)
    return (sum(map(_switches, everyone)) - before) / (time.monotonic() - began)


def family(pid: int) -> list[int]:
    """A process and all below it: RabbitMQ is a shell with an Erlang machine under it."""
    below = [int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()]
    return [pid, *(one for child in below for one in family(child))]


def processor_s(pid: int) -> float:
    """What a process has used so far, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _switches(pid: int) -> int:
    status = [task / "status" for task in Path(f"/proc/{pid}/task").iterdir()]
    found = [re.search(r"^voluntary_ctxt_switches:\s+(\d+)", path.read_text(), re.MULTILINE) for path in status]
    return sum(int(match.group(1)) for match in found if match)


async def syncs(pid: int, work: Callable[[], Awaitable[object]]) -> int:
    """How often a process syncs a file during some work, counted with strace."""
    tracer = await asyncio.create_subprocess_exec(
        "strace",
        "-f",
        "-e",
        "trace=fsync,fdatasync",
        "-p",
        str(pid),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert tracer.stderr is not None
    reading = asyncio.create_task(tracer.stderr.read())
    await asyncio.sleep(0.5)
    try:
        await work()
    finally:
        tracer.send_signal(signal.SIGINT)
    text = (await reading).decode(errors="replace")
    await tracer.wait()
    return len(re.findall(r"\bf(?:data)?sync\(\d+", text))
