"""What may have left: everything that was begun, but for what its channel says did not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.departed import MAY_HAVE_LEFT, that_may_have_left
from fenghuo.model.delivery import Attempt, Outcome, Permanent, Reached, Scope, Transient, Unknown, outcome_text
from fenghuo.model.evidence import Evidence
from fenghuo.store import Tx
from fenghuo.store.tables import ATTEMPT, DELIVERY
from tests.core.engine.values import NOW, delivery
from tests.core.store.rows import open_store

BUSY, REFUSED = Transient(Scope.CHANNEL, "throttled"), Permanent(Scope.RECIPIENT, "barred")
TAKEN, SILENT = Reached(Evidence.ACCEPTED), Unknown("timeout")


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], False),
        ([BUSY], False),
        ([REFUSED], False),
        ([BUSY, BUSY, REFUSED], False),
        ([None], True),
        ([TAKEN], True),
        ([SILENT], True),
        ([BUSY, None], True),
        ([SILENT, REFUSED], True),
        ([TAKEN, BUSY], True),
    ],
)
async def test_one_attempt_that_may_have_left_is_enough(tmp_path: Path, outcomes: list[Outcome | None], expected: bool) -> None:
    """None: under way, or a crash came first."""
    store = await open_store(tmp_path / "state")
    one = delivery(7, tries=len(outcomes))

    def begin(tx: Tx) -> None:
        tx.insert(DELIVERY, one)
        tx.insert(DELIVERY, delivery(8))
        for n, outcome in enumerate(outcomes, 1):
            said = "" if outcome is None else outcome_text(outcome)
            tx.insert(ATTEMPT, Attempt(one.token, n, one.id, one.channel, one.recipient, one.address, NOW, 1, outcome=said))

    await store.run(begin)
    found = {row.id for row in await store.find(DELIVERY, MAY_HAVE_LEFT)}
    assert (found, found) == (set(await that_may_have_left(store, (7, 8, 9))), {7} if expected else set())
    await store.close()


async def test_an_attempt_that_cannot_be_read_may_have_left(tmp_path: Path) -> None:
    """Its row was damaged and set aside: whoever may have got it is told."""
    store = await open_store(tmp_path / "state")
    await store.run(lambda tx: tx.insert(DELIVERY, delivery(7, tries=1)))
    assert {7} == await that_may_have_left(store, [7])
    await store.close()
