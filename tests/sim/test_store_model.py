"""The store against a model of it: whatever is submitted, whenever the process dies, what is there afterwards is a prefix of what was
submitted, and holds all that was acknowledged. Source: reliability.md §4, hypothesis; C1."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fenghuo.clock import SystemClock
from fenghuo.errors import NotFound, StoreError
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.store import Store, StoreSettings, Tx
from fenghuo.store.records import CensusRow, CounterRow, EventRow
from fenghuo.store.tables import CENSUS, COUNTER, EVENT

NAMES = st.sampled_from("abcde")
NUMBERS = st.integers(0, 9)
Rows = dict[str, int]


class State(msgspec.Struct, frozen=True):
    """What the store should hold: counters by name, and the events told so far."""

    rows: Rows = {}
    told: tuple[str, ...] = ()


class Submitted(msgspec.Struct):
    """A job, the state after it, and whether it should fail."""

    future: asyncio.Future[None]
    after: State
    error: type[Exception] | None


class StoreModel(RuleBasedStateMachine):
    """Counters that are added, changed and deleted by jobs that wait together, fail alone and are cut off by crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = SimLoop(1)
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.chance = random.Random(1)
        self.base = State()
        self.waiting: list[Submitted] = []
        self.lives = 0
        self._open()

    def teardown(self) -> None:
        self._settle()
        self.loop.run_until_complete(self.store.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    # What callers do.

    @rule(name=NAMES, number=NUMBERS)
    def insert(self, name: str, number: int) -> None:
        """A row that is there already is an error, of this job alone."""
        is_new = name not in self._newest.rows
        rows = {**self._newest.rows, name: number} if is_new else self._newest.rows
        self._submit(lambda tx: tx.insert(COUNTER, CounterRow(name, number)), rows, None if is_new else StoreError)

    @rule(name=NAMES, number=NUMBERS)
    def put(self, name: str, number: int) -> None:
        self._submit(lambda tx: tx.put(COUNTER, CounterRow(name, number)), {**self._newest.rows, name: number})

    @rule(name=NAMES, number=NUMBERS)
    def update(self, name: str, number: int) -> None:
        """A row that is not there cannot be changed."""
        is_there = name in self._newest.rows
        rows = {**self._newest.rows, name: number} if is_there else self._newest.rows
        self._submit(lambda tx: tx.update(COUNTER, CounterRow(name, number)), rows, None if is_there else NotFound)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self._submit(lambda tx: tx.delete(COUNTER, name), {key: value for key, value in self._newest.rows.items() if key != name})

    @rule(name=NAMES, number=NUMBERS)
    def change_much_and_fail(self, name: str, number: int) -> None:
        """A job that raises at its end leaves nothing behind, neither rows nor events."""

        def fail(tx: Tx) -> None:
            tx.put(COUNTER, CounterRow(name, number))
            tx.delete(COUNTER, "a")
            tx.event("never", "counter/never")
            raise ZeroDivisionError

        self._submit(fail, self._newest.rows, ZeroDivisionError)

    # What happens to them.

    @rule(milliseconds=st.sampled_from([0.1, 1.0, 3.0]))
    def time_goes_by(self, milliseconds: float) -> None:
        """Some jobs are committed, some callers have heard of it."""
        self.loop.run_until_complete(asyncio.sleep(milliseconds / 1000))

    @rule()
    def everybody_waits(self) -> None:
        self._settle()
        assert self.base == self._held()

    @rule()
    def the_process_dies(self) -> None:
        """All that was acknowledged is there, and beyond it a prefix of what was submitted."""
        self.fill.crash()
        self.loop.run_until_complete(self.store.close())
        answered = [place for place, job in enumerate(self.waiting) if job.future.done()]
        owed = answered[-1] + 1 if answered else 0
        self._check_answers()
        possible = [self.base, *(job.after for job in self.waiting)][owed:]
        self._open()
        self.base, self.waiting = self._held(), []
        assert self.base in possible

    @rule()
    def the_process_stops(self) -> None:
        """A stop drains: nothing that was submitted is lost."""
        self.loop.run_until_complete(self.store.close())
        self._check_answers()
        wanted = self._newest
        self._open()
        self.base, self.waiting = self._held(), []
        assert wanted == self.base

    @invariant()
    def answers_come_in_order(self) -> None:
        """First in, first out: nobody hears before those who came before."""
        done = [job.future.done() for job in self.waiting]
        assert sorted(done, reverse=True) == done

    # Small things.

    @property
    def _newest(self) -> State:
        return self.waiting[-1].after if self.waiting else self.base

    def _open(self) -> None:
        self.lives += 1
        self.fill = VirtualFill(random.Random(self.lives))
        clock = SystemClock(wall=self.loop.time, monotonic=self.loop.time)
        options = StoreSettings(min_free=0, ballast=0, log_frames=0, checkpoint_frames=20, fill=self.fill)
        self.store = self.loop.run_until_complete(Store.open(self.folder, clock=clock, node="model", settings=options))

    def _submit(self, change: Callable[[Tx], None], rows: Rows, error: type[Exception] | None = None) -> None:
        told = self._newest.told if error else (*self._newest.told, f"told-{len(self._newest.told)}")

        def job(tx: Tx) -> None:
            change(tx)
            tx.event(told[-1], "counter/x")

        async def submit() -> asyncio.Future[None]:
            return self.store.submit(job)

        self.waiting.append(Submitted(self.loop.run_until_complete(submit()), State(rows, told), error))

    def _settle(self) -> None:
        """Let every waiting job be answered, and take its state over."""
        if self.waiting:
            self.loop.run_until_complete(asyncio.wait([job.future for job in self.waiting]))
        self._check_answers()
        self.base, self.waiting = self._newest, []

    def _check_answers(self) -> None:
        for job in self.waiting:
            if job.future.done():
                error = job.future.exception()
                assert job.error is type(error) if job.error else error is None

    def _held(self) -> State:
        """What the store holds, read as everybody reads; and its census is right."""

        async def read() -> tuple[list[CounterRow], list[EventRow], CensusRow | None]:
            return (
                await self.store.find(COUNTER),
                await self.store.find(EVENT, "1 = 1 ORDER BY seq"),
                await self.store.get(CENSUS, "counter"),
            )

        counters, events, census = self.loop.run_until_complete(read())
        assert list(range(1, len(events) + 1)) == [event.seq for event in events]
        assert census == CensusRow("counter", len(counters))
        return State({row.name: row.next for row in counters}, tuple(event.type for event in events))


StoreModel.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, derandomize=True)
TestStoreModel = StoreModel.TestCase
