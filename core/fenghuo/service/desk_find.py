"""Verbs of the desk that look for something in what has happened: in the log for everybody, in the audit for auditors alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from fenghuo.clock import seconds
from fenghuo.errors import FormatError
from fenghuo.plugin.ports import Actor
from fenghuo.service.alarm_subjects import names_of
from fenghuo.service.desk import Verb
from fenghuo.service.past_events import first_since
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import record_line
from fenghuo.store.mapping import Scalar
from fenghuo.store.records import EventRow
from fenghuo.store.store import Store
from fenghuo.store.tables import AUDIT, EVENT

__all__ = ["FindVerbs"]

LOOKED_AT = 50_000
"""Rows that one call looks through; a rare word in a year of events is found by calling again from `before`."""

Few = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events newest first. `since`, `until`: RFC 3339 with zone; `kinds`: beginnings of types (`channel.`); `subject`: beginning of a path;
    `words`: text anywhere in type, subject or body; `before`: a seq, to go on from."""

    since: str = ""
    until: str = ""
    kinds: tuple[str, ...] = ()
    subject: str = ""
    words: str = ""
    before: int = 0
    limit: Few = 200


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records newest first. `actor`, `action`: exactly; `object`: beginning of a path; the rest as of the log."""

    since: str = ""
    until: str = ""
    actor: str = ""
    action: str = ""
    object: str = ""
    words: str = ""
    before: int = 0
    limit: Few = 200


class FindVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def verbs(self) -> Mapping[str, Verb]:
        return {"log.find": self.log, "audit.find": self.audit}

    async def log(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Events that fit, and from where to go on; `next` is 0 where there is nothing before them."""
        wanted = msgspec.convert(args, Log)
        first = await self._seq("since", wanted.since) or 0
        last = await self._seq("until", wanted.until)
        before = min(seq for seq in (wanted.before or None, last, self._store.events.head + 1) if seq is not None)
        low = max(first, before - LOOKED_AT)
        search = _Search(low, before)
        search.any_beginning("type", wanted.kinds)
        search.any_beginning("subject", (wanted.subject,) if wanted.subject else ())
        search.within(("type", "subject", "body"), wanted.words)
        rows = await self._store.find(EVENT, search.where, *search.params, limit=wanted.limit)
        names = await names_of(self._store, {row.subject for row in rows})
        events = [{**_event(row), "name": names.get(row.subject, "")} for row in rows]
        return {"head": self._store.events.head, "events": events, "next": _next([row.seq for row in rows], low, first, wanted.limit)}

    async def audit(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Records that fit, as lines of an export."""
        wanted = msgspec.convert(args, Audit)
        head = self._store.audited.mark
        before = wanted.before or head + 1
        low = max(0, before - LOOKED_AT)
        search = _Search(low, before)
        search.bound("at_ms >= ?", _ms("since", wanted.since))
        search.bound("at_ms < ?", _ms("until", wanted.until))
        search.bound("actor = ?", wanted.actor or None)
        search.bound("action = ?", wanted.action or None)
        search.any_beginning("object", (wanted.object,) if wanted.object else ())
        search.within(("actor", "role", "door", "action", "object", "detail"), wanted.words)
        rows = await self._store.find(AUDIT, search.where, *search.params, limit=wanted.limit)
        return {"head": head, "records": [record_line(row) for row in rows], "next": _next([row.seq for row in rows], low, 0, wanted.limit)}

    async def _seq(self, where: str, text: str) -> int | None:
        at = _instant(where, text)
        return await first_since(self._store, at) if at is not None else None


def _event(row: EventRow) -> dict[str, Any]:
    return {"seq": row.seq, "at": rfc3339(row.at), "type": row.type, "subject": row.subject, "body": msgspec.json.decode(row.body)}


class _Search:
    """The condition of a query over rows that are counted by `seq`, newest first, put together with its parameters."""

    def __init__(self, low: int, before: int) -> None:
        self._terms = ["seq >= ?", "seq < ?"]
        self.params: list[Scalar] = [low, before]

    @property
    def where(self) -> str:
        return f"{' AND '.join(self._terms)} ORDER BY seq DESC"

    def bound(self, term: str, value: Scalar) -> None:
        """One comparison; a value that is None asks nothing."""
        if value is not None:
            self._terms.append(term)
            self.params.append(value)

    def any_beginning(self, column: str, texts: tuple[str, ...]) -> None:
        """The column begins with one of these; none asks nothing."""
        if texts:
            one = f"{column} LIKE ? ESCAPE '!'"
            self._terms.append(f"({' OR '.join([one] * len(texts))})")
            self.params.extend(f"{_plain(text)}%" for text in texts)

    def within(self, columns: tuple[str, ...], words: str) -> None:
        """One of the columns has these words."""
        if words:
            joined = " || ' ' || ".join(columns)
            self._terms.append(f"({joined}) LIKE ? ESCAPE '!'")
            self.params.append(f"%{_plain(words)}%")


def _next(seqs: list[int], low: int, first: int, limit: int) -> int:
    """Where to go on: before the last that was given, else before all that was looked at; 0: there is nothing before."""
    rest = seqs[-1] if len(seqs) == limit else low
    return rest if rest > max(1, first) else 0


def _ms(where: str, text: str) -> int | None:
    at = _instant(where, text)
    return int(at * 1000) if at is not None else None


def _instant(where: str, text: str) -> float | None:
    """UTC seconds. Raises: FormatError: it is no instant, or has no zone."""
    if not text:
        return None
    right = "write it as 2026-11-26T08:00:00+08:00"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as refusal:
        raise FormatError(f"{where}: {text!r} is no time; {right}", code="bad-argument", where=where) from refusal
    if at.tzinfo is None:
        raise FormatError(f"{where}: {text!r} has no time zone; {right}", code="bad-argument", where=where)
    return seconds(at)


def _plain(text: str) -> str:
    """As LIKE takes it with `!` for an escape: what somebody types stands for itself."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
