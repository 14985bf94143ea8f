"""Who sits here and what the line is worth: log-in, exercise, the armed console, a line that breaks. Tried in Chromium.

Source: console.md §6, Heartbeat and Commands; §7, Sound; security.md §2.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from playwright.async_api import Page, WebSocketRoute, expect

from fenghuo.errors import NotAuthenticated, Overloaded
from fenghuo.formats.qr_symbol import svg_uri
from tests.console.access import faults
from tests.console.claims import all_hold
from tests.console.stage import MARKS, STATUS, SYSTEM, Stage, alarm, browser, staged
from tests.peers.paper import scanned

pytestmark = MARKS
# A loudspeaker that the test holds: what it was told to play, and whether it plays.
AUDIO = """
window.AudioContext = class {
    constructor() { window.audio = this; this.state = "suspended"; this.currentTime = 0; this.destination = {}; this.tones = 0; }
    async resume() { this.go("running"); }
    go(state) { this.state = state; this.onstatechange?.(); }
    createGain() { return { gain: { value: 0 }, connect: (next) => next }; }
    createOscillator() { return { frequency: {}, connect: (next) => next, start: () => { this.tones += 1; }, stop() {} }; }
};
"""


async def test_the_page_knows_who_sits_there_and_what_its_line_is_worth() -> None:
    """Every claim of this module, on one browser."""
    async with browser() as driver, staged(driver) as stage:
        await all_hold(stage, CLAIMS)


async def _fill(page: Page, name: str, password: str) -> None:
    await page.locator("input[name=name]").fill(name)
    await page.locator("input[name=password]").fill(password)


async def refused(stage: Stage) -> None:
    """What was wrong with a log-in is said in the person's language, also how long to wait; the password stays in no request but one."""
    page = await stage.page(path="/#login")
    await _fill(page, "zhang", "wrong")
    was = stage.desk.answers["session.open"]
    for error, says in ((NotAuthenticated("x"), "账户、口令或动态码不对"), (Overloaded("x", retry_after_s=4.0), "请等 4 秒再试")):
        stage.desk.answers["session.open"] = error
        await page.locator("form.login button.main").click()
        await expect(page.get_by_role("alert").filter(has_text=says)).to_be_visible()
    stage.desk.answers["session.open"] = was
    assert "wrong" not in " ".join(stage.asked)
    stage.complaints.clear()  # the browser tells of every 401 and 429


async def exercise(stage: Stage) -> None:
    """An exercise is chosen before anybody is in, is another colour with its mark over everything, and nobody takes that off."""
    actual = await stage.desk_page()
    colour = "getComputedStyle(document.querySelector('.top')).backgroundColor"
    page = await stage.officer(traffic="Exercise")
    assert await actual.evaluate(colour) != await page.evaluate(colour)
    assert "Exercise" == stage.did("session.open")[-1]["traffic"]
    mark = "getComputedStyle(document.documentElement, '::after').content"
    for attempt in ("delete document.documentElement.dataset.watermark", "document.documentElement.dataset.traffic = 'Actual'"):
        await page.evaluate(attempt)
        await expect(page.locator("html")).to_have_attribute("data-traffic", "Exercise")
        assert 100 <= (await page.evaluate(mark)).count("【演练】")
    await page.goto(f"{stage.web.url}/#wall")
    assert "【演练】" in await page.evaluate(mark)
    assert "【演练】" not in await actual.evaluate(mark)


async def goes_on(stage: Stage) -> None:
    """A reload keeps the session; whoever logs out leaves nothing behind."""
    stage.put(alarm(1))
    page = await stage.officer()
    await page.reload()
    await expect(page.locator(".person")).to_contain_text("张值班")
    await page.get_by_role("button", name="退出").click()
    await expect(page.locator(".person")).to_contain_text("只读观看")
    assert 1 == len(stage.did("session.close"))
    assert [None, []] == await page.evaluate("[sessionStorage.getItem('fenghuo.session'), Object.keys(localStorage)]")


async def enrolled(stage: Stage) -> None:
    """A one-time code sets a password; the secret of the second factor is shown, and the same can be scanned from the screen."""
    held = "otpauth://totp/Fenghuo%20taicang:li?secret=JBSWY3DPJBSWY3DPJBSWY3DPJBSWY3DP&issuer=Fenghuo%20taicang"
    stage.desk.answers["account.enrol"] = {"otpauth": held, "qr": svg_uri(held)}
    page = await stage.page(path="/#login")
    await page.get_by_role("button", name="用一次性码设置口令").click()
    for name, text in (("name", "li"), ("once", "abcd"), ("password", "Tide-table 4711"), ("again", "other")):
        await page.locator(f"input[name={name}]").fill(text)
    await page.get_by_role("button", name="设置口令", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="两遍口令不一样")).to_be_visible()
    await page.locator("input[name=again]").fill("Tide-table 4711")
    await page.get_by_role("button", name="设置口令", exact=True).click()
    await expect(page.locator("output.secret")).to_have_text("JBSWY3DPJBSWY3DPJBSWY3DPJBSWY3DP")
    assert held == await asyncio.to_thread(scanned, await page.locator("img.qr").screenshot())
    assert [] == await faults(page)
    told = {"name": "li", "code": "abcd", "password": "Tide-table 4711", "factor": False}
    assert [told] == [{name: args[name] for name in told} for args in stage.did("account.enrol")]


