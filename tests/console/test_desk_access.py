"""Everybody can use the screens publish, channels, endpoints, log and paper: the rules of axe-core in both themes and languages, nothing
sideways, nothing too small, nothing hidden by Tab, and words that are half as long again. Source: console.md §5.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Page, ViewportSize, expect

from tests.console.access import faults, hidden_by_tab, small_targets, ways_sideways
from tests.console.centre import Centre
from tests.console.stage import browser
from tests.console.test_journeys import SCREENS, drafted, pytestmark, relayed, review
from tests.core.formats.signing import Signer
from tests.e2e.test_false_alerts import cap
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

expect.set_options(timeout=PATIENCE_S * 1000)
pytestmark = [*(mark for mark in pytestmark if mark.name != "timeout"), pytest.mark.soak, pytest.mark.timeout(600)]
NARROW, WIDE, LOW = (ViewportSize(width=width, height=height) for width, height in ((640, 900), (1280, 900), (1000, 500)))


async def test_the_screens_of_the_desk_can_be_used_by_everybody(tmp_path: Path) -> None:
    """With a signal in force, a draft that waits and is under review, a channel whose why is open, and somebody who is out."""
    station = Signer("met", ec.generate_private_key(ec.SECP256R1()), until=datetime.now(UTC) + timedelta(days=1))
    async with Smsc() as smsc, browser() as chrome, Centre(tmp_path, smsc, station.pem) as centre:
        await centre.channels_up("sms", "mail")
        zhang = await centre.hire("zhang", "operator", "releaser", "auditor", display="张值班")
        page = await centre.seat(chrome, zhang)
        await relayed(page, smsc, centre, station.sign(cap("G-1")))
        active = page.url.partition("#")[2]
        ident = await drafted(page, centre)
        screens = (active, "publish/new", "channels/matrix/sms", "endpoints/shaxi-informant-1", "log/audit", *SCREENS)
        found: list[tuple[str, ...]] = []
        for lang, theme in product(("zh-CN", "en"), ("light", "dark")):
            await dressed(page, lang, theme)
            found += [(lang, theme, screen, line) for screen in screens for line in await looked_at(page, screen)]
        await dressed(page, "zh-CN", "light")
        await shown(page, f"publish/{ident}")
        await review(page)
        found += [("review", line) for line in await looked_at(page, "")]
        reached, hidden = await by_tab(page)
        await dressed(page, "en-XA", "light")
        await page.set_viewport_size(LOW)
        for screen in screens:
            await shown(page, screen)
            found += [("drawn out", screen, str(await ways_sideways(page)))] if await ways_sideways(page) else []
        assert ([], [], True) == (found, hidden, reached > 15)


async def dressed(page: Page, lang: str, theme: str) -> None:
    await page.evaluate("wanted => localStorage.setItem('fenghuo.prefs', JSON.stringify(wanted))", {"lang": lang, "theme": theme})
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "en" if lang == "en-XA" else lang)


async def shown(page: Page, screen: str) -> None:
    """The screen with all that it has asked for; "" is the one that is there."""
    if screen:
        await page.evaluate("screen => { location.hash = `#${screen}`; }", screen)
    await expect(page.locator("main h1").first).to_be_attached()
    await expect(page.locator("main [aria-busy=true]")).to_have_count(0)


async def looked_at(page: Page, screen: str) -> list[str]:
    """What is wrong with a screen, wide and narrow."""
    await shown(page, screen)
    lines = await faults(page)
    await page.set_viewport_size(NARROW)
    sideways, small = await ways_sideways(page), await small_targets(page)
    await page.set_viewport_size(WIDE)
    return [*lines, *([f"{sideways} px sideways"] if sideways else []), *small]


async def by_tab(page: Page) -> tuple[int, list[str]]:
    """How many stops Tab makes on a review in a low window, and which of them are covered."""
    await page.set_viewport_size(LOW)
    found = await hidden_by_tab(page, 60)
    await page.set_viewport_size(WIDE)
    return found
