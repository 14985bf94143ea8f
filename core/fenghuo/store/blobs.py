"""Attachments, kept under the hash of their bytes."""

from __future__ import annotations

import hashlib

from fenghuo.errors import FormatError
from fenghuo.store.records import BlobRow
from fenghuo.store.tables import BLOB
from fenghuo.store.transaction import Tx

__all__ = ["MAX_BLOB", "get_blob", "put_blob"]

# Octets. An attachment larger than this has no place on the links that Fenghuo serves; 20 of them fit an accept of wire-formats.md §1.3.
MAX_BLOB = 8 * 1024 * 1024


def put_blob(tx: Tx, data: bytes, *, limit: int = MAX_BLOB) -> str:
    """Keep `data` and return its SHA-256 (hex). The same bytes are kept once. Raises: FormatError: more than `limit` octets."""
    if len(data) > limit:
        raise FormatError(f"an attachment of {len(data)} octets; {limit} are allowed", code="too-large")
    name = hashlib.sha256(data).hexdigest()
    if tx.scalar(BLOB.exists_sql, name) is None:
        tx.insert(BLOB, BlobRow(name, len(data), data))
    return name


def get_blob(tx: Tx, name: str) -> bytes | None:
    """The bytes under a hash, if they are here. Raises: RowDamaged."""
    row = tx.get(BLOB, name)
    return None if row is None else row.data
