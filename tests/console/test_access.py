"""Everybody can use the page: WCAG 2.2 AA, in both themes and both languages. Source: console.md §5."""

from __future__ import annotations

import re
from itertools import product

from playwright.async_api import expect

from tests.console.access import faults, hidden_by_tab, small_targets, ways_sideways
from tests.console.claims import all_hold
from tests.console.stage import CHANNEL, MARKS, Stage, alarm, browser, mapped_alert, staged
from tools.console_words import STATIC

SCREENS = ("watch", "wall", "system", "login")
TAB_STOPS = 45
TEXT, BORDER = 4.5, 3.0
"""Least ratios of 1.4.3 and 1.4.11."""
PAPERS = {
    "--paper": ("--ink", "--quiet", "--accent", "--bad", "--warn", "--good", "--high", "--medium", "--low", "--exercise"),
    "--raised": ("--ink", "--quiet", "--warn"),
    "--high-paper": ("--ink", "--high", "--bad"),
    "--top": ("--on-top",),
    "--bad": ("--on-bad",),
    "--accent": ("--on-accent",),
    "--water": ("--ink", "--high", "--medium", "--low"),
    "--land": ("--ink", "--high", "--medium", "--low"),
}
"""Ground → what is written on it."""
MAPPED_KINDS = {"Extreme": "in_force", "Severe": "cancelled", "Moderate": "held", "Minor": "expired", "Unknown": "in_force"}.items()
SEVERITIES = ("--extreme", "--severe", "--moderate", "--minor", "--unknown")
EDGES = {
    "--paper": ("--line", "--focus", *SEVERITIES), "--raised": ("--line", "--focus"), "--water": ("--line", *SEVERITIES, "--quiet"),
    "--land": ("--line", "--focus", *SEVERITIES, "--quiet"),
}  # fmt: skip


class TestPalette:
    """The colours of the style sheet, reckoned: axe answers "incomplete" where it cannot see what lies below."""

    def test_every_text_can_be_read_and_every_edge_be_seen(self) -> None:
        """1.4.3 and 1.4.11, in both themes and for an exercise."""
        css = (STATIC / "app.css").read_text(encoding="utf-8")
        light = _colours(css[css.index(":root {") :])
        dark = _colours(css[css.index(':root[data-theme="dark"] {') :])
        exercise = _colours(css[css.index(':root[data-traffic="Exercise"] {') :])
        for palette in (light, dark):
            of_exercise = {"--accent": palette["--exercise"], "--focus": palette["--exercise"]}
            for colours in (palette, palette | exercise | of_exercise):
                assert [] == _low(colours, PAPERS, TEXT) + _low(colours, EDGES, BORDER)

    def test_the_dark_of_the_system_is_the_dark_that_is_chosen(self) -> None:
        """The two blocks of the style sheet say the same."""
        css = (STATIC / "app.css").read_text(encoding="utf-8")
        system = _colours(css[css.index(':root:not([data-theme="light"]) {') :])
        assert system == _colours(css[css.index(':root[data-theme="dark"] {') :])


def _colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", css[: css.index("}")]))


def _low(colours: dict[str, str], pairs: dict[str, tuple[str, ...]], least: float) -> list[str]:
    ratios = {(over, under): _ratio(colours[over], colours[under]) for under, overs in pairs.items() for over in overs}
    return [f"{over} on {under}: {ratio:.2f}" for (over, under), ratio in ratios.items() if ratio < least]


