"""Answers, cancels and evidence through the running daemon, judged by what the SMS centre and the far station received and said."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.node import Node, Person, radio, sms
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

WANG = Person("wang", "+8613800000001")
LI = Person("li", callsign="BG4LI")
ZHAO = Person("zhao", "+8613800000003", "BG4ZHA")
QIAN = Person("qian", "+8613800000004")
AFTER_S = 4

RULES = f"""
[ladders.text]
[[ladders.text.rungs]]
channels = ["sms"]
[[ladders.text.rungs]]
channels = ["radio"]
[ladders.air]
[[ladders.air.rungs]]
channels = ["radio"]
[[ladders.air.rungs]]
channels = ["sms"]
after_s = {AFTER_S}
[[rules]]
name = "urgent orders go on the air first"
match = {{ kind = ["Dispatch"], priority = ["P1"] }}
audience = {{ name = "as addressed" }}
needed = "HUMAN"
deadline_s = 120
ladder = "air"
[[rules]]
name = "orders"
match = {{ kind = ["Dispatch"] }}
audience = {{ name = "as addressed" }}
needed = "DEVICE"
deadline_s = 120
ladder = "text"
[[rules]]
name = "alerts"
match = {{ kind = ["Alert"] }}
audience = {{ name = "informants", split = "person", roles = ["informant"], areas = "message" }}
needed = "DEVICE"
deadline_s = 120
priority = "P2"
ladder = "text"
signatures = 2
"""

ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{identifier}</identifier><sender>met@example.org</sender><sent>{sent}</sent>
  <status>Actual</status><msgType>{action}</msgType><scope>Public</scope>{references}
  <info>
    <language>zh-CN</language><category>Met</category><event>暴雨</event>
    <urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
    <expires>{expires}</expires><senderName>太仓市气象台</senderName><headline>太仓市气象台发布暴雨橙色预警</headline>
    <area><areaDesc>太仓市</areaDesc><geocode><valueName>mca</valueName><value>320585</value></geocode></area>
  </info>
</alert>
"""


def alert(identifier: str, *, sent: datetime, action: str = "Alert", lasts_s: float = 3600.0, ends: str = "") -> bytes:
    """A CAP alert; `ends`: the identifier of the one, sent at the same moment, that it refers to."""
    references = f"<references>met@example.org,{ends},{sent.isoformat()}</references>" if ends else ""
    expires = (sent + timedelta(seconds=lasts_s)).isoformat()
    return ALERT.format(identifier=identifier, sent=sent.isoformat(), action=action, references=references, expires=expires).encode()


def now() -> datetime:
    return datetime.now(ZoneInfo("Asia/Shanghai")).replace(microsecond=0)


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    async with Smsc() as centre:
        yield centre


@pytest.fixture
async def node(tmp_path: Path, smsc: Smsc) -> AsyncIterator[Node]:
    """A daemon with the SMS centre only; its radio has nobody at the other end."""
    channels = {"sms": sms(smsc.port), "radio": radio(9)}
    async with Node(tmp_path, channels=channels, persons=[WANG, QIAN], rules=RULES) as daemon:
        await daemon.channels_up("sms")
        yield daemon


async def sent_order(node: Node, to: str | list[str], text: str, **fields: Any) -> str:
    """The id of an order that was accepted."""
    status, answer = await node.order(to, text, **fields)
    assert 202 == status, answer
    ident: str = answer["id"]
    return ident


async def delivered_probe(node: Node, smsc: Smsc, name: str = "qian") -> None:
    """An order that goes the same way later than whatever must not go: when it is there, the other would have been."""
    await sent_order(node, name, f"探测{name}")
    await smsc.wait_for(lambda: any(f"探测{name}" in submit.text for submit in smsc.submits))


async def test_an_answer_on_the_air_stops_the_sms(tmp_path: Path, smsc: Smsc) -> None:
    """Who answers by radio gets no SMS afterwards; who does not, gets one when the second rung is due."""
    silent = Person("silent", "+8613800000005", "BG4SIL")
    async with Duo(baud=38400) as duo:
        channels = {"sms": sms(smsc.port), "radio": radio(duo.near.port)}
        async with Node(tmp_path, channels=channels, persons=[ZHAO, silent], rules=RULES) as node:
            await node.channels_up("sms", "radio")
            one = await sent_order(node, "zhao", "命令甲：立即到岗", priority="P1")
            await sent_order(node, "silent", "命令乙：立即到岗", priority="P1")
            await duo.far.heard(lambda frame: "BG4ZHA" == frame.dest)
            number = (await node.shown(one))["number"]
            await duo.far.say(f"收到#{number:04d}", "BJ1CMD", source="BG4ZHA")
            shown = await node.ended(one)
            assert ("MET", "HUMAN") == (shown["objectives"][0]["state"], shown["objectives"][0]["evidence"])
            assert {("radio", "MET"), ("sms", "CANCELLED")} == states(shown)
            await smsc.wait_for(lambda: bool(smsc.submits), AFTER_S + 10)
            await asyncio.sleep(1.0)
            assert ["8613800000005"] == [submit.dst for submit in smsc.submits]


