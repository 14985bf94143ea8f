"""A centre and an endpoint, two daemons over two TNCs: an order down, a person's key, a report up. Judged by what the doors show."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.link import Endpoint, endpoint, head, town
from tests.e2e.node import Node, Person, orders
from tests.peers.direwolf import Duo
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.timeout(90)]

PASSED_ON = """
[ladders.on]
[[ladders.on.rungs]]
channels = ["screen"]
[[rules]]
name = "on"
audience = { name = "next", persons = ["operator"] }
needed = "DEVICE"
deadline_s = 60
ladder = "on"
"""
RULE = "-" * 40
LONG = "所有沿江人员立即转移到安置点，清点人数后报告。" * 12


@pytest.fixture
async def posts(tmp_path: Path) -> AsyncIterator[tuple[Node, Endpoint, Duo]]:
    """The centre with one person at the town; both over the air, and up."""
    down, up = tmp_path / "centre", tmp_path / "town"
    down.mkdir()
    up.mkdir()
    async with Duo(baud=9600) as duo:
        await duo.far.stop()
        channels = {"link": head(down, duo.near.port, [11], baud=9600, configure_tnc=False)}
        centre = Node(down, channels=channels, persons=[Person("p1", callsign=town(11))], rules=orders("link", needed="HUMAN"))
        async with centre, Endpoint(up, endpoint(up, duo.far.tnc.port, 11, baud=9600, configure_tnc=False)) as place:
            await centre.channels_up("link")
            await place.channels_up("link")
            yield centre, place, duo


async def on_screen(place: Endpoint, count: int = 1) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await place.until("endpoint.ls", lambda rows: len(rows) >= count, timeout_s=30)
    return rows


async def said(place: Endpoint, *words: str) -> str:
    """What the command line of the endpoint prints."""
    command = (sys.executable, "-m", "fenghuo", *words, "--config", str(place.folder / "fenghuo.toml"))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_an_order_goes_down_and_a_persons_key_comes_back(posts: tuple[Node, Endpoint, Duo]) -> None:
    """It is shown and printed once, with the sender's number; the key there ends the objective here at HUMAN."""
    centre, place, _ = posts
    _, order = await centre.order("person:p1", LONG, priority="P1")
    (row,) = await on_screen(place)
    assert row["text"].startswith(LONG)
    number = f"{row['number']:04d}"
    as_keyed = "".join(chr(ord(figure) + 0xFEE0) for figure in number)  # full-width, as a Chinese keyboard writes it
    assert f"#{number} HUMAN, told by link\n" == await said(place, "endpoint", "ack", as_keyed, "--text", "已到岗")
    (objective,) = (await centre.ended(order["id"], timeout_s=30))["objectives"]
    assert ("MET", "HUMAN") == (objective["state"], objective["evidence"])
    assert row["number"] == (await centre.shown(order["id"]))["number"]
    assert 1 == place.printed().count(LONG)


async def test_who_passes_a_message_on_says_when_it_has_arrived(tmp_path: Path) -> None:
    """A custodian's own disk is RELAYED; when all that its rules made of the message is met, the centre hears DEVICE."""
    down, up = tmp_path / "centre", tmp_path / "relay"
    down.mkdir()
    up.mkdir()
    async with Duo(baud=9600) as duo:
        await duo.far.stop()
        channel = head(down, duo.near.port, [11], baud=9600, configure_tnc=False)
        channel["settings"]["posts"][town(11)]["relays"] = True
        centre = Node(down, channels={"link": channel}, persons=[Person("p1", callsign=town(11))], rules=orders("link"))
        far = endpoint(up, duo.far.tnc.port, 11, baud=9600, configure_tnc=False)
        async with centre, Endpoint(up, far, rules=PASSED_ON) as relay:
            await centre.channels_up("link")
            await relay.channels_up("link")
            _, order = await centre.order("person:p1", "请立即到岗", priority="P1")
            (objective,) = (await centre.ended(order["id"], timeout_s=30))["objectives"]
            (delivery,) = objective["deliveries"]
            events = (await centre.ask("log.read", after=0, limit=1000))["events"]
    assert ("MET", "DEVICE", "reached RELAYED") == (objective["state"], delivery["evidence"], delivery["attempts"][0]["outcome"])
    assert "receipt.matched" in [event["type"] for event in events]


async def test_the_plain_page_takes_the_key_too(posts: tuple[Node, Endpoint, Duo]) -> None:
    """A form without a script: it shows what came, and the button is the receipt that ends the objective at the centre."""
    centre, place, _ = posts
    _, order = await centre.order("person:p1", "请立即到岗", priority="P1")
    (row,) = await on_screen(place)
    async with aiohttp.ClientSession() as browser:
        form = {"token": place.token("operator")}
        async with browser.post(f"{place.url}/endpoint", data=form) as answer:
            assert "请立即到岗" in await answer.text()
        async with browser.post(f"{place.url}/endpoint", data={**form, "number": str(row["number"]), "level": "HUMAN"}) as answer:
            assert f"#{row['number']:04d} 已签收（HUMAN），经 link 上报" in await answer.text()
    (objective,) = (await centre.ended(order["id"], timeout_s=30))["objectives"]
    assert ("MET", "HUMAN") == (objective["state"], objective["evidence"])


