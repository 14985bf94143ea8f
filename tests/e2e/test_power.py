"""The daemon and what it lives on: a real upsd with its dummy driver, what is shown and told, and the battery of a town by radio."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.link import Endpoint, endpoint, head, town
from tests.e2e.node import Node, Person, orders, sms
from tests.e2e.test_reconcile import take
from tests.peers.direwolf import Duo
from tests.peers.pager import Pager
from tests.peers.upsd import UPS, Upsd
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(300)]


async def shown(node: Node, state: str, **figures: object) -> dict[str, Any]:
    """The UPS as `status` shows it, as soon as it stands for this."""

    def fits(answer: dict[str, Any]) -> bool:
        sensors = answer["power"]["sensors"]
        return bool(sensors) and {"state": state, **figures}.items() <= sensors[0].items()

    answer = await node.until("status", fits)
    assert answer["power"]["state"] == state
    found: dict[str, Any] = answer["power"]["sensors"][0]
    return found


async def printed(node: Node) -> str:
    """What `fenghuo power` prints into a pipe, asked over HTTP."""
    where = ("--url", node.url, "--token-file", str(node.folder / "operator.token"))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "fenghuo", *where, "power", stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


def turns(read: dict[str, Any]) -> list[tuple[str | None, str, bool]]:
    """Each change of the UPS in the log: what it was, what it is, whether it is low."""
    bodies = [event["body"] for event in read["events"] if event["type"] == "power.changed"]
    return [(one["was"], one["state"], one["low"]) for one in bodies]


async def heard(node: Node, kind: str) -> list[dict[str, Any]]:
    """As told(), as soon as there is any: what follows from it may be seen before its commit."""
    await node.until("log.read", lambda read: any(event["type"] == kind for event in read["events"]), timeout_s=120)
    return await told(node, kind)


async def told(node: Node, kind: str) -> list[dict[str, Any]]:
    return [event["body"] for event in (await node.ask("log.read"))["events"] if event["type"] == kind]


async def test_the_mains_go_the_battery_runs_low_upsd_is_killed_and_comes_back_and_its_driver_dies(tmp_path: Path) -> None:
    """Each change is told once, with its figures; without upsd the state is unknown at once, and the old runtime grows old in sight."""
    async with Upsd(tmp_path / "nut") as upsd:
        patient = "period_s = 0.2\nstale_after_s = 300.0\ntimeout_s = 60.0"  # a machine that is busy is no UPS that is silent
        sensor = f'[sensors.ups]\ntype = "power.nut"\n[sensors.ups.settings]\nups = "{UPS}"\nport = {upsd.port}\n{patient}\n'
        people = [Person("wang", "+8613800000001")]
        async with Node(tmp_path, channels={"sms": sms(9)}, persons=people, rules=orders("sms"), extra=sensor) as node:
            mains = await shown(node, "mains")
            assert (100.0, 7200.0, False, "") == (mains["charge_pct"], mains["runtime_s"], mains["low"], mains["cause"])
            upsd.says("OB DISCHRG", charge=80, runtime=3600)
            assert 3600.0 == (await shown(node, "battery", charge_pct=80.0, low=False))["runtime_s"]
            upsd.says("OB DISCHRG LB", charge=8, runtime=300)
            assert 300.0 == (await shown(node, "battery", charge_pct=8.0, low=True))["runtime_s"]
            said = await printed(node)
            assert said.startswith("power: battery, nearly empty\nups\tbattery, low\t8 %, "), said
            await upsd.kill()
            assert f"upsd at 127.0.0.1:{upsd.port}" in (await shown(node, "unknown"))["cause"]
            upsd.says("OL CHRG", charge=9, runtime=310)
            await upsd.start()
            await shown(node, "mains", charge_pct=9.0, runtime_s=310.0, low=False, cause="")
            await upsd.kill_driver()
            lost = f"upsd at 127.0.0.1:{upsd.port}: Error running: LIST VAR {UPS}: ERR DRIVER-NOT-CONNECTED"
            await shown(node, "unknown", cause=lost)  # after a WAIT, perhaps
            # What is shown is a commit ahead of the log.
            changes = turns(await node.until("log.read", lambda read: turns(read)[-1:] == [("mains", "unknown", False)]))
            assert changes[:4] == [
                (None, "mains", False),
                ("mains", "battery", False),
                ("battery", "battery", True),
                ("battery", "unknown", False),
            ]
            assert ("mains", False) == changes[-2][1:]
            alarms = [one["message"] for one in await told(node, "alarm.power")]
            assert alarms[0] == "ups: the mains are gone, it is on battery; 80 % left, 60 minutes by its own estimate"
            assert alarms[1] == "ups: the battery is nearly empty; 8 % left, 5 minutes by its own estimate"
            assert alarms[2].startswith("ups: nobody knows whether there is mains: upsd at ")
            metrics = await node.ask("metrics")
            assert 'fenghuo_power_state{sensor="ups",state="unknown"} 1.0' in metrics
            assert 'fenghuo_power_runtime_seconds{sensor="ups"} 310.0' in metrics
        log = (tmp_path / "daemon.log").read_text(encoding="utf-8")
        assert 2 <= log.count("a power source cannot be read") <= 4, "not for each time that it was asked in vain"


def supply(folder: Path, **attributes: str) -> None:
    """A battery as the kernel shows one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"type": "Battery", **attributes}.items():
        (folder / name).write_text(f"{text}\n")


