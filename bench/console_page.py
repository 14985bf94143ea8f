"""How evenly the page draws with 1,000 alarms held and five deltas for each picture: `python -m bench.console_page [PICTURES]`.

The console and its page as they are, in Debian's Chromium without a graphics card, over a desk that only changes alarms.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tests.console.stage import Stage, alarm, browser, staged

ALARMS, DELTAS, GOAL_MS = 1_000, 5, 33.0
PACE_S = 1 / 60
# The intervals between pictures, gathered until told to stop; the first is of before.
GATHER = """() => {
    window.pictures = [];
    let last = performance.now();
    const draw = (now) => { window.pictures.push(now - last); last = now; window.drawing = requestAnimationFrame(draw); };
    window.drawing = requestAnimationFrame(draw);
}"""


async def load(stage: Stage, pictures: int) -> None:
    """Change five alarms for each picture that a screen of 60 Hz draws: one is acknowledged, one is raised again, three count on."""
    for at in range(pictures):
        for step in range(DELTAS):
            number = (at * DELTAS + step) % ALARMS + 1
            state = "ACKED" if step == 0 else "UNACKED"
            stage.put(_one(number, state=state, count=at + 2, rev=at * DELTAS + step + ALARMS))
        await asyncio.sleep(PACE_S)


def _one(number: int, **more: Any) -> dict[str, Any]:
    return alarm(number, ("HIGH", "MEDIUM", "LOW", "LOW", "LOW")[number % 5], **more)


async def main(pictures: int) -> None:
    """Print the figures."""
    async with browser() as driver, staged(driver) as stage:
        stage.put(*(_one(number) for number in range(1, ALARMS + 1)))
        page = await stage.officer()
        await page.locator("#alarm-list [data-id]").nth(100).wait_for(state="attached")
        await page.evaluate(GATHER)
        await load(stage, pictures)
        times: list[float] = sorted(await page.evaluate("() => { cancelAnimationFrame(window.drawing); return window.pictures.slice(1); }"))
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            print(f"picture {name:4} {times[int(len(times) * share)]:7.1f} ms")
        met = times[int(len(times) * 0.95)] <= GOAL_MS
        print(f"{len(times)} pictures; p95 ≤ {GOAL_MS:.0f} ms: {'met' if met else 'missed'}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600))
