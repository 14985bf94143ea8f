"""kill -9: what was acknowledged is there."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from fenghuo.store.tables import DELIVERY
from tests.core.store.rows import open_store

KILLS = 20

WRITER = """
import asyncio, sys
from pathlib import Path
from fenghuo.store import StoreSettings
from fenghuo.store.tables import DELIVERY
from tests.core.store.rows import delivery, open_store

async def main(folder, first):
    store = await open_store(folder, StoreSettings(min_free=0, ballast=0, log_frames=50, checkpoint_frames=40))
    async def one(n):
        await store.run(lambda tx: (tx.insert(DELIVERY, delivery(n)), tx.event("delivery.ready", f"delivery/{n}")))
        sys.stdout.write(f"{n}\\n")
        sys.stdout.flush()
    while True:
        await asyncio.gather(*(one(n) for n in range(first, first + 32)))
        first += 32

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


@pytest.mark.timeout(60)
async def test_every_acknowledged_row_outlives_a_kill(tmp_path: Path) -> None:
    """After each of 20 kills in mid-stream every row whose job had returned is there, and its event with it."""
    chance = random.Random(9)
    acknowledged: set[int] = set()
    for turn in range(KILLS):
        acknowledged |= killed(tmp_path, 100_000 * turn, after=chance.randrange(1, 300))
    store = await open_store(tmp_path)
    there = {row.id for row in await store.find(DELIVERY)}
    events = await store.events.read(0, len(there) + 10)
    assert KILLS <= len(acknowledged)
    assert set() == acknowledged - there
    assert there == {int(event.subject.removeprefix("delivery/")) for event in events}
    assert list(range(1, len(events) + 1)) == [event.seq for event in events]
    await store.close()


def killed(folder: Path, first: int, *, after: int) -> set[int]:
    """Run a writer until it has acknowledged `after` rows, kill it, and return all that it acknowledged."""
    command = [sys.executable, "-c", WRITER, str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        lines: list[bytes] = []
        while len(lines) < after and (line := process.stdout.readline()):
            lines += [line] if line.strip().isdigit() else []
        process.kill()
        # A line that the kill cut short has no end, and is no acknowledgement.
        lines += [line for line in process.stdout.readlines() if line.endswith(b"\n") and line.strip().isdigit()]
    return {int(line) for line in lines}
