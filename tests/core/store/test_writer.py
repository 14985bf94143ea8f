"""The writer thread: order, sharing of commits, containment, cancellation."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from fenghuo.errors import StoreError
from fenghuo.store import Store, Tx
from fenghuo.store.database import connect_writer
from fenghuo.store.tables import DELIVERY, EVENT
from tests.core.store.rows import SMALL, StillClock, delivery, open_store
from tests.scale import PATIENCE_S


class Gate:
    """A job that keeps the writer busy until the test has queued what it wants to see together."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def __call__(self, _: Tx) -> None:
        self._open.wait(10)

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def open(self) -> None:
        self._open.set()


async def test_cancelled_callers_lose_no_row(store: Store) -> None:
    """200 callers that are all cancelled leave 200 rows, and the writer goes on."""
    gate = Gate()
    blocked = store.submit(gate)
    callers = [asyncio.create_task(store.run(lambda tx, n=n: tx.insert(DELIVERY, delivery(n)))) for n in range(200)]  # type: ignore[misc]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    gate.open()
    await blocked
    await store.run(lambda _: None)
    assert 200 == sum(isinstance(result, asyncio.CancelledError) for result in results)
    assert 200 == await store.scalar("SELECT count(*) FROM delivery")


async def test_failing_job_takes_back_itself_alone(store: Store) -> None:
    """Of three jobs in one commit the middle one raises: the other two are kept, and the events have no hole."""

    def write(number: int, *, fail: bool = False) -> asyncio.Future[None]:
        def job(tx: Tx) -> None:
            tx.insert(DELIVERY, delivery(number))
            tx.event("delivery.ready", f"delivery/{number}")
            if fail:
                raise ValueError("no")

        return store.submit(job)

    gate = Gate()
    blocked = store.submit(gate)
    first, second, third = write(1), write(2, fail=True), write(3)
    gate.open()
    await asyncio.gather(blocked, first, third)
    with pytest.raises(ValueError, match="no"):
        await second
    assert [1, 3] == [row.id for row in await store.find(DELIVERY)]
    assert [(1, "delivery/1"), (2, "delivery/3")] == [(row.seq, row.subject) for row in await store.find(EVENT)]


async def test_jobs_run_in_the_order_of_submission(store: Store) -> None:
    """First in, first out, over many commits."""
    seen: list[int] = []
    await asyncio.gather(*(store.submit(lambda _, n=n: seen.append(n)) for n in range(2_000)))  # type: ignore[misc]
    assert list(range(2_000)) == seen


async def test_waiting_jobs_share_a_commit(tmp_path: Path) -> None:
    """What waits while the writer is busy is one transaction, and a batch never exceeds its bound."""
    statements: list[str] = []

    def connect(path: str) -> sqlite3.Connection:
        connection = connect_writer(path)
        connection.set_trace_callback(statements.append)
        return connection

    store = await Store.open(tmp_path, clock=StillClock(), node="taicang", settings=SMALL, connect=connect)
    gate = Gate()
    blocked = store.submit(gate)
    while not statements or "BEGIN" not in statements[-1]:
        await asyncio.sleep(0.001)
    statements.clear()
    jobs = [store.submit(lambda tx, n=n: tx.insert(DELIVERY, delivery(n))) for n in range(1_000)]  # type: ignore[misc]
    gate.open()
    await asyncio.gather(blocked, *jobs)
    assert 3 == statements.count("COMMIT")
    await store.close()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, StopIteration, GeneratorExit])
async def test_any_exception_stays_with_its_job(store: Store, error: type[BaseException]) -> None:
    """Not even an exception that ends processes ends the writer; its caller gets a StoreError."""

    def job(tx: Tx) -> NoReturn:
        tx.insert(DELIVERY, delivery(1))
        raise error

    with pytest.raises(StoreError, match=error.__name__):
        await store.run(job)
    assert [] == await store.run(lambda tx: tx.find(DELIVERY))


async def test_wrong_sql_is_the_jobs_own_fault(store: Store) -> None:
    """A condition that SQLite does not understand fails that job with the reason."""
    with pytest.raises(StoreError, match="no such column"):
        await store.run(lambda tx: tx.find(DELIVERY, "nonsense = 1"))
    with pytest.raises(StoreError, match="no such column"):
        await store.find(DELIVERY, "nonsense = 1")


