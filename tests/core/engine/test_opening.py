"""From an accepted message to open objectives and targets: what is asked for, of whom, in which order."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import OpenMessage
from fenghuo.engine.facts import ChannelSwitched
from fenghuo.engine.inherit import INHERITED
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.engine.loop import OF_A_CROWD, UNWRITTEN
from fenghuo.engine.opening import CHUNK
from fenghuo.model.delivery import DeliveryState, ObjectiveState
from fenghuo.model.directory import ContactPoint, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Capabilities, Inbound, InboundKind
from fenghuo.store.tables import RENDITION
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW, content, directory, message

S = DeliveryState
CROWD = CHUNK * 2 + 50
RULES = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["a", "b"]
[[ladders.both.rungs]]
channels = ["r"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
needed = "HUMAN"
ack = "n:2"
deadline_s = 90
priority = "P1"
ladder = "both"
continue = true
[[rules]]
name = "records"
match = { kind = ["Dispatch"], priority = ["P3"] }
audience = { name = "as addressed" }
ladder = "both"
"""


# What is asked for.


async def test_an_objective_says_what_its_rule_says(tmp_path: Path) -> None:
    """Audience, level, how many, by when, how urgent, over which ladder; and from which directory and situation it was planned."""
    async with opened(tmp_path, rules=RULES) as house:
        await house.order("wang", "li", via=["a", "r"])
        (one,) = await house.objectives()
        assert ("wang, li", Evidence.HUMAN, "n:2", NOW + 90, 2) == (one.audience, one.needed, one.ack_rule, one.deadline_at, one.total)
        assert (Priority.P2, "both", "orders", ("a", "r")) == (one.priority, one.ladder, one.rule, one.via)
        assert (directory().digest, house.room.board.situation().digest) == (one.directory, one.situation)


async def test_each_matching_rule_is_an_objective_of_its_own(tmp_path: Path) -> None:
    """`continue` means also: two rules by different channels, two counts, and tokens that never meet."""
    by_a = RULES.replace('channels = ["a", "b"]', 'channels = ["a"]').replace('channels = ["r"]', 'channels = ["b"]')
    rules = by_a[: by_a.rindex('ladder = "both"')] + 'ladder = "radio"\n[[ladders.radio.rungs]]\nchannels = ["r"]\n'
    async with opened(tmp_path, rules=rules) as house:
        await house.order("wang", priority="P3")
        assert ["orders", "records"] == [one.rule for one in await house.objectives()]
        tokens = [one.token for one in await house.deliveries()]
        assert len(tokens) == len(set(tokens))


async def test_two_rules_that_would_tell_one_person_by_one_channel_tell_them_once(tmp_path: Path) -> None:
    """By the one that asks for more; nobody reads the same text twice, and nothing else stands for the other rule."""
    async with opened(tmp_path, rules=RULES) as house:
        await house.order("wang", priority="P3")
        assert [("orders", Evidence.HUMAN)] == [(one.rule, one.needed) for one in await house.objectives()]
        assert ["a"] == [one.channel for one in house.sent]


async def test_every_way_of_the_ladder_is_planned_at_once(tmp_path: Path) -> None:
    """The second person who signs sees channels and people: all of it is there, HELD for its rung, before anything goes."""
    async with opened(tmp_path, rules=RULES.replace("HUMAN", "DEVICE"), up=False, b=_caps("sms")) as house:
        for name in ("a", "b", "r"):
            house.down(name)
        await house.settle()
        await house.order("wang")
        found = await house.deliveries()
        assert [("a", 0), ("b", 0), ("r", 1)] == [(one.channel, one.rung) for one in found]
        assert ({S.HELD}, {0}) == ({one.state for one in found}, {one.tries for one in found})


