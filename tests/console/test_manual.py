"""The pictures of docs/manual: a night at the desk goes past every screen in both languages, and each shows its heading. With
FENGHUO_MANUAL=1 in the environment the pictures are drawn anew.

What is seen is invented: the demonstration of Taicang, accounts of this test, a short message centre of ours.
"""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from playwright.async_api import Page, ViewportSize, expect

from tests.console.centre import Centre
from tests.console.stage import browser
from tests.console.test_journeys import called_off, handed_over, previewed, pytestmark, relayed, review, signed, told, written
from tests.core.formats.signing import Signer
from tests.e2e.test_false_alerts import cap
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S
from tools.console_words import read_words

expect.set_options(timeout=PATIENCE_S * 1000)
pytestmark = [*(mark for mark in pytestmark if mark.name != "timeout"), pytest.mark.soak, pytest.mark.timeout(600)]

PICTURES = Path(__file__).parents[2] / "docs/manual/img"
IS_DRAWN = os.environ.get("FENGHUO_MANUAL") == "1"
MOST_OCTETS = 80_000
COLOURS = (128, 64, 32, 16)
SIZE = ViewportSize(width=1280, height=800)
WORDS = read_words()
LANGUAGES = {"zh-CN": "zh", "en": "en"}


async def test_every_screen_is_shown_in_the_manual(tmp_path: Path) -> None:
    """From the log-in to the hand-over: each screen with something on it, in Chinese and in English."""
    station, stranger = (
        Signer(name, ec.generate_private_key(ec.SECP256R1()), until=datetime.now(UTC) + timedelta(days=1)) for name in "mx"
    )
    async with Smsc() as smsc, browser() as chrome, Centre(tmp_path, smsc, station.pem) as centre:
        await centre.channels_up("sms", "mail")
        zhang = await centre.hire("zhang", "operator", "releaser", display="张值班")
        li, wang = [await centre.hire(name, "releaser", "auditor", display=shown) for name, shown in (("li", "李值班"), ("wang", "王审核"))]
        await rostered(centre)
        await at_the_door(await (await centre.context(chrome, viewport=SIZE)).new_page(), centre)
        desk = await centre.seat(chrome, zhang, viewport=SIZE)
        await begun(desk)
        await relayed(desk, smsc, centre, station.sign(cap("G-1")))
        await centre.post("/api/v1/alerts", stranger.sign(cap("A-1", {"暴雨": "海啸", "橙": "红"})), who="met")
        ident = await published(desk, centre)
        second, third = [await centre.seat(chrome, one, viewport=SIZE) for one in (li, wang)]
        await released(second, third, ident)
        await told(desk, smsc)
        await shoot(desk, "coverage", "coverage.title", top=".live")
        await broken(desk, smsc)
        await around(desk, third)
        await watched(desk)
        await ended(desk, smsc, centre)
        await relieved(desk, second)
        assert [] == [line for line in centre.complaints if "ERR_" not in line]


async def rostered(centre: Centre) -> None:
    """One is on now, and the other comes after."""
    now = datetime.now(UTC).replace(microsecond=0)
    times = [(now + timedelta(hours=hours)).isoformat() for hours in (-1, 1, 9)]
    text = f"person,role,from,until\nzhang,duty_officer,{times[0]},{times[1]}\nli,duty_officer,{times[1]},{times[2]}\n"
    assert [] == (await centre.ask("shift.roster", csv=text))["faults"]


async def at_the_door(page: Page, centre: Centre) -> None:
    """The log-in before anything is typed but the name, and the first password by a one-time code."""
    await page.goto(f"{centre.url}/#login")
    await page.locator("input[name=name]").fill("zhang")
    await shoot(page, "login", "login.title")
    await page.get_by_role("button", name=WORDS["login.enrol"]["zh"]).click()
    await shoot(page, "enrol", "login.enrol_hint")
    await page.context.close()


async def begun(desk: Page) -> None:
    """The four tones are played, and the officer is asked."""
    await desk.get_by_role("button", name=WORDS["duty.begin"]["zh"]).click()
    await shoot(desk, "begin", "sound.ask")
    await heard(desk)


async def armed(desk: Page) -> None:
    """Without a picture, after the page was loaded anew."""
    await desk.get_by_role("button", name=WORDS["duty.begin"]["zh"]).click()
    await heard(desk)


async def heard(desk: Page) -> None:
    await desk.get_by_role("button", name=WORDS["sound.yes"]["zh"]).click()
    await expect(desk.locator("#armed.good")).to_be_visible()


async def published(desk: Page, centre: Centre) -> str:
    """The draft, and what will be heard of it."""
    await written(desk, centre)
    await shoot(desk, "draft", "publish.compose.title", top=".detail")
    await previewed(desk)
    await shoot(desk, "preview", "publish.submit.title", top=".submit")
    return await handed_over(desk, centre)


async def released(second: Page, third: Page, ident: str) -> None:
    """Two who did not write it see what will be heard, and sign."""
    await second.evaluate("ident => { location.hash = `#publish/${ident}`; }", ident)
    await review(second)
    await shoot(second, "review", "publish.review.areas", top=".waits")
    await signed(second, ident, more=True)
    await signed(third, ident)