def _ratio(one: str, other: str) -> float:
    dark, light = sorted(_luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class TestInABrowser:
    """What only a browser can tell."""

    pytestmark = MARKS

    async def test_the_page_can_be_used_by_everybody(self) -> None:
        """Every claim of this class, on one browser."""
        async with browser() as driver, staged(driver) as stage:
            await all_hold(stage, CLAIMS)


def _busy(stage: Stage) -> None:
    stage.put(alarm(1, "HIGH"), alarm(2, "MEDIUM", "ACKED", acked_by="li"), alarm(3, "LOW", count=37), alarm(4, "HIGH", "SHELVED"))
    stage.desk.change("channel/radio", CHANNEL | {"name": "radio", "health": "down", "reason": "no answer"})
    drawn = [mapped_alert(grave, at, grave) for grave, at in MAPPED_KINDS] + [
        mapped_alert("X", traffic="Exercise"),
        mapped_alert("Y", codes=[]),
    ]
    there = {"place": "mca:320585105", "name": "璜泾镇", "up": 1, "doubtful": 1, "down": 1, "off": 0}
    stage.desk.answers["map.show"] = {"alerts": drawn, "left_out": 1, "places": [there], "layers": []}


async def axe(stage: Stage) -> None:
    """axe-core finds nothing on any screen, in either theme and language."""
    _busy(stage)
    page = await stage.desk_page()
    await page.locator("#alarm-1").click()
    found = {}
    for lang, theme in product(("zh-CN", "en"), ("light", "dark")):
        await page.evaluate("wanted => localStorage.setItem('fenghuo.prefs', JSON.stringify(wanted))", {"lang": lang, "theme": theme})
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("lang", lang)
        for screen in SCREENS:
            await page.evaluate("screen => { location.hash = `#${screen}`; }", screen)
            await page.locator("main h1").first.wait_for(state="attached")
            found[lang, theme, screen] = await faults(page)
    assert [] == [(*key, line) for key, lines in found.items() for line in lines]


async def shapes(stage: Stage) -> None:
    """1.4.1: a priority has its shape and its word beside its colour, a channel its sign and its word; also where colours are forced."""
    _busy(stage)
    page = await stage.desk_page()
    assert ["▲紧急", "●一般", "◆重要", "▲紧急"] == await page.locator("#alarm-list .priority").all_text_contents()
    await expect(page.locator(".channel.down")).to_contain_text("✕故障")
    await page.locator("#alarm-1").click()
    await page.emulate_media(forced_colors="active", reduced_motion="reduce")
    style = await page.locator("#alarm-1").evaluate("row => getComputedStyle(row).outlineStyle")
    assert ("solid", 0) == (style, await page.evaluate("document.getAnimations().length"))
    await page.emulate_media(forced_colors="none", reduced_motion="no-preference")


async def narrow(stage: Stage) -> None:
    """1.4.10 and 2.5.8: at 640 px nothing needs scrolling sideways, and everything can be hit."""
    _busy(stage)
    page = await stage.desk_page()
    await page.set_viewport_size({"width": 640, "height": 900})
    for screen in SCREENS:
        await page.evaluate("screen => { location.hash = `#${screen}`; }", screen)
        await page.locator("main h1").first.wait_for(state="attached")
        assert (screen, 0, []) == (screen, await ways_sideways(page), await small_targets(page))
    await page.set_viewport_size({"width": 1280, "height": 900})


async def by_tab(stage: Stage) -> None:
    """2.1.1 and 2.4.11: Tab reaches what can be pressed, and nothing lies over what has the focus, the bar of urgent alarms neither."""
    _busy(stage)
    page = await stage.desk_page()
    await page.set_viewport_size({"width": 1000, "height": 500})
    reached, hidden = await hidden_by_tab(page, TAB_STOPS)
    await page.set_viewport_size({"width": 1280, "height": 900})
    assert [] == hidden
    assert reached > 30


async def single_keys_off(stage: Stage) -> None:
    """2.1.4: single keys can be switched off and lie elsewhere; the help says which count, and every key is a button as well."""
    _busy(stage)
    page = await stage.desk_page()
    await page.keyboard.press("Shift+Slash")
    await expect(page.locator("dialog kbd", has_text=re.compile("^A$"))).to_be_visible()
    await page.get_by_label("“下一条”改用的字母").first.fill("x")
    await page.get_by_label("启用单键操作").click()
    await page.keyboard.press("Escape")
    await page.keyboard.press("x")
    await expect(page.locator("#alarm-list [aria-selected=true]")).to_have_count(0)
    await page.get_by_role("button", name="按键 ?").click()
    await page.get_by_label("启用单键操作").click()
    await page.keyboard.press("Escape")
    await page.keyboard.press("x")
    await expect(page.locator("#alarm-1")).to_have_attribute("aria-selected", "true")
    await page.evaluate("localStorage.clear()")


async def drawn_out(stage: Stage) -> None:
    """Words that are half as long again fit: in the pseudo-language nothing needs scrolling sideways."""
    _busy(stage)
    context = await stage.context(viewport={"width": 1000, "height": 900})
    await context.add_init_script("localStorage.setItem('fenghuo.prefs', JSON.stringify({lang: 'en-XA'}))")
    page = await stage.page(context)
    await expect(page.locator("#alarms-title")).to_have_text("[Álárms~~~]")
    for screen in SCREENS:
        await page.evaluate("screen => { location.hash = `#${screen}`; }", screen)
        await page.locator("main h1").first.wait_for(state="attached")
        assert (screen, 0) == (screen, await ways_sideways(page))


CLAIMS = (shapes, narrow, by_tab, single_keys_off, drawn_out, axe)
