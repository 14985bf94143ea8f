"""Consoles as a channel, in Debian's Chromium before the running daemon: an order is read at the desk, or goes to a telephone at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.console.centre import EXTRA, Centre
from tests.console.stage import browser
from tests.e2e.node import Node, Person, orders, sms
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
expect.set_options(timeout=PATIENCE_S * 1000)
PHONE = "+8619900000171"


class DutyDesk(Centre):
    """A duty officer whose orders come to the desk, and to a telephone where nobody sits there."""

    def __init__(self, folder: Path, smsc: Smsc) -> None:
        (folder / "met.token").write_text("met-0123456789abcdef0123456789abcdef")
        (folder / "met.token").chmod(0o600)
        ways = {"console": {"type": "console", "settings": {"receipt_q95_s": 300.0}}, "sms": sms(smsc.port)}
        rules, extra = orders("console", "sms", needed="HUMAN", deadline_s=900), EXTRA.partition("[tokens.met]")[0]
        Node.__init__(self, folder, channels=ways, persons=[Person("officer", PHONE)], rules=rules, extra=extra)
        with (folder / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
            contacts.write("officer,desk,duty,1,\n")
        self.complaints: list[str] = []
        self.asked: list[str] = []


async def test_an_order_is_read_at_an_armed_console_and_goes_to_a_telephone_at_once_where_nobody_is(tmp_path: Path) -> None:
    """Drawn and sounded is DEVICE, a press is HUMAN, and no short message leaves; with the page closed the next order leaves by one."""
    async with Smsc() as smsc, browser() as chrome, DutyDesk(tmp_path, smsc) as centre:
        await centre.channels_up("sms")
        page = await centre.seat(chrome, await centre.hire("zhang", "operator"))
        await page.evaluate("location.hash = '#watch'")
        await page.locator(".duty").get_by_role("button", name="开始值班").click()
        await page.locator(".duty").get_by_role("button", name="听到了").click()
        await centre.channels_up("console")
        _, sent = await centre.order("person:officer", "立即到岗")
        slip = page.locator(".tray li")
        await expect(slip).to_contain_text("立即到岗")
        await centre.until("tray.ls", lambda rows: [row["seen_by"] for row in rows] == ["zhang"])
        await slip.get_by_role("button", name="收到").click()
        await expect(page.locator(".tray")).to_have_count(0)
        (objective,) = (await centre.ended(sent["id"]))["objectives"]
        assert (("MET", "HUMAN"), []) == ((objective["state"], objective["evidence"]), smsc.submits_to(PHONE[1:]))
        await page.context.close()
        await centre.until("channel.ls", lambda rows: "down" in [row["health"] for row in rows if row["name"] == "console"])
        await centre.order("person:officer", "按预案值守")
        await smsc.wait_for(lambda: ["按预案值守" in one.text for one in smsc.submits_to(PHONE[1:])] == [True])
        assert [] == [line for line in centre.complaints if "ERR_" not in line]
