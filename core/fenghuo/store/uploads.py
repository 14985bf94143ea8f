"""Octets that were uploaded and that no message has named yet: noted beside them, claimed by the message, removed when their time is over.

The note of an upload is a row of `meta`; whoever takes it away decides, in the one order of the writer: the message that names the octets,
or the end of their time. So neither can happen behind the other's back.
"""

from __future__ import annotations

import math

from fenghuo.errors import NotFound
from fenghuo.model.message import Content
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import BLOB, META
from fenghuo.store.transaction import Tx

__all__ = ["adopt", "claim", "due", "expire", "keep", "note"]

_LEAD = "upload."
_ADOPTED = "uploads.noted"


def note(tx: Tx, digest: str, *, is_new: bool) -> None:
    """Octets came in. Those that a message has named already, or that were here without a note, get none; else their time begins anew."""
    if is_new or tx.sound(META, _LEAD + digest) is not None:
        tx.put(META, MetaRow(_LEAD + digest, str(tx.now)))


def claim(tx: Tx, content: Content) -> None:
    """A message names its attachments: they stay. Raises: NotFound: the octets of one that it needs are not here, or not any more."""
    for resource in (resource for info in content.infos for resource in info.resources):
        if resource.blob is None:
            continue
        if resource.size is None and tx.scalar(BLOB.exists_sql, resource.blob) is None:
            raise NotFound(f"attachment {resource.blob} ({resource.description}) is not here any more; upload its octets again")
        tx.delete(META, _LEAD + resource.blob)


def keep(tx: Tx, digest: str) -> None:
    """Octets that were made here for a message, and that it does not name: they stay as long as what it names."""
    tx.delete(META, _LEAD + digest)


def adopt(tx: Tx) -> None:
    """Once for a store of before uploads were noted: the time of everything in it begins now, and ends with a look whether it is named."""
    if tx.get(META, _ADOPTED) is not None:
        return
    known = {row.name for row in tx.find(META, "substr(name, 1, ?) = ?", len(_LEAD), _LEAD)}
    for digest in str(tx.scalar("SELECT group_concat(hash) FROM blob") or "").split(","):
        if digest and _LEAD + digest not in known:
            tx.put(META, MetaRow(_LEAD + digest, str(tx.now)))
    tx.put(META, MetaRow(_ADOPTED, str(tx.now)))


def due(tx: Tx, after_s: float) -> tuple[list[str], float]:
    """Digests whose time of `after_s` is over, and seconds until the next one's is."""
    now = tx.now
    ends = {row.name.removeprefix(_LEAD): float(row.value) + after_s for row in tx.find(META, "substr(name, 1, ?) = ?", len(_LEAD), _LEAD)}
    over = [digest for digest, end in ends.items() if end <= now]
    return over, min((end - now for end in ends.values() if end > now), default=math.inf)


def expire(tx: Tx, digest: str, after_s: float, *, is_named: bool) -> bool:
    """Remove the octets, if their time is still over and nobody has claimed them; whether they were. `is_named`: a message names them, they
    stay, and are asked about no more."""
    noted = tx.sound(META, _LEAD + digest)
    if noted is None or float(noted.value) + after_s > tx.now:
        return False
    tx.delete(META, _LEAD + digest)
    if is_named:
        return False
    octets = tx.scalar("SELECT size FROM blob WHERE hash = ?", digest)
    tx.delete(BLOB, digest)
    tx.event("attachment.expired", f"blob/{digest}", octets=octets, uploaded_at=float(noted.value))
    tx.audit(Deed.of("expire", f"blob/{digest}", content=digest, octets=octets))
    return True