async def test_a_channel_that_is_switched_on_again_carries_what_came_meanwhile(tmp_path: Path) -> None:
    """Disabled when the order was planned: it waits for its channel as in an outage, and is not lost to it for ever."""
    async with opened(tmp_path) as house:
        house.room.board.switch("a", Admin.DISABLED, "works")
        await house.order("li", priority="P1")
        assert ([("a", S.HELD, "channel")], []) == ([(one.channel, one.state, one.reason) for one in await house.deliveries()], house.sent)
        house.room.board.switch("a", Admin.ENABLED, "done")
        house.room.facts.put(ChannelSwitched("a"))
        await house.settle()
        assert ["a"] == [mail.channel for mail in house.sent]


async def test_two_telephones_are_two_deliveries_of_one_channel(tmp_path: Path) -> None:
    """Each with a token of its own, the second is tried when the first is known to be wrong."""
    async with opened(tmp_path) as house:
        _with_contacts(house, ContactPoint("wang", "msisdn", "+8613800000011"))
        await house.order("wang", via=["a"])
        found = await house.deliveries()
        assert ["+8613800000001", "+8613800000011"] == [one.address for one in found]
        assert 2 == len({one.token for one in found})
        assert ["+8613800000001"] == [mail.address for mail in house.sent]


async def test_a_form_that_nobody_can_make_is_no_way(tmp_path: Path) -> None:
    """A channel for telex and no renderer for it: the others carry the order, the telex is not even planned."""
    async with opened(tmp_path, rules=RULES, b=_caps("telex")) as house:
        await house.order("wang")
        assert ["a", "r"] == [one.channel for one in await house.deliveries()]


async def test_each_rendition_is_made_and_kept_once(tmp_path: Path) -> None:
    """Three people, two forms: two rows."""
    async with opened(tmp_path, rules=RULES) as house:
        await house.order("wang", "li", "shuang")
        assert ["radio", "sms"] == sorted(row.form for row in await house.store.find(RENDITION))


@pytest.mark.parametrize(("action", "event"), [("New", "alarm.no_rule"), ("Cancel", "message.nothing_to_cancel")])
async def test_what_concerns_nobody_is_told(tmp_path: Path, action: str, event: str) -> None:
    """A message without a rule is an alarm; a Cancel of nothing is worth a line."""
    async with opened(tmp_path, rules="") as house:
        await house.order("wang", action=action, **({"reference": "X-9"} if action == "Cancel" else {}))
        assert (1, []) == (len(await house.events(event)), await house.objectives())


async def test_an_audience_of_nobody_is_missed_at_once(tmp_path: Path) -> None:
    """It is no open objective that would be waited for."""
    async with opened(tmp_path) as house:
        await house.order("role:informant@320585999")
        assert [(ObjectiveState.MISSED, 0)] == [(one.state, one.total) for one in await house.objectives()]
        assert {} == house.room.book.objectives


async def test_a_token_is_the_same_on_every_start(tmp_path: Path) -> None:
    """Planned again after a crash, the receiver still knows the message: node, message, objective, person and channel make it."""
    tokens = []
    for _ in range(2):
        async with opened(tmp_path) as house:
            batch = Batch()
            house.room.opening.open(OpenMessage(message(content(to=("wang",))), MessageState.ACTIVE), batch)
            house.room.opening.step(batch)
            tokens.append([one.token for one in batch.new_deliveries])
    assert (2, tokens[0]) == (len(tokens[0]), tokens[1])


# What follows an earlier message.


async def test_a_cancel_goes_ahead_of_everything_over_all_channels_that_were_used(tmp_path: Path) -> None:
    """P0, all rungs at once; and the telephone's word is enough, though the order had asked for an answer."""
    async with opened(tmp_path, rules=RULES) as house:
        first = await house.order("wang")
        await house.later(30)
        assert ["a", "r"] == [mail.channel for mail in house.sent]
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        cancel = (await house.objectives())[-1]
        assert (INHERITED, Priority.P0, Evidence.DEVICE, 1) == (cancel.ladder, cancel.priority, cancel.needed, cancel.total)
        assert ["a", "r"] == sorted(mail.channel for mail in house.sent if "取消" in mail.text)


