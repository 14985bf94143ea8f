"""The octets of a document as they came: beside a message while they are few, else kept once, under their hash, for all messages of it.

A feed of 150 alerts is one document. A row of a message is read at every start and for every list, and must stay small for that.
"""

from __future__ import annotations

import hashlib

import msgspec

from fenghuo.errors import StoreError
from fenghuo.store.records import BlobRow
from fenghuo.store.store import Store
from fenghuo.store.tables import BLOB, MESSAGE
from fenghuo.store.transaction import Tx
from fenghuo.store.uploads import keep

__all__ = ["BESIDE_OCTETS", "LARGE_ROWS", "digest_of", "document_of", "is_apart", "move_out", "put_document"]

BESIDE_OCTETS = 4096
"""What is no longer stands beside its message: most orders, and no feed."""
_MARK = b"\x00document\x00"
LARGE_ROWS = f"SELECT json_group_array(rowid) FROM message WHERE length(raw) > {BESIDE_OCTETS}"
"""The rows of messages that hold a large document themselves, as a JSON array."""


def digest_of(raw: bytes) -> str:
    """The name of a document: SHA-256 of its octets (hex)."""
    return hashlib.sha256(raw).hexdigest()


def is_apart(raw: bytes, *, messages: int = 1) -> bool:
    """Whether the document of so many messages is kept for itself."""
    return messages > 1 or len(raw) > BESIDE_OCTETS or raw.startswith(_MARK)


def put_document(tx: Tx, raw: bytes, digest: str = "") -> bytes:
    """What a row holds of a document. `digest`: digest_of(raw), where it is to be kept apart whatever its length."""
    if not digest and not is_apart(raw):
        return raw
    name = digest or digest_of(raw)
    if tx.scalar(BLOB.exists_sql, name) is None:
        tx.insert(BLOB, BlobRow(name, len(raw), raw))
    keep(tx, name)  # the same octets, uploaded to be attached and not named yet, are not forgotten from now on
    return _MARK + name.encode()


async def document_of(store: Store, row_raw: bytes) -> bytes:
    """The octets that a row speaks of. Raises: RowDamaged; StoreError: they are gone."""
    if not row_raw.startswith(_MARK):
        return row_raw
    name = row_raw.removeprefix(_MARK).decode("ascii", "replace")
    blob = await store.get(BLOB, name)
    if blob is None:
        raise StoreError(f"the document {name} is not here")
    return blob.data


def move_out(tx: Tx, rowid: int) -> None:
    """Of a store of before: move the document of one of LARGE_ROWS out of its row."""
    for row in tx.find(MESSAGE, "rowid = ?", rowid):
        tx.update(MESSAGE, msgspec.structs.replace(row, raw=put_document(tx, row.raw)))