def states(shown: dict[str, Any]) -> set[tuple[str, str]]:
    return {(delivery["channel"], delivery["state"]) for objective in shown["objectives"] for delivery in objective["deliveries"]}


async def test_a_reply_by_sms_is_a_person(node: Node, smsc: Smsc) -> None:
    """Any reply is HUMAN, 完成 with the short number is DONE, and both only after the centre had them acknowledged."""
    ident = await sent_order(node, "wang", "立即到岗", needed="DONE")
    await smsc.wait_for(lambda: bool(smsc.acks))
    smsc.mo("8613800000001", "1069000001", "收到")
    await node.until("message.show", lambda view: "HUMAN" == view["objectives"][0]["evidence"], id=ident)
    number = (await node.shown(ident))["number"]
    smsc.mo("8613800000001", "1069000001", f"完成#{number:04d}")
    shown = await node.ended(ident)
    assert ("MET", "DONE") == (shown["objectives"][0]["state"], shown["objectives"][0]["evidence"])
    assert [0, 0] == smsc.mo_acks


async def test_who_cannot_do_it_has_not_met_the_order(node: Node, smsc: Smsc) -> None:
    """完成不了 is no 完成: the words are alarmed, the order stays open, and the same person's 收到 meets it."""
    refusal = "完成不了，路断了，请求支援"
    ident = await sent_order(node, "wang", "立即到岗", needed="HUMAN")
    await smsc.wait_for(lambda: bool(smsc.acks))
    smsc.mo("8613800000001", "1069000001", refusal)
    shown = await node.until("message.show", lambda view: "HUMAN" == view["objectives"][0]["evidence"], id=ident)
    log = await node.ask("log.read", after=0, limit=1000)
    alarms = [(event["body"]["recipient"], event["body"]["text"]) for event in log["events"] if "alarm.declined" == event["type"]]
    assert ("OPEN", [("wang", refusal)]) == (shown["objectives"][0]["state"], alarms)
    smsc.mo("8613800000001", "1069000001", "收到，马上出发")
    shown = await node.ended(ident)
    assert ("MET", "HUMAN") == (shown["objectives"][0]["state"], shown["objectives"][0]["evidence"])


async def test_a_cancel_reaches_exactly_those_who_got_it(tmp_path: Path, smsc: Smsc) -> None:
    """Each by the channel that it came by, with 解除 and the number of the original; nobody else and no other way."""
    async with Duo(baud=38400) as duo:
        duo.far.device = 1.0
        channels = {"sms": sms(smsc.port), "radio": radio(duo.near.port)}
        async with Node(tmp_path, channels=channels, persons=[WANG, LI, ZHAO, QIAN], rules=RULES) as node:
            await node.channels_up("sms", "radio")
            ident = await sent_order(node, ["wang", "li", "zhao"], "全体转移")
            await node.ended(ident)
            number = f"#{(await node.shown(ident))['number']:04d}"
            told = {submit.dst for submit in smsc.submits}, {frame.dest for frame in duo.far.received}
            assert ({"8613800000001", "8613800000003"}, {"BG4LI"}) == told
            before = len(smsc.submits), len(duo.far.received)
            status, answer = await node.post(f"/api/v1/messages/{ident}/cancel", {"reason": "险情排除"})
            assert 202 == status, answer
            await duo.far.heard(lambda frame: "解除" in frame.text)
            await smsc.wait_for(lambda: len(smsc.submits) >= before[0] + 2)
            await delivered_probe(node, smsc)
            texts = [submit for submit in smsc.submits[before[0] :] if "探测" not in submit.text]
            frames = duo.far.received[before[1] :]
            await check_what_is_switched_off(node, smsc, duo)
    assert (["8613800000001", "8613800000003"], ["BG4LI"]) == (sorted(submit.dst for submit in texts), [frame.dest for frame in frames])
    said_texts = [submit.text for submit in texts] + [frame.text for frame in frames]
    assert [] == [text for text in said_texts if "解除" not in text or number not in text]