async def test_close_settles_what_waits(tmp_path: Path) -> None:
    """Jobs submitted before close() are durable after it; later ones are refused."""
    store = await open_store(tmp_path)
    jobs = [store.submit(lambda tx, n=n: tx.insert(DELIVERY, delivery(n))) for n in range(700)]  # type: ignore[misc]
    await store.close()
    await asyncio.gather(*jobs)
    with pytest.raises(StoreError, match="closed"):
        store.submit(lambda _: None)
    store = await open_store(tmp_path)
    assert 700 == await store.scalar("SELECT count(*) FROM delivery")
    await store.close()


async def test_readers_never_block_the_writer(tmp_path: Path, store: Store) -> None:
    """With a reader in the middle of a snapshot, commits and checkpoints go on, and the reader keeps seeing its moment."""
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(0)))
    reader = sqlite3.connect(tmp_path / "state" / "fenghuo.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM delivery").fetchone()
    async with asyncio.timeout(PATIENCE_S):
        for n in range(1, 300):
            await store.run(lambda tx, n=n: tx.insert(DELIVERY, delivery(n)))  # type: ignore[misc]
    assert (1,) == reader.execute("SELECT count(*) FROM delivery").fetchone()
    reader.close()


async def test_progress_counts_and_knows_of_work(store: Store) -> None:
    """The watchdog sees that jobs wait, and that commits grow."""
    gate = Gate()
    before = store.progress[0]
    blocked = store.submit(gate)
    assert store.progress[1]
    gate.open()
    await blocked
    assert (before + 1, False) == store.progress


@pytest.mark.parametrize("gives_up", [False, True])
async def test_what_follows_a_commit_follows_whatever_became_of_the_caller(store: Store, gives_up: bool) -> None:
    """Once, with the result, after the commit, and before the caller goes on."""
    gate, said = Gate(), list[object]()
    blocked = store.submit(gate)

    async def call() -> None:
        said.append(await store.run(lambda tx: 7, then=lambda result: said.append((result, gate.is_open))))

    caller = asyncio.create_task(call())
    await asyncio.sleep(0)
    if gives_up:
        caller.cancel()
    gate.open()
    await asyncio.wait([caller])
    await blocked
    await store.run(lambda tx: None)
    assert [(7, True)] + [7] * (not gives_up) == said


async def test_nothing_follows_a_job_that_failed(store: Store) -> None:
    """What was taken back has no consequences."""

    def failing(tx: Tx) -> NoReturn:
        raise ValueError

    said: list[object] = []
    with pytest.raises(ValueError):
        await store.run(failing, then=said.append)
    assert [] == said


async def test_patient_jobs_share_a_sync_while_power_is_saved_and_none_is_later_than_what_is_urgent(store: Store) -> None:
    """Ten of them become durable together with the urgent one behind them, in one commit and in their order; on mains none waits."""
    store.save_power(3_600.0)  # so that nothing but the urgent one can end the wait
    before, _ = store.progress
    patient = [store.submit(lambda tx, n=n: tx.insert(DELIVERY, delivery(n)), is_patient=True) for n in range(10)]  # type: ignore[misc]
    number = await store.run(lambda tx: tx.scalar("SELECT count(*) FROM delivery"))
    assert (10, True) == (number, all(future.done() for future in patient))
    assert before + 1 == store.progress[0]
    store.save_power(0.0)
    async with asyncio.timeout(PATIENCE_S):
        await store.run(lambda tx: tx.insert(DELIVERY, delivery(10)), is_patient=True)


async def test_a_patient_job_alone_is_settled_by_itself_and_by_the_end_of_the_store(store: Store) -> None:
    """Nobody need come along: its wait has an end, and close() does not wait for that."""
    store.save_power(0.01)
    async with asyncio.timeout(PATIENCE_S):
        await store.run(lambda tx: tx.insert(DELIVERY, delivery(1)), is_patient=True)
    store.save_power(3_600.0)
    last = store.submit(lambda tx: tx.insert(DELIVERY, delivery(2)), is_patient=True)
    async with asyncio.timeout(PATIENCE_S):
        await store.close()
    assert last.done()
