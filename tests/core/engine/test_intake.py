"""The one door in, over a real store: new, twice, in conflict, replaced, cancelled, too late."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.errors import KeyConflict, Overloaded
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Accepted, DeliveryState, Outcome, Permanent, Reached, Refused, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.store.tables import MESSAGE, REFUSAL
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW

S = DeliveryState


def order(**fields: object) -> bytes:
    return msgspec.json.encode({"to": ["wang"], "text": "到岗", "sender": "centre", "sent": "1970-01-12T13:46:40Z", **fields})


async def test_what_is_not_a_message_is_kept_and_told(tmp_path: Path) -> None:
    """Refused bytes stay for a person to see, with the reason."""
    async with opened(tmp_path) as house:
        answer = await house.take(b"<nothing/>")
        assert isinstance(answer, Refused)
        (row,) = await house.store.find(REFUSAL)
        assert (b"<nothing/>", answer.code) == (row.raw, row.code)
        assert 1 == len(await house.events("alarm.message_refused"))


async def test_the_same_message_twice_is_one(tmp_path: Path) -> None:
    """A repeated triple is a duplicate with the first id, and goes out once."""
    async with opened(tmp_path) as house:
        first = await house.take(order(identifier="X-1"))
        second = await house.take(order(identifier="X-1"))
        assert isinstance(first, Accepted)
        assert isinstance(second, Accepted)
        assert (first.id, "duplicate", 1) == (second.id, second.state, len(house.sent))


async def test_what_is_on_the_disk_is_planned_although_the_client_gave_up(tmp_path: Path) -> None:
    """Cut off while the disk was slow, and asked again with the same key: a duplicate of what has left already."""
    async with opened(tmp_path) as house:
        raw = order(to=["wang"], text="到岗", priority="P2")
        await house.give_up(house.take(raw, source="centre", key="k"))
        again = await house.take(raw, source="centre", key="k")
        assert ("duplicate", ["a"]) == (again.state if isinstance(again, Accepted) else "", [mail.channel for mail in house.sent])


async def test_one_key_with_two_contents_is_refused_and_alarmed(tmp_path: Path) -> None:
    """A key vouches for its bytes."""
    async with opened(tmp_path) as house:
        await house.order("wang", key="k")
        with pytest.raises(KeyConflict):
            await house.order("wang", key="k", text="别的")
        assert (1, 1) == (len(house.sent), len(await house.events("alarm.key_conflict")))


async def test_the_same_triple_with_other_words_is_a_conflict(tmp_path: Path) -> None:
    """Two different messages under one name: neither replaces the other in silence."""
    async with opened(tmp_path) as house:
        await house.take(order(identifier="X-1"))
        with pytest.raises(KeyConflict):
            await house.take(order(identifier="X-1", text="别的"))


async def test_an_update_replaces_what_was_not_sent(tmp_path: Path) -> None:
    """What had not left is SUPERSEDED, and the new words go out."""
    async with opened(tmp_path) as house:
        house.down("a")
        house.down("r")
        await house.settle()
        first = await house.order("wang")
        await house.order("wang", text="新的", action="Update", reference=first.id)
        assert ["superseded", "active"] == await house.states(first.id)
        house.up()
        await house.settle()
        assert {True} == {"新的" in mail.text for mail in house.sent}


async def test_a_cancel_goes_to_exactly_those_who_got_it(tmp_path: Path) -> None:
    """Over the channels they got it by, and to nobody else."""
    async with opened(tmp_path) as house:
        first = await house.order("wang", "shuang")
        before = {(mail.channel, mail.address) for mail in house.sent}
        count = len(house.sent)
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        assert before == {(mail.channel, mail.address) for mail in house.sent[count:]}
        assert ["cancelled", "active"] == await house.states(first.id)


BUSY = Transient(Scope.RECIPIENT, "503", 0.0)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([BUSY, BUSY, Permanent(Scope.RECIPIENT, "503")], 0),
        ([Transient(Scope.CHANNEL, "503", 300.0)], 0),
        ([BUSY, Unknown("timeout")], 1),
        ([BUSY, Reached(Evidence.ACCEPTED)], 1),
    ],
)
async def test_a_cancel_goes_where_the_order_may_have_come(tmp_path: Path, outcomes: list[Outcome], told: int) -> None:
    """A webhook that answered 503 each time has nothing to take back; one that fell silent may have."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend(outcomes)
        first = await house.order("wang", via=["a"])
        for _ in outcomes[1:]:
            await house.later(1.0)
        assert (len(outcomes), 0) == (len(house.sent), len(house.channel["a"].outcomes))
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        assert told == sum("取消" in mail.text for mail in house.sent)


