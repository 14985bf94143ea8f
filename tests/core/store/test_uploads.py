"""What is uploaded and not named: kept for its time, claimed by a message, removed once."""

from __future__ import annotations

from functools import partial

import pytest

from fenghuo.errors import NotFound
from fenghuo.model.message import Info, Resource
from fenghuo.service.uploads import UploadKeeper
from fenghuo.store import Store, Tx
from fenghuo.store.blobs import put_blob
from fenghuo.store.records import BlobRow
from fenghuo.store.tables import AUDIT, BLOB, EVENT, META
from fenghuo.store.uploads import adopt, claim, due, expire
from tests.core.engine.values import content

DATA = b"\xff\xd8" * 100


async def _kept(store: Store) -> list[str]:
    return [row.hash for row in await store.find(BLOB)]


def _naming(digest: str, size: int | None = None) -> Info:
    return Info("险情", resources=(Resource("堤.jpg", blob=digest, size=size),))


async def test_its_time_is_over_once_and_told_once(store: Store) -> None:
    """Not before it is over; then the row, its note, one event and one record of the audit, and nothing the second time."""
    digest = await store.run(lambda tx: put_blob(tx, DATA))
    over, next_s = await store.run(partial(due, after_s=3600.0))
    assert ([], True) == (over, 3500 < next_s <= 3600)
    assert not await store.run(partial(expire, digest=digest, after_s=3600.0, is_named=False))
    assert 0.0 == await UploadKeeper(store, 0.0).remove()
    assert ([], []) == (await _kept(store), await store.find(META, "name LIKE 'upload.%'"))
    assert 0.0 == await UploadKeeper(store, 0.0).remove()
    told = [row.subject for row in await store.find(EVENT, "type = 'attachment.expired'")]
    audited = [row.object for row in await store.find(AUDIT, "action = 'expire'")]
    assert ([f"blob/{digest}"], [f"blob/{digest}"]) == (told, audited)


async def test_what_a_message_names_stays_and_what_comes_too_late_is_refused(store: Store) -> None:
    """Whichever of the two the writer does first decides: the claim, or the end of its time."""
    digest = await store.run(lambda tx: put_blob(tx, DATA))
    named = content(infos=(_naming(digest),))
    await store.run(lambda tx: claim(tx, named))
    assert not await store.run(partial(expire, digest=digest, after_s=0.0, is_named=False))
    assert [digest] == await _kept(store)
    assert digest == await store.run(lambda tx: put_blob(tx, DATA)), "uploaded once more it is still the message's"
    await UploadKeeper(store, 0.0).remove()
    assert [digest] == await _kept(store)

    other = await store.run(lambda tx: put_blob(tx, DATA + b"2"))
    await UploadKeeper(store, 0.0).remove()
    late = content(infos=(_naming(other),))
    with pytest.raises(NotFound, match="is not here any more; upload its octets again"):
        await store.run(lambda tx: claim(tx, late))
    from_elsewhere = content(infos=(_naming(other, size=201),))
    await store.run(lambda tx: claim(tx, from_elsewhere))


async def test_a_store_of_before_is_noted_once_and_loses_nothing_that_is_named(store: Store) -> None:
    """Two blobs without a note: each has its time from now, and what turns out to be named is asked about no more."""

    def before(tx: Tx) -> None:
        for name in ("a" * 64, "b" * 64):
            tx.insert(BLOB, BlobRow(name, 1, b"x"))

    await store.run(before)
    for _ in range(2):
        await store.run(adopt)
    assert (["a" * 64, "b" * 64]) == sorted((await store.run(partial(due, after_s=0.0)))[0])
    assert not await store.run(partial(expire, digest="a" * 64, after_s=0.0, is_named=True))
    await UploadKeeper(store, 0.0).remove()
    assert (["a" * 64], []) == (await _kept(store), (await store.run(partial(due, after_s=0.0)))[0])