async def check_what_is_switched_off(node: Node, smsc: Smsc, duo: Duo) -> None:
    """An order that went by telephone is cancelled while that is switched off: whoever has a radio hears it there at once, the answer and
    an alarm name the channel, and when it is on again the end goes where the order went."""
    second = await sent_order(node, ["wang", "zhao"], "去北闸", via=["sms"])
    await node.ended(second)
    await node.ask("channel.disable", name="sms", reason="检修")
    before = len(smsc.submits)
    status, answer = await node.post(f"/api/v1/messages/{second}/cancel", {"reason": "险情排除"})
    assert (202, [("sms", "disabled", "检修")]) == (status, [(one["channel"], one["code"], one["why"][-2:]) for one in answer["barred"]])
    await duo.far.heard(lambda frame: "解除" in frame.text and frame.dest == "BG4ZHA")
    assert before == len(smsc.submits)
    alarms = await node.ask("alarm.ls")
    assert [("HIGH", f"message/{second}")] == [(one["priority"], one["subject"]) for one in alarms if one["kind"] == "alarm.cancel_barred"]
    await node.ask("channel.enable", name="sms", reason="")
    await smsc.wait_for(lambda: {"8613800000001", "8613800000003"} <= {one.dst for one in smsc.submits[before:] if "解除" in one.text})


async def test_an_update_replaces_what_has_not_left(tmp_path: Path, smsc: Smsc) -> None:
    """While the centre is away an order is updated; when it is back only the newer text arrives."""
    await smsc.kill()
    async with Node(tmp_path, channels={"sms": sms(smsc.port), "radio": radio(9)}, persons=[WANG], rules=RULES) as node:
        ident = await sent_order(node, "wang", "去东门")
        newer = await sent_order(node, "wang", "去西门", action="Update", reference=ident)
        assert ident == newer
        await smsc.start()
        await smsc.wait_for(lambda: any("去西门" in submit.text for submit in smsc.submits), 20)
        await node.ended(ident)
    assert [] == [submit.text for submit in smsc.submits if "去东门" in submit.text]


async def test_a_key_names_one_message(node: Node, smsc: Smsc) -> None:
    """The same key and body give the same id and one submit_sm; another body under it is a conflict."""
    first = await sent_order(node, "wang", "立即到岗", key="k1")
    assert first == await sent_order(node, "wang", "立即到岗", key="k1")
    assert 409 == (await node.order("wang", "原地待命", key="k1"))[0]
    await delivered_probe(node, smsc)
    assert 1 == len([submit for submit in smsc.submits if "8613800000001" == submit.dst])


async def test_nothing_leaves_after_its_end(node: Node, smsc: Smsc) -> None:
    """An alert that came after its end is kept and never sent, whoever signs."""
    status, answer = await node.post("/api/v1/alerts", alert("old", sent=now() - timedelta(hours=2)), who="source")
    assert (202, "expired") == (status, answer["state"])
    await delivered_probe(node, smsc)
    assert 1 == len(smsc.submits)


async def test_two_people_release_an_alert(node: Node, smsc: Smsc) -> None:
    """Held without a signature and with one; sent to the two informants with the second."""
    status, answer = await node.post("/api/v1/alerts", alert("held", sent=now()), who="source")
    assert (202, "held") == (status, answer["state"])
    for signer, probed in (("anna", "wang"), ("bert", "")):
        if probed:
            await delivered_probe(node, smsc, probed)
        status, signature = await node.sign(answer["id"], signer)
        assert 200 == status, signature
        if signer == "anna":
            await delivered_probe(node, smsc)
            assert [] == [submit.text for submit in smsc.submits if "暴雨" in submit.text]
    await smsc.wait_for(lambda: 2 <= len({submit.dst for submit in smsc.submits if "暴雨" in submit.text}))


async def test_an_exercise_stays_where_exercises_may_go(tmp_path: Path, smsc: Smsc) -> None:
    """It never leaves on a channel for Actual traffic, and carries 【演练】 on the one that may."""
    async with Smsc() as drills:
        channels = {"sms": {**sms(smsc.port), "traffic": ["Actual"]}, "radio": {**sms(drills.port), "traffic": ["Exercise"]}}
        async with Node(tmp_path, channels=channels, persons=[WANG, QIAN], rules=RULES) as node:
            await node.channels_up("sms", "radio")
            await sent_order(node, "wang", "全体转移", traffic="Exercise")
            await drills.wait_for(lambda: bool(drills.submits))
            await delivered_probe(node, smsc)
            assert all("【演练】" in submit.text for submit in drills.submits)
            assert ["探测qian" in submit.text for submit in smsc.submits] == [True]
            assert {"8613800000001"} == {submit.dst for submit in drills.submits}


