"""False alerts through the running daemon: each is kept and told, and none leaves; the one that did leave is called off in one step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.core.formats.alerts import GOOD
from tests.core.formats.signing import Signer
from tests.e2e.node import Node, Person
from tests.e2e.standing import alarms, events
from tests.peers.pager import Pager

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

RULES = """
[ladders.public]
rungs = [ { channels = ["first"] } ]
[[rules]]
name = "met relay"
match = { kind = ["Alert"], source = ["met"] }
audience = { name = "informants", split = "person", roles = ["informant"] }
ladder = "public"
signatures = 0
[[rules]]
name = "everybody else"
audience = { name = "informants", split = "person", roles = ["informant"] }
ladder = "public"
"""
MET = """
[tokens.met]
file = "met.token"
rights = ["source"]
certificates = ["met.pem"]
[[authority]]
source = "met"
kinds = ["Alert"]
areas = ["mca:320585"]
events = ["暴雨", "台风"]
"""


def cap(name: str, words: Mapping[str, str] = MappingProxyType({}), *, sent: datetime | None = None) -> str:
    """The good alert as of now, or sent then; `words`: what stands in it → what is to stand there."""
    now = datetime.now(UTC).replace(microsecond=0)
    text = GOOD.replace("T-1", name).replace("2026-07-15T08:00:00+08:00", (sent or now).isoformat())
    text = text.replace("2026-07-15T20:00:00+08:00", (now + timedelta(hours=1)).isoformat())
    for old, new in words.items():
        text = text.replace(old, new)
    return text


OURS = """
[tokens.sensor]
file = "sensor.token"
rights = ["source"]
"""


class Desk:
    """The node, and what it says to whom."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def alert(self, raw: bytes, who: str = "met") -> tuple[int, dict[str, Any]]:
        return await self._node.post("/api/v1/alerts", raw, who=who)

    async def state(self, raw: bytes, who: str = "met") -> str:
        return str((await self.alert(raw, who))[1].get("state"))

    async def refusal(self, ident: str, who: str, **shown: str) -> str:
        """Why somebody may not sign it."""
        status, answer = await self._node.sign(ident, who, **shown)
        assert 403 == status, answer
        return str(answer)


async def test_what_is_false_leaves_by_nobody_and_what_left_is_called_off_in_one_step(tmp_path: Path) -> None:
    """Of nine alerts one is genuine: an unknown key, a replay, an old one under a new name, other words under the same name, another
    county, another event, one that its author signs, one whose plan was never shown. One page leaves, and its Cancel by one command."""
    now = datetime.now(UTC)
    station, stranger = (Signer(name, ec.generate_private_key(ec.SECP256R1()), until=now + timedelta(days=1)) for name in ("met", "x"))
    (tmp_path / "met.pem").write_bytes(station.pem)
    (tmp_path / "met.token").write_text("met-0123456789abcdef0123456789abcdef")
    (tmp_path / "met.token").chmod(0o600)
    async with Pager() as pager:
        people = [Person("wang", "+8613800000001")]
        async with Node(tmp_path, channels={"first": pager.channel()}, persons=people, rules=RULES, extra=MET) as node:
            await node.channels_up("first")
            desk, said = Desk(node), cap("G-1")
            genuine, forged = station.sign(said), station.sign(said.replace("停止户外作业", "立即上楼"))
            assert "held" == await desk.state(stranger.sign(cap("A-1", {"暴雨": "海啸", "橙": "红"})))
            assert ["active", "duplicate"] == [await desk.state(genuine) for _ in range(2)]
            assert "held" == await desk.state(station.sign(cap("B-1", sent=now.replace(microsecond=0) - timedelta(days=2))))
            assert 409 == (await desk.alert(forged))[0]
            strange = cap("C-1", {"320585110": "320583100"}), cap("C-2", {"暴雨": "海啸"})
            assert ["held", "held"] == [await desk.state(station.sign(text)) for text in strange]
            _, own = await desk.alert(cap("D-1").encode(), who="bert")
            assert "bert wrote this message" in await desk.refusal(own["id"], "bert")
            assert "anna was not shown this" in await desk.refusal(own["id"], "anna", envelope="0" * 64)
            await pager.wait_for(lambda: len(pager.pages) == 1)
            await node.ask("alert.cancel", id="G-1", reason="误发")
            await pager.wait_for(lambda: len(pager.pages) == 2)
            heard = ["暴雨" in pager.pages[0].text, "此前消息作废" in pager.pages[1].text, "误发" in pager.pages[1].text]
            assert [True, True, False] == heard
            assert {"alarm.untrusted", "alarm.key_conflict"} <= set(await alarms(node))
            assert ["event", "area", "event"] == [one["body"]["code"] for one in await events(node, "alarm.no_authority")]


async def test_what_two_released_nobody_ends_or_words_anew_alone(tmp_path: Path) -> None:
    """In the sender's name by another token, in a drill, as an Update, under its number before it comes: each waits, and no page leaves.
    The sender's own Cancel is told at once, in words that nobody needs to sign."""
    (tmp_path / "met.token").write_text("met-0123456789abcdef0123456789abcdef")
    (tmp_path / "sensor.token").write_text("sensor-0123456789abcdef0123456789abcdef")
    for name in ("met", "sensor"):
        (tmp_path / f"{name}.token").chmod(0o600)
    tokens = '[tokens.met]\nfile = "met.token"\nrights = ["source"]\n' + OURS
    async with Pager() as pager:
        people = [Person("wang", "+8613800000001")]
        rules = RULES.replace("signatures = 0", "signatures = 2")
        async with Node(tmp_path, channels={"first": pager.channel()}, persons=people, rules=rules, extra=tokens) as node:
            await node.channels_up("first")

            async def said(who: str, **fields: str) -> Any:  # an answer of the door
                words = {"to": ["everyone"], "text": "没事", "sender": "met@example.org", **fields}
                return (await node.post("/api/v1/messages", words, who=who))[1]

            desk, first = Desk(node), (await Desk(node).alert(cap("H-1").encode()))[1]
            for who in ("anna", "bert"):
                await node.sign(first["id"], who)
            await pager.wait_for(lambda: len(pager.pages) == 1)
            assert "held" == (await said("sensor", action="Cancel", reference=first["id"]))["state"]
            assert "held" == (await said("met", action="Cancel", reference=first["id"], traffic="Exercise"))["state"]
            assert "held" == (await said("met", action="Update", reference=first["id"], kind="Report"))["state"]
            assert "active" == (await said("sensor", action="Cancel", reference="H-2"))["state"]
            assert "held" == await desk.state(cap("H-2").encode())
            assert ["owner", "traffic", "kind", "buried"] == [one["body"]["code"] for one in await events(node, "alarm.no_authority")]
            assert "active" == (await said("met", action="Cancel", reference=first["id"]))["state"]
            await pager.wait_for(lambda: len(pager.pages) == 2)
            assert (True, False) == ("此前消息作废" in pager.pages[1].text, "没事" in pager.pages[1].text)