async def test_a_cancel_of_what_never_left_stays_quiet(tmp_path: Path) -> None:
    """Nobody heard of it, nobody is told."""
    async with opened(tmp_path) as house:
        house.down("a")
        house.down("r")
        await house.settle()
        first = await house.order("wang")
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        house.up()
        await house.settle()
        assert ([], {S.CANCELLED}) == (house.sent, {one.state for one in await house.deliveries()})


async def test_a_cancel_that_comes_first_leaves_a_tombstone(tmp_path: Path) -> None:
    """The original that comes later is dead on arrival."""
    async with opened(tmp_path) as house:
        await house.order("everyone", text="取消", action="Cancel", reference="X-9")
        late = await house.take(order(identifier="X-9"), source="centre")
        assert isinstance(late, Accepted)
        assert ("cancelled", []) == (late.state, house.sent)


async def test_an_update_whose_cancel_came_first_is_dead_on_arrival(tmp_path: Path) -> None:
    """The link delivered the end before the change: that is kept and never sent, and what it would have replaced ends with it."""
    async with opened(tmp_path) as house:
        first = await house.take(order(identifier="X-1"), source="centre")
        assert isinstance(first, Accepted)
        await house.order("everyone", text="取消", action="Cancel", reference="X-2")
        late = await house.take(order(identifier="X-2", text="新的", action="Update", reference=first.id), source="centre")
        assert isinstance(late, Accepted)
        assert ("cancelled", ["cancelled", "cancelled", "active"]) == (late.state, await house.states(first.id))
        assert [] == [mail for mail in house.sent if "新的" in mail.text]


async def test_a_dead_update_needs_no_original(tmp_path: Path) -> None:
    """An Update of something unknown is handled as new, but not when its Cancel is here already."""
    async with opened(tmp_path) as house:
        await house.order("everyone", text="取消", action="Cancel", reference="X-2")
        late = await house.take(order(identifier="X-2", text="新的", action="Update", reference="X-1"), source="centre")
        assert isinstance(late, Accepted)
        assert ("cancelled", []) == (late.state, house.sent)


async def test_an_update_without_its_original_is_sent_as_new(tmp_path: Path) -> None:
    """The original never came through: what is known now must not wait for it."""
    async with opened(tmp_path) as house:
        answer = await house.take(order(identifier="X-2", text="新的", action="Update", reference="X-1"))
        assert isinstance(answer, Accepted)
        assert ("active", 1) == (answer.state, len(house.sent))


async def test_an_update_that_its_cancel_overtook_revives_nothing(tmp_path: Path) -> None:
    """Said before the Cancel and come after it: the event stays over, however many such Updates still come."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        await _revised(house, at=20, action="Cancel", reference=first.id)
        for key, at in enumerate((10, 20, 15)):
            late = await _revised(house, at=at, action="Update", reference=first.id, text=f"旧的{key}")
            assert "cancelled" == late.state
        assert ["cancelled", "active", "cancelled", "cancelled", "cancelled"] == await house.states(first.id)
        assert [] == [mail for mail in house.sent if "旧的" in mail.text]


async def test_an_update_said_after_the_cancel_opens_the_event_again(tmp_path: Path) -> None:
    """Whoever speaks again after an end means it."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        await _revised(house, at=20, action="Cancel", reference=first.id)
        again = await _revised(house, at=30, action="Update", reference=first.id, text="又来")
        assert ("active", ["cancelled", "superseded", "active"]) == (again.state, await house.states(first.id))
        assert "又来" in house.sent[-1].text


async def test_what_was_said_earlier_never_replaces_what_was_said_later(tmp_path: Path) -> None:
    """Two Updates in the wrong order: the newer words stay in force, the older ones are kept and never sent."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        await _revised(house, at=20, action="Update", reference=first.id, text="新的")
        for key, at in enumerate((10, 15)):
            late = await _revised(house, at=at, action="Update", reference=first.id, text=f"旧的{key}")
            assert "superseded" == late.state
        assert ["superseded", "active", "superseded", "superseded"] == await house.states(first.id)
        assert [] == [mail for mail in house.sent if "旧的" in mail.text]


async def test_a_strangers_unsigned_cancel_stops_no_update(tmp_path: Path) -> None:
    """A Cancel that waits for a person is not in force: the author's Update goes out."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        held = await _revised(house, at=20, action="Cancel", reference=first.id, sender="stranger")
        update = await _revised(house, at=10, action="Update", reference=first.id, text="新的")
        assert ("held", "active") == (held.state, update.state)
        assert "新的" in house.sent[-1].text


