"""What a start reads: as many queries for many messages as for few, and page by page the same as at once."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fenghuo.engine import backlog
from fenghuo.engine.channels import PLAIN
from fenghuo.model.delivery import DeliveryState
from fenghuo.store import Store
from fenghuo.store.database import open_reader
from tests.core.engine.house import CAPABILITIES, RULES, House, opened
from tests.core.store.rows import SMALL, StillClock

SIGNED = RULES.replace('match = { kind = ["Dispatch", "Report"] }', 'match = { kind = ["Dispatch", "Report"] }\nsignatures = 2')
BOTH = ("anna", "bert")


async def _filled(folder: Path, amount: int) -> StillClock:
    """Of each kind `amount`: sent and replaced, its Update, waiting for a second signature, met and at rest, accepted and not planned."""
    async with opened(folder, rules=SIGNED) as house:
        for _ in range(amount):
            first = await house.order("wang", "li", signers=BOTH)
            await house.order("wang", text="新的", action="Update", reference=first.id, signers=BOTH)
            await house.order("huang", signers=("anna",))
            await house.order("shuang", signers=BOTH)
            await house.receipt(house.sent[-1])
        house.room.facts.put = lambda fact: None  # type: ignore[method-assign]  # the crash comes before the loop
        for _ in range(amount):
            await house.order("li", signers=BOTH)
    return house.clock


@asynccontextmanager
async def _started(folder: Path, clock: StillClock) -> AsyncIterator[House]:
    """What a crash left, read back, and not one turn of the loop."""
    store = await Store.open(folder / "state", clock=clock, node="node", settings=SMALL)
    house = House(store, clock, CAPABILITIES, SIGNED, terms=PLAIN)
    try:
        await house.room.recover()
        yield house
    finally:
        await house.stop()
        await store.close()


async def _queries(folder: Path, amount: int, patch: pytest.MonkeyPatch) -> list[str]:
    """What the connection that reads was asked."""
    clock = await _filled(folder, amount)
    asked: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        connection = open_reader(path)
        connection.set_trace_callback(asked.append)
        return connection

    patch.setattr("fenghuo.store.reader.open_reader", traced)
    async with _started(folder, clock) as house:
        assert (2 * amount, amount) == (len(house.room.book.messages), len(house.room.book.resting))
    patch.undo()
    return asked


def _image(house: House) -> list[dict[Any, Any]]:
    """All that a start has made of the disk."""
    book = house.room.book
    messages = {
        key: (entry.message, entry.state, entry.signed, entry.envelope, entry.needed_signatures, entry.is_planned, entry.told, entry.had)
        for key, entry in book.messages.items()
    }
    objectives = {key: (one.objective, one.rungs, one.escalate, one.asked, one.closing) for key, one in book.objectives.items()}
    targets = {(one.target.objective, one.target.recipient): (one.target, one.deliveries) for one in book.targets()}
    facts = dict(enumerate(house.room.facts.drain()))
    return [messages, book.resting, objectives, targets, book.refs, book.parts, facts]


async def test_a_start_asks_as_often_for_many_messages_as_for_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each query is a round trip between two threads: with some for each message, a start took as long as they are many."""
    few = await _queries(tmp_path / "few", 1, monkeypatch)
    many = await _queries(tmp_path / "many", 4, monkeypatch)
    assert len(few) == len(many) < 60


async def test_page_by_page_it_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message to a page: the book is as if all were read at once."""
    clock = await _filled(tmp_path / "whole", 2)
    shutil.copytree(tmp_path / "whole", tmp_path / "paged")
    async with _started(tmp_path / "whole", clock) as house:
        whole = _image(house)
    monkeypatch.setattr(backlog, "PAGE", 1)
    async with _started(tmp_path / "paged", clock) as house:
        assert whole == _image(house)
    assert all(whole), "a part of the book that is empty proves nothing"


async def test_what_waits_to_be_said_again_may_still_be_confirmed_after_the_restart(tmp_path: Path) -> None:
    """A radio's order whose answer is overdue waits for its channel to say it again; the answer to the first comes: it is met by that."""
    async with opened(tmp_path) as house:
        await house.order("wang", via=["r"])
        house.down("r")
        await house.later(31)
        assert [DeliveryState.HELD] == [one.state for one in await house.deliveries()]
    async with opened(tmp_path, clock=house.clock, up=False, before=lambda house: house.down("r")) as again:
        await again.receipt(house.sent[0])
        again.up("r")
        await again.settle()
        assert ([DeliveryState.MET], []) == ([one.state for one in await again.deliveries()], again.sent)
