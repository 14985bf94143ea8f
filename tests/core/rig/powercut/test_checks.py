"""Each of the ten checks fails when what it is about is not so, and none of them when all is well."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from fenghuo.model.delivery import DeliveryState
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId
from fenghuo.rig.powercut.checks import at_the_cut, at_the_end, lost, noticed
from fenghuo.rig.powercut.house import Life, live
from fenghuo.rig.powercut.journal import Journal, Seen
from fenghuo.rig.powercut.ledger import Ledger
from fenghuo.rig.powercut.recording import desk_space
from fenghuo.rig.powercut.script import START, STEPS
from fenghuo.rig.powercut.world import Air, Ended, Head, Shown, Told, World
from fenghuo.store.disk import DATABASE
from fenghuo.store.records import ReleaseRow
from fenghuo.store.tables import DELIVERY, FAN_OUT, PAGE, RELEASE

Spoil = Callable[[sqlite3.Connection, World], None]


@pytest.fixture(scope="module")
def lived() -> Iterator[tuple[Path, tuple[Seen, ...]]]:
    """A store and a world after a life in peace, beyond the end of everything."""
    with desk_space() as space:
        journal = Journal()
        assert [] == live(Life(space / "state", START, 8000.0, STEPS), World(journal))
        yield space / "state" / DATABASE, tuple(entry for entry in journal.entries if isinstance(entry, Seen))


@pytest.fixture
def copied(lived: tuple[Path, tuple[Seen, ...]], tmp_path: Path) -> tuple[Path, World]:
    path, past = lived
    (tmp_path / DATABASE).write_bytes(path.read_bytes())
    return tmp_path / DATABASE, World(past=past)


def air_of(world: World, channel: str) -> Air:
    return next(air for air in world.airs if air.channel == channel)


def alter_a_text(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("UPDATE message SET source = source || '.' WHERE number = (SELECT min(number) FROM message)")


def forget_a_row(connection: sqlite3.Connection, world: World) -> None:
    connection.execute("DELETE FROM receipt WHERE id = 1")


def promise_another(connection: sqlite3.Connection, world: World) -> None:
    world.told["order"] = Told("order", "another", 1, "active", START)


def promise_a_signature(connection: sqlite3.Connection, world: World) -> None:
    world.told["signed/deputy"] = msgspec.structs.replace(world.told["signed/deputy"], revision=9)


def show_more(connection: sqlite3.Connection, world: World) -> None:
    world.see(Shown(1, Evidence.DONE))


def show_another_end(connection: sqlite3.Connection, world: World) -> None:
    world.see(Ended(99, "MET"))


def take_a_receipt(connection: sqlite3.Connection, world: World) -> None:
    name, took = next(iter(world.took.items()))
    world.took[name] = msgspec.structs.replace(took, raw=b"never kept")


def emit_without_intent(connection: sqlite3.Connection, world: World) -> None:
    world.see(msgspec.structs.replace(air_of(world, "sms"), n=9))


def start_again(connection: sqlite3.Connection, world: World) -> None:
    world.see(air_of(world, "siren"))


def copy_too_often(connection: sqlite3.Connection, world: World) -> None:
    world.see(air_of(world, "sms"))


def emit_late(connection: sqlite3.Connection, world: World) -> None:
    world.airs[0] = msgspec.structs.replace(world.airs[0], at=START + 10_000.0)


def emit_an_exercise(connection: sqlite3.Connection, world: World) -> None:
    world.airs[0] = msgspec.structs.replace(world.airs[0], channel="drill")


def emit_as_somebody_else(connection: sqlite3.Connection, world: World) -> None:
    world.airs[0] = msgspec.structs.replace(world.airs[0], epoch=7)


def leave_it_open(connection: sqlite3.Connection, world: World) -> None:
    raw = connection.execute(DELIVERY.find_sql("id = 1", None)).fetchone()
    row = msgspec.structs.replace(DELIVERY.decode(raw), state=DeliveryState.AWAITING)
    connection.execute(DELIVERY.update_sql, DELIVERY.update_values(DELIVERY.encode(row)))


def use_a_number_again(connection: sqlite3.Connection, world: World) -> None:
    world.airs.append(air_of(world, "radio"))


def refuse_another(connection: sqlite3.Connection, world: World) -> None:
    world.told["torn"] = msgspec.structs.replace(world.told["torn"], id="refusal/99")


def conflict_elsewhere(connection: sqlite3.Connection, world: World) -> None:
    world.told["another"] = msgspec.structs.replace(world.told["another"], id="source/elsewhere")


def decide_about_another(connection: sqlite3.Connection, world: World) -> None:
    world.told["shed/shed"] = msgspec.structs.replace(world.told["shed/shed"], id="delivery/1")


def waive_another(connection: sqlite3.Connection, world: World) -> None:
    world.told["waived/waive"] = msgspec.structs.replace(world.told["waived/waive"], id="objective/1")


def hear_more_of_a_page(connection: sqlite3.Connection, world: World) -> None:
    name, took = next((name, took) for name, took in world.took.items() if took.addresses)
    world.took[name] = msgspec.structs.replace(took, level=Evidence.DONE)


def tell_a_public_nothing(connection: sqlite3.Connection, world: World) -> None:
    world.sheets.clear()


def hear_nothing_of_pages(connection: sqlite3.Connection, world: World) -> None:
    world.took = {name: took for name, took in world.took.items() if not took.addresses}


def page_without_intent(connection: sqlite3.Connection, world: World) -> None:
    world.sheets[0] = msgspec.structs.replace(world.sheets[0], n=9)


def page_once_more(connection: sqlite3.Connection, world: World) -> None:
    world.see(world.sheets[0])


def page_late(connection: sqlite3.Connection, world: World) -> None:
    world.sheets[0] = msgspec.structs.replace(world.sheets[0], at=START + 10_000.0)


def page_as_somebody_else(connection: sqlite3.Connection, world: World) -> None:
    world.sheets[0] = msgspec.structs.replace(world.sheets[0], epoch=7)


def leave_a_page_open(connection: sqlite3.Connection, world: World) -> None:
    _change_pages(connection, state=DeliveryState.AWAITING)


def leave_a_fan_out_open(connection: sqlite3.Connection, world: World) -> None:
    for raw in connection.execute(FAN_OUT.select_sql).fetchall():
        row = msgspec.structs.replace(FAN_OUT.decode(raw), done=False)
        connection.execute(FAN_OUT.update_sql, FAN_OUT.update_values(FAN_OUT.encode(row)))


def pass_a_page_over(connection: sqlite3.Connection, world: World) -> None:
    world.sheets.clear()
    _change_pages(connection, marks=None)


def _change_pages(connection: sqlite3.Connection, **changes: object) -> None:
    for raw in connection.execute(PAGE.select_sql).fetchall():
        row = PAGE.decode(raw)
        row = msgspec.structs.replace(row, **(changes if changes.get("marks", 0) is not None else {"marks": bytes(len(row.marks))}))
        connection.execute(PAGE.update_sql, PAGE.update_values(PAGE.encode(row)))


def sign_in_secret(connection: sqlite3.Connection, world: World) -> None:
    row = ReleaseRow(MessageId(world.told["signed"].id), 1, "envelope", "nobody", START, START)
    connection.execute(RELEASE.insert_sql, RELEASE.encode(row))


def read_further(connection: sqlite3.Connection, world: World) -> None:
    world.see(Head(world.head.event + 1, world.head.audit, world.head.hash))


def read_another_audit(connection: sqlite3.Connection, world: World) -> None:
    world.see(Head(world.head.event, 3, b"another"))


SPOILED: dict[Spoil, int] = {
    alter_a_text: 1,
    forget_a_row: 1,
    promise_another: 2,
    promise_a_signature: 2,
    show_more: 3,
    show_another_end: 3,
    take_a_receipt: 3,
    emit_without_intent: 4,
    start_again: 5,
    copy_too_often: 6,
    emit_late: 7,
    emit_an_exercise: 7,
    emit_as_somebody_else: 7,
    leave_it_open: 8,
    use_a_number_again: 9,
    refuse_another: 2,
    conflict_elsewhere: 2,
    decide_about_another: 2,
    waive_another: 2,
    hear_more_of_a_page: 3,
    tell_a_public_nothing: 3,
    hear_nothing_of_pages: 3,
    page_without_intent: 4,
    page_once_more: 6,
    page_late: 7,
    page_as_somebody_else: 7,
    leave_a_page_open: 8,
    leave_a_fan_out_open: 8,
    pass_a_page_over: 8,
    sign_in_secret: 10,
    read_further: 10,
    read_another_audit: 10,
}


def test_a_life_in_peace_has_nothing_to_find(copied: tuple[Path, World]) -> None:
    """Or every cut would fail."""
    path, world = copied
    ledger = Ledger(path)
    assert ((), (), (), ()) == (at_the_cut(ledger, world), at_the_end(ledger, world), lost(ledger, world), noticed(ledger, world))


@pytest.mark.parametrize(("spoil", "check"), SPOILED.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_not_so_is_found(copied: tuple[Path, World], spoil: Spoil, check: int) -> None:
    """By the check that is about it."""
    path, world = copied
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        spoil(connection, world)
    assert check in {verdict.check for verdict in at_the_end(Ledger(path), world)}


def test_every_check_has_failed_once() -> None:
    """A checker that never failed is no checker."""
    assert set(range(1, 11)) == set(SPOILED.values())
