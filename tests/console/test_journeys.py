"""The acceptance journeys of docs/journeys.md: real people with accounts in Debian's Chromium, the running daemon, a real short message
centre. One browser and one daemon for all of them, since a start costs more than a journey.

Source: scenarios.md S1 (a signal is relayed), S2 (a leak in the port), S4 (the way is cut), S6 (false alerts); console.md §2.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Page, expect

from tests.console.centre import INFORMANT, WARNED, Centre
from tests.console.stage import browser
from tests.core.formats.signing import Signer
from tests.e2e.test_false_alerts import cap
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

pytestmark = [
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine: apt-get install chromium"),
    pytest.mark.e2e,
    pytest.mark.peer,
    pytest.mark.may_block(reason="the daemon is another process, and its doors are asked in threads"),
    pytest.mark.may_leak(reason="the browser's driver is a process of its own that ends in its own time"),
    pytest.mark.timeout(180),
]
LEAK = "滨海路液氨泄漏，请关好门窗，不要外出。"
OVER = "液氨泄漏已处置，警报解除。"
WORD = "实战签发"
expect.set_options(timeout=PATIENCE_S * 1000)
SCREENS = ("publish", "channels", "channels/rollcall", "channels/whatif", "endpoints", "log", "paper", "paper/handover", "paper/forms")


async def test_a_night_at_the_desk(tmp_path: Path) -> None:
    """A leak is drafted, signed by two others who saw what will be heard, told, watched and called off by one in two presses; a false alert
    is signed by nobody; a way that is cut is seen with what stands in for it; what happened is found, and taken along on paper."""
    until = datetime.now(UTC) + timedelta(days=1)
    station, stranger = (Signer(name, ec.generate_private_key(ec.SECP256R1()), until=until) for name in ("met", "x"))
    async with Smsc() as smsc, browser() as chrome, Centre(tmp_path, smsc, station.pem) as centre:
        await centre.channels_up("sms", "mail")
        zhang = await centre.hire("zhang", "operator", "releaser", display="张值班")
        li, wang = [await centre.hire(name, "releaser", "auditor") for name in ("li", "wang")]
        desk = await centre.seat(chrome, zhang)
        await relayed(desk, smsc, centre, station.sign(cap("G-1")))
        await false_ones(desk, centre, tmp_path, stranger)
        await given_up(desk, centre)
        ident = await drafted(desk, centre)
        await refused_to_its_author(desk)
        second = await centre.seat(chrome, li)
        await signed(second, ident, more=True)
        assert [] == smsc.submits_to(INFORMANT[1:])
        third = await centre.seat(chrome, wang)
        await signed(third, ident)
        await told(desk, smsc)
        await mapped(desk, centre)
        await cut(desk, smsc, centre)
        await found(desk, third)
        await on_paper(desk, ident, tmp_path)
        await called_off(desk, smsc)
        await over_on_the_map(desk)
        await every_screen_in_english(desk, centre)
        assert [] == [line for line in centre.complaints if "ERR_" not in line]
        assert {centre.url} == {
            re.sub(r"(^https?://[^/]+).*", r"\1", url) for url in centre.asked if not url.startswith(("data:", "blob:", "ws:"))
        }


async def relayed(desk: Page, smsc: Smsc, centre: Centre, signal: bytes) -> None:
    """S1: a signal of the weather station goes out by itself, in its own words; the page shows it and cannot word it anew."""
    _, answer = await centre.post("/api/v1/alerts", signal, who="met")
    await smsc.wait_for(lambda: any("太仓市气象台发布暴雨橙色预警" in one.text for one in smsc.submits_to(WARNED[1:])))
    await desk.evaluate("location.hash = '#publish'")
    await desk.locator("nav.list").get_by_role("link", name=re.compile("太仓市气象台发布暴雨橙色预警")).click()
    await expect(desk.locator(".live .objective")).to_contain_text("1/2 达到 DEVICE")
    assert answer["id"] == desk.url.rpartition("/")[2]


async def false_ones(desk: Page, centre: Centre, folder: Path, stranger: Signer) -> None:
    """S6 a, b, g: a signal under an unknown key waits and says why; the same again is no second one; other words under its name are
    refused."""
    forged = stranger.sign(cap("A-1", {"暴雨": "海啸", "橙": "红"}))
    (folder / "forged.xml").write_bytes(forged)
    (folder / "edited.xml").write_bytes(forged.replace("停止户外作业".encode(), "立即上楼".encode()))
    places: list[str] = []
    for name in ("forged.xml", "forged.xml", "edited.xml"):
        await desk.goto(f"{centre.url}/#publish/new")
        await desk.get_by_role("button", name="转发预警信号").click()
        await desk.get_by_label("CAP 文件").set_input_files(str(folder / name))
        await desk.get_by_role("button", name="提交审核").click()
        await expect(desk.locator(".waits, .submit > .refused")).to_be_visible()
        places.append(desk.url)
    assert [places[0], f"{centre.url}/#publish/new"] == places[1:]
    await desk.goto(places[0])
    await expect(desk.locator(".detail")).to_contain_text("which is not pinned")
    await desk.locator(".waits").get_by_role("button", name="取消发布").click()
    await desk.get_by_role("button", name="不发布", exact=True).click()
    await expect(desk.locator(".waits")).to_have_count(0)


async def given_up(desk: Page, centre: Centre) -> None:
    """A draft that nobody wants any more is given up in two presses, and is listed no more."""
    await desk.goto(f"{centre.url}/#publish/new")
    await desk.get_by_label("标题", exact=True).fill("误拟的一份")
    await desk.get_by_role("button", name="保存草稿").click()
    await desk.get_by_role("button", name="作废草稿").click()
    await desk.get_by_role("button", name="确认作废").click()
    await expect(desk.get_by_role("button", name="作废草稿")).to_have_count(0)
    assert [] == await centre.ask("alert.drafts")


async def drafted(desk: Page, centre: Centre) -> str:
    """S2: what is missing is said; the draft is kept, with who wrote on it; every form, the plan with its cost, and the coverage are seen
    before it is handed over."""
    await written(desk, centre)
    await previewed(desk)
    return await handed_over(desk, centre)


async def written(desk: Page, centre: Centre) -> None:
    """Every field, two names of one code apart, and kept at the daemon."""
    await desk.goto(f"{centre.url}/#publish/new")
    await desk.get_by_role("button", name="预览").click()
    await expect(desk.locator("form.compose .refused[role=alert]")).to_contain_text("没有选择行动")
    for label, text in (
        ("事件", "危化品泄漏"),
        ("标题", "港区液氨泄漏"),
        ("正文", LEAK),
        ("发布单位", "太仓市应急管理局"),
        ("解除时播出的话", OVER),
    ):
        await desk.get_by_label(label, exact=True).fill(text)
    for label, value in (("行动", "Shelter"), ("预警级别", "Red"), ("事件分级", "2"), ("响应级别", "3")):
        await desk.get_by_label(label, exact=True).select_option(value)
    await desk.reload()
    await expect(desk.get_by_label("正文", exact=True)).to_have_value(LEAK)
    await desk.get_by_label("查找镇村").fill("320585105")
    for name in ("璜泾镇 mca:320585105 = nbs:320585104", "双凤镇 nbs:320585105 = mca:320585109"):
        await expect(desk.get_by_role("button", name=name)).to_be_visible()
    await desk.get_by_role("button", name="璜泾镇 mca:320585105").click()
    await desk.get_by_role("button", name="保存草稿").click()
    await expect(desk.locator("form.compose")).to_contain_text("写过这份草稿的人不能签发：zhang")
    await expect(desk.get_by_label("正文", exact=True)).to_have_value(LEAK)


async def previewed(desk: Page) -> None:
    """Each form, the plan, the cost and the coverage of what stands in the draft."""
    await desk.get_by_role("button", name="预览").click()
    preview = desk.get_by_role("region", name="将要听到、看到的")
    await expect(preview.locator("details").filter(has_text="短信").locator("pre").first).to_contain_text(LEAK)
    for form in ("语音播报", "大喇叭", "CAP 文件", "应急广播"):
        await expect(preview.locator("summary", has_text=form)).to_be_visible()
    await expect(preview).to_contain_text("首选通道费用约 ¥")
    await expect(preview.locator(".coverage tbody tr").nth(1)).to_contain_text("璜泾镇")


async def handed_over(desk: Page, centre: Centre) -> str:
    """What was seen waits for signatures; its id."""
    await desk.get_by_role("region", name="将要听到、看到的").get_by_role("button", name="提交审核").click()
    await expect(desk.locator(".waits")).to_be_visible()
    await expect(desk.locator("nav.list section", has_text="草稿")).to_have_count(0)
    shown = await centre.ask("message.show", id=desk.url.rpartition("/")[2])
    assert "held" == shown["state"]
    return str(shown["id"])


async def refused_to_its_author(desk: Page) -> None:
    """S6 d: one person writes it and signs it too, with both rights; nothing is signed."""
    await review(desk)
    await expect(desk.locator(".review .stamp")).to_contain_text("实战")
    await desk.get_by_label(f"输入“{WORD}”").fill(WORD)
    await desk.get_by_role("button", name="签发（实战）").click()
    await expect(desk.locator("form.sign .refused")).to_contain_text("zhang")


async def review(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("开始审核|重新审核")).click()
    await expect(page.locator(".review")).to_be_visible()


async def signed(page: Page, ident: str, *, more: bool = False) -> None:
    """What the signer sees is what will be heard: the text, the area, the channels, how many people; and the word must be typed."""
    await page.evaluate("ident => { location.hash = `#publish/${ident}`; }", ident)
    await review(page)
    shown = page.locator(".review")
    for text in (LEAK, OVER, "璜泾镇", "sms", "2 人", "zhang"):
        await expect(shown).to_contain_text(text)
    await expect(page.locator("form.sign .clock")).to_contain_text("签发剩余")
    await expect(page.locator(".signatures")).to_contain_text(f"须 2 人签发，已签 {0 if more else 1}")
    act = page.get_by_role("button", name="签发（实战）")
    await page.get_by_label(f"输入“{WORD}”").fill("演练")
    await expect(act).to_be_disabled()
    await page.get_by_label(f"输入“{WORD}”").fill(WORD)
    await act.press("Enter")
    if more:  # whoever signs first is not told that it is out
        await expect(page.locator(".sign[role=status]")).to_have_text("已签 1/2，等待另一人")
    await expect(page.locator(".sign[role=status], .live").first).to_be_visible()


async def told(desk: Page, smsc: Smsc) -> None:
    """It leaves once two have signed, and the live board counts devices, which is not the potential."""
    await smsc.wait_for(lambda: any(LEAK[:9] in one.text for one in smsc.submits_to(INFORMANT[1:])))
    await expect(desk.locator(".live .objective .evidence.device")).to_be_visible()
    await expect(desk.locator(".live .objective")).to_contain_text("1/2 达到 DEVICE")
    await expect(desk.locator(".signatures, .detail > article > .refused")).to_have_count(0)  # it is out: nobody signs it any more
    heads = desk.locator(".live .coverage thead th")
    await expect(heads).to_have_text(["镇街", "人口", "可达（估计）", "已发出", "终端已收", "有人确认"])


async def mapped(desk: Page, centre: Centre) -> None:
    """What is in force is on the map by its code, in our schematic until the official boundary is there; the town says how its ways are."""
    await desk.evaluate("location.hash = '#watch'")
    drawn = desk.locator(".map path.alert.in_force").filter(has_text="港区液氨泄漏")
    await expect(drawn).to_have_class(re.compile("stands-for"))
    await expect(desk.locator(".map-alerts li", has_text="港区液氨泄漏")).to_contain_text("璜泾镇 · 至")
    await expect(desk.locator(".in-view li", has_text="璜泾镇")).to_contain_text(re.compile("预警1 [●◐] 通道 [01]/1"))
    ring = [[121.05, 31.6], [121.15, 31.6], [121.15, 31.7], [121.05, 31.7], [121.05, 31.6]]
    named, shape = {"code": "320585105", "name": "璜泾镇"}, {"type": "Polygon", "coordinates": [ring]}
    town = {"type": "Feature", "properties": named, "geometry": shape}
    layer = {"name": "towns", "source": "太仓市民政局", "date": "2026-07-15", "crs": "cgcs2000", "system": "mca"}
    done = await centre.ask("layer.import", geojson=json.dumps({"type": "FeatureCollection", "features": [town]}), **layer)
    assert (True, []) == (done["kept"], done["faults"])
    for screen in ("wall", "watch"):  # a map asks when it opens
        await desk.evaluate("screen => { location.hash = `#${screen}`; }", screen)
        await expect(desk.locator(".map .official")).to_have_count(1)
    await expect(desk.locator(".sources")).to_contain_text("璜泾镇：太仓市民政局 2026-07-15")
    await expect(drawn).not_to_have_class(re.compile("stands-for"))


async def over_on_the_map(desk: Page) -> None:
    """What was called off is seen to be over, and not only no longer there."""
    await desk.evaluate("location.hash = '#watch'")
    await expect(desk.locator(".map-alerts li.cancelled", has_text="港区液氨泄漏")).to_contain_text("已解除")
    await expect(desk.locator(".map path.alert.cancelled").filter(has_text="港区液氨泄漏")).to_have_count(1)


async def cut(desk: Page, smsc: Smsc, centre: Centre) -> None:
    """S4: the only way to a town is cut; the matrix says so with its cause, the channel why, and whatif what hangs on it."""
    await desk.evaluate("location.hash = '#channels'")
    row = desk.locator("table.matrix tbody tr", has_text="璜泾镇")
    await expect(row.locator("td.cell").first).to_contain_text("DEVICE")  # up, or on probation where the machine is busy
    await smsc.kill()
    await expect(row.locator("td.cell.down")).to_be_visible()
    await expect(desk.locator(".diverted")).to_contain_text(re.compile("璜泾镇.*sms → 无"))
    await desk.locator("table.matrix thead button", has_text="sms").click()
    await expect(desk.locator(".why .says")).to_contain_text("故障 已")
    await expect(desk.locator(".why .past")).to_contain_text("故障")
    await desk.get_by_role("button", name="强制停用").click()
    await desk.get_by_label("原因").fill("光缆断")
    await desk.locator("dialog button.main").click()
    await expect(desk.locator(".diverted")).to_contain_text("光缆断")
    await desk.get_by_role("button", name="恢复使用").click()
    await desk.get_by_label("原因").fill("修复")
    await desk.locator("dialog button.main").click()
    await smsc.start()
    await centre.channels_up("sms")
    await expect(desk.locator(".diverted")).to_have_count(0)
    await desk.evaluate("location.hash = '#endpoints/huangjing-informant-1'")
    await expect(desk.locator(".endpoints .detail .order")).to_contain_text("港区液氨泄漏")
    await expect(desk.locator(".endpoints .detail")).to_contain_text(re.compile("剩 29:|剩 2[0-9]:"))


async def found(desk: Page, auditor: Page) -> None:
    """What happened is found by words and taken along; who did it is for auditors alone."""
    await desk.evaluate("location.hash = '#log'")
    await desk.get_by_label("字词").fill("光缆断")
    await desk.get_by_role("button", name="查找").click()
    await expect(desk.locator("table.lines tbody tr")).to_have_count(1)
    await expect(desk.locator("table.lines tbody tr")).to_contain_text(re.compile("通道开关.*通道 sms.*原因: 光缆断"))
    async with desk.expect_download() as waited:
        await desk.get_by_role("button", name="导出 CSV").click()
    text = (await (await waited.value).path()).read_text("utf-8-sig")
    assert ["时间（+08:00）,事项,对象,内容", True] == [text.splitlines()[0], "光缆断" in text]
    await desk.evaluate("location.hash = '#log/audit'")
    await expect(desk.locator(".log > .refused")).to_be_visible()
    await auditor.evaluate("location.hash = '#log/audit'")
    await auditor.get_by_label("何事").fill("sign")
    await auditor.get_by_role("button", name="查找").click()
    await expect(auditor.locator("table.lines tbody tr")).to_have_count(2)


async def on_paper(desk: Page, ident: str, folder: Path) -> None:
    """The board has the alert with its id as a symbol that a reader of another author reads; the forms are blank."""
    await desk.evaluate("location.hash = '#paper'")
    symbol = desk.locator(".paper .item", has_text="港区液氨泄漏").locator(".symbol svg")
    await expect(symbol).to_be_visible()
    await desk.emulate_media(media="print")
    await symbol.screenshot(path=str(folder / "symbol.png"), scale="css")
    await desk.emulate_media(media="screen")
    read = await asyncio.to_thread(zbar, folder / "symbol.png")
    assert ident == read
    await desk.evaluate("location.hash = '#paper/handover'")
    await expect(desk.locator(".paper .signing")).to_contain_text("接班人签名")
    await desk.evaluate("location.hash = '#paper/forms'")
    await expect(desk.locator(".paper .form")).to_have_count(3)


def zbar(picture: Path) -> str:
    done = subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.stdout.strip()


async def called_off(desk: Page, smsc: Smsc) -> None:
    """S6 i: one person, two presses, by keyboard; what was drafted with it goes to everybody who was told."""
    await desk.evaluate("location.hash = '#publish'")
    press = desk.locator("nav.list li", has_text="港区液氨泄漏").get_by_role("button", name="取消发布")
    await press.focus()
    await desk.keyboard.press("Enter")
    await expect(desk.get_by_role("button", name="解除预警", exact=True)).to_be_focused()
    await expect(desk.locator("dialog .said")).to_have_text(OVER)
    await desk.keyboard.press("Enter")
    await smsc.wait_for(lambda: any(OVER in one.text for one in smsc.submits_to(INFORMANT[1:])))
    await expect(desk.locator("nav.list section", has_text="已结束")).to_contain_text("已取消")
    await desk.locator("nav.list section", has_text="已结束").get_by_role("link", name=re.compile("港区液氨泄漏")).click()
    await expect(desk.locator(".live")).to_contain_text("已取消")
    await expect(desk.locator(".live")).not_to_contain_text("有效至")


async def every_screen_in_english(desk: Page, centre: Centre) -> None:
    """No key stands there without words, in either language."""
    await desk.get_by_role("button", name="English").click()
    for screen in SCREENS:
        await desk.evaluate("screen => { location.hash = `#${screen}`; }", screen)
        await expect(desk.locator("main h1").first).to_be_attached()
        await expect(desk.locator("main [aria-busy=true]")).to_have_count(0)
        said = await desk.locator("main").inner_text()
        assert [] == re.findall(r"\b(?:publish|channels|endpoints|log|paper|coverage|asking)\.[a-z_.]+\b", said)
