"""Text messages to DMR radios through the running daemon, judged by what the gateway put on the air."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders
from tests.peers.hrnp import HrnpGateway

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

US, VAN, VILLAGES = 9000, 1002, 9001


def dmr(gateway: HrnpGateway, **more: object) -> dict[str, Any]:
    settings = {"host": "127.0.0.1", "port": gateway.port, "radio_id": US, "answer_s": 1.0, "ack_s": 0.3, "reopen_max_s": 0.5}
    return {"type": "radio.hrnp", "settings": {**settings, "receipt_q95_s": 3.0, **more}}


def node_with_radios(folder: Path, gateway: HrnpGateway, needed: str) -> Node:
    villagers = [Person(f"v{number}") for number in range(10)]
    rules = orders("dmr", needed=needed)
    node = Node(folder, channels={"dmr": dmr(gateway)}, persons=[Person("van"), *villagers], rules=rules)
    with (folder / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
        contacts.write(f"van,dmr,{VAN},1,\ngroup:villages,dmr,g{VILLAGES},1,\n")
    return node


async def test_an_order_to_a_radio_is_confirmed_by_it_and_answered_by_a_person(tmp_path: Path) -> None:
    """DEVICE by the radio's acknowledgement, HUMAN by a text that names the order; killed in between, it is on the air once."""
    async with HrnpGateway() as gateway, node_with_radios(tmp_path, gateway, "HUMAN") as node:
        await node.channels_up("dmr")
        sent = (await node.order("van", "红旗镇立即转移", priority="P1"))[1]["id"]
        await gateway.until(lambda: bool(gateway.aired), "it is on the air")
        await node.until("message.show", lambda view: "DEVICE" == view["objectives"][0]["evidence"], id=sent)
        await node.restart()
        await node.channels_up("dmr")
        await gateway.say("收到", by=VAN, to=US, request=5)
        view = await node.ended(sent)
        assert "MET" == view["objectives"][0]["state"]
        assert [VAN] == [one["to"] for one in gateway.aired]
        await gateway.until(lambda: any(one["kind"] == "SendPrivateMessageAck" for one in gateway.texts), "the van is told")


async def test_a_group_of_ten_is_one_message_on_the_air(tmp_path: Path) -> None:
    """One frame to the group, which is met as AIRED and cannot be met as more."""
    async with HrnpGateway() as gateway, node_with_radios(tmp_path, gateway, "AIRED") as node:
        await node.channels_up("dmr")
        sent = (await node.order("group:villages", "各村立即转移", priority="P1"))[1]["id"]
        view = await node.ended(sent)
        assert "MET" == view["objectives"][0]["state"]
        assert [("SendGroupMessage", VILLAGES)] == [(one["kind"], one["to"]) for one in gateway.aired]


async def test_what_waited_for_a_base_station_goes_when_it_is_back_and_the_most_urgent_first(tmp_path: Path) -> None:
    """At once, and before what is ordered after it: not each a minute after it had been refused."""
    sites = {"BS-1": {"reporter": 7001, "stations": ["1001"]}, "BS-4": {"reporter": 7004, "stations": [str(VAN)]}}
    async with HrnpGateway() as gateway:
        channels = {"dmr": dmr(gateway, sites=sites)}
        node = Node(tmp_path, channels=channels, persons=[Person("van")], rules=orders("dmr", needed="DEVICE", deadline_s=300))
        with (tmp_path / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
            contacts.write(f"van,dmr,{VAN},1,\n")
        async with node:
            await node.channels_up("dmr")
            await gateway.say("SITE CORE", by=7001, to=US, request=1)
            await gateway.say("SITE DIRECT", by=7004, to=US, request=2)
            await node.until("channel.ls", lambda found: "direct_mode" in str(found))
            waiting = [(await node.order("van", f"第{number}号令", priority=f"P{number}"))[1]["id"] for number in (3, 2, 1)]
            for ident in waiting:
                await node.until("message.why", lambda why: ", not before " in str(why), id=ident)
            assert [] == gateway.aired
            await gateway.say("SITE CORE", by=7004, to=US, request=3)
            for ident in waiting:
                assert "MET" == (await node.ended(ident))["objectives"][0]["state"]
        assert ["第1号令", "第2号令", "第3号令"] == [one["text"].split()[0] for one in gateway.aired]


async def test_a_p0_to_a_radio_at_a_site_that_is_cut_off_is_tried_once_and_the_deputy_is_asked_at_once(tmp_path: Path) -> None:
    """The site of the van is in direct mode and there is no other way: one emission all the same, a person is called, and the deputy at
    another site is asked without waiting for the step's ten minutes; when the site is back the van has it."""
    sites = {"BS-1": {"reporter": 7001, "stations": ["1001"]}, "BS-4": {"reporter": 7004, "stations": [str(VAN)]}}
    rules = orders("dmr", needed="HUMAN", deadline_s=900) + 'escalate = [{ after_s = 600, to = "deputy" }]\n'
    async with HrnpGateway() as gateway:
        channels = {"dmr": dmr(gateway, sites=sites, receipt_q95_s=1.0)}
        node = Node(tmp_path, channels=channels, persons=[Person("van", deputy="li"), Person("li")], rules=rules)
        with (tmp_path / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
            contacts.write(f"van,dmr,{VAN},1,\nli,dmr,1001,1,\n")
        async with node:
            await node.channels_up("dmr")
            await gateway.say("SITE CORE", by=7001, to=US, request=1)
            await gateway.say("SITE DIRECT", by=7004, to=US, request=2)
            await node.until("channel.ls", lambda found: "direct_mode" in str(found))
            await gateway.order(deaf=[VAN])
            ident = (await node.order("van", "堤坝决口，立即转移", priority="P0"))[1]["id"]
            await gateway.until(lambda: {1001} == {one["to"] for one in gateway.aired}, "the deputy has it")
            await gateway.until(lambda: VAN in {one["to"] for one in gateway.texts}, "the van is tried")
            await node.until("message.why", lambda why: "waits until its recipient is reached again" in str(why), id=ident)
            events = (await node.ask("log.read", after=0, limit=10_000))["events"]
            assert {"alarm.all_channels_down", "objective.escalated"} <= {one["type"] for one in events}
            await gateway.order(deaf=[])
            await gateway.say("SITE CORE", by=7004, to=US, request=3)
            await gateway.until(lambda: VAN in {one["to"] for one in gateway.aired}, "the van has it")
