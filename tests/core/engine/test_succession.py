"""Who may replace or end what is here: each way by which one voice ended or re-worded what others had released, and that it waits now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.authority import Grant, Post, Standing
from fenghuo.engine.correcting import NO_REASON
from fenghuo.engine.judging import Origin
from fenghuo.engine.kin import Kin
from fenghuo.engine.succession import objections
from fenghuo.formats.verdicts import Decoded
from fenghuo.model.delivery import Accepted, Verdict
from fenghuo.model.message import MessageId
from fenghuo.model.traffic import Action, Kind
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW, content, message

TWO = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["a"]
[[rules]]
name = "red"
match = { priority = ["P0"] }
audience = { name = "as addressed" }
ladder = "both"
signatures = 2
[[rules]]
name = "rest"
audience = { name = "as addressed" }
ladder = "both"
"""
ALERT: dict[str, Any] = {"priority": "P0", "sender": "met", "identifier": "H-14", "text": "洪水"}
ABOVE, GROUP = Post(Standing.ABOVE), Post(Standing.ABOVE, is_shared=True)


async def said(house: House, *signers: str, source: str = "met", origin: Origin | None = None, **fields: Any) -> Accepted:
    """An order of ours as this source brings it."""
    raw = msgspec.json.encode({"to": ["wang"], "text": "到岗", "priority": "P2", "sender": "met", **fields})
    answer = await house.take(raw, *signers, source=source, origin=origin or Origin(source))
    assert isinstance(answer, Accepted), answer
    return answer


def why(answer: Accepted) -> list[str]:
    return [verdict.value for verdict in answer.verdicts if not verdict.ok and verdict.check in ("authority", "release")]


async def test_an_update_takes_as_many_hands_as_what_it_replaces(tmp_path: Path) -> None:
    """What two released is re-worded by two, however harmless its own rule finds the new words; also after a restart."""
    async with opened(tmp_path, rules=TWO) as house:
        first = await said(house, "anna", "bert", **ALERT)
        update = await said(house, action="Update", reference="H-14", text="自己的话")
        assert ("held", ["2"], ["active", "held"]) == (update.state, why(update), await house.states(first.id))
        await house.room.release.sign(update.id, "anna")
    async with opened(tmp_path, rules=TWO, clock=house.clock) as again:
        assert "held" == (await again.room.release.sign(update.id, "anna")).state
        assert "active" == (await again.room.release.sign(update.id, "bert")).state
        await again.settle()
        assert ["superseded", "active"] == await again.states(first.id)
        assert ["自己的话"] == [mail.text.partition("#")[0] for mail in again.sent]


async def test_an_update_that_came_first_takes_the_hands_of_what_came_after_it(tmp_path: Path) -> None:
    """Held for one signature when it came, it would have taken the place of what two released since."""
    async with opened(tmp_path, rules=TWO) as house:
        early = await said(house, origin=Origin("x", senders=("x",)), action="Update", reference="H-14", text="自己的话")
        first = await said(house, "anna", "bert", **ALERT)
        one = await house.room.release.sign(early.id, "carl")
        assert ("held", 2, ["active"]) == (one.state, one.needed, await house.states(first.id))
        assert (first.id, 2) == ((two := await house.room.release.sign(early.id, "dora")).id, two.revision)


@pytest.mark.parametrize(
    ("signers", "words"), [((), NO_REASON), (("anna",), NO_REASON), (("anna", "bert"), "自己的话")], ids=["nobody", "one", "two"]
)
async def test_a_cancel_in_its_own_words_takes_as_many_hands_as_the_alert(tmp_path: Path, signers: tuple[str, ...], words: str) -> None:
    """It ends the alert at once, whoever of its own source sends it; what it wrote itself stands in the audit."""
    async with opened(tmp_path, rules=TWO) as house:
        first = await said(house, "anna", "bert", **ALERT)
        cancel = await said(house, *signers, action="Cancel", reference="H-14", text="自己的话")
        assert ("active", ["cancelled", "active"]) == (cancel.state, await house.states(first.id))
        assert words == house.sent[-1].text.partition("#")[0]
        kept = [row for row in await house.store.find(AUDIT, "action = 'cancel'") if "自己的话" in str(row.detail)]
        assert (words == NO_REASON) == bool(kept)


