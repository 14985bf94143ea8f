"""Every cell of operation × right × state × area, through the desk; and what a person has authority over."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.judging import Origin
from fenghuo.engine.outages import Outage
from fenghuo.errors import NotAllowed, ReleaseNeeded, WrongTraffic
from fenghuo.model.area import AreaRef
from fenghuo.model.command import Command
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import TOUCHES, VERBS, Thing
from fenghuo.service.commands import Commands
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.guard import Guard
from fenghuo.service.secrets import Secret
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, MESSAGE, META, OBJECTIVE
from fenghuo.store.transaction import Tx
from tests.core.engine.house import opened
from tests.core.engine.values import content, info, message, placed
from tests.core.service.manned import cap
from tests.core.service.peopled import Peopled, peopled
from tests.core.service.test_authorisation import RIGHTS, TABLE
from tests.core.store import rows

SHUANGFENG, HUANGJING = "mca:320585109", "mca:320585105"
SPOKEN = {"held", "active", "expired", "superseded", "cancelled"}
STATES: dict[str, set[str]] = {"alert.sign": {"held"}, "alert.review": {"held"}, "alert.cancel": SPOKEN, "alert.correct": SPOKEN}
"""Operation → the states of a message in which it may be, as a person would write it down; every other operation: in each."""
NODE = {"channel.enable", "channel.disable", "channel.prefer"}
"""Operations on the whole node: nobody's who has authority over a part of it."""
WITHIN = {"endpoint.ack", "tray.ack", "rollcall.call", "mode.declare", "mode.end", "outage.report", "outage.end"} | {
    *("collection.open", "collection.send"),
    *(f"queue.{name}" for name in ("release", "resolve", "shed", "waive", "escalate")),
    *(f"alert.{name}" for name in ("sign", "review", "cancel", "correct")),
}
"""Operations that reach no further than the own area."""
HOLDERS = {"everywhere": (), "inside": (SHUANGFENG,), "outside": (HUANGJING,)}


OF_ROWS = {"alert.sign", "alert.review", "alert.cancel", "alert.correct", "endpoint.ack", "tray.ack", "collection.open"} | {
    *("collection.send", "queue.release", "queue.resolve", "queue.shed", "queue.waive", "queue.escalate"),
}
"""Operations on a message, or on what belongs to one."""
WHOLE = (
    NODE
    | {
        "mode.declare",
        "mode.end",
        "directory.import",
        "layer.import",
        "layer.drop",
        "db.backup",
        "watch.end",
        "sheet.receipt",
        "alarm.silence",
    }
    | {
        *(f"outage.{name}" for name in ("report", "end")),
        *("road.report", "break_glass.release", "break_glass.review", "account.enrol", "account.factor"),
        *(f"reconcile.{name}" for name in ("bring", "take", "open", "settle")),
        *(f"incident.{name}" for name in ("report", "move", "file", "dispose", "done")),
        *(f"shift.{name}" for name in ("roster", "start", "handover", "sign", "end")),
        *(f"account.{name}" for name in ("add", "rights", "password", "certificate", "disable", "enable", "end_sessions")),
    }
)
"""Operations on what is there once, and is real."""
OWN = {"alert.submit", "alert.submit_all", "message.submit", "message.send", "rollcall.call", "alert.draft", "attachment.put"} | {
    *(f"alarm.{name}" for name in ("ack", "shelve", "unshelve", "out_of_service", "return_to_service")),
    *("watch.report", "watch.leave", "watch.seen", "session.open", "session.close", "tray.lay"),
}
"""Operations that judge the traffic of what they bring, that one's own console does, and a door's."""
CHANGES = (OF_ROWS | WHOLE | OWN) - {"alert.review"}


async def done(actor: Actor, args: Mapping[str, Any]) -> str:
    return "done"