async def test_a_stranger_cannot_bury_what_is_still_to_come(tmp_path: Path) -> None:
    """His Cancel came before the author's alert: it would have waited for a person, so the alert goes out."""
    async with opened(tmp_path) as house:
        await house.take(order(to=["everyone"], sender="stranger", text="取消", action="Cancel", reference="X-9"), source="stranger")
        alert = await house.take(order(identifier="X-9"))
        assert isinstance(alert, Accepted)
        assert ("active", 1) == (alert.state, len(house.sent))


async def test_a_signed_cancel_buries_what_is_still_to_come(tmp_path: Path) -> None:
    """A person answers for it: the alert that follows is kept and never sent, whoever sends it."""
    async with opened(tmp_path) as house:
        cancel = order(to=["everyone"], sender="stranger", text="取消", action="Cancel", reference="X-9")
        await house.take(cancel, "anna", source="stranger")
        alert = await house.take(order(identifier="X-9"))
        assert isinstance(alert, Accepted)
        assert ("cancelled", []) == (alert.state, house.sent)


@pytest.mark.parametrize(("signers", "expected"), [((), "active"), (("anna",), "cancelled")])
async def test_a_held_cancel_buries_nothing_until_it_is_signed(tmp_path: Path, signers: tuple[str, ...], expected: str) -> None:
    """Its clock is a day ahead, so a person must look at it first; with the signature it is in force for what comes later."""
    async with opened(tmp_path) as house:
        cancel = await house.take(order(action="Cancel", reference="X-9", sent="1970-01-13T13:46:40Z"))
        assert isinstance(cancel, Accepted)
        assert "held" == cancel.state
        for signer in signers:
            await house.room.release.sign(cancel.id, signer)
        alert = await house.take(order(identifier="X-9"))
        assert isinstance(alert, Accepted)
        assert expected == alert.state


async def test_a_strangers_cancel_is_held(tmp_path: Path) -> None:
    """Who did not write it may not end it unsigned: it waits for a person, and the original goes on."""
    async with opened(tmp_path) as house:
        first = await house.take(order(identifier="X-1"))
        assert isinstance(first, Accepted)
        cancel = await house.take(
            order(to=["everyone"], sender="stranger", text="取消", action="Cancel", reference=first.id), source="stranger"
        )
        assert isinstance(cancel, Accepted)
        assert ("held", ["active", "held"]) == (cancel.state, await house.states(first.id))
        await house.room.release.sign(cancel.id, "anna")
        await house.settle()
        assert ["cancelled", "active"] == await house.states(first.id)
        assert "取消" in house.sent[-1].text


async def test_a_stranger_gains_nothing_by_asking_twice(tmp_path: Path) -> None:
    """A held revision of his makes him no author of the event: his second Cancel waits like the first."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        for at in (20, 30):
            cancel = await _revised(house, at=at, action="Cancel", reference=first.id, sender="stranger")
            assert "held" == cancel.state
        assert ["active", "held", "held"] == await house.states(first.id)


async def test_the_author_goes_on_beside_a_strangers_held_cancel(tmp_path: Path) -> None:
    """His Update is his own, whoever else has spoken meanwhile."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        await _revised(house, at=20, action="Cancel", reference=first.id, sender="stranger")
        update = await _revised(house, at=30, action="Update", reference=first.id, text="新的")
        assert ("active", ["superseded", "superseded", "active"]) == (update.state, await house.states(first.id))


async def test_a_revision_keeps_what_people_know_the_event_by(tmp_path: Path) -> None:
    """Its short number stays, it is never less urgent than it was, and without an end of its own it ends no sooner."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0, priority="P1", expires_s=200_000)
        await _revised(house, at=10, action="Update", reference=first.id, text="新的", priority="P3")
        before, after = [
            msgspec.msgpack.decode(row.body, type=Message) for row in await house.store.find(MESSAGE, "1 = 1 ORDER BY revision")
        ]
        assert (first.id, 2, before.number, before.priority) == (after.id, after.revision, after.number, after.priority)
        assert (False, True, before.expires_at) == (before.assumed_expiry, after.assumed_expiry, after.expires_at)


async def test_an_update_may_end_sooner_when_it_says_so(tmp_path: Path) -> None:
    """An end that the author names is the end."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0, expires_s=200_000)
        await _revised(house, at=10, action="Update", reference=first.id, text="新的", expires_s=60)
        _, after = await house.store.find(MESSAGE, "1 = 1 ORDER BY revision")
        assert NOW + 10 + 60 == after.expires_at