async def armed(stage: Stage) -> None:
    """A console is armed by the press that begins a watch, once a person has heard the tones; silence says so in red."""
    context = await stage.context()
    await context.add_init_script(AUDIO)
    said: list[dict[str, Any]] = []
    context.on("page", lambda page: page.on("websocket", lambda ws: ws.on("framesent", lambda text: said.append(json.loads(text)))))
    page = await stage.officer(context)
    await expect(page.locator("#armed")).to_contain_text("本台未值守")
    await page.get_by_role("button", name="开始值班").click()
    assert 11 == await page.evaluate("audio.tones")  # five, three, one, and two for a lost line
    await page.get_by_role("button", name="听到了").click()
    await expect(page.locator("#armed")).to_contain_text("本台在值守")
    stage.put(alarm(1, "LOW"))
    await expect(page.locator("#alarm-1")).to_be_visible()
    await page.evaluate("audio.go('interrupted')")
    await expect(page.locator("#silent")).to_contain_text("声音未启用")
    await expect(page.locator("#armed")).to_contain_text("本台未值守")
    states = [frame["armed"] for frame in said if frame["t"] == "state"]
    assert [False, True, False] == [state for at, state in enumerate(states) if at == 0 or states[at - 1] != state]
    assert {"t": "seen", "p": "alarm/1", "tone": True} in said


async def line_lost(stage: Stage) -> None:
    """A line that breaks: it is said at once and spoken, the list is grey; when it is back, what came meanwhile is there."""
    stage.put(alarm(1))
    page = await stage.desk_page()
    await expect(page.locator("#alarm-1")).to_be_visible()
    await stage.service.stop()
    await expect(page.locator("#link")).to_have_text(re.compile(r"已断线——数据停在 \d\d:\d\d:\d\d"))
    await expect(page.locator("main.stale")).to_be_visible()
    await expect(page.locator("#urgent")).to_contain_text("已断线")
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(page.locator("#waits")).to_contain_text("已记下 1 项操作，等恢复连接后发出")
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    for place in ("#link", ".clock", ".traffic"):  # how old, what time, and no drill: in view wherever one has scrolled to
        await expect(page.locator(place)).to_be_in_viewport(ratio=1)
    stage.put(alarm(2))
    await stage.service.start()
    await expect(page.locator("#link")).to_have_count(0)
    await expect(page.locator("#alarm-2")).to_be_visible()
    await expect(page.locator("#alarm-1 .state")).to_contain_text("已确认")
    await expect(page.locator("#waits, #unknown")).to_have_count(0)
    assert 1 == len(stage.did("alarm.ack"))
    stage.complaints.clear()  # the browser tells of every attempt to connect


async def answer_lost(stage: Stage) -> None:
    """An answer that is lost on the way: the same command goes out again under the same key, and its first answer counts."""
    stage.put(alarm(1))
    context = await stage.context()
    lost: list[str] = []
    acks: set[object] = set()
    ended: list[asyncio.Future[None]] = []

    def wire(ws: WebSocketRoute) -> None:
        server = ws.connect_to_server()

        def from_page(text: str | bytes) -> None:
            frame = json.loads(text)
            acks.update({frame["id"]} if frame.get("do") == "alarm.ack" else ())
            server.send(text)

        def from_server(text: str | bytes) -> None:
            frame = json.loads(text)
            if not lost and frame["t"] == "res" and frame["id"] in acks:
                lost.append(str(text))
                ended.append(asyncio.ensure_future(ws.close(code=1012)))
            else:
                ws.send(text)

        ws.on_message(from_page)
        server.on_message(from_server)

    await context.route_web_socket("**/ws/console", wire)
    page = await stage.officer(context)
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(page.locator(".alarms .notice")).to_contain_text("已被别人改动")  # the fake desk keeps no keys: it answers anew
    first, again = stage.did("alarm.ack")
    assert first == again
    assert 1 == len(lost)
    await asyncio.gather(*ended)
    stage.complaints.clear()