async def test_the_battery_of_a_town_is_a_sensor_of_the_centre(tmp_path: Path) -> None:
    """Said in one sealed frame by radio: the plug there is pulled, and the centre sees the battery of that post, which is not its own."""
    down, up, cells = tmp_path / "centre", tmp_path / "town", tmp_path / "cells"
    down.mkdir()
    up.mkdir()
    supply(cells / "BAT0", status="Full", capacity="100")
    async with Duo(baud=9600) as duo:
        await duo.far.stop()
        channels = {"link": head(down, duo.near.port, [11], baud=9600, configure_tnc=False)}
        centre = Node(down, channels=channels, persons=[Person("p1", callsign=town(11))], rules=orders("link"))
        place = Endpoint(up, endpoint(up, duo.far.tnc.port, 11, baud=9600, configure_tnc=False))
        settings = f'[sensors.cells]\ntype = "power.supply"\n[sensors.cells.settings]\npath = "{cells}"\nperiod_s = 0.2\n'
        with (up / "fenghuo.toml").open("a", encoding="utf-8") as file:
            file.write(f"{settings}stale_after_s = 300.0\ntimeout_s = 60.0\n")
        async with centre, place:
            await centre.channels_up("link")
            await place.channels_up("link")
            name = f"site:{town(11)}"
            supply(cells / "BAT0", status="Discharging", capacity="42", time_to_empty_now="5400")
            answer = await centre.until("status", lambda answer: site(answer, name).get("charge_pct") == 42.0, timeout_s=120)
            assert ("battery", 5400.0) == (site(answer, name)["state"], site(answer, name)["runtime_s"])
            assert "unknown" == answer["power"]["state"], "the centre has no sensor of its own"


TAKING = """
[ladders.here]
[[ladders.here.rungs]]
channels = ["screen"]
[ladders.out]
[[ladders.out.rungs]]
channels = ["pager"]
[[rules]]
name = "from above"
match = { source = ["post:BJ1CMD"] }
audience = { name = "duty", persons = ["duty"] }
needed = "HUMAN"
deadline_s = 3600
ladder = "here"
signatures = 0
[[rules]]
name = "taken over"
match = { source = ["taken:post:BJ1CMD"] }
audience = { name = "as addressed" }
needed = "ACCEPTED"
deadline_s = 3600
ladder = "out"
signatures = 0
"""


UNTIL = 'until = "2099-12-31T00:00:00+08:00"\n'


def _centre(folder: Path, duo: Duo, upsd: Upsd) -> Node:
    """It reaches the port by radio and wang by nothing."""
    folder.mkdir()
    sensor = f'[sensors.ups]\ntype = "power.nut"\n[sensors.ups.settings]\nups = "{UPS}"\nport = {upsd.port}\nperiod_s = 0.2\n'
    patient = "stale_after_s = 300.0\ntimeout_s = 60.0\n"
    energy = f'[energy]\ncapacity_wh = 4320\nhand_over_to = "person:port"\nhand_over_{UNTIL}'
    extra = sensor + patient + energy + "[energy.loads]\nall = { watts = [380, 230, 65, 23] }\n"
    channels = {"link": head(folder, duo.near.port, [11], baud=9600, configure_tnc=False)}
    return Node(folder, channels=channels, persons=[Person("port", callsign=town(11)), Person("wang")], rules=orders("link"), extra=extra)


