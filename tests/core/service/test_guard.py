"""Every cell of operation × right × state × area, through the desk; and what a person has authority over."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.judging import Origin
from fenghuo.errors import NotAllowed, ReleaseNeeded
from fenghuo.model.area import AreaRef
from fenghuo.model.message import MessageId, MessageState
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import TOUCHES, VERBS, Thing
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.guard import Guard
from fenghuo.service.secrets import Secret
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE
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
WITHIN = {"endpoint.ack", "rollcall.call", "mode.declare", "mode.end", "outage.report", "collection.open", "collection.send"} | {
    *(f"queue.{name}" for name in ("release", "resolve", "shed", "waive")),
    *(f"alert.{name}" for name in ("sign", "review", "cancel", "correct")),
}
"""Operations that reach no further than the own area."""
HOLDERS = {"everywhere": (), "inside": (SHUANGFENG,), "outside": (HUANGJING,)}


async def done(actor: Actor, args: Mapping[str, Any]) -> str:
    return "done"


async def furnish(store: Store) -> dict[str, int]:
    """A message for 双凤镇 in each state, with an objective and a delivery of its own; state → their number."""
    numbers = {str(state): place for place, state in enumerate(MessageState, 1)}
    what = message(content(infos=(info(areas=(placed(SHUANGFENG),)),)))

    def write(tx: Tx) -> None:
        for state, number in numbers.items():
            body = msgspec.msgpack.encode(what)
            row = rows.message(f"m-{state}", text=body)
            tx.insert(MESSAGE, msgspec.structs.replace(row, state=MessageState(state), number=number, raw=b""))
            tx.insert(OBJECTIVE, rows.objective(number, f"m-{state}"))
            one = msgspec.structs.replace(rows.delivery(number), objective=number, message=MessageId(f"m-{state}"))
            tx.insert(DELIVERY, one)

    await store.run(write)
    return numbers


def arguments(verb: str, state: str, number: int) -> dict[str, Any]:
    """What names the message in this state, or the place and the people that it is for."""
    touch = TOUCHES.get(verb)
    if touch is None:
        return {}
    named: dict[Thing, Any] = {
        Thing.MESSAGE: [f"m-{state}"] if touch.argument == "messages" else f"m-{state}",
        Thing.DELIVERY: number,
        Thing.OBJECTIVE: number,
        Thing.PLACE: SHUANGFENG,
        Thing.RECIPIENTS: ["person:shuang"],
    }
    return {touch.argument: named[touch.thing]}


def expected(verb: str, right: str, state: str, holder: str) -> str:
    """What the desk must do."""
    is_right, is_state = right in TABLE[verb], verb not in STATES or state in STATES[verb]
    return "done" if is_right and is_state and not (verb in WITHIN and holder == "outside") else "refused"


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
