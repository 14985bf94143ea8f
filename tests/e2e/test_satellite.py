"""A centre and an endpoint with nothing between them but two satellite terminals: sealed frames as characters, judged by what the modems
sent. The modems are ptys whose PDUs libgammu reads; what one sends the test hands to the other, as a centre of the satellite would."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.link import Endpoint, secret_of
from tests.e2e.node import Node, Person, orders
from tests.peers.atmodem import AtModem

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.may_block, pytest.mark.timeout(90)]

CENTRE, TOWN, PERSON = "+8617400000001", "+8617400000011", "+8617400000077"
ORDER = "所有沿江人员立即转移到安置点，清点人数后报告；转移途中远离电线和河道。"


def terminal(folder: Path, link: Path, code: int, other: str, other_code: int, *, is_head: bool) -> dict[str, Any]:
    post = {"code": other_code, "key_id": 11, "secret_file": secret_of(folder, "satellite", 11), "is_head": is_head}
    fast = {"command_s": 2.0, "poll_s": 1.0, "part_s": 1.0, "reopen_most_s": 0.5, "receipt_q95_s": 30.0}
    return {"type": "tiantong.sms", "settings": {"device": str(link), "code": code, "posts": {other: post}, **fast}}


def has_sent(modem: AtModem, more_than: int) -> bool:
    return len(modem.submits) > more_than


def can_be_read(words: str, sealed: str) -> bool:
    """Whether two characters of it in a row stand there. One alone means nothing: each sealed one is one of 32,768."""
    return any(words[at : at + 2] in sealed for at in range(len(words) - 1))


async def carried(sent: AtModem, sender: str, taking: AtModem) -> None:
    """Hand over what one terminal sends to the other, as long as it is for that one."""
    for done in itertools.count():
        await sent.wait_for(partial(has_sent, sent, done), timeout_s=600.0)
        submit = sent.submits[done]
        if submit.to in (CENTRE, TOWN):
            await taking.message(sender, submit.text)


@contextlib.asynccontextmanager
async def far_apart(folder: Path) -> AsyncIterator[tuple[Node, Endpoint, AtModem, AtModem]]:
    here, there = folder / "centre", folder / "town"
    here.mkdir()
    there.mkdir()
    async with AtModem(folder / "near") as near, AtModem(folder / "far") as far:
        own = terminal(here, folder / "near", 1, TOWN, 11, is_head=False)
        people = [Person("town", satphone=TOWN), Person("li", satphone=PERSON)]
        centre = Node(here, channels={"tt": own}, persons=people, rules=orders("tt", needed="HUMAN"))
        place = Endpoint(there, terminal(there, folder / "far", 11, CENTRE, 1, is_head=True))
        file = there / "fenghuo.toml"
        file.write_text(file.read_text().replace('callsign = "BJ1CMD"', f'satphone = "{CENTRE}"'))
        wires = [asyncio.create_task(carried(near, CENTRE, far)), asyncio.create_task(carried(far, TOWN, near))]
        try:
            async with centre, place:
                await centre.channels_up("tt")
                await place.channels_up("link")
                yield centre, place, near, far
        finally:
            for wire in wires:
                wire.cancel()
            await asyncio.gather(*wires, return_exceptions=True)


async def test_an_order_by_satellite_is_one_sealed_message_and_begins_once(tmp_path: Path) -> None:
    """One message of at most 70 characters, none of which says what it says, and it is on the endpoint's screen and paper once: neither the
    same octets again, before and after a kill, nor a forged one changes anything. A text without a seal is nobody's receipt; the
    person's key is, and goes back sealed, as a report does. A person with a telephone gets words by the same terminal."""
    async with far_apart(tmp_path) as (centre, place, near, far):
        _, order = await centre.order("person:town", ORDER, priority="P1")
        (row,) = await place.until("endpoint.ls", bool, timeout_s=30)
        (sent,) = near.submits
        assert row["text"].startswith(ORDER)
        assert (1, 70) >= (sent.parts, len(sent.text))
        assert not can_be_read(ORDER, sent.text)
        forged = sent.text[:-3] + sent.text[-1] + sent.text[-2] + sent.text[-3]
        await near.message(TOWN, f"收到#{row['number']:04d}")
        await near.wait_for(lambda: bool(near.deleted))
        for text in (sent.text, forged):
            await far.message(CENTRE, text)
        await far.wait_for(lambda: len(far.deleted) >= 3)
        await place.restart()
        await place.channels_up("link")
        await far.message(CENTRE, sent.text)
        await far.wait_for(lambda: len(far.deleted) >= 4)
        assert 1 == len(await place.ask("endpoint.ls"))
        assert 1 == place.printed().count(ORDER)
        assert "OPEN" == (await centre.shown(order["id"]))["objectives"][0]["state"]
        await place.ask("endpoint.ack", id=f"{row['number']:04d}", text="已到岗", done=True)
        (objective,) = (await centre.ended(order["id"], timeout_s=30))["objectives"]
        assert ("MET", "DONE") == (objective["state"], objective["evidence"])
        assert not any(can_be_read("完成已到岗", submit.text) for submit in far.submits)
        await centre.order("person:li", "请到县一中集合", priority="P1")
        await near.wait_for(lambda: len(near.submits) == 2)
        assert "请到县一中集合" in near.submits[1].text
        report = await place.ask("message.send", to=["person:up"], kind="Report", text="沙溪镇已转移213人")
        rows = await centre.until("message.ls", lambda rows: len(rows) >= 3, timeout_s=30)
        told = next(row for row in rows if row["kind"] == "Report")
        assert ("沙溪镇已转移213人", f"post:{TOWN}") == (told["headline"], told["source"])
        assert "DEVICE" == (await place.ended(report["id"], timeout_s=30))["objectives"][0]["evidence"]