async def test_a_draft_that_waits_lends_its_words_to_no_cancel(tmp_path: Path) -> None:
    """A held Update says nothing yet: neither its headline nor its own correction is what a Cancel of the event tells."""
    async with opened(tmp_path, rules=TWO) as house:
        await said(house, "anna", "bert", **ALERT)
        await said(house, action="Update", reference="H-14", text="快逃", subject="快逃")
        await said(house, action="Cancel", reference="H-14", text="快逃")
        assert ("此前消息作废", False) == (house.sent[-1].text.partition("#")[0], any("快逃" in mail.text for mail in house.sent))


@pytest.mark.parametrize("action", ["Cancel", "Update"])
async def test_another_source_under_the_same_name_ends_nothing(tmp_path: Path, action: str) -> None:
    """The sender in the bytes is a word; who brought them is known. The settings may say that a source speaks as that sender."""
    async with opened(tmp_path) as house:
        first = await said(house, identifier="H-14")
        stranger = await said(house, source="sensor", action=action, reference="H-14", text="没事")
        assert ("held", ["owner"], ["active", "held"]) == (stranger.state, why(stranger), await house.states(first.id))
        assert ["owner"] == [one["code"] for one in await house.events("alarm.no_authority")]
        house.office.grants = {"relay": (Grant("relay", senders=("met",)),)}
        assert "active" == (await said(house, source="relay", action=action, reference="H-14", text="没事")).state


@pytest.mark.parametrize("action", ["Cancel", "Update"])
async def test_a_drill_ends_nothing_real_and_the_real_thing_no_drill(tmp_path: Path, action: str) -> None:
    """It waits as an event of its own: not even a signature makes it touch what is of another traffic."""
    async with opened(tmp_path) as house:
        for real, other in (("Actual", "Exercise"), ("Exercise", "Actual")):
            first = await said(house, identifier=f"H-{real}", traffic=real)
            drill = await said(house, action=action, reference=f"H-{real}", traffic=other, text="没事")
            assert ("held", ["traffic"], True) == (drill.state, why(drill), drill.id != first.id)
            await house.room.release.sign(drill.id, "anna")
            await house.settle()
            assert ["active"] == await house.states(first.id)
        assert ["traffic", "traffic"] == [one["code"] for one in await house.events("alarm.no_authority")]


async def test_a_drill_buries_nothing_real(tmp_path: Path) -> None:
    """Its Cancel came first; the real alert of that name goes out, and the drill's own is dead."""
    async with opened(tmp_path) as house:
        await said(house, "anna", action="Cancel", reference="H-14", traffic="Exercise", text="没事")
        assert "active" == (await said(house, identifier="H-14", sent="1970-01-12T13:46:40Z")).state
        assert "cancelled" == (await said(house, identifier="H-14", traffic="Exercise", sent="1970-01-12T13:46:39Z")).state


@pytest.mark.parametrize("action", ["Cancel", "Update"])
async def test_a_strangers_tombstone_lets_no_alert_die_in_silence(tmp_path: Path, action: str) -> None:
    """Laid by a source that does not bring the alert it is a doubt: the alert waits with an alarm, and goes with a signature."""
    async with opened(tmp_path) as house:
        await said(house, source="far", action=action, reference="H-14", text="没事")
        before = len(house.sent)
        genuine = await said(house, identifier="H-14", text="洪水")
        assert ("held", ["buried"]) == (genuine.state, why(genuine))
        (alarm,) = await house.events("alarm.no_authority")
        assert "far said before it came that it is over, and met brings it" in alarm["message"]
        await house.room.release.sign(genuine.id, "anna")
        await house.settle()
        assert ["洪水"] == [mail.text.partition("#")[0] for mail in house.sent[before:]]