async def test_an_update_reaches_its_own_audience_and_whoever_had_the_original(tmp_path: Path) -> None:
    """li is added, wang is left out: li by the rules, wang because he acts on the old words; nobody twice."""
    async with opened(tmp_path) as house:
        first = await house.order("wang", "huang", via=["a"])
        await house.order("li", "huang", text="新的", action="Update", reference=first.id, via=["a"])
        told = [mail.address for mail in house.sent if "新的" in mail.text]
        assert ["+8613800000001", "+8613800000002", "+8613800000003"] == sorted(told)
        assert ["li, huang", "recipients of what it replaces"] == [one.audience for one in (await house.objectives())[1:]]


async def test_an_update_of_what_nobody_got_is_like_a_new_message(tmp_path: Path) -> None:
    """No heirs: only its own audience."""
    async with opened(tmp_path) as house:
        house.down("a")
        house.down("r")
        await house.settle()
        first = await house.order("wang")
        await house.order("li", text="新的", action="Update", reference=first.id)
        assert ["wang", "li"] == [one.audience for one in await house.objectives()]


# Crowds.


async def test_a_crowd_is_opened_in_chunks(tmp_path: Path) -> None:
    """The loop is never busy with one message for long; each turn's share is on the disk, and nobody is left out."""
    async with opened(tmp_path) as house:
        _with_crowd(house)
        await _accepted(house, "role:crowd")
        planned = []
        for _ in range(3):
            house.room.loop.turn()
            planned.append(next(iter(house.room.book.objectives.values())).objective.planned)
            await house.store.run(lambda tx: None)
        assert [CHUNK, CHUNK * 2, CROWD] == planned
        await house.settle()
        assert (CROWD, CROWD) == (len({mail.address for mail in house.sent}), len(house.sent))


async def test_an_urgent_message_does_not_wait_for_a_crowd(tmp_path: Path) -> None:
    """P0 comes while a P2 to hundreds is being opened: it is opened in the next turn, before the rest of them."""
    async with opened(tmp_path) as house:
        _with_crowd(house)
        await _accepted(house, "role:crowd")
        house.room.loop.turn()
        await _accepted(house, "wang", priority="P0")
        house.room.loop.turn()
        crowd, urgent = (one.objective for one in house.room.book.objectives.values())
        assert (True, True) == (urgent.planned == urgent.total, crowd.planned < CHUNK * 2)


async def test_equals_take_turns(tmp_path: Path) -> None:
    """An order to one person and an alert to hundreds in one class: the order is opened with the second turn, not after the alert."""
    async with opened(tmp_path) as house:
        _with_crowd(house)
        await _accepted(house, "role:crowd")
        await _accepted(house, "wang")
        house.room.loop.turn()
        await house.store.run(lambda tx: None)
        house.room.loop.turn()
        crowd, order = (one.objective for one in house.room.book.objectives.values())
        assert (True, True) == (order.planned == order.total, crowd.planned < crowd.total)


