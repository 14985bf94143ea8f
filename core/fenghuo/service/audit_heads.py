"""Signed heads of the audit: what proves, from another place, how far the chain had come; and the one verdict on records and heads.

A head is one line of JSON: node, seq, hash (hex), at_ms, key (hex, public), signature (hex) over all of the others. Ed25519, RFC 8032.
Source: security.md §6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.errors import FormatError
from fenghuo.store.audit import Break, Chain, breaks
from fenghuo.store.disk import write_file
from fenghuo.store.records import AuditRow

__all__ = ["RESTORE", "Head", "Report", "Restoration", "Signer", "cut_tails", "examined", "open_signer", "read_heads", "restorations"]

RESTORE = "restore"
"""The action of a record that tells of a restore."""

KEY = "audit.key"
PUBLIC = "audit.pub"


class Head(msgspec.Struct, frozen=True):
    """The newest record of a chain at a moment, signed. `hash`, `key`, `signature`: hex."""

    node: str
    seq: int
    hash: str
    at_ms: int
    key: str
    signature: str = ""

    def line(self) -> str:
        """As it is kept and sent."""
        return msgspec.json.encode(self).decode()

    def signed(self) -> bytes:
        """What the signature covers: every field but itself, each typed and length-prefixed."""
        return msgspec.msgpack.encode(("fenghuo.audit.head.v1", self.node, self.seq, self.hash, self.at_ms, self.key))

    def is_genuine(self, key: str) -> bool:
        """Whether the owner of the public `key` (hex) signed it."""
        return self.key == key and _is_signed(self.signed(), self.signature, key)


class Restoration(msgspec.Struct, frozen=True):
    """A backup was put in the place of the store: `source`, whose newest record was `after` with the hash `prev` (hex), at `at_ms`.

    `key`, `signature`: hex; a record of it without a genuine signature explains nothing.
    """

    node: str
    after: int
    prev: str
    source: str
    at_ms: int
    key: str
    signature: str = ""

    def signed(self) -> bytes:
        """What the signature covers; never what a head's covers."""
        return msgspec.msgpack.encode(("fenghuo.audit.restore.v1", self.node, self.after, self.prev, self.source, self.at_ms, self.key))

    def is_genuine(self, key: str) -> bool:
        """Whether the owner of the public `key` (hex) signed it."""
        return self.key == key and _is_signed(self.signed(), self.signature, key)

    def detail(self) -> dict[str, Any]:
        """Its fields in the record."""
        return msgspec.structs.asdict(self)

    def explains(self, head: Head) -> bool:
        """Whether it took away what the head knows: a record after the backup's last, signed before the restore."""
        return head.seq > self.after and head.at_ms <= self.at_ms


def restorations(rows: Iterable[AuditRow], *, key: str) -> tuple[Restoration, ...]:
    """The restores that records tell of and the owner of `key` signed, each at its own place in the chain."""
    found: list[Restoration] = []
    for row in rows:
        if row.action == RESTORE:
            try:
                told = msgspec.json.decode(row.detail, type=Restoration)
            except msgspec.DecodeError:
                continue
            if (told.after, told.prev) == (row.seq - 1, row.prev.hex()) and told.is_genuine(key):
                found.append(told)
    return tuple(found)


