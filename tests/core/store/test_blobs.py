"""Attachments by hash."""

from __future__ import annotations

import hashlib

import pytest

from fenghuo.errors import FormatError
from fenghuo.store import Store
from fenghuo.store.blobs import get_blob, put_blob
from fenghuo.store.tables import BLOB


async def test_same_bytes_are_kept_once(store: Store) -> None:
    """The name of a blob is the SHA-256 of its bytes; a second put adds nothing."""
    data = bytes(range(256)) * 100
    names = [await store.run(lambda tx: put_blob(tx, data)) for _ in range(2)]
    assert [hashlib.sha256(data).hexdigest()] * 2 == names
    assert data == await store.run(lambda tx: get_blob(tx, names[0]))
    assert 1 == len(await store.find(BLOB))


async def test_unknown_name_gives_nothing(store: Store) -> None:
    """A hash that nobody put is None."""
    assert await store.run(lambda tx: get_blob(tx, "00")) is None


async def test_too_large_is_refused(store: Store) -> None:
    """An attachment over the limit is refused with both sizes."""
    with pytest.raises(FormatError, match="an attachment of 11 octets; 10 are allowed"):
        await store.run(lambda tx: put_blob(tx, b"x" * 11, limit=10))
