"""One message a second, as on a quiet night: how long until it is on the disk, and how often the disk is asked: `python -m bench.pace`."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.own import Own
from bench.probe import syncs
from bench.pump import percentile
from bench.report import Row, against, alone, table

__all__ = ["run"]

MESSAGES, TRACED = 25, 10
SETTLED_S = 3.0


async def run(folder: Path, *, messages: int = MESSAGES) -> list[Row]:
    """A message and a bare sync in turn, half a second apart: a disk that has rested answers later than a busy one."""
    place = folder / "pace"
    place.mkdir()
    own = Own(place)
    try:
        await own.start()
        await asyncio.sleep(SETTLED_S)
        await own.volley(1, 3, in_flight=1, rate=1.0)  # the first of a kind costs more
        acks: list[float] = []
        bare: list[float] = []
        for number in range(10, 10 + messages):
            fired = await own.volley(number, 1, in_flight=1)
            acks.append(fired.ack_ms())
            await asyncio.sleep(0.5)
            bare.append(_sync_ms(place / "probe"))
            await asyncio.sleep(0.5)
        counted = await syncs(own.pid, lambda: own.volley(1000, TRACED, in_flight=1, rate=1.0))
    finally:
        await own.stop()
    disk = percentile(bare, 0.5)
    return [
        against("ack p50 at 1/s", percentile(acks, 0.5), "ms", yardstick="fdatasync 4 KiB at that pace", other=disk, goal=("<=", 4.0)),
        alone("ack p50 at 1/s", percentile(acks, 0.5), "ms", goal=("<=", 3.0)),
        alone("ack p99 at 1/s", percentile(acks, 0.99), "ms", goal=("<=", 8.0)),
        alone("fsyncs a message, 1/s", counted / TRACED, "", goal=("<=", 2.1)),
    ]


def _sync_ms(path: Path) -> float:
    with path.open("ab", buffering=0) as file:
        began = time.perf_counter()
        file.write(b"x" * 4096)
        os.fdatasync(file.fileno())
        return 1e3 * (time.perf_counter() - began)


def main() -> None:
    """`python -m bench.pace [MESSAGES]`: this part alone."""
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-bench-"))
    try:
        print(table(uvloop.run(run(folder, messages=int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