async def test_a_cancel_that_comes_first_wins(node: Node, smsc: Smsc) -> None:
    """The Alert that it names is dead on arrival, whoever signs it."""
    sent = now()
    assert 202 == (await node.post("/api/v1/alerts", alert("c", sent=sent, action="Cancel", ends="late"), who="source"))[0]
    status, answer = await node.post("/api/v1/alerts", alert("late", sent=sent), who="source")
    assert (202, "cancelled") == (status, answer["state"])
    await delivered_probe(node, smsc)
    assert [] == [submit.text for submit in smsc.submits if "橙色预警" in submit.text and "解除" not in submit.text]


async def said(duo: Duo, count: int) -> None:
    """Return when the far station has given so many answers."""
    async with asyncio.timeout(PATIENCE_S):
        while len(duo.far.said) < count:
            await asyncio.sleep(0.05)


async def test_what_is_shown_as_delivered_is_in_a_peers_log(tmp_path: Path, smsc: Smsc) -> None:
    """Every delivery at DEVICE or higher has its acknowledged report or the frame that was said; a failed number has neither."""
    persons = [Person(f"p{n}", f"+86138000001{n:02d}") for n in range(90, 100)] + [Person(f"r{n}", callsign=f"BG4R{n}") for n in range(6)]
    async with Duo(baud=38400) as duo:
        duo.far.device, duo.far.muted = 1.0, {"BG4R0", "BG4R1"}
        channels = {"sms": sms(smsc.port), "radio": radio(duo.near.port, receipt_q95_s=3.0)}
        async with Node(tmp_path, channels=channels, persons=persons, rules=RULES) as node:
            await node.channels_up("sms", "radio")
            idents = {person.id: await sent_order(node, person.id, f"命令{person.id}号") for person in persons}
            await node.until("queue.ls", lambda rows: not [row for row in rows if row["state"] in ("READY", "EMITTING")], timeout_s=20)
            await smsc.wait_for(lambda: len(smsc.acks) >= 8)
            await said(duo, 4)
            await asyncio.sleep(1.0)
            shown = {name: await node.shown(ident) for name, ident in idents.items()}
    claimed = {
        name
        for name, view in shown.items()
        if any(one["evidence"] in ("DEVICE", "HUMAN", "DONE") for one in view["objectives"][0]["deliveries"])
    }
    by_address = {person.msisdn.lstrip("+") or person.callsign: person.id for person in persons}
    proven = {by_address[ack.dst] for ack in smsc.acks if ack.ok} | {by_address[call] for call, _ in duo.far.said}
    print(f"{len(claimed)} of {len(persons)} shown as delivered, {len(proven)} proven by a peer")
    assert set() == claimed - proven, "shown as delivered, and no peer says so"
    assert proven == claimed
    assert {"p99", "r0", "r1"}.isdisjoint(claimed)


async def test_a_damaged_alert_keeps_nobody_from_starting(tmp_path: Path, smsc: Smsc) -> None:
    """Six octets of a held alert were altered while the daemon was down: it starts, names the row, and carries everything else."""
    async with Node(tmp_path, channels={"sms": sms(smsc.port), "radio": radio(9)}, persons=[WANG, QIAN], rules=RULES) as node:
        status, answer = await node.post("/api/v1/alerts", alert("held", sent=now()), who="source")
        assert (202, "held") == (status, answer["state"])
        assert 0 == await node.kill(signal.SIGTERM)
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "fenghuo.sqlite")) as connection:
            connection.execute("UPDATE message SET body = CAST(substr(body, 1, 40) || x'000000000000' || substr(body, 47) AS BLOB)")
            connection.commit()
        await node.start()
        await node.channels_up("sms")
        ident = await sent_order(node, "wang", "立即到岗")
        assert "MET" == (await node.ended(ident))["objectives"][0]["state"]
        log = await node.ask("log.read", after=0, limit=1000)
        damaged = [event["body"] for event in log["events"] if "alarm.row_damaged" == event["type"]]
        assert [("message", True)] == [(body["table"], answer["id"] in body["key"]) for body in damaged]
