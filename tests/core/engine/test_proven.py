"""What was proven to whom over what, and how it fades."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.planning import best_first
from fenghuo.engine.proven import AMBER_S, HALF_LIFE_S, Age, age_of, chance, counted
from fenghuo.model.delivery import Permanent, Reached, Scope
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities
from fenghuo.store.records import ProvenRow
from fenghuo.store.tables import PROVEN
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW, Q95_S, situation, view

WAY = ProvenRow("wang", "a", "+8613800000001")


def after(*levels: Evidence | None, row: ProvenRow = WAY) -> ProvenRow:
    for level in levels:
        row = counted(row, NOW, level=level)
    return row


# A way.


def test_what_was_never_used_is_worth_what_the_settings_say() -> None:
    """And is red: nobody knows."""
    assert (0.9, Age.RED, Age.RED) == (chance(WAY, 0.9, NOW), age_of(WAY, NOW), age_of(None, NOW))


def test_proofs_raise_the_chance_and_misses_lower_it() -> None:
    """Each further, and never to certainty; the first that is missed says nothing yet."""
    rising = [chance(after(*[Evidence.DEVICE] * times), 0.5, NOW) for times in range(6)]
    falling = [chance(after(*[None] * times), 0.95, NOW) for times in range(6)]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert (True, True) == (rising[-1] < 1.0, falling[3] < 0.5 < falling[2] < falling[1])
    assert 0.95 == pytest.approx(falling[1]) == falling[0]


@pytest.mark.parametrize("reach", [0.3, 0.8, 0.9, 0.95, 1.0])
def test_one_receipt_that_was_missed_moves_nobody_and_two_do(reach: float) -> None:
    """Of two alternates that are as good the cheap one is taken, also after a miss of it."""

    def first(missed: int) -> str:
        plain = situation(view("a", fee_fen=0.0, reach=reach), view("b", fee_fen=50.0, reach=reach))
        row = after(*[None] * missed)
        return best_first(("a", "b"), msgspec.structs.replace(plain, proven={"wang": {"a": chance(row, reach, NOW)}}), "wang")[0]

    assert ("a", "a") == (first(0), first(1))
    assert "b" == first(4)


def test_two_misses_of_a_good_way_put_its_alternate_first() -> None:
    """And after a month or two it is asked again."""
    row = after(None, None)
    plain = situation(view("a", fee_fen=0.0), view("b", fee_fen=50.0))

    def first(days: float) -> str:
        way = {"wang": {"a": chance(row, 0.95, NOW + days * 86_400.0)}}
        return best_first(("a", "b"), msgspec.structs.replace(plain, proven=way), "wang")[0]

    assert ("b", "a") == (first(0), first(30))


def test_a_proof_fades_to_what_the_settings_say() -> None:
    """A year later it is hardly worth more than a guess."""
    row = after(*[None] * 8)
    month, year = (chance(row, 0.9, NOW + later) for later in (HALF_LIFE_S, 12 * HALF_LIFE_S))
    assert chance(row, 0.9, NOW) < month < year
    assert year == pytest.approx(0.9, abs=0.01)


def test_a_proof_is_green_for_a_week_and_amber_after_it() -> None:
    """A miss in between changes nothing about when it was proven last."""
    row = counted(after(Evidence.HUMAN), NOW + 60, level=None)
    assert (Evidence.HUMAN, NOW) == (row.level, row.proven_at)
    assert (Age.GREEN, Age.AMBER) == (age_of(row, NOW + AMBER_S), age_of(row, NOW + AMBER_S + 1))


# The engine.


async def ways(house: House) -> list[tuple[str, str, str, float, float]]:
    await house.room.proven.write()
    rows = await house.store.find(PROVEN, "1 = 1 ORDER BY recipient, channel")
    return [(row.recipient, row.channel, row.level.name, row.met, row.missed) for row in rows]


async def test_a_receipt_proves_the_way_it_came_by(tmp_path: Path) -> None:
    """The device, and then the person: one delivery is one proof, and the way is known after a restart."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN")
        await house.receipt(house.sent[0])
        assert [("wang", "a", "DEVICE", 1.0, 0.0)] == await ways(house)
        await house.answer("a", house.sent[0].address)
        assert [("wang", "a", "HUMAN", 1.0, 0.0)] == await ways(house)
    async with opened(tmp_path, up=False) as house:
        proven = house.room.board.situation().proven
        assert (1, ["wang"], {"a"}) == (len(proven), list(proven), set(proven["wang"]))
        assert 0.95 < proven["wang"]["a"] < 1.0
        assert {} == proven.get("li", {})


