"""The map under the eyes of a duty officer: what holds is drawn, what is over is seen to be over, and the list says the same.

Source: console.md §2, §5, §9.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import expect

from fenghuo.errors import NotReady
from fenghuo_console import ConsoleSettings
from tests.console.access import faults, small_targets, ways_sideways
from tests.console.claims import all_hold
from tests.console.stage import MAPPED, MARKS, Stage, browser, mapped_alert, staged

pytestmark = MARKS
OVERLAPS = """() => { const boxes = [...document.querySelectorAll(".map .town")].map(one => [one.textContent, one.getBoundingClientRect()]);
    return boxes.flatMap(([name, a], at) => boxes.slice(at + 1)
        .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map(([other]) => `${name} ${other}`)); }"""
LEGAL = [f"mca:320585{code}" for code in ("001", "002", "100", "103", "105", "109", "110", "111")]
STROKES = "() => ['extreme', 'severe'].map(name => getComputedStyle(document.querySelector(`.map .alert.${name}`)).stroke)"
EDGE = "one => [getComputedStyle(one).fillOpacity, getComputedStyle(one).strokeDasharray]"


def lay(stage: Stage, *alerts: dict[str, Any], **more: Any) -> None:
    """What the map is told from now on; a message has changed, so that it asks."""
    stage.desk.answers["map.show"] = {**MAPPED, "alerts": list(alerts), **more}
    stage.desk.change("message/1", {"id": "1", "state": "active", "kind": "Alert", "action": "New"})


async def test_the_map_shows_what_holds_and_where(tmp_path: Path) -> None:
    """Every claim of this module, on one browser."""
    (tmp_path / "8/214").mkdir(parents=True)
    for row in range(100, 110):
        Image.new("RGB", (256, 256), (180, 200, 180)).save(tmp_path / f"8/214/{row}.png")
    ground = ConsoleSettings(open_viewer=True, tiles=str(tmp_path), tiles_credit="太仓市测绘院 审图号 <1>")
    async with browser() as driver:
        async with staged(driver) as stage:
            await all_hold(stage, CLAIMS)
        async with staged(driver, ground) as stage:
            await all_hold(stage, [on_a_ground])
        async with staged(driver, ConsoleSettings(open_viewer=True, tiles="/absent")) as stage:
            await all_hold(stage, [without_its_ground])


async def every_town(stage: Stage) -> None:
    """All ten units of both lists are on the map, none over another; those without a known seat are marked."""
    page = await stage.desk_page()
    await expect(page.locator(".map .town")).to_have_count(10)
    assert [] == await page.evaluate(OVERLAPS)
    assert ["娄东街道*", "经济开发区*", "科教新城*"] == await page.locator(".map .set-by-hand span:not(.site)").evaluate_all(
        "all => all.map(one => one.lastChild.data)"
    )
    await expect(page.locator(".disclaimer")).to_have_text("示意图，不作为划界依据")


async def by_code_and_shape(stage: Stage) -> None:
    """A code of either list, a polygon and a circle are drawn in the colour of the severity; the list says for whom, and until when."""
    page = await stage.desk_page()
    ring = [[121.2, 31.49], [121.3, 31.49], [121.3, 31.53], [121.2, 31.49]]
    lay(
        stage,
        mapped_alert("A", severity="Extreme", codes=["nbs:320585105"]),
        mapped_alert("B", codes=[], name="江边", polygons=[ring], circles=[[121.105, 31.65, 3.0]]),
        left_out=2,
    )
    await expect(page.locator(".map path.alert")).to_have_count(3)
    assert ["rgb(156, 15, 15)", "rgb(147, 66, 0)"] == await page.evaluate(STROKES)
    rows = page.locator(".map-alerts li")
    await expect(rows.nth(0)).to_contain_text("有效 极严重 A号预警")
    await expect(rows.nth(0)).to_contain_text("双凤镇 · 至")
    await expect(rows.nth(1)).to_contain_text("璜泾镇、浏河镇")
    await expect(page.locator(".in-view li", has_text="浏河镇")).to_contain_text("预警1")
    await expect(page.locator(".mapped .warn")).to_have_text("另有 2 条预警未画出")


async def what_becomes_of_it(stage: Stage) -> None:
    """What waits is dashed and empty, an exercise is hatched, what was called off is grey and goes; what has no place is told."""
    page = await stage.desk_page()
    lay(stage, mapped_alert("A", "held"), mapped_alert("B", traffic="Exercise", codes=["mca:320585105"]))
    await expect(page.locator(".map .alert.held")).to_have_count(1)
    assert ["0", "8px, 6px"] == await page.locator(".map .alert.held").evaluate(EDGE)
    await expect(page.locator('.map .alert.in_force[fill="url(#hatch-severe)"]')).to_have_count(1)
    await expect(page.locator(".map-alerts")).to_contain_text("【演练】 有效 严重 B号预警")
    lay(stage, mapped_alert("A", "cancelled"), mapped_alert("C", name="某地", codes=[]))
    await expect(page.locator(".map .alert")).to_have_count(1)
    await expect(page.locator(".map .alert.cancelled")).to_have_count(1)
    await expect(page.locator(".map-alerts")).to_contain_text("已解除 严重 A号预警")
    await expect(page.locator(".map-alerts")).to_contain_text("某地（有的范围图上无位置）")
    lay(stage)
    await expect(page.locator(".map .alert")).to_have_count(0)


async def by_keyboard(stage: Stage) -> None:
    """Who uses no mouse chooses an alert in the list, and it is chosen on the map; who clicks on the map finds it in the list."""
    page = await stage.desk_page()
    lay(stage, mapped_alert("A"), mapped_alert("B", codes=["mca:320585105"]))
    await page.locator(".map-alerts button", has_text="B号").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".map .alert.chosen")).to_have_count(1)
    await expect(page.locator(".map-alerts button", has_text="B号")).to_have_attribute("aria-pressed", "true")
    await page.locator(".map .alert:not(.chosen)").dispatch_event("click")
    await expect(page.locator(".map-alerts button", has_text="A号")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".map .alert.chosen title")).to_have_text("有效 严重 A号预警")


async def ways_by_shape(stage: Stage) -> None:
    """How the channels are at a town is a shape on the map, and figures in the list."""
    page = await stage.desk_page()
    states = {"mca:320585100": (5, 0, 0, 0), "mca:320585105": (2, 1, 3, 0), "nbs:320585105": (0, 0, 2, 1)}
    lay(stage, places=[dict(zip(("place", "up", "doubtful", "down", "off"), (ref, *of), strict=True)) for ref, of in states.items()])
    for name, shape, says in (("城厢镇", "●", "通道 5/5"), ("璜泾镇", "◐", "通道 2/6"), ("双凤镇", "✕", "通道 0/3")):
        await expect(page.locator(".in-view li", has_text=name)).to_contain_text(f"{shape} {says}")
        await expect(page.locator(".map .town", has_text=name).locator(".site")).to_have_text(shape)
    await expect(page.locator(".map .town", has_text="科教新城").locator(".site")).to_have_text("○")


async def on_a_ground(stage: Stage) -> None:
    """A base map of this machine lies under everything, with whose it is; the names stay readable, and no other host is asked."""
    page = await stage.desk_page()
    lay(stage, mapped_alert("A"))
    tile = page.locator('.map.tiled img.leaflet-tile-loaded[src$="/tiles/8/214/104.png"]')
    await expect(tile).to_be_attached()
    assert 256 == await tile.evaluate("one => one.naturalWidth")
    await expect(page.locator(".map .leaflet-control-attribution")).to_contain_text("太仓市测绘院 审图号 <1>")
    await expect(page.locator(".map path.alert")).to_have_count(1)
    assert [] == await faults(page)
    assert [] == [url for url in stage.asked if not url.startswith((f"{stage.web.url}/", "data:"))]


async def without_its_ground(stage: Stage) -> None:
    """A base map that cannot be used takes nothing else away, and says why."""
    page = await stage.page()
    await expect(page.locator(".mapped .warn")).to_contain_text("底图不可用 tiles '/absent' must be the whole path")
    await expect(page.locator(".map .town")).to_have_count(10)


async def official(stage: Stage) -> None:
    """An imported boundary is drawn in place of ours, for both codes of its area, with whose it is; the rest is still called a schematic.
    Words of people stay words."""
    page = await stage.desk_page()
    told = {"source": "<b>民政局</b>", "date": "2026-07-15", "approval": "苏S(2026)001号", "digest": "d1"}
    lay(stage, mapped_alert("A", codes=["nbs:320585104"]), layers=[{"name": "towns", **told}])
    stage.desk.answers["layer.show"] = lambda args: _page(args["after"])
    await expect(page.locator(".map .official")).to_have_count(2)
    await expect(page.locator(".disclaimer")).to_have_text("除下列界线外为示意图，不作为划界依据")
    await expect(page.locator(".sources li")).to_have_text("双凤镇、璜泾镇：<b>民政局</b> 2026-07-15 苏S(2026)001号")
    await expect(page.locator(".map .leaflet-control-attribution")).to_contain_text("<b>民政局</b> 2026-07-15")
    await expect(page.locator(".map .alert.in_force:not(.stands-for)")).to_have_count(1)
    lay(stage, layers=[{"name": "all", **told, "digest": "d2"}])
    stage.desk.answers["layer.show"] = {"shapes": [_square(ref, "all") for ref in ("nbs:320585", *LEGAL)], "next": ""}
    await expect(page.locator(".disclaimer")).to_have_count(0)
    await expect(page.locator(".map .outline.replaced")).to_have_count(1)
    await expect(page.locator(".sources li")).to_contain_text("等 9 处")


def _page(after: str) -> dict[str, Any]:
    """One shape a page, so that the page must go on."""
    ref, rest = ("mca:320585109", "mca:320585109") if not after else ("mca:320585105", "")
    return {"shapes": [_square(ref, "towns")], "next": rest}


def _square(ref: str, layer: str) -> dict[str, Any]:
    names = {"mca:320585105": "璜泾镇", "mca:320585109": "双凤镇"}
    ring = [[121.05, 31.6], [121.15, 31.6], [121.15, 31.7], [121.05, 31.6]]
    return {"area": ref, "name": names.get(ref, ref), "layer": layer, "polygons": [[ring]]}


async def not_new(stage: Stage) -> None:
    """An old picture that cannot be brought up to date says so."""
    page = await stage.desk_page()
    stage.desk.answers["map.show"] = NotReady("the store is busy", retry_after_s=1.0)
    stage.desk.change("message/1", {"id": "1", "state": "active", "kind": "Alert", "action": "New"})
    await expect(page.locator(".mapped .warn")).to_contain_text("图上预警未能更新")


async def narrow(stage: Stage) -> None:
    """At 640 px nothing needs scrolling sideways, and everything can be hit, with a list as long as it gets."""
    page = await stage.desk_page()
    lay(stage, *(mapped_alert(f"A{number}") for number in range(30)))
    await expect(page.locator(".map-alerts li")).to_have_count(30)
    await page.set_viewport_size({"width": 640, "height": 900})
    assert (0, []) == (await ways_sideways(page), await small_targets(page))
    await page.set_viewport_size({"width": 1280, "height": 900})


CLAIMS = (every_town, official, by_code_and_shape, what_becomes_of_it, by_keyboard, ways_by_shape, not_new, narrow)