async def furnish(store: Store, traffic: Traffic = Traffic.ACTUAL) -> dict[str, int]:
    """A message for 双凤镇 in each state, with an objective and a delivery of its own, and an outage there; state → their number."""
    numbers = {str(state): place for place, state in enumerate(MessageState, 1)}
    outage = Outage("o", "a", AreaRef.parse(SHUANGFENG), since=0.0, reported_at=0.0, expires_at=2e9, by="met")
    what = message(content(infos=(info(areas=(placed(SHUANGFENG),)),)))

    def write(tx: Tx) -> None:
        tx.put(META, MetaRow("outage.\x1fmet/o", msgspec.json.encode(outage).decode()))
        for state, number in numbers.items():
            body = msgspec.msgpack.encode(what)
            row = rows.message(f"m-{state}", text=body)
            tx.insert(MESSAGE, msgspec.structs.replace(row, state=MessageState(state), traffic=traffic, number=number, raw=b""))
            tx.insert(OBJECTIVE, rows.objective(number, f"m-{state}"))
            one = msgspec.structs.replace(rows.delivery(number), objective=number, message=MessageId(f"m-{state}"))
            tx.insert(DELIVERY, one)

    await store.run(write)
    return numbers


def arguments(verb: str, state: str, number: int) -> dict[str, Any]:
    """What names the message in this state, or the place and the people that it is for."""
    touch = TOUCHES.get(verb)
    if touch is None or not touch.argument:
        return {}
    named: dict[Thing, Any] = {
        Thing.MESSAGE: [f"m-{state}"] if touch.argument == "messages" else f"m-{state}",
        Thing.DELIVERY: number,
        Thing.OBJECTIVE: number,
        Thing.OUTAGE: "met/o",
        Thing.PLACE: SHUANGFENG,
        Thing.RECIPIENTS: ["person:shuang"],
    }
    return {touch.argument: named[touch.thing]}


def expected(verb: str, right: str, state: str, holder: str) -> str:
    """What the desk must do."""
    is_right, is_state = right in TABLE[verb], verb not in STATES or state in STATES[verb]
    is_far = (verb in WITHIN and holder == "outside") or (verb in NODE and holder != "everywhere")
    return "done" if is_right and is_state and not is_far else "refused"


async def answered(desk: Desk, verb: str, right: str, state: str, holder: str, number: int) -> str:
    """What it does."""
    try:
        return str(await desk.do(Actor(holder, (right,), "test"), verb, arguments(verb, state, number)))
    except (NotAllowed, ReleaseNeeded):
        return "refused"


@pytest.mark.timeout(60)
async def test_each_cell_of_operation_right_state_and_area_is_what_the_desk_does(tmp_path: Path) -> None:
    """Every operation × every right × every state of a message × who is limited to its area, to another, to none: done or refused, and
    nothing else."""
    async with opened(tmp_path) as house:
        numbers = await furnish(house.store)
        desk = Desk()
        desk.guard = Guard(house.store, house.office)
        desk.add(dict.fromkeys(VERBS, done))
        origins = {name: Origin(name, areas=tuple(map(AreaRef.parse, areas))) for name, areas in HOLDERS.items()}
        desk.hold([(Secret(name), Holder(name, (), origin)) for name, origin in origins.items()])
        cells = [
            (verb, right, state, holder)
            for verb in TABLE
            for right in RIGHTS
            for state in (numbers if verb in TOUCHES else ["active"])
            for holder in HOLDERS
        ]
        said = {cell: await answered(desk, *cell, numbers[cell[2]]) for cell in cells}
    assert {cell: expected(*cell) for cell in cells} == said
    assert set(TABLE) == set(VERBS)


async def reached(here: Peopled, session: dict[str, Any], cells: Iterable[tuple[str, str]], *, nonce: bool = True) -> set[str]:
    """The operations that a session may, each on what is in the state that is named."""
    actor = here.there.desk.member(session["session"], session["csrf"] if nonce else "", "test")
    done: set[str] = set()
    for verb, state in cells:
        with contextlib.suppress(NotAllowed, ReleaseNeeded, WrongTraffic):
            await here.there.desk.do(actor, verb, arguments(verb, state, list(MessageState).index(MessageState(state)) + 1))
            done.add(verb)
    return done


CELLS = [(verb, "held" if "held" in STATES.get(verb, {"active"}) else "active") for verb in TABLE]
PEOPLE = {"zhang": ("operator", "releaser", "auditor", "viewer"), "root": ("operator", "admin", "viewer")}
"""Every right that a person may have, in two people."""


