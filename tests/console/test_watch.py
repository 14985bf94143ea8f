"""The watch screen under the hands of a duty officer: each trap of an alarm list is a claim, tried in Chromium.

Source: console.md §4, Alarms; §5, Keyboard and accessibility.
"""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, expect

from tests.console.claims import all_hold
from tests.console.stage import MARKS, Stage, alarm, browser, staged
from tests.scale import PATIENCE_S

pytestmark = MARKS


async def test_the_watch_keeps_to_the_rules_of_an_alarm_list() -> None:
    """Every claim of this module, on one browser."""
    async with browser() as driver, staged(driver) as stage:
        await all_hold(stage, CLAIMS)


async def _order(page: Page) -> list[str]:
    ids: list[str] = await page.locator("#alarm-list [data-id]").evaluate_all("rows => rows.map(row => row.dataset.id)")
    return ids


async def _key(page: Page, code: str, **more: bool) -> None:
    """A key as a Chinese input method leaves it: named Process, at its own place."""
    event = {"code": code, "key": "Process", "bubbles": True, "cancelable": True, **more}
    await page.evaluate("event => (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', event))", event)


async def ack_by_place(stage: Stage) -> None:
    """A key is known by its place on the keyboard, so that an input method changes nothing; held down it acts once."""
    stage.put(alarm(1), alarm(2))
    page = await stage.desk_page()
    await expect(page.locator("#alarm-1")).to_be_visible()
    await _key(page, "KeyJ")
    await expect(page.locator("#alarm-1")).to_have_attribute("aria-selected", "true")
    for _ in range(3):
        await _key(page, "KeyA", repeat=True)
    await _key(page, "KeyA", isComposing=True)
    await _key(page, "KeyA")
    await expect(page.locator("#alarm-1 .state")).to_have_text("已确认 zhang")
    assert [1] == [args["id"] for args in stage.did("alarm.ack")]


async def typing(stage: Stage) -> None:
    """What is written into a field is no key."""
    stage.put(alarm(1))
    page = await stage.desk_page()
    await page.locator("#alarm-1").click()
    await page.locator("#alarm-list").press("f")
    await page.keyboard.type("ac?")
    assert "ac?" == await page.locator("input.filter").input_value()
    assert [] == stage.did("alarm.ack")


async def filtered(stage: Stage) -> None:
    """A filter knows the names of towns, says what it leaves out, and goes with one key; no empty list where there are alarms."""
    stage.put(alarm(1, subject="area/mca:320585105"), alarm(2))
    page = await stage.desk_page()
    for text, left in (("璜泾", 1), ("nowhere", 0)):
        await page.locator("input.filter").fill(text)
        await expect(page.locator("#alarm-list [data-id]")).to_have_count(left)
    await expect(page.locator(".alarms .empty")).to_contain_text("筛选后无匹配，另有 2 条")
    await page.keyboard.press("Escape")
    await expect(page.locator("#alarm-list [data-id]")).to_have_count(2)


async def chosen_by_id(stage: Stage) -> None:
    """What is acknowledged is the alarm that is seen to be chosen, wherever the list has put it, and the next one that waits is chosen
    then; a press that follows at once, as of a key that bounces, is for none that nobody has seen."""
    stage.put(alarm(1), alarm(2), alarm(3, state="ACKED"))
    page = await stage.desk_page()
    await page.keyboard.press("j")
    stage.put(alarm(4, "HIGH"))
    await expect(page.locator("#alarm-1")).to_have_attribute("aria-selected", "true")
    await page.evaluate("for (const _ of [1, 2]) document.dispatchEvent(new KeyboardEvent('keydown', {code: 'KeyA', bubbles: true}))")
    await expect(page.locator("#alarm-1 .state")).to_have_text("已确认 zhang")
    await expect(page.locator("#alarm-2")).to_have_attribute("aria-selected", "true")
    assert [1] == [args["id"] for args in stage.did("alarm.ack")]
    async with asyncio.timeout(PATIENCE_S):
        while "已确认 zhang" != await page.locator("#alarm-2 .state").text_content():
            await page.keyboard.press("a")
    assert [1, 2] == [args["id"] for args in stage.did("alarm.ack")][:2]


