"""Questions about access put to a page: the rules of axe-core, what can be hit, what can be seen, what can be reached by Tab.

Source: WCAG 2.2 AA; the numbers of its criteria stand where they are asked.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.async_api import Page

__all__ = ["faults", "hidden_by_tab", "small_targets", "ways_sideways"]

AXE = Path(__file__).parents[1] / "peers/node/node_modules/axe-core/axe.min.js"
TARGET_PX = 24  # 2.5.8
RUN = """() => axe.run(document, {resultTypes: ["violations"]})
    .then(found => found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(" ")}: ${node.failureSummary}`)))"""
SMALL = f"""() => [...document.querySelectorAll("button, a.button, nav a, select, input:not([type=hidden])")]
    .filter(one => one.getClientRects().length && (one.offsetWidth < {TARGET_PX} || one.offsetHeight < {TARGET_PX}))
    .map(one => `${{one.tagName}} ${{one.textContent}} ${{one.offsetWidth}}×${{one.offsetHeight}}`)"""
# An element that is covered at its middle by something else than its own parts is hidden (2.4.11).
COVERED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const box = one.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 12)];
    const top = document.elementFromPoint(x, y);
    const isSeen = top && (one.contains(top) || top.contains(one) || Boolean(top.closest("label")));
    return {name: `${one.tagName} ${one.id} ${one.textContent.slice(0, 30)}`, isSeen: Boolean(isSeen)};
}"""


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


async def faults(page: Page) -> list[str]:
    """What axe-core finds wrong, one line a node."""
    if not await page.evaluate("typeof axe !== 'undefined'"):
        await page.evaluate(_axe())
    found: list[str] = await page.evaluate(RUN)
    return found


async def small_targets(page: Page) -> list[str]:
    """What is smaller than a finger can hit (2.5.8)."""
    found: list[str] = await page.evaluate(SMALL)
    return found


async def ways_sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window (1.4.10)."""
    found: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


async def hidden_by_tab(page: Page, stops: int) -> tuple[int, list[str]]:
    """How many elements Tab reaches, and those of them that something covers while they have the focus (2.4.11)."""
    await page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    names: set[str] = set()
    hidden: list[str] = []
    for _ in range(stops):
        await page.keyboard.press("Tab")
        seen = await page.evaluate(COVERED)
        if seen is None:  # the browser's own bar, between the last and the first
            continue
        names.add(seen["name"])
        hidden += [] if seen["isSeen"] else [seen["name"]]
    return len(names), hidden
