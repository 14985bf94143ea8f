"""Verbs of the desk by which two nodes find out what one has and the other has not: summary, lines, bring; take."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.reconciliation import AT_ONCE
from fenghuo.engine.reconciling import Brought, Line, key_of, lines_of, read, summary, taking
from fenghuo.errors import FormatError
from fenghuo.model.message import MessageState
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.store.documents import document_of
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, OBJECTIVE

__all__ = ["BACK_S", "ReconcileVerbs"]

BACK_S = 30 * 86_400.0
"""As long as keys outlive their message (chain.KEEP_KEYS_S): what is older is in the archives of both."""


class Heaps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which heaps, by their first two digits."""

    heaps: tuple[str, ...]


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages, by identity."""

    keys: tuple[str, ...]


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message on its way; octets in base64."""

    key: str
    body: str
    raw: str
    state: MessageState
    met: int = 0
    total: int = 0


class Take(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What another node, by its name, brought."""

    peer: str
    messages: tuple[Package, ...]


class ReconcileVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, store: Store, clock: Clock, *, node: str) -> None:
        self._store = store
        self._clock = clock
        self._node = node

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "reconcile.summary": self.summary,
            "reconcile.lines": self.lines,
            "reconcile.bring": self.bring,
            "reconcile.take": self.take,
        }

    async def summary(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """By heap a digest of what is here, and the name of this node."""
        lines = await self._lines()
        return {"node": self._node, "messages": len(lines), "heaps": summary(lines)}

    async def lines(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = frozenset(msgspec.convert(args, Heaps).heaps)
        return [msgspec.structs.asdict(line) for line in await self._lines() if line.key[:2] in wanted]

    async def bring(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """At most AT_ONCE of those that are here."""
        wanted = frozenset(msgspec.convert(args, Keys).keys[:AT_ONCE])
        rows = [row for row in await self._rows() if key_of(row) in wanted]
        return [msgspec.to_builtins(await self._package(row)) for row in rows]

    async def take(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what is missing here as a record: nothing is told to anybody. Raises: FormatError: one is not what it says."""
        wanted = msgspec.convert(args, Take)
        if not wanted.peer or wanted.peer == self._node:
            raise FormatError(f"peer: {wanted.peer!r} is not the name of another node", code="bad-argument", where="peer")
        brought = [_brought(one) for one in wanted.messages]
        read_ones = [(one, read(one)) for one in brought]
        taken = await self._store.run(lambda tx: taking(tx, read_ones, wanted.peer), accept=True)
        return msgspec.structs.asdict(taken)

    async def _rows(self) -> list[MessageRow]:
        where = "accepted_at >= ? AND source != ? ORDER BY accepted_at"  # a node's probe of itself is no other's business
        return await self._store.find(MESSAGE, where, self._clock.time() - BACK_S, SELF_PROBE)

    async def _lines(self) -> list[Line]:
        return lines_of(await self._rows())

    async def _package(self, row: MessageRow) -> Package:
        objectives = await self._store.find(OBJECTIVE, "message = ? AND revision = ?", row.id, row.revision)
        met, total = sum(one.met for one in objectives), sum(one.total for one in objectives)
        raw = await document_of(self._store, row.raw)
        return Package(key_of(row), _text(row.body), _text(raw), row.state, met, total)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _brought(one: Package) -> Brought:
    try:
        body, raw = (base64.b64decode(text, validate=True) for text in (one.body, one.raw))
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"message {one.key}: no base64: {error}", code="bad-argument", where="messages") from error
    return Brought(one.key, body, raw, one.state, one.met, one.total)