async def rows_keep_still(stage: Stage) -> None:
    """Under the pointer no row moves: what is new waits behind a button, and HIGH is shown in the bar at once."""
    stage.put(alarm(1), alarm(2))
    page = await stage.desk_page()
    await page.locator("#alarm-1").hover()
    stage.put(alarm(1, state="ACKED", rev=50), alarm(3, "LOW"), alarm(4, "HIGH"))
    await expect(page.locator("button.waiting")).to_have_text("2 条新告警 ▲紧急 1")
    await expect(page.locator(".urgent li")).to_contain_text("通道 c4")
    assert ["1", "2"] == await _order(page)
    await page.keyboard.press(".")
    await expect(page.locator("button.waiting")).to_have_count(0)
    assert ["4", "2", "3", "1"] == await _order(page)
    stage.put(alarm(5, "HIGH"))
    await expect(page.locator("button.waiting")).to_be_visible()
    await page.locator("h2#map-title").hover()
    await expect(page.locator("button.waiting")).to_have_count(0)
    assert ["4", "5", "2", "3", "1"] == await _order(page)


async def as_it_was_drawn(stage: Stage) -> None:
    """An act carries the rev of the row as it was drawn; who was first is said by name."""
    stage.put(alarm(1))
    page = await stage.desk_page()
    await page.keyboard.press("j")
    stage.desk.objects["alarm/1"] = alarm(1, rev=77)  # changed by another, and not told yet
    await page.keyboard.press("a")
    await expect(page.locator(".alarms .notice")).to_contain_text("已被别人改动：li")
    assert [1] == [args["if_rev"] for args in stage.did("alarm.ack")]


async def in_a_heap(stage: Stage) -> None:
    """MEDIUM and LOW are acknowledged at once with one comment in three presses; HIGH never."""
    bulk = list(range(2, 15))
    stage.put(alarm(1, "HIGH"), *(alarm(number, "LOW") for number in bulk))
    page = await stage.desk_page()
    await expect(page.locator("#alarm-3")).to_be_visible()
    await page.keyboard.press("Shift+B")
    await expect(page.locator("dialog li")).to_have_count(len(bulk))  # what is not read is not acknowledged
    await page.locator("dialog input").fill("全部看过")
    await page.locator("dialog button.main").click()
    await expect(page.locator(".alarms .notice")).to_have_text("已确认 13 条")
    assert [(bulk, {str(number): number for number in bulk}, "全部看过")] == [
        (args["ids"], args["revs"], args["comment"]) for args in stage.did("alarm.ack")
    ]