def _port(folder: Path, duo: Duo, pager: Pager) -> Endpoint:
    """It may take over, and reaches wang by its pager."""
    folder.mkdir()
    link = endpoint(folder, duo.far.tnc.port, 11, baud=9600, configure_tnc=False)
    persons = [Person("duty", screen="here"), Person("wang", "+8613800000001")]
    place = Endpoint(folder, link, rules=TAKING, persons=persons, more={"pager": pager.channel()})
    file = folder / "fenghuo.toml"
    named = file.read_text(encoding="utf-8").replace('name = "node"', 'name = "port"')
    file.write_text(f'{named}[takeover]\nsources = ["post:BJ1CMD"]\nby = "张主任"\n{UNTIL}', encoding="utf-8")
    return place


@pytest.mark.usefixtures("paging")
async def test_below_ten_percent_command_is_handed_over_by_radio_and_taken_up(tmp_path: Path) -> None:
    """The UPS says that it is nearly empty (LB). A sealed order to the other daemon with what is open, and the open order itself: there
    an alarm, and the person whom this node could not reach is told by that one, once; the key of the duty officer there is the receipt
    here. Both know the order as the same when they meet again."""
    async with Upsd(tmp_path / "nut") as upsd, Duo(baud=9600) as duo, Pager() as pager:
        await duo.far.stop()
        centre, place = _centre(tmp_path / "centre", duo, upsd), _port(tmp_path / "port", duo, pager)
        async with centre, place:
            await centre.channels_up("link")
            await place.channels_up("link", "pager")
            _, order = await centre.order("wang", "立即到岗", priority="P2")
            await centre.until("status", lambda answer: answer["open_objectives"] == 1)
            upsd.says("OB DISCHRG LB", charge=9, runtime=3600)
            rows = await place.until("endpoint.ls", lambda rows: len(rows) == 2, timeout_s=120)
            number = (await centre.shown(order["id"]))["number"]
            command = next(row for row in rows if row["text"].startswith("【移交指挥】"))
            assert command["text"].startswith("【移交指挥】node电量9%，约可维持15.6小时，请接替指挥。未结1条："), (
                "23 W, and 2 W of the radio"
            )
            assert f"#{number:04d}P2立即到岗" in command["text"]
            await pager.wait_for(lambda: len(pager.pages) == 1)
            assert f"【BJ1CMD#{number:04d}】立即到岗" in pager.pages[0].text
            (alarm,) = await heard(place, "alarm.command_taken")
            assert alarm["message"].startswith("post:BJ1CMD gives command to this node, as 张主任 has decided: 【移交指挥】node")
            (taken,) = await heard(place, "command.order_taken")
            assert (order["id"], number) == (taken["origin"], taken["number"])
            await place.ask("endpoint.ack", id=str(command["number"]), text="已接替")
            (given,) = await heard(centre, "power.handover")
            (objective,) = (await centre.ended(given["message"], timeout_s=120))["objectives"]
            assert ("MET", "HUMAN", 1, 1) == (objective["state"], objective["evidence"], given["open"], given["carried"])
            assert (await keys(centre))[order["id"]] == (await keys(place))[taken["taken"]]
            await place.ended(taken["taken"])
            assert [order["id"]] == (await take(centre, place))["settled"]
            assert ("WAIVED", 1) == ((await centre.ended(order["id"]))["objectives"][0]["state"], len(pager.pages))


async def keys(node: Node) -> dict[str, str]:
    """By what a node knows each of its messages when it compares them with another's."""
    heaps = (await node.ask("reconcile.summary"))["heaps"]
    return {line["id"]: line["key"] for line in await node.ask("reconcile.lines", heaps=list(heaps))}


def site(answer: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next((one for one in answer["power"]["sensors"] if one["name"] == name), {})
    return found