async def test_a_cancel_says_what_it_ends(tmp_path: Path) -> None:
    """Headline and areas of the original, and the words of the Cancel: nobody has to look up what an id meant."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0, subject="太仓市台风红色预警", areas=["mca:320585110"])
        await _revised(house, at=10, action="Cancel", reference=first.id, text="台风已过")
        _, row = await house.store.find(MESSAGE, "1 = 1 ORDER BY revision")
        (info,) = msgspec.msgpack.decode(row.body, type=Message).content.infos
        assert ("太仓市台风红色预警", "台风已过") == (info.headline, info.description)
        assert ["320585110"] == [code.value for area in info.areas for code in area.geocodes]


async def test_an_update_that_must_be_signed_leaves_the_original_in_force(tmp_path: Path) -> None:
    """It comes from a clock that runs ahead, so a person looks first; until then people act on the words that are known to be good."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        update = await _revised(house, at=86_400, action="Update", reference=first.id, text="新的")
        assert ("held", ["active", "held"]) == (update.state, await house.states(first.id))
        assert [] == [mail for mail in house.sent if "新的" in mail.text]


async def test_a_repeated_update_is_a_duplicate_and_no_third_revision(tmp_path: Path) -> None:
    """The feed is read again every minute."""
    async with opened(tmp_path) as house:
        first = await _revised(house, at=0)
        for state in ("active", "duplicate"):
            again = await _revised(house, at=10, action="Update", reference=first.id, text="新的")
            assert (first.id, 2, state) == (again.id, again.revision, again.state)
        assert ["superseded", "active"] == await house.states(first.id)


async def test_no_authority_means_held(tmp_path: Path) -> None:
    """A message about a place its source does not speak for is not lost: it waits for a person."""
    async with opened(tmp_path) as house:
        origin = Origin("town", areas=(AreaRef.parse("mca:320585105"),))
        answer = await house.take(order(areas=["mca:320585110"]), origin=origin)
        assert isinstance(answer, Accepted)
        assert ("held", []) == (answer.state, house.sent)


async def test_what_is_over_is_kept_and_never_sent(tmp_path: Path) -> None:
    """It came after its end: on the record, and nowhere else."""
    async with opened(tmp_path) as house:
        answer = await house.take(order(expires="1970-01-12T13:46:39Z", sent="1970-01-12T13:00:00Z"))
        assert isinstance(answer, Accepted)
        assert ("expired", []) == (answer.state, house.sent)


async def test_a_cancel_of_nothing_is_refused(tmp_path: Path) -> None:
    """A Cancel must name what it cancels."""
    async with opened(tmp_path) as house:
        answer = await house.take(order(action="Cancel"))
        assert isinstance(answer, Refused), answer


@pytest.mark.parametrize("closed", [True, False])
async def test_not_now_is_said_at_once(tmp_path: Path, closed: bool) -> None:
    """A stopping or overloaded node promises nothing."""
    async with opened(tmp_path) as house:
        house.room.intake.is_open, house.room.intake.max_pending = not closed, -1
        with pytest.raises(Overloaded):
            await house.room.intake.accept(Submission(order(), Origin("met")))


async def test_open_messages_have_different_numbers(tmp_path: Path) -> None:
    """People answer by number: two open messages never share one, also past 9999."""
    async with opened(tmp_path) as house:
        house.room.intake._last_number = 9998  # the wheel is turned to its end
        numbers = [await _number(house) for _ in range(3)]
        assert (9999, 3) == (max(numbers), len(set(numbers)))


async def _revised(house: House, *, at: float, text: str = "到岗", **fields: object) -> Accepted:
    """A message of one event, said `at` seconds after its beginning."""
    sent = datetime.fromtimestamp(NOW + at, UTC).isoformat()
    answer = await house.take(order(identifier=f"X-{at}-{text}", text=text, **{"sent": sent, **fields}), source="centre")
    assert isinstance(answer, Accepted), answer
    return answer


async def _number(house: House) -> int:
    accepted = await house.order("wang")
    entry = house.room.book.find_message(accepted.id)
    assert entry is not None
    return entry.message.number