@pytest.mark.parametrize("traffic", [Traffic.ACTUAL, Traffic.EXERCISE])
async def test_a_session_takes_hold_of_what_is_of_its_class_alone(tmp_path: Path, traffic: Traffic) -> None:
    """Every operation by a session of either class, on rows of one class: a drill reads everything, does what is judged by its own traffic,
    and touches neither rows of the other class nor what the whole node has; a session for what is real touches no row of a drill."""
    async with peopled(tmp_path) as here:
        for name, rights in PEOPLE.items():
            await here.person(name, *rights)
        sessions = [(name, kind, await here.log_in(name, traffic=kind)) for name in PEOPLE for kind in (Traffic.ACTUAL, Traffic.EXERCISE)]
        await furnish(here.there.house.store, traffic)
        here.there.desk.add(dict.fromkeys(VERBS, done))
        for name, kind, session in sessions:
            granted = {verb for verb in TABLE if TABLE[verb].intersection(PEOPLE[name])}
            mine = granted - OF_ROWS if kind is not traffic else granted
            mine = mine - WHOLE if kind is Traffic.EXERCISE else mine
            assert mine == await reached(here, session, CELLS), (name, kind)
    assert set(TABLE) >= OF_ROWS | WHOLE


async def test_a_session_that_is_locked_or_has_no_nonce_sees_and_stops_and_does_nothing_else(tmp_path: Path) -> None:
    """Every operation, by a session of somebody with every right: nobody begins a shift, hands one over or answers by a desk that was
    left."""
    own = {"watch.report", "watch.leave", "watch.seen", "session.close"}
    async with peopled(tmp_path) as here:
        for name, rights in PEOPLE.items():
            await here.person(name, *rights)
        sessions = [await here.log_in(name) for name in PEOPLE]
        await furnish(here.there.house.store)
        here.there.desk.add(dict.fromkeys(VERBS, done))
        for nonce, also in ((False, own), (True, own | {"alert.cancel"})):
            here.clock.now += 16 * 60.0
            for session in sessions:
                can = await reached(here, session, CELLS, nonce=nonce)
                assert also == can & CHANGES
                assert {verb for verb in TABLE if "viewer" in TABLE[verb]} - CHANGES == can - CHANGES
        with pytest.raises(NotAllowed, match=r"^root may not shift.start by a session that is locked or whose nonce"):
            await here.do(sessions[1], "shift.start")


async def test_an_answer_that_was_kept_is_given_to_nobody_who_may_not_ask_for_it_now(tmp_path: Path) -> None:
    """The same key by a person without the right, by a session for drills, and by one that is locked; a drill's own keys are its own."""
    async with peopled(tmp_path) as here:
        desk = here.there.desk
        desk.commands = Commands(desk.do, here.there.house.store, here.clock)
        await here.person("zhang", "operator")
        off = Command("channel.disable", "k1", args={"name": "a", "reason": "storm"})
        draft = Command("alert.draft", "k2", args={"fields": {"text": "x"}})

        async def answers(session: dict[str, Any]) -> list[Any]:
            return [await desk.command(here.member(session), one) for one in (off, draft)]

        def codes(found: list[Any]) -> list[str]:
            return ["" if one.ok else one.err.code for one in found]

        real, drill = await here.log_in("zhang"), await here.log_in("zhang", traffic="Exercise")
        first, exercised = await answers(real), await answers(drill)
        assert (["", ""], ["forbidden", ""]) == (codes(first), codes(exercised))
        assert exercised[0].err.msg.startswith("zhang is logged in for Exercise, and channel.disable takes hold of what is Actual")
        assert first == await answers(real)
        assert exercised[1] == (await answers(drill))[1]
        drafts = [msgspec.json.decode(one.data) for one in (first[1], exercised[1])]
        assert ["Actual", "Exercise"] == [one["traffic"] for one in drafts]
        assert drafts[0]["id"] != drafts[1]["id"]
        here.clock.now += 16 * 60.0
        assert ["forbidden", "forbidden"] == codes(await answers(real))
        await here.admin("account.rights", name="zhang", rights=["viewer"])
        assert ["forbidden", "forbidden"] == codes(await answers(await here.log_in("zhang")))