async def test_an_answer_proves_the_way_that_it_came_by(tmp_path: Path) -> None:
    """Whoever reads it on the radio and answers by telephone has shown that the telephone works, and of the radio nothing."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN", via=["r"])
        house.clock.now += 5
        await house.answer("a", "+8613800000001")
        (delivery,) = await house.deliveries("wang")
        assert ("r", Evidence.HUMAN) == (delivery.channel, delivery.evidence)
        assert [("wang", "a", "HUMAN", 1.0, 0.0)] == await ways(house)


async def test_an_outcome_that_says_a_person_has_it_is_a_proof(tmp_path: Path) -> None:
    """Some far ends answer for the person in the very answer of the emission."""
    async with opened(tmp_path, a=Capabilities(form="sms", evidence_max=Evidence.HUMAN)) as house:
        house.channel["a"].outcomes.append(Reached(Evidence.HUMAN))
        await house.order("wang")
        assert [("wang", "a", "HUMAN", 1.0, 0.0)] == await ways(house)


async def test_silence_where_word_could_have_come_is_a_miss(tmp_path: Path) -> None:
    """Over the one way, while the other proves itself; what is taken back then says nothing."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.later(Q95_S)
        await house.receipt(house.sent[1])
        assert [("wang", "a", "STORED", 0.0, 1.0), ("wang", "r", "DEVICE", 1.0, 0.0)] == await ways(house)
        assert house.room.board.situation().proven["wang"]["a"] == pytest.approx(0.95)
        await house.order("wang", text="再报")
        await house.later(Q95_S)
        assert house.room.board.situation().proven["wang"]["a"] < 0.95


@pytest.mark.parametrize("returns", [False, True])
async def test_what_waited_when_the_channel_went_down_is_nobodys_miss(tmp_path: Path, returns: bool) -> None:
    """The outage is about everybody, whether it is over by then or not; the next silence counts again."""
    async with opened(tmp_path) as house:
        await house.order("wang", "huang")
        await house.later(Q95_S / 2)
        house.down("a")
        await house.settle()
        if returns:
            house.up("a")
            await house.settle()
        await house.later(Q95_S)
        assert [] == [way for way in await ways(house) if way[1] == "a"]
        house.up("a")
        await house.later(10 * Q95_S)
        await house.order("li", via=["a"])
        await house.later(Q95_S)
        assert [("li", "a", "STORED", 0.0, 1.0)] == [way for way in await ways(house) if way[:2] == ("li", "a")]


async def test_a_refused_number_is_a_miss_and_a_dead_channel_is_none(tmp_path: Path) -> None:
    """The one is about the recipient, the other about everybody."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Permanent(Scope.CHANNEL, "refused"))
        await house.order("wang")
        assert [] == [way for way in await ways(house) if way[1] == "a"]
        house.channel["a"].outcomes.append(Permanent(Scope.RECIPIENT, "no-such-number"))
        await house.order("li")
        assert ("li", "a", "STORED", 0.0, 1.0) in await ways(house)


async def test_another_address_has_proven_nothing(tmp_path: Path) -> None:
    """A new telephone begins at the beginning, under the same name."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        (delivery, *_) = await house.deliveries("wang")
        ledger = house.room.proven
        old = ledger.way("wang", "a")
        assert old is not None
        assert old.address == delivery.address
        ledger._ways["wang"]["a"] = ProvenRow("wang", "a", "+8613900000009", Evidence.HUMAN, NOW, 9.0, 0.0, NOW)
        await house.order("wang")
        await house.receipt(house.sent[-1])
        assert [("wang", "a", "DEVICE", 1.0, 0.0)] == await ways(house)


async def test_what_is_noted_is_written_at_the_latest_when_it_ends(tmp_path: Path) -> None:
    """Not with each receipt; and nothing is lost when the daemon is told to stop."""
    async with opened(tmp_path) as house:
        running = asyncio.create_task(house.room.proven.run())
        await house.order("wang")
        await house.receipt(house.sent[0])
        assert [] == await house.store.find(PROVEN)
        running.cancel()
        await asyncio.wait([running])
        await house.store.run(lambda tx: None)
        assert 1 == len(await house.store.find(PROVEN))