async def test_a_report_goes_up(posts: tuple[Node, Endpoint, Duo]) -> None:
    """The centre has it as a message of that post, and the endpoint knows that it arrived."""
    centre, place, _ = posts
    report = (await said(place, "report", "--text", "沙溪镇已转移213人")).split()[0]
    (there,) = await centre.until("message.ls", bool, timeout_s=30)
    assert ("Report", "沙溪镇已转移213人", "post:BJ1T11") == (there["kind"], there["headline"], there["source"])
    (objective,) = (await place.ended(report, timeout_s=30))["objectives"]
    assert ("MET", "DEVICE") == (objective["state"], objective["evidence"])


async def test_the_terminal_shows_what_comes_and_takes_the_key(posts: tuple[Node, Endpoint, Duo]) -> None:
    """Plain lines in and out, as over SSH: the slip appears by itself, a number and Enter is the receipt."""
    centre, place, _ = posts
    command = (sys.executable, "-m", "fenghuo", "endpoint", "watch", "--config", str(place.folder / "fenghuo.toml"))
    pipe, env = asyncio.subprocess.PIPE, {**os.environ, "PYTHONUNBUFFERED": "1"}
    terminal = await asyncio.create_subprocess_exec(*command, env=env, stdin=pipe, stdout=pipe)
    try:
        assert terminal.stdin
        assert terminal.stdout
        _, order = await centre.order("person:p1", "请立即到岗", priority="P1")
        async with asyncio.timeout(PATIENCE_S):
            slip = [(await terminal.stdout.readline()).decode() for _ in range(3)]
            terminal.stdin.write(f"{slip[1][1:5]}\n".encode())
            await centre.ended(order["id"], timeout_s=30)
        assert slip[2].startswith("请立即到岗")
    finally:
        terminal.kill()
        await terminal.wait()
    assert "HUMAN" == (await centre.shown(order["id"]))["objectives"][0]["evidence"]


async def test_an_endpoint_killed_in_mid_message_shows_it_once(posts: tuple[Node, Endpoint, Duo]) -> None:
    """Whatever it had heard by then is on its disk; the rest comes, and the screen holds one message. If the kill fell while it was
    printed, nobody knows whether the paper has it: then it is printed once more, and says so."""
    centre, place, _ = posts
    _, order = await centre.order("person:p1", LONG, priority="P1", needed="DEVICE")
    await centre.until("queue.ls", lambda rows: any(row["state"] == "EMITTING" for row in rows))
    await place.restart()
    (objective,) = (await centre.ended(order["id"], timeout_s=40))["objectives"]
    assert ("MET", "DEVICE") == (objective["state"], objective["evidence"])
    await place.until("endpoint.ls", lambda rows: [row["evidence"] for row in rows] == ["DEVICE"])
    marks = [re.findall(r"【重发\d+】", slip) for slip in place.printed().split(RULE) if LONG in slip]
    # Printed; begun and not printed; printed, and the kill came before that was known.
    assert marks in ([[]], [["【重发1】"]], [[], ["【重发1】"]])


async def test_a_centre_killed_in_mid_message_goes_on(posts: tuple[Node, Endpoint, Duo]) -> None:
    """After its restart the same order arrives, once."""
    centre, place, _ = posts
    _, order = await centre.order("person:p1", LONG, priority="P1", needed="DEVICE")
    await centre.until("queue.ls", lambda rows: any(row["state"] == "EMITTING" for row in rows))
    await centre.restart()
    (objective,) = (await centre.ended(order["id"], timeout_s=40))["objectives"]
    assert ("MET", "DEVICE") == (objective["state"], objective["evidence"])
    await place.until("endpoint.ls", lambda rows: len(rows) == 1 and rows[0]["evidence"] == "DEVICE")
    assert 1 == place.printed().count(LONG)


async def test_a_tnc_killed_in_mid_message_is_waited_for(posts: tuple[Node, Endpoint, Duo]) -> None:
    """The line comes back, the transfer goes on, and nothing is shown twice."""
    centre, place, duo = posts
    _, order = await centre.order("person:p1", LONG, priority="P1", needed="DEVICE")
    await centre.until("queue.ls", lambda rows: any(row["state"] == "EMITTING" for row in rows))
    await duo.near.restart()
    (objective,) = (await centre.ended(order["id"], timeout_s=40))["objectives"]
    assert ("MET", "DEVICE") == (objective["state"], objective["evidence"])
    await place.until("endpoint.ls", lambda rows: len(rows) == 1 and rows[0]["evidence"] == "DEVICE")
    assert 1 == place.printed().count(LONG)