SECOND_WAY = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["a"]
[[ladders.both.rungs]]
channels = ["b"]
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "both"
"""


async def test_an_urgent_order_overtakes_a_crowd_whose_channel_died(tmp_path: Path) -> None:
    """Hundreds must be planned anew at once while the disk is slow: it is handed some of them, and then the order."""
    async with opened(tmp_path, b=Capabilities(form="sms", evidence_max=Evidence.DEVICE, concurrency=4), rules=SECOND_WAY) as house:
        back = asyncio.Event()
        house.channel["a"].during = lambda emission: _until(back)
        _with_crowd(house)
        await _accepted(house, "role:crowd", via=["a", "b"])
        await house.settle()
        await _accepted(house, "wang", via=["a", "b"], priority="P1")
        await house.settle()
        disk = threading.Event()
        house.store.submit(lambda tx: disk.wait(10))
        house.down("a")
        for _ in range(20):
            house.room.loop.turn()
        moved = {one.recipient for one in house.room.book.deliveries() if one.channel == "b" and one.state in (S.READY, S.EMITTING)}
        assert (True, True) == ("wang" in moved, len(moved) <= UNWRITTEN * OF_A_CROWD + 1)
        assert not house.room.loop.has_work, "while the disk lags the loop waits for it, and does not turn for nothing"
        disk.set()
        back.set()
        await house.settle()
        assert "+8613800000001" in [mail.address for mail in house.sent if mail.channel == "b"][:5]


async def test_what_is_cancelled_in_the_middle_of_its_fan_out_goes_to_nobody_more(tmp_path: Path) -> None:
    """Whoever got it before hears of the end, and only they; the rest is never told of either."""
    async with opened(tmp_path) as house:
        _with_crowd(house)
        first = await _accepted(house, "role:crowd")
        house.room.loop.turn()
        while not house.sent:
            await house.store.run(lambda tx: None)
        await house.order("everyone", text="取消", action="Cancel", reference=first)
        ended = {mail.address for mail in house.sent if "取消" in mail.text}
        assert (True, ended) == (0 < len(ended) < CHUNK, {mail.address for mail in house.sent if "取消" not in mail.text})
        objective, _ = await house.objectives()
        assert (ObjectiveState.WAIVED, CROWD) == (objective.state, objective.planned)


HASTY = """
[ladders.a]
[[ladders.a.rungs]]
channels = ["a"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
ladder = "a"
escalate = [ { after_s = 0, to = "person:%s" } ]
"""


async def test_who_is_still_to_come_stands_in_for_nobody(tmp_path: Path) -> None:
    """The last of a crowd is asked for the first before the fan-out has come to them: they count as themselves, and the order is whole."""
    async with opened(tmp_path, rules=HASTY % f"p{CROWD - 1}") as house:
        _with_crowd(house)
        await _accepted(house, "role:crowd")
        await house.settle()
        assert (CROWD, CROWD) == (len(house.sent), len({mail.address for mail in house.sent}))
        for mail in tuple(house.sent):
            await house.room.receipts.take("a", Inbound(InboundKind.RECEIPT, b"", _acked, ref=mail.ref, level=Evidence.DEVICE))
        await house.settle()
        assert [(ObjectiveState.MET, CROWD)] == [(one.state, one.met) for one in await house.objectives()]


async def test_a_stand_in_is_not_taken_for_one_of_those_who_were_planned(tmp_path: Path) -> None:
    """A crash in mid-fan-out, with somebody from outside asked already: the count goes on with those it is for."""
    async with opened(tmp_path, rules=HASTY % "huang") as house:
        _with_crowd(house)
        await _accepted(house, "role:crowd")
        house.room.loop.turn()
        await house.store.run(lambda tx: None)
    async with opened(tmp_path, rules=HASTY % "huang", before=_with_crowd) as again:
        assert [(CROWD, CROWD)] == [(one.planned, one.total) for one in await again.objectives()]
        assert CROWD + 1 == len(await again.targets())


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _acked() -> None:
    """A far end that waits for no ack."""


async def _accepted(house: House, *to: str, **fields: object) -> MessageId:
    """Taken in, and not yet looked at by the loop."""
    raw = msgspec.json.encode({"to": list(to), "text": "到岗", "priority": "P2", "via": ["a"], **fields})
    (answer,) = await house.room.intake.accept(Submission(raw, Origin("centre")))
    return MessageId(str(answer.id))


def _with_crowd(house: House) -> None:
    """Hundreds of people with a telephone each."""
    people = tuple(Person(f"p{n}", "众", "tc", ("crowd",)) for n in range(CROWD))
    points = tuple(ContactPoint(f"p{n}", "msisdn", f"+86139{n:08}") for n in range(CROWD))
    known = house.office.directory
    house.office.directory = msgspec.structs.replace(known, persons=known.persons + people, contacts=known.contacts + points)
    house.room.board.refresh()


def _with_contacts(house: House, *points: ContactPoint) -> None:
    known = house.office.directory
    house.office.directory = msgspec.structs.replace(known, contacts=known.contacts + points)


def _caps(form: str) -> Capabilities:
    return Capabilities(form=form, evidence_max=Evidence.DEVICE)