def _is_signed(text: bytes, signature: str, key: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  half of this daemon's start-up time otherwise
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


class Signer:
    """Holds the node's own key for heads."""

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  as above

        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = self._key.public_key().public_bytes_raw().hex()

    def head(self, chain: Chain, at_ms: int) -> Head:
        """The head of `chain`, signed."""
        head = Head(chain.node, chain.seq, chain.hash.hex(), at_ms, self.public)
        return msgspec.structs.replace(head, signature=self._key.sign(head.signed()).hex())

    def signed(self, told: Restoration) -> Restoration:
        """A restore, signed."""
        return msgspec.structs.replace(told, signature=self._key.sign(told.signed()).hex())


def open_signer(folder: Path) -> Signer:
    """The key in a state folder, made at the first start; its public half lies beside it for whoever verifies elsewhere."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  as above

    place = folder / KEY
    if not place.exists():
        write_file(place, Ed25519PrivateKey.generate().private_bytes_raw())
    signer = Signer(place.read_bytes())
    public = folder / PUBLIC
    if not public.exists():
        write_file(public, f"{signer.public}\n".encode(), mode=0o644)
    return signer


def read_heads(lines: Iterable[str]) -> Iterator[Head]:
    """Heads from the lines of a place; a syslog's prefix before the JSON is skipped. Raises: FormatError: a line that is none."""
    for number, line in enumerate(lines, 1):
        at = line.find("{")
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line[at:].strip() if at >= 0 else line, type=Head)
        except msgspec.DecodeError as error:
            raise FormatError(f"line {number} is no head of an audit: {error}", code="bad-head", where=f"line {number}") from error


def cut_tails(
    heads: Iterable[Head], hashes: Mapping[int, bytes], *, last: int, key: str, restored: Sequence[Restoration] = ()
) -> Iterator[Break]:
    """Where the heads say otherwise than the chain, and no restore explains it. `hashes`: by seq, for every head's seq that the chain has;
    `last`: its newest."""
    for head in heads:
        if not head.is_genuine(key):
            yield Break(head.seq, f"a head of record {head.seq} is not signed by the key {_short(key)}")
        elif hashes.get(head.seq, b"").hex() == head.hash or any(one.explains(head) for one in restored):
            continue
        elif head.seq > last:
            yield Break(last, f"the records after {last} were cut off: a signed head knows record {head.seq}")
        else:
            yield Break(head.seq, "is not the record that a signed head knows: the chain was written anew")


class Report(msgspec.Struct, frozen=True):
    """What `fenghuo log verify` says, of the running daemon's audit or of a file. `heads`: with how many signed heads it was compared."""

    records: int
    breaks: tuple[Break, ...]
    restored: tuple[Restoration, ...] = ()
    heads: int = 0

    def answer(self) -> dict[str, Any]:
        """As it is printed and sent."""
        wrong = [{"record": one.seq, "reason": one.reason} for one in self.breaks]
        restored = [{"record": one.after + 1, "source": one.source, "after": one.after} for one in self.restored]
        return {"records": self.records, "ok": not wrong, "breaks": wrong, "restored": restored, "heads": self.heads}


def examined(rows: Iterable[AuditRow], heads: Iterable[Head], *, key: str, damaged: Collection[int] = ()) -> Report:
    """Chain and heads judged in one pass that keeps only what the heads ask for; a daemon and an auditor far away find the same.
    `damaged`: the records whose row does not fit its digest, which are not among `rows`; asked for when these have passed."""
    known = tuple(heads)
    seen = _Seen({head.seq for head in known})
    broken = tuple(breaks(seen.passing(rows)))
    restored = restorations(seen.restores, key=key)
    cut = cut_tails(known, seen.hashes, last=seen.last, key=key, restored=restored)
    rotten = tuple(Break(seq, "has a damaged row: it does not fit its digest") for seq in sorted(damaged))
    return Report(seen.count + len(rotten), (*rotten, *broken, *cut), restored, len(known))


class _Seen:
    """What is remembered of the records that pass."""

    def __init__(self, wanted: set[int]) -> None:
        self._wanted = wanted
        self.hashes: dict[int, bytes] = {}
        self.restores: list[AuditRow] = []
        self.count = self.last = 0

    def passing(self, rows: Iterable[AuditRow]) -> Iterator[AuditRow]:
        for row in rows:
            self.count += 1
            self.last = row.seq
            if row.action == RESTORE:
                self.restores.append(row)
            if row.seq in self._wanted:
                self.hashes[row.seq] = row.hash
            yield row


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]