async def a_life_by_keyboard(stage: Stage) -> None:
    """From the oldest HIGH to its acknowledgement with a comment, and another to the shelf, without a mouse (WCAG 2.1.1)."""
    stage.put(alarm(1, "HIGH"), alarm(2))
    page = await stage.desk_page()
    await page.locator(".urgent li").wait_for()
    await page.keyboard.press("F8")
    await page.locator("#alarm-detail").wait_for()
    await page.keyboard.press("Shift+A")
    await page.keyboard.type("已通知维修")
    await page.keyboard.press("Enter")
    await expect(page.locator(".alarms .notice")).to_contain_text("已确认")
    await expect(page.locator(".urgent li")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("h")
    await page.keyboard.type("检修")
    await page.keyboard.press("Enter")
    await expect(page.locator("#alarm-2 .state")).to_have_text("搁置")
    assert ("检修", 1800) == ((shelved := stage.did("alarm.shelve")[0])["reason"], shelved["lasts_s"])
    assert "已通知维修" == stage.did("alarm.ack")[0]["comment"]


async def linked(stage: Stage) -> None:
    """The chosen alarm is chosen on the map as well, and a town on the map chooses its alarm."""
    stage.put(alarm(1, "HIGH", subject="area/mca:320585105"), alarm(2, subject="area/nbs:320585105"))
    page = await stage.desk_page()
    await page.locator("#alarm-1").click()
    await expect(page.locator(".town.chosen")).to_contain_text("璜泾镇 ▲紧急 1")
    await page.locator(".in-view button", has_text="双凤镇").click()
    await expect(page.locator("#alarm-2")).to_have_attribute("aria-selected", "true")
    await expect(page.locator(".town.chosen")).to_contain_text("双凤镇 ◆重要 1")


async def counts_down(stage: Stage) -> None:
    """The time to answer runs on the server's clock, also where this computer's is an hour off, which is said."""
    stage.put(alarm(1), alarm(2, respond_by="2020-01-01T00:00:00.000Z"))
    context = await stage.context()
    await context.add_init_script("const real = Date.now; Date.now = () => real() - 3600000;")
    page = await stage.officer(context)
    await expect(page.locator("#skew")).to_contain_text("本机时钟与服务器相差 3600 秒")
    await expect(page.locator("#alarm-2 .due")).to_contain_text("超时")
    await expect(page.locator("#alarm-1 .due")).to_have_text(re.compile(r"^[0-5]:\d\d$"))


async def two_desks(stage: Stage) -> None:
    """An acknowledgement is on every console at once, with the name."""
    stage.put(alarm(1))
    one, other = await stage.desk_page(), await stage.officer()
    await one.keyboard.press("j")
    await one.keyboard.press("a")
    await expect(other.locator("#alarm-1 .state")).to_have_text("已确认 zhang")


async def seen_and_said(stage: Stage) -> None:
    """A new alarm and an acknowledgement are spoken by live regions (WCAG 4.1.3), a HIGH one by the urgent one."""
    page = await stage.desk_page()
    stage.put(alarm(1, "HIGH", kind="alarm.nobody"))
    await expect(page.locator("#urgent")).to_contain_text("▲紧急告警：受众为空")
    stage.put(alarm(2, "LOW"))
    await expect(page.locator("#polite")).to_contain_text("●一般告警")
    await expect(page.locator(".alarms .notice")).to_have_attribute("role", "status")


async def in_another_language(stage: Stage) -> None:
    """Who changes the language reads every row in it at once, and the map, though nothing of them has changed."""
    stage.put(alarm(1))
    page = await stage.desk_page()
    choice = page.locator("header.top .choices button").first
    for state, credit in (("unacknowledged", "Town seats"), ("未确认", "镇街驻地")):
        await choice.click()
        await expect(page.locator("#alarm-1 .state")).to_have_text(state)
        await expect(page.locator(".map")).to_contain_text(credit)


async def only_watching(stage: Stage) -> None:
    """Who has not logged in, and who is locked, sees everything and acts on nothing."""
    stage.put(alarm(1))
    viewer = await stage.page()
    await viewer.locator("#alarm-1").click()
    await viewer.keyboard.press("a")
    await expect(viewer.get_by_role("button", name="确认", exact=True)).to_be_disabled()
    stage.locks = True
    locked = await stage.officer()
    await expect(locked.locator("#locked")).to_be_visible()
    await locked.locator("#alarm-1").click()
    await locked.keyboard.press("a")
    await expect(locked.get_by_role("button", name="确认", exact=True)).to_be_disabled()
    assert [] == stage.did("alarm.ack")


CLAIMS = (
    ack_by_place, typing, filtered, chosen_by_id, rows_keep_still, as_it_was_drawn, in_a_heap, a_life_by_keyboard, linked, counts_down,
    two_desks, seen_and_said, in_another_language, only_watching,
)  # fmt: skip
