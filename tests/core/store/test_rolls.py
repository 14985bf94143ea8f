"""The roll on the disk: pages of one area and kind, one roll in force, and none swept away that somebody may have to be told from."""

from __future__ import annotations

import itertools

import msgspec

from fenghuo.model.delivery import DeliveryState, Token
from fenghuo.model.message import MessageId
from fenghuo.model.roll import Roll, RollCount
from fenghuo.store import Store, Tx
from fenghuo.store.records import FanOutRow, PageRow
from fenghuo.store.rolls import next_roll, pages, put_in_force, roll_in_force, sweep, unused
from fenghuo.store.tables import FAN_OUT, META, PAGE, ROLL

A, B = "mca:320585105", "mca:320585110"


def entries(area: str, count: int, kind: str = "msisdn") -> list[tuple[str, str, str]]:
    return [(area, kind, f"{number:06d}") for number in range(count)]


def written(tx: Tx, *areas: tuple[str, int]) -> Roll:
    number, first = next_roll(tx)
    ids = itertools.count(first)
    everybody = itertools.chain.from_iterable(entries(area, count) for area, count in areas)
    tx.insert_all(ROLL, [msgspec.structs.replace(row, id=next(ids)) for row in pages(number, everybody)])
    return put_in_force(tx, Roll(number=number))


def test_a_page_holds_a_thousand_of_one_area_and_kind() -> None:
    made = list(pages(3, [*entries(A, 1_001), *entries(A, 2, "url"), *entries(B, 1_000)]))
    expected = [(A, "msisdn", 1_000), (A, "msisdn", 1), (A, "url", 2), (B, "msisdn", 1_000)]
    assert expected == [(row.area, row.kind, row.count) for row in made]
    assert [row.count for row in made] == [len(row.addresses.split(b"\n")) for row in made]
    assert {3} == {row.roll for row in made}
    assert [] == list(pages(3, []))


async def test_the_roll_in_force_is_found_again_with_its_counts(store: Store) -> None:
    roll = await store.run(lambda tx: written(tx, (A, 1_500), (B, 3)))
    assert (RollCount(A, "msisdn", 1_500), RollCount(B, "msisdn", 3)) == roll.counts
    assert roll == roll_in_force(await store.get(META, "roll"))
    assert Roll() == roll_in_force(None)
    assert (1_503, 3, 0) == (roll.total, roll.count(frozenset({B}), frozenset({"msisdn"})), roll.count(frozenset({B}), frozenset()))


async def swept(store: Store) -> None:
    ids = await unused(store, ended_before=0.0)
    assert len(ids) == await store.run(lambda tx: sweep(tx, ids, ended_before=0.0))


async def test_an_older_roll_goes_unless_a_fan_out_is_of_it(store: Store) -> None:
    """The first was never used; of the second somebody was told, who may have to be told again; the third is in force."""

    def use(tx: Tx) -> None:
        tx.insert(FAN_OUT, FanOutRow(1, MessageId("m"), 1, 2, (A,), ("msisdn",), ("bulk",)))
        first = tx.find(ROLL, "roll = 2 ORDER BY id", limit=1)[0]
        tx.insert(PAGE, PageRow(1, 0, first.id, "bulk", Token("t"), DeliveryState.MET, 1_000, bytes(1_000)))

    for _ in range(2):
        await store.run(lambda tx: written(tx, (A, 1_500)))
    await store.run(use)
    await store.run(lambda tx: written(tx, (A, 1_500)))
    await swept(store)
    assert {2: 2, 3: 2} == {roll: len(await store.find(ROLL, "roll = ?", roll)) for roll in (2, 3)}
    assert [] == await store.find(ROLL, "roll = 1")