async def handed_over(stage: Stage) -> None:
    """Whoever comes reads the sheet of whoever goes, and signs exactly that; whoever is on draws one up."""
    shift = {"id": "s1", "person": "li", "role": "duty_officer", "post": "", "areas": [], "state": "on", "sheet": "d1g3st"}
    sheet: dict[str, Any] = {"note": "三号泵在修", "alarms": [alarm(7)], "modes": {"stands": []}, "outages": None}
    mine = shift | {"id": "s2", "person": "zhang", "sheet": ""}

    def sign(args: dict[str, Any]) -> dict[str, Any]:
        stage.desk.change("shift/s1", shift | {"state": "over", "sheet": ""})
        stage.desk.change("shift/s2", mine)
        return mine

    stage.desk.answers |= {
        "shift.sheet": {"shift": shift, "digest": "d1g3st", "written": None, "signed_by": "", "sheet": sheet},
        "shift.sign": sign, "shift.handover": {"id": "s2", "digest": "n3w", "sheet": sheet},
    }  # fmt: skip
    stage.desk.change("shift/s1", shift)
    page = await stage.desk_page()
    await expect(page.locator(".duty")).to_contain_text("值班：li 值班员")
    await page.get_by_role("button", name="接 li 的班").click()
    await expect(page.locator("dialog")).to_contain_text("三号泵在修")
    await expect(page.locator("dialog")).to_contain_text("告警 (1)")
    await page.get_by_role("button", name="已阅，签字接班").click()
    await expect(page.locator(".duty")).to_contain_text("值班：zhang 值班员")
    assert [("s1", "d1g3st")] == [(args["id"], args["digest"]) for args in stage.did("shift.sign")]
    await page.get_by_role("button", name="交班", exact=True).click()
    await page.locator("dialog input").fill("夜间测试喇叭")
    await page.locator("dialog button.main").click()
    await expect(page.locator("dialog .notice")).to_contain_text("交班单已生成")
    assert [("s2", "夜间测试喇叭")] == [(args["id"], args["note"]) for args in stage.did("shift.handover")]


async def system(stage: Stage) -> None:
    """The system screen shows the node; who administers adds a person, and sees the one-time code once."""
    stage.desk.rights = ("admin",)
    line = {"name": "li", "display": "李", "rights": ["viewer"], "areas": [], "state": "invited", "factor": False, "sessions": 0}
    stage.desk.answers |= {"account.ls": [line], "account.add": {**line, "code": "AAAA-BBBB", "code_lasts_s": 86400}}
    page = await stage.officer()
    await page.goto(f"{stage.web.url}/#system")
    await expect(page.locator(".system")).to_contain_text("网络授时")
    await expect(page.locator(".system")).to_contain_text("磁盘剩余3.0 GiB，共 4.0 GiB（已用 25%）")
    await expect(page.locator(".system")).to_contain_text("07-15 19:59:00，其后 3 条")
    await stands_badly(stage, page)
    await page.get_by_role("button", name="新增账户").click()
    await page.locator("dialog input[name=name]").fill("li")
    await page.locator("dialog label", has_text="查看").locator("input").check()
    await page.locator("dialog button.main").click()
    await expect(page.locator(".system .notice")).to_contain_text("AAAA-BBBB")
    assert [("li", ["viewer"], [])] == [(args["name"], args["rights"], args["areas"]) for args in stage.did("account.add")]
    stage.desk.rights = ("operator", "releaser")


async def stands_badly(stage: Stage, page: Page) -> None:
    """What is nearly over stands first, by sign, word and colour; no copy and a full disk are said."""
    ends = {"web.certificate": 6, "web.client_ca": 29, "channels.sms.ca_file": 300, "sources.met.ca_file": -2}
    line = {"subject": "fenghuo", "ends": "2026-08-01T00:00:00.000Z", "count": 1, "fault": ""}
    certificates = [{**line, "name": name, "days": days} for name, days in ends.items()]
    certificates.append({**line, "name": "gone", "subject": None, "ends": None, "days": None, "fault": "no such file"})
    storage = {**SYSTEM["storage"], "free": 100 << 20}
    stage.desk.answers |= {"status": {**STATUS, "certificates": certificates, "clock_jump_s": -7.2}}
    stage.desk.answers |= {"system.show": {**SYSTEM, "storage": storage, "backup": None}}
    await page.get_by_role("button", name="刷新").click()
    rows = page.locator(".certificates tbody tr")
    await expect(rows).to_have_count(5)
    said = ["✕不可用 no such file", "✕已过期", "▲立即更换", "◆将到期", "✓有效"]
    assert said == [text.strip() for text in await rows.locator("td:last-child").all_text_contents()]
    await expect(page.locator(".system [role=alert]")).to_contain_text("剩余不足 64.0 MiB 即不再接收")
    await expect(page.locator(".system")).to_contain_text("没有从本节点做过备份")
    await expect(page.locator(".system")).to_contain_text("时钟跳变 -7 秒")
    assert [] == await faults(page)
    stage.desk.answers |= {"status": STATUS, "system.show": SYSTEM}


CLAIMS = (refused, exercise, goes_on, enrolled, armed, line_lost, answer_lost, handed_over, system)
