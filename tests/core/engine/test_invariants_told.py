"""Of whom a person was told that it breaks an invariant is on the disk, and a start reads it."""

from __future__ import annotations

from pathlib import Path

from fenghuo.engine.health import Sign
from fenghuo.engine.invariants import ONE_WAY, TWO_WAYS
from fenghuo.engine.invariants_told import TOLD, keep_told
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import META
from tests.core.engine.test_invariants import Watched
from tests.core.store.rows import open_store


async def test_whoever_was_told_of_is_known_after_a_start(tmp_path: Path) -> None:
    """And what cannot be read stops no start: it is told again."""
    store = await open_store(tmp_path)
    try:
        for expected in ([(ONE_WAY, ["mail"])], []):
            there = Watched(with_mailbox=True)
            await keep_told(there.invariants, store)
            for name in ("a", "r"):
                there.saw(name, Sign.LOCAL_UP)
            assert expected == there.who
            await store.run(lambda tx: None)
        kept = await store.sound(META, TOLD)
        assert kept is not None
        assert f'{{"{ONE_WAY}":["mail"],"{TWO_WAYS}":[]}}' == kept.value
        await store.run(lambda tx: tx.put(META, MetaRow(TOLD, "torn")))
        there = Watched(with_mailbox=True)
        await keep_told(there.invariants, store)
        for name in ("a", "r"):
            there.saw(name, Sign.LOCAL_UP)
        assert [(ONE_WAY, ["mail"])] == there.who
    finally:
        await store.close()