async def test_a_signature_that_is_sent_again_is_answered_although_nothing_waits_any_more(tmp_path: Path) -> None:
    """What was done has changed the state of what it was done to: only the right, the class and the area are asked again."""
    async with peopled(tmp_path) as here:
        desk = here.there.desk
        desk.commands = Commands(desk.do, here.there.house.store, here.clock)
        await here.person("li", "releaser")
        session, alert = await here.log_in("li"), await held(here)
        envelope = (await here.do(session, "alert.review", id=alert))["envelope"]
        sign = Command("alert.sign", "k1", args={"id": alert, "envelope": envelope})
        first = await desk.command(here.member(session), sign)
        await here.there.house.settle()
        await here.there.do("alert.cancel", id=alert)
        assert first.ok
        assert first == await desk.command(here.member(session), sign)


async def held(here: Peopled, code: str = "320585109") -> str:
    """A public alert of a program's for one town, which two people must release."""
    return str((await here.there.do("alert.submit", "met", raw=cap(f"A-{code}", code=code).encode())).id)


async def test_a_releaser_signs_and_an_operator_ends_in_the_own_area_alone(tmp_path: Path) -> None:
    """By the areas of the account, and by those of the command post in the directory of now; a refusal is in the log."""
    async with peopled(tmp_path) as here:
        await here.person("li", "operator", "releaser", areas=[HUANGJING])
        await here.person("wang", "operator", "releaser", post="hj")
        await here.person("zhang", "operator", "releaser", post="tc")
        alert = await held(here)
        for name, verb in itertools.product(("li", "wang"), ("alert.sign", "alert.cancel")):
            session = await here.log_in(name)
            with pytest.raises(NotAllowed, match=rf"^{name} has no authority over mca:320585109"):
                await here.do(session, verb, id=alert)
        session = await here.log_in("zhang")
        assert ("zhang",) == (await here.sign(session, alert)).signatures
        assert "active" == (await here.do(session, "alert.cancel", id=alert)).state


async def test_a_level_ends_what_one_may_warn_of_and_sign_but_not_what_one_may_end(tmp_path: Path) -> None:
    """Up to yellow: what is orange is neither signed nor brought without somebody else, and is ended all the same."""
    async with peopled(tmp_path) as here:
        await here.person("li", "operator", "releaser", level="yellow")
        session = await here.log_in("li")
        alert = await held(here)
        with pytest.raises(NotAllowed, match=r"^li may warn up to yellow, and this is orange$"):
            await here.do(session, "alert.sign", id=alert)
        own = await here.do(session, "alert.submit", raw=cap("A-2").encode())
        assert ("held", ["gravity"]) == (own.state, [one.value for one in own.verdicts if one.check == "authority"])
        assert "active" == (await here.do(session, "alert.cancel", id=alert)).state


async def test_an_order_at_p0_or_to_another_area_waits_for_a_releaser(tmp_path: Path) -> None:
    """An operator dispatches P1 to P4 to those who answer for the own area; what goes beyond it waits, and a releaser's hand lets it go."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator", areas=[SHUANGFENG])
        await here.person("li", "releaser")
        zhang, li = await here.log_in("zhang"), await here.log_in("li")
        order = {"to": ["person:shuang"], "text": "清点人数", "priority": "P1"}
        assert "active" == (await here.do(zhang, "message.send", **order)).state
        further = (("priority", "P0", "release"), ("to", ["person:huang"], "authority"), ("to", ["group:all"], "authority"))
        for field, value, check in further:
            sent = await here.do(zhang, "message.send", **{**order, field: value})
            assert ("held", [check]) == (sent.state, [one.check for one in sent.verdicts if not one.ok]), value
            assert "active" == (await here.sign(li, sent.id)).state


async def test_whoever_works_at_a_post_that_is_gone_ends_what_goes_out_and_does_nothing_else(tmp_path: Path) -> None:
    """A directory that has lost the post gives no area, and an empty one would mean everywhere."""
    async with peopled(tmp_path) as here:
        await here.person("li", "operator", "releaser", post="gone")
        session, alert = await here.log_in("li"), await held(here)
        with pytest.raises(NotAllowed, match=r"^li works at the post gone, of which the directory knows no area$"):
            await here.do(session, "alert.sign", id=alert)
        assert "held" == (await here.do(session, "message.send", to=["person:shuang"], text="清点人数")).state
        assert "active" == (await here.do(session, "alert.cancel", id=alert)).state