async def test_what_is_dead_on_arrival_is_an_alarm(tmp_path: Path) -> None:
    """Its own source ended it before it came; nobody is told, and a person hears that."""
    async with opened(tmp_path) as house:
        await said(house, action="Cancel", reference="H-14", text="没事")
        late = await said(house, identifier="H-14")
        assert ("cancelled", [], ["met"]) == (
            late.state,
            house.sent,
            [one["source"] for one in await house.events("alarm.dead_on_arrival")],
        )


async def test_a_report_takes_the_place_of_no_order(tmp_path: Path) -> None:
    """A post below may report; its report under the order's name and number waits, over a shared key as over its own."""
    async with opened(tmp_path) as house:
        order = await house.order("wang", sender="operator", identifier="O-1")
        for post in (Post(), Post(is_shared=True)):
            origin = Origin("post:B", is_timed=True, post=post)
            report = await said(house, origin=origin, kind="Report", action="Update", reference=order.id, sender="operator", text="没事")
            assert ("held", "kind") == (report.state, why(report)[0])
        assert (["active", "held", "held"], 1) == (await house.states(order.id), len(house.sent))


async def test_a_post_revises_what_it_reported_itself(tmp_path: Path) -> None:
    """续报: the same post, the same kind, at once."""
    async with opened(tmp_path) as house:
        origin = Origin("post:B", is_timed=True, post=Post())
        first = await said(house, origin=origin, kind="Report", sender="post:B", identifier="R-1", text="初报")
        await said(house, origin=origin, kind="Report", sender="post:B", action="Update", reference="R-1", text="续报")
        assert ["superseded", "active"] == await house.states(first.id)


@pytest.mark.parametrize(("post", "state"), [(GROUP, "held"), (ABOVE, "active")], ids=["group", "own"])
async def test_the_key_of_a_group_ends_nothing_that_came_under_another(tmp_path: Path, post: Post, state: str) -> None:
    """Any member could have made it; under the post's own key the Cancel stays one step, and what came under the group's key ends by it."""
    command = Origin("post:A", is_timed=True, post=msgspec.structs.replace(ABOVE, is_command=True))
    group, ender = Origin("post:A", is_timed=True, post=GROUP), Origin("post:A", is_timed=True, post=post)
    async with opened(tmp_path) as house:
        first = await said(house, origin=command, sender="post:A", identifier="C-1")
        cancel = await said(house, origin=ender, sender="post:A", action="Cancel", reference="C-1", text="没事")
        assert (state, [] if state == "active" else ["shared"]) == (cancel.state, why(cancel))
        assert (state == "held") == ("active" in (await house.states(first.id))[:1])
        await said(house, origin=group, sender="post:A", identifier="C-2")
        assert "active" == (await said(house, origin=ender, sender="post:A", action="Cancel", reference="C-2", text="没事")).state


SIGNED = Verdict("signature", "valid", True)
WORDS: list[tuple[dict[str, Any], dict[str, Any], tuple[Verdict, ...], list[str]]] = [
    ({}, {}, (), []),
    ({"action": Action.UPDATE, "kind": Kind.REPORT}, {}, (), ["kind"]),
    ({"sender": "fire"}, {}, (), ["sender"]),
    ({}, {"source": "other"}, (), ["owner"]),
    ({}, {"is_signed": True}, (), ["unsigned"]),
    ({}, {"is_signed": True}, (SIGNED,), []),
]


@pytest.mark.parametrize(("changes", "was", "verdicts", "expected"), WORDS)
def test_each_objection_has_its_word(
    changes: dict[str, Any], was: dict[str, Any], verdicts: tuple[Verdict, ...], expected: list[str]
) -> None:
    """A Cancel by met of what met brought; each with one thing that is not as it was."""
    event = Kin(MessageId("M"), 2, "centre", NOW, 17, message(content(kind=Kind.ALERT)), **{"source": "met", **was})
    change = message(content(**{"action": Action.CANCEL, "kind": Kind.ALERT, **changes}), revision=2)
    found = objections(change, event, Decoded("cap", None, verdicts=verdicts), origin=Origin("met"), grants={})
    assert expected == [one.value for one in found]
