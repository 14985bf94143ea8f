"""What the others notice of a hostile plugin: `python -m bench.hostile [ORDERS [WAY…]]`; each way of being hostile, in one run.

A daemon with an SMS channel and the hostile one in a process of its own. Orders go out by SMS at a steady pace, first in peace and then
while the plugin does its worst; judged from outside, by when they were posted here and when the centre had them (its own log). The order
that meets the hostile plugin has a second way: how long until it came out there is how long the plugin was in anybody's way.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.e2e.node import Node, Person, sms
from tests.peers.hostile import CHANNEL, NAME, PLUGIN, WAYS
from tests.peers.site import give_record, install
from tests.peers.smsc import Smsc

__all__ = ["CONTAINED_S", "RATIO", "Felt", "feel"]

CONTAINED_S, RATIO = 10.0, 2.0
"""Goals. Source: reliability.md §5, hostile plugin."""
PACE_S = 0.05
WANG = Person("wang", "+8613800000001")
RULES = """
[ladders.hostile]
[[ladders.hostile.rungs]]
channels = ["hostile"]
[[ladders.hostile.rungs]]
channels = ["sms"]
[ladders.plain]
[[ladders.plain.rungs]]
channels = ["sms"]
[[rules]]
name = "past the hostile one"
match = { kind = ["Dispatch"], priority = ["P1"] }
audience = { name = "as addressed" }
needed = "ACCEPTED"
deadline_s = 300
signatures = 0
ladder = "hostile"
[[rules]]
name = "the others"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
needed = "ACCEPTED"
deadline_s = 300
signatures = 0
ladder = "plain"
"""


class Felt(msgspec.Struct, frozen=True):
    """Of one way: n orders in peace and n beside it, seconds from the post to the centre's log; when the urgent one came out past it."""

    how: str
    calm: tuple[float, ...]
    beside: tuple[float, ...]
    contained_s: float

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.beside) / statistics.median(self.calm)

    @property
    def line(self) -> str:
        calm, beside = _quantiles(self.calm), _quantiles(self.beside)
        return (
            f"{self.how:9} n={len(self.calm)}+{len(self.beside)}  calm p50 {calm[0]:5.1f} p99 {calm[1]:6.1f} ms"
            f"  beside p50 {beside[0]:5.1f} p99 {beside[1]:6.1f} ms"
            f"  ratio p50 {self.ratio:.2f} p99 {beside[1] / calm[1]:.2f}  contained in {self.contained_s:4.1f} s"
        )


async def feel(folder: Path, how: str, count: int) -> Felt:
    """One daemon, one way of being hostile."""
    folder.mkdir()
    os.environ["PYTHONPATH"] = install(folder / "site", NAME, PLUGIN)
    give_record(folder / "state", folder / "site", NAME, CHANNEL)
    async with Smsc() as smsc:
        channels = {"sms": sms(smsc.port), "hostile": {"type": CHANNEL, "settings": {"how": how}}}
        async with Node(folder, channels=channels, persons=[WANG], rules=RULES) as node:
            await node.channels_up("sms", "hostile")
            await _paced(node, smsc, "热身", count // 4)
            calm = await _paced(node, smsc, "平时", count)
            posted = time.time()
            status, _ = await node.order("wang", "立即转移", priority="P1")
            assert 202 == status
            beside = await _paced(node, smsc, "同时", count)
            await smsc.wait_for(lambda: any("立即转移" in one.text for one in smsc.submits))
            out = next(one.at for one in smsc.submits if "立即转移" in one.text)
            assert node.is_alive
    return Felt(how, tuple(calm), tuple(beside), out - posted)


async def _paced(node: Node, smsc: Smsc, word: str, count: int) -> list[float]:
    """Orders at a steady pace, whatever becomes of the one before; how long each took to the centre."""
    posted: dict[str, float] = {}

    async def post(text: str) -> None:
        posted[text] = time.time()
        status, answer = await node.order("wang", text, priority="P2")
        assert 202 == status, answer

    async with asyncio.TaskGroup() as posting:
        for number in range(count):
            posting.create_task(post(f"{word}{number:04d}"))
            await asyncio.sleep(PACE_S)
    arrived: dict[str, float] = {}

    def have_come() -> bool:
        for one in smsc.submits:
            arrived.setdefault(one.text[:6], one.at)
        return arrived.keys() >= posted.keys()

    await smsc.wait_for(have_come)
    return [arrived[text] - at for text, at in posted.items()]


def _quantiles(found: Sequence[float]) -> tuple[float, float]:
    """Median and 99th, milliseconds."""
    return 1000 * statistics.median(found), 1000 * sorted(found)[int(0.99 * (len(found) - 1))]


async def main(count: int, *ways: str) -> None:
    """Print a line for each way."""
    with tempfile.TemporaryDirectory(prefix="fenghuo-hostile-") as folder:
        for how in ways or WAYS:
            print((await feel(Path(folder) / how, how, count)).line, flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 400, *sys.argv[2:]))
