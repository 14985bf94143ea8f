"""Rows a second and time to a durable commit through the writer thread: `python -m bench.store_writer [FOLDER]`.

An fsync probe of the same disk stands beside the figures (150 appends of 4 KiB): without it they mean nothing.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.probe import fsync_probe
from fenghuo.clock import SystemClock
from fenghuo.model.delivery import Delivery, DeliveryState, Token
from fenghuo.model.message import MessageId
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.store import Store
from fenghuo.store.tables import DELIVERY

ROWS = 20_000


def delivery(number: int) -> Delivery:
    """A row as planning makes it."""
    return Delivery(
        id=number,
        objective=1,
        message=MessageId("20261124-0001"),
        revision=1,
        recipient=f"person-{number}",
        channel="sms-a",
        address="13800000000",
        token=Token(f"6f1d2c5e-7a43-5b0e-9c1f-{number:012d}"),
        form="sms",
        rung=0,
        priority=Priority.P0,
        traffic=Traffic.ACTUAL,
        state=DeliveryState.READY,
    )


async def producers(store: Store, count: int, *, first: int) -> tuple[float, list[float]]:
    """`count` coroutines that each wait for their own commit: rows a second, and milliseconds a commit."""
    took: list[float] = []
    numbers = iter(range(first, first + (ROWS if count > 1 else ROWS // 10)))

    async def produce() -> None:
        for n in numbers:
            started = time.perf_counter()
            await store.run(lambda tx, n=n: (tx.insert(DELIVERY, delivery(n)), tx.event("delivery.ready", f"delivery/{n}")))  # type: ignore[misc]
            took.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(produce() for _ in range(count)))
    return len(took) / (time.perf_counter() - started), took


def line(name: str, rate: float, took: list[float]) -> None:
    """One row of the table."""
    q = statistics.quantiles(took, n=100)
    print(f"{name:28} {rate:8.0f} rows/s  p50 {q[49]:7.3f} ms  p99 {q[98]:7.3f} ms")


async def main(folder: Path) -> None:
    """Print the table."""
    disk = fsync_probe(folder)
    print(f"{'fdatasync 4 KiB':45} p50 {disk.p50_ms:7.3f} ms  p99 {disk.p99_ms:7.3f} ms")
    store = await Store.open(folder / "state", clock=SystemClock(), node="bench")
    for turn, count in enumerate((1, 10, 100, 1_000)):
        line(f"{count} callers, row + event", *await producers(store, count, first=1_000_000 * turn))
    started = time.perf_counter()
    for chunk in range(10):
        rows = [delivery(10_000_000 + 2_000 * chunk + n) for n in range(2_000)]
        await store.run(lambda tx, rows=rows: tx.insert_all(DELIVERY, rows))  # type: ignore[misc]
    print(f"{'insert_all, 2,000 a job':28} {ROWS / (time.perf_counter() - started):8.0f} rows/s")
    await store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as temporary:
        asyncio.run(main(Path(temporary)))