async def broken(desk: Page, smsc: Smsc) -> None:
    """The only way is cut: the matrix, and why."""
    await desk.evaluate("location.hash = '#channels'")
    await smsc.kill()
    await expect(desk.locator("table.matrix tbody tr", has_text="璜泾镇").locator("td.cell.down")).to_be_visible()
    await shoot(desk, "channels", "channels.title")
    await desk.evaluate("location.hash = '#channels/matrix/sms'")
    await expect(desk.locator(".why .says")).to_contain_text("故障 已")
    await shoot(desk, "why", "channels.why.past", top=".why")


async def around(desk: Page, auditor: Page) -> None:
    """The screens that need nothing but to be opened."""
    for picture, place, heading in (
        ("endpoints", "endpoints/huangjing-informant-1", "endpoints.title"),
        ("log", "log", "log.title"),
        ("paper", "paper", "paper.sheet.board"),
        ("sheet", "paper/handover", "paper.sheet.handover"),
        ("wall", "wall", "wall.title"),
        ("system", "system", "system.title"),
    ):
        await desk.evaluate("place => { location.hash = `#${place}`; }", place)
        await shoot(desk, picture, heading)
    await auditor.evaluate("location.hash = '#log/audit'")
    await shoot(auditor, "audit", "log.tab.audit")


async def watched(desk: Page) -> None:
    """The alarms with the oldest urgent one open, by day and by night."""
    await desk.evaluate("location.hash = '#watch'")
    await desk.locator("main:not(.stale) .watch").wait_for()
    await armed(desk)  # the draft was read anew, and with it the page: it was silent since
    await shoot(desk, "watch", "watch.title")
    await desk.emulate_media(color_scheme="dark")
    await shoot(desk, "watch-dark", "watch.title")
    await desk.emulate_media(color_scheme="light")
    await desk.keyboard.press("j")
    await expect(desk.locator("#alarm-detail")).to_be_visible()
    await shoot(desk, "alarm", "alarm.field.act", top="#alarm-detail")


async def ended(desk: Page, smsc: Smsc, centre: Centre) -> None:
    """Two presses, of which the second is asked for; what was told is called off."""
    await smsc.start()
    await centre.channels_up("sms")
    await desk.evaluate("location.hash = '#publish'")
    await desk.locator("nav.list li", has_text="港区液氨泄漏").get_by_role("button", name="取消发布").click()
    await shoot(desk, "cancel", "publish.cancel.everywhere")
    await desk.keyboard.press("Escape")
    await called_off(desk, smsc)


async def relieved(desk: Page, second: Page) -> None:
    """The sheet is drawn up by whoever goes, and signed by whoever comes."""
    await desk.evaluate("location.hash = '#watch'")
    await desk.get_by_role("button", name=WORDS["duty.hand_over"]["zh"]).click()
    await desk.locator("dialog input").fill("港区液氨泄漏已处置，明早复查。")
    await shoot(desk, "handover", "duty.hand_over_says")
    await desk.locator("dialog button.main").click()
    await expect(desk.locator("dialog .notice")).to_have_text(WORDS["duty.written"]["zh"])
    await second.evaluate("location.hash = '#watch'")
    await second.get_by_role("button", name="接 zhang 的班").click()
    await expect(second.locator("dialog blockquote")).to_be_visible()
    await expect(second.locator("dialog")).to_contain_text("待签发 (1)")
    await shoot(second, "takeover", "duty.take_over", name="zhang")
    await second.locator("dialog button.main").click()
    await expect(second.locator("dialog")).to_have_count(0)


async def shoot(page: Page, picture: str, heading: str, *, top: str = "main", **args: str) -> None:
    """What is there now, from `top` on, in both languages; it ends in Chinese. `heading`: key of the words that must stand there."""
    for lang in (*LANGUAGES, "zh-CN"):
        if await page.locator("html").get_attribute("lang") != lang:
            await turned(page)
        await expect(page.locator("html")).to_have_attribute("lang", lang)
        await expect(page.locator("main").first).to_contain_text(WORDS[heading][LANGUAGES[lang]].format(**args))
        await expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    if IS_DRAWN:
        await drawn(page, picture, top)


async def turned(page: Page) -> None:
    """Into the other language; the wall is bare, and is turned from another screen."""
    here = str(await page.evaluate("location.hash"))
    is_bare = not await page.locator(".choices button").count()
    if is_bare:
        await page.evaluate("location.hash = '#log'")
        await page.locator(".choices button").first.wait_for()
    await page.evaluate("document.querySelector('.choices button').click()")  # behind a dialog no pointer reaches it
    if is_bare:
        await page.evaluate("here => { location.hash = here; }", here)
        await page.locator(".wall").first.wait_for()


async def drawn(page: Page, picture: str, top: str) -> None:
    """A file for each language."""
    for lang in ("en", "zh-CN"):
        await turned(page)
        await expect(page.locator("html")).to_have_attribute("lang", lang)
        await expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        await page.evaluate("top => { scrollTo(0, 0); document.querySelector(top).scrollIntoView({block: 'start'}); }", top)
        file = PICTURES / lang / f"{picture}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(small(await page.screenshot(animations="disabled")))


def small(png: bytes) -> bytes:
    """With as few colours as it takes to be no more than MOST_OCTETS."""
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        whole.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_OCTETS:
            return out.getvalue()
    raise AssertionError(f"{len(png)} octets do not fit into {MOST_OCTETS}")
