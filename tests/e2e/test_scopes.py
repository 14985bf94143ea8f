"""A town that orders where it may only report: kept and shown at the centre, sent on by a person's word alone, and the town hears so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.link import endpoint, head, town
from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import events, sent
from tests.peers.pager import Pager
from tests.plugins.link_stations import Air

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(90), pytest.mark.usefixtures("paging")]

BOTH = 'kind = ["Dispatch", "Report"]'
DUTY = orders("pages").replace('kind = ["Dispatch"]', BOTH).replace('name = "as addressed"', 'name = "duty", persons = ["duty"]')


async def test_an_order_from_below_waits_for_a_signature_and_a_report_does_not(tmp_path: Path) -> None:
    """The report reaches the duty officer at once. The order is held, with the reason in words; the town's delivery has failed with that
    reason; a signature sends it on."""
    down, up = tmp_path / "centre", tmp_path / "town"
    down.mkdir()
    up.mkdir()
    async with Air() as air, Pager() as pager:
        links = [head(down, air.port, [11], baud=9600, configure_tnc=False), endpoint(up, air.port, 11, baud=9600, configure_tnc=False)]
        duty, boss = Person("duty", "+8613800000001", callsign=town(11)), Person("boss", callsign="BJ1CMD")
        centre = Node(down, channels={"link": links[0], "pages": pager.channel()}, persons=[duty], rules=DUTY)
        rules = orders("link").replace('kind = ["Dispatch"]', BOTH)
        async with centre, Node(up, channels={"link": links[1]}, persons=[boss], rules=rules) as place:
            await centre.channels_up("link", "pages")
            await place.channels_up("link")
            report = await sent(place, "boss", "已转移213人", kind="Report")
            await place.until("message.show", _is_met, id=report)
            await pager.wait_for(lambda: any("213" in page.text for page in pager.pages))
            await sent(place, "boss", "全市立即停工")
            await place.until("log.read", lambda log: _types(log).count("alarm.far_end_refused") == 1, after=0, limit=10_000)
            (told,) = await events(place, "alarm.far_end_refused")
            assert "refused (held-kind)" in told["body"]["message"]
            (held,) = await centre.ask("message.ls", state="held")
            (why,) = await events(centre, "alarm.no_authority")
            assert (f"message/{held['id']}", "kind", 1) == (why["subject"], why["body"]["code"], len(pager.pages))
            assert 200 == (await centre.sign(held["id"], "anna"))[0]
            await pager.wait_for(lambda: any("停工" in page.text for page in pager.pages))
            assert 2 == len(pager.pages)


def _is_met(view: dict[str, Any]) -> bool:
    return [one["state"] for one in view["objectives"]] == ["MET"]


def _types(log: dict[str, Any]) -> list[str]:
    return [event["type"] for event in log["events"]]
