"""The audit: one chain of hashes over who did what, appended in the transaction of the change that it tells of.

A chain finds an edit, a gap, a swap at its record. It cannot find a cut-off tail: that takes heads kept elsewhere (service/audit).
Source: security.md §6; fields: domain.md §3.14.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

import msgspec

from fenghuo.clock import Clock
from fenghuo.errors import FormatError
from fenghuo.model.audit import SYSTEM, By
from fenghuo.store.records import AuditRow

__all__ = ["GENESIS", "Break", "Chain", "Deed", "acting", "breaks", "read_line", "record_hash", "record_line"]

GENESIS = bytes(32)
"""What the first record follows."""

acting: ContextVar[By] = ContextVar("acting", default=SYSTEM)
"""Who asked for what runs now: set by the desk for a command, taken along by each job that the command submits."""

_encode = msgspec.msgpack.Encoder().encode


class Deed(msgspec.Struct, frozen=True):
    """What was done, to what. `subject`: a path as in message/ID; `content`: a hash of what it held, never its text; `detail`: JSON."""

    action: str
    subject: str
    content: str = ""
    traffic: str = ""
    detail: str = "{}"

    @classmethod
    def of(cls, action: str, subject: str, /, *, content: str = "", traffic: str = "", **detail: object) -> Deed:
        """A deed with its particulars."""
        return cls(action, subject, content, traffic, msgspec.json.encode(detail, order="deterministic").decode())


class Chain(msgspec.Struct, frozen=True):
    """Where the chain stands: the newest record's number and hash, and what is the same in every record of this process."""

    node: str
    boot: str
    seq: int = 0
    hash: bytes = GENESIS

    def link(self, deed: Deed, by: By, clock: Clock) -> AuditRow:
        """The next record."""
        row = AuditRow(
            seq=self.seq + 1,
            at_ms=int(clock.time() * 1000),
            mono_ms=int(clock.monotonic() * 1000),
            boot=self.boot,
            clock=clock.quality().value,
            node=self.node,
            traffic=deed.traffic,
            actor=by.actor,
            role=by.role,
            door=by.door,
            action=deed.action,
            object=deed.subject,
            content=deed.content,
            detail=deed.detail,
            prev=self.hash,
            hash=b"",
        )
        return msgspec.structs.replace(row, hash=record_hash(row))

    def after(self, row: AuditRow) -> Chain:
        """The chain with `row` as its newest record."""
        return msgspec.structs.replace(self, seq=row.seq, hash=row.hash)


class Break(msgspec.Struct, frozen=True):
    """A place where the chain does not hold. `seq`: the record; `reason`: a sentence fragment for a person."""

    seq: int
    reason: str


def record_hash(row: AuditRow) -> bytes:
    """SHA-256 over the previous hash and every field; msgpack types and length-prefixes each, so that no two records read alike."""
    return hashlib.sha256(_encode(msgspec.structs.astuple(row)[:-1])).digest()


def record_line(row: AuditRow) -> str:
    """A record as one line of an export: JSON, hashes in hex."""
    return msgspec.json.encode({**msgspec.structs.asdict(row), "prev": row.prev.hex(), "hash": row.hash.hex()}).decode()


def read_line(line: str | bytes) -> AuditRow:
    """A record from a line of an export. Raises: FormatError."""
    try:
        fields = msgspec.json.decode(line, type=dict[str, str | int])
        hashes = {name: bytes.fromhex(str(fields.pop(name))) for name in ("prev", "hash")}
        return msgspec.convert({**fields, **hashes}, AuditRow)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, ValueError) as error:
        raise FormatError(f"this is no record of an audit: {error}", code="bad-record", where="") from error


def breaks(rows: Iterable[AuditRow], *, after: Chain | None = None) -> Iterator[Break]:
    """Every record, in the order of `rows`, that is altered, out of place, or follows one that is gone. `after`: where to begin."""
    seq, previous = (after.seq, after.hash) if after else (0, GENESIS)
    for row in rows:
        if row.seq != seq + 1:
            yield Break(row.seq, f"follows record {seq}: {_gap(seq, row.seq)}")
        elif row.prev != previous:
            yield Break(row.seq, f"does not follow record {seq} as it stands: one of the two was replaced")
        if record_hash(row) != row.hash:
            yield Break(row.seq, "was altered: its hash does not fit its fields")
        seq, previous = row.seq, row.hash


def _gap(before: int, found: int) -> str:
    if found > before:
        return f"{found - before - 1} records are missing"
    return "records were swapped or added"
