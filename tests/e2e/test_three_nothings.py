"""S3: an earthquake leaves one town without power, network and road. A centre and the endpoint of 璜泾 as processes, on the example map and
directory, judged by what their peers received.

The mobile network is node-smpp, the radio two direwolf TNCs, the mains a UPS behind upsd: each is killed or cut from outside. What is left
is a satellite terminal at each end: two ptys whose PDUs libgammu reads, between which the test carries what one sends to the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.e2e.link import Endpoint, endpoint, head, town
from tests.e2e.node import Node, sms
from tests.e2e.standing import events, sent, stands
from tests.e2e.test_roads import ISLAND, road
from tests.e2e.test_satellite import CENTRE, TOWN, can_be_read, carried, terminal
from tests.peers.atmodem import AtModem
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc
from tests.peers.upsd import UPS, Upsd
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.may_block, pytest.mark.timeout(300)]

CONFIG = Path(__file__).parents[2] / "config"
PLACE, RADIO, MOBILE = "mca:320585105", 12, "+8619900000171"
TOWN_HALL, DESK = "璜泾镇政府", "中心值班室"
ORDER = "璜泾镇请报人员伤亡和道路情况。"
FIRST_REPORT = "初报：璜泾镇5.6级地震，断电断网断路。倒塌房屋12间，伤3人，失联不详，已转移213人。急需救护、发电机和通信车。"
NOTHING = f"{PLACE} has no power, no network and no road (三无)"
# Seconds. Source: scenarios.md S3, Timings.
POWER_S, ISOLATED_S, ISLAND_S, CONTACT_S = 60.0, 15.0, 1.0, 180.0
SMS_CHARACTERS = 70
RULES = """
[ladders.town]
min_risk_groups = 3
[[ladders.town.rungs]]
channels = ["sms"]
[[ladders.town.rungs]]
channels = ["link"]
[[ladders.town.rungs]]
channels = ["tt"]
[[ladders.town.rungs]]
channels = ["courier", "boat"]
[ladders.desk]
[[ladders.desk.rungs]]
channels = ["card"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
needed = "HUMAN"
deadline_s = 36000
ladder = "town"
[[rules]]
name = "first reports"
match = { kind = ["Report"] }
audience = { name = "duty officer", persons = ["tc-duty-officer"] }
needed = "HUMAN"
deadline_s = 36000
ladder = "desk"
"""
ISOLATED = 'axis = "network"\nmode = "isolated"\n[automatic]\nshed = ["P4"]\n[declared]\nshed = ["P3"]\n'


class Land(msgspec.Struct, frozen=True):
    """The two daemons, and their peers: the terminals' modems, what carries words on the ground, and the town's UPS."""

    centre: Node
    place: Endpoint
    near: AtModem
    far: AtModem
    smsc: Smsc
    duo: Duo
    upsd: Upsd

    def sheets(self, carrier: str) -> list[str]:
        """The lines of every sheet that came out for a carrier."""
        return [sheet.read_text("utf-8") for sheet in sorted((self.centre.folder / carrier).glob("*.txt"))]

    async def sheet(self, carrier: str) -> Path:
        """The one sheet for a carrier, as soon as it is out."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := sorted((self.centre.folder / carrier).glob("[!.]*"))) < 2:
                await asyncio.sleep(0.05)
        page, lines = found
        assert (".pdf", ".txt") == (page.suffix, lines.suffix)
        return page


def patient(satellite: dict[str, Any]) -> dict[str, Any]:
    """A terminal that is no network, and whose modem may be kept from the processor for a while without being taken for hung."""
    return {**satellite, "scarce": True, "settings": {**satellite["settings"], "command_s": PATIENCE_S}}


def carrier_of(sheet: Path) -> str:
    """Who carries a sheet, by its lines."""
    lines = sheet.with_suffix(".txt").read_text("utf-8").splitlines()
    return next(line.removeprefix("运送：") for line in lines if line.startswith("运送："))


def centre_of(folder: Path, smsc: Smsc, duo: Duo) -> Node:
    """The centre on the example map, with the people and addresses of one town and its own desk."""

    def paper(name: str, mode: str) -> dict[str, Any]:
        (folder / name).mkdir()
        return {"type": "runner.sheet", "settings": {"out_folder": str(folder / name), "charset": "utf-8", "mode": mode}}

    channels = {
        "sms": sms(smsc.port),
        "link": head(folder, duo.near.port, [RADIO], baud=9600, configure_tnc=False),
        "tt": patient(terminal(folder, folder.parent / "near", 1, TOWN, 11, is_head=False)),
        "courier": paper("courier", "courier"),
        "boat": paper("boat", "boat"),
        "card": paper("card", "local"),
    }
    node = Node(folder, channels=channels, persons=[], rules=RULES)
    shutil.copytree(CONFIG / "taicang", folder / "people", dirs_exist_ok=True)
    (folder / "modes").mkdir()
    (folder / "modes" / "isolated.toml").write_text(ISOLATED, encoding="utf-8")
    officer = {"msisdn": MOBILE, "callsign": town(RADIO), "satphone": TOWN, "place": TOWN_HALL}
    rows = [f"huangjing-duty-officer,{kind},{address},{rank}," for rank, (kind, address) in enumerate(officer.items(), 1)]
    contacts = ["owner,kind,address,rank,proven_at", *rows, f"tc-duty-officer,place,{DESK},1,"]
    (folder / "people" / "contacts.csv").write_text("\n".join(contacts) + "\n", encoding="utf-8")
    _replace(folder, "[node]\n", '[node]\nmodes = "modes"\n')
    return node


def town_of(folder: Path, duo: Duo, upsd: Upsd) -> Endpoint:
    """The endpoint in the town hall: a radio, a satellite terminal, a printer that is a file, and a UPS."""
    link = endpoint(folder, duo.far.tnc.port, RADIO, baud=9600, configure_tnc=False)
    own = {"tt": patient(terminal(folder, folder.parent / "far", 11, CENTRE, 1, is_head=True))}
    place = Endpoint(folder, link, more=own)
    _replace(folder, 'callsign = "BJ1CMD"', f'callsign = "BJ1CMD", satphone = "{CENTRE}"')
    slowly = "period_s = 0.2\nstale_after_s = 300.0\ntimeout_s = 60.0"
    with (folder / "fenghuo.toml").open("a", encoding="utf-8") as file:
        file.write(f'[sensors.ups]\ntype = "power.nut"\n[sensors.ups.settings]\nups = "{UPS}"\nport = {upsd.port}\n{slowly}\n')
    return place


def _replace(folder: Path, old: str, new: str) -> None:
    file = folder / "fenghuo.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


@contextlib.asynccontextmanager
async def land(folder: Path) -> AsyncIterator[Land]:
    """All of it, up."""
    here, there = folder / "centre", folder / "town"
    here.mkdir()
    there.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        near, far = await enter(AtModem(folder / "near")), await enter(AtModem(folder / "far"))
        smsc, duo, upsd = await enter(Smsc()), await enter(Duo(baud=9600)), await enter(Upsd(folder / "nut"))
        await duo.far.stop()  # its TNC is the town's
        centre, place = centre_of(here, smsc, duo), town_of(there, duo, upsd)
        wires = [asyncio.create_task(carried(near, CENTRE, far)), asyncio.create_task(carried(far, TOWN, near))]
        try:
            await enter(centre)
            await enter(place)
            await centre.channels_up("sms", "link", "tt")
            await place.channels_up("link", "tt")
            yield Land(centre, place, near, far, smsc, duo, upsd)
        finally:
            for wire in wires:
                wire.cancel()
            await asyncio.gather(*wires, return_exceptions=True)


async def happened(node: Node, kind: str, *, timeout_s: float = 40.0, **fields: object) -> dict[str, Any]:
    """The first event of a kind with this in its body, as soon as it is there."""

    def those(log: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in log["events"] if one["type"] == kind and fields.items() <= one["body"].items()]

    found: dict[str, Any] = those(await node.until("log.read", those, timeout_s=timeout_s, after=0, limit=10_000))[0]
    return found


async def cut_off(made: Land) -> float:
    """The mains of the town, the mobile network, the radio and both roads, by `fenghuo road cut`: each is gone, and the centre says so in
    its time by its own clock. Seconds from the kill until it knew that the town is isolated."""
    centre, place = made.centre, made.place
    code, out, _ = await road(centre, "network")
    assert (0, ["full", "2 of 2", "sms, link", "-", "tt"]) == (code, ways(out))
    made.upsd.says("OB DISCHRG LB", charge=8, runtime=300)
    there = await happened(place, "power.changed", state="battery", low=True)
    here = await happened(centre, "power.changed", state="battery", low=True, charge_pct=8.0)
    assert (f"power/site:{town(RADIO)}", True) == (here["subject"], here["at"] - there["at"] <= POWER_S)
    killed = time.time()
    await asyncio.gather(made.smsc.kill(), made.duo.near.kill(), made.duo.far.tnc.kill())
    isolated = await happened(centre, "alarm.network", name="璜泾镇", mode="isolated")
    first = min(one["at"] for one in await events(centre, "alarm.channel_down"))
    assert isolated["at"] - first <= ISOLATED_S
    assert ["isolated", "0 of 2", "-", "sms, link", "tt"] == ways((await road(centre, "network"))[1])
    assert 0 == (await road(centre, "road", "cut", "沙鹿公路", "--reason", "桥断"))[0]
    code, out, _ = await road(centre, "road", "cut", "港口路北", "--reason", "桥面塌陷")
    assert (0, [ISLAND]) == (code, out.splitlines()[1:])
    island = await happened(centre, "alarm.isolated", place="huangjing", message=ISLAND)
    assert island["at"] - (await events(centre, "road.reported"))[-1]["at"] <= ISLAND_S
    await happened(place, "alarm.channel_down")
    assert "unknown" == (await centre.ask("status"))["power"]["state"], "the battery of a town is not the centre's"
    return float(isolated["at"]) - killed


def ways(out: str) -> list[str]:
    """What `fenghuo network` prints of the town: its word, how many ways, which work, which are lost, which are left beside."""
    (line,) = (line.split("\t") for line in out.splitlines() if line.startswith(PLACE))
    return [line[at] for at in (2, 3, 5, 6, 7)]


async def ordered(made: Land) -> None:
    """A P0 goes by the satellite and by boat at once, and by no road; the person there answers the sealed one."""
    centre = made.centre
    order = await sent(centre, "huangjing-duty-officer", ORDER, priority="P0")
    (row,) = await made.place.until("endpoint.ls", bool)
    assert row["text"].startswith(ORDER)
    assert ("船艇", True) == (carrier_of(await made.sheet("boat")), ORDER in made.sheets("boat")[0])
    await made.place.ask("endpoint.ack", id=f"{row['number']:04d}", text="收到")
    (objective,) = (await centre.ended(order))["objectives"]
    assert ("MET", "HUMAN") == (objective["state"], objective["evidence"])
    accepted = await happened(centre, "message.accepted")
    assert (await happened(centre, "objective.met"))["at"] - accepted["at"] <= CONTACT_S


async def test_a_town_with_nothing_left_is_told_answers_and_reports_by_satellite_alone(tmp_path: Path) -> None:
    """Network isolated, battery low, an island, 三无. The P0 is one sealed message, its answer another; the first report is one of at most
    70 characters, is whole on the desk of the centre, and the receipt from that desk is the one message that goes back for it. What the
    declared mode holds back goes by boat when it ends; a courier, who would need a road, gets no sheet at all."""
    async with land(tmp_path) as made:
        centre, place = made.centre, made.place
        await cut_off(made)
        await ordered(made)
        report = await place.ask("message.send", to=["person:up"], kind="Report", text=FIRST_REPORT)
        card = await made.sheet("card")
        assert f"内容：{FIRST_REPORT}" in made.sheets("card")[0].splitlines()
        await happened(centre, "delivery.awaiting", channel="card")  # its code is known from then on
        await centre.ask("sheet.receipt", code=card.stem, by="值班员李四")
        await place.until("message.show", lambda view: "HUMAN" == view["objectives"][0]["evidence"], id=report["id"])
        assert [2, 2] == [len(modem.submits) for modem in (made.near, made.far)], "one exchange for the order, one for the report"
        for words in (*made.near.submits, *made.far.submits):
            assert (1, True) == (words.parts, len(words.text) <= SMS_CHARACTERS)
            assert not can_be_read(ORDER + FIRST_REPORT, words.text)
        await declared(made)
        assert [] == made.sheets("courier")


async def declared(made: Land) -> None:
    """A person declares what the sensors have not said for long enough: 三无, P3 waits, and goes when it ends."""
    centre = made.centre
    for axis, mode in (("power", "last_gasp"), ("road", "cut")):
        await centre.ask("mode.declare", axis=axis, mode=mode, place=PLACE, reason="初报", lasts_s=21_600)
    words = ("mode", "declare", "network", "isolated", "--place", PLACE, "--reason", "初报", "--for", "6")
    assert 0 == (await road(centre, *words))[0]
    await happened(centre, "alarm.sanwu", place=PLACE, message=NOTHING)
    assert NOTHING in (await road(centre, "mode", "ls"))[1].splitlines()
    later = await sent(centre, "huangjing-duty-officer", "领取帐篷", priority="P3", via=["boat"])
    await stands(centre, later, "boat", "HELD", "mode")
    assert 1 == len(made.sheets("boat"))
    assert 0 == (await road(centre, "mode", "end", "network", "--place", PLACE, "--reason", "通信车已到"))[0]
    await happened(centre, "sanwu.over", place=PLACE)
    await stands(centre, later, "boat", "AWAITING")
    assert [False, True] == sorted("领取帐篷" in sheet for sheet in made.sheets("boat"))


@pytest.mark.soak
async def test_a_town_with_nothing_left_is_known_for_one_by_what_is_sensed(tmp_path: Path) -> None:
    """Nobody declares anything: the battery of the site, two lost channels and two words on each road hold for half a minute, and it is
    三无; P4 waits by itself. Isolated within 15 s of the kill."""
    async with land(tmp_path) as made:
        centre = made.centre
        after_s = await cut_off(made)
        for segment in ("沙鹿公路", "港口路北"):
            word = {"segment": segment, "state": "cut", "reason": "无人机所见"}
            assert 200 == (await centre.post("/api/v1/roads", word, who="source"))[0]
        await happened(centre, "alarm.sanwu", timeout_s=120.0, message=NOTHING)
        stood = {one["axis"]: one for one in (await centre.ask("mode.ls"))["stands"] if one["place"] == PLACE}
        assert {"power": "last_gasp", "network": "isolated", "road": "cut"} == {axis: one["mode"] for axis, one in stood.items()}
        assert not any(one["declared"] for one in stood.values())
        later = await sent(centre, "huangjing-duty-officer", "领取帐篷", priority="P4", via=["boat"])
        await stands(centre, later, "boat", "HELD", "mode")
        print(f"isolated {after_s:.2f} s after the kill")
        assert after_s <= ISOLATED_S
