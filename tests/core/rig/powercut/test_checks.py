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
from fenghuo.rig.powercut.checks import at_the_cut, at_the_end, lost, noticed
from fenghuo.rig.powercut.house import Life, live
from fenghuo.rig.powercut.journal import Journal, Seen
from fenghuo.rig.powercut.ledger import Ledger
from fenghuo.rig.powercut.recording import desk_space
from fenghuo.rig.powercut.script import START, STEPS
from fenghuo.rig.powercut.world import Air, Ended, Head, Shown, Told, World
from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import DELIVERY

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
    world.see(Told("signed/nobody", world.told["signed"].id, 1, "held", START))


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
