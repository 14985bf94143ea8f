"""What a start reads of all that is open: a page of messages or objectives at a time, one query for each table whatever their number.

Damaged rows are left out, as everywhere; where only a number or a name is asked for, they count.
Source: reliability.md §5, "backlog at start".
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from fenghuo.engine.event_links import HOMES
from fenghuo.engine.facts import MessageAccepted
from fenghuo.engine.inherit import INHERITED, Heir, find_heirs
from fenghuo.engine.unheard import IS_IN_FORCE, accepted_anew
from fenghuo.model.delivery import OPEN_STATES, Delivery, Objective, Target
from fenghuo.model.directory import RecipientId
from fenghuo.model.message import MessageId
from fenghuo.model.roll import PUBLIC
from fenghuo.store.records import MessageRow, RefRow, ReleaseRow, RenditionRow, RosterRow
from fenghuo.store.records_release import EnvelopeRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, ENVELOPE, FAN_OUT, MESSAGE, OBJECTIVE, RECEIPT, REF, RELEASE, RENDITION, ROSTER, TARGET
from fenghuo.store.transaction import Tx

__all__ = ["Backlog", "Kept", "Made"]

Key = tuple[MessageId, int]
T = TypeVar("T")

PAGE = 500
"""Messages or objectives asked for at once: a message is some kilobytes until its body is decoded."""
PAGE_OCTETS = 4 * 1024 * 1024
"""Of messages at once; a row of a version before documents were kept apart may hold as much alone."""
_IS_OPEN = "state IN ({})".format(", ".join(f"'{state}'" for state in sorted(OPEN_STATES)))
_OF_OPEN = f"(objective, recipient) IN (SELECT objective, recipient FROM delivery WHERE {_IS_OPEN})"
_OF_OPEN_TARGET = "(objective, recipient) IN (SELECT objective, recipient FROM target WHERE state = 'OPEN')"
_OBJECTIVES = (
    f"id IN (SELECT objective FROM target WHERE state = 'OPEN') OR state IN ('OPEN', 'AT_RISK')"
    f" OR id IN (SELECT objective FROM delivery WHERE {_IS_OPEN})"
    " OR id IN (SELECT objective FROM fan_out WHERE done = 0)"
)
_IN_FORCE = f"SELECT json_group_array(json_array(id, revision)) FROM (SELECT * FROM message WHERE {IS_IN_FORCE} ORDER BY accepted_at)"
_SIZES = (
    "SELECT json_group_array(json_array(id, revision, length(body) + length(raw) + length(verdicts)))"
    " FROM message WHERE (id, revision) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
)
_KEYS = "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
_NUMBERS = "(SELECT value FROM json_each(?))"
_MADE = (
    "SELECT json_group_array(json_array(objective, made, met, ended)) FROM (SELECT objective, COUNT(*) AS made,"
    " SUM(state IN ('MET', 'COVERED')) AS met, SUM(state IN ('MISSED', 'WITHDRAWN')) AS ended"
    f" FROM target WHERE objective IN {_NUMBERS} AND covers = '' GROUP BY objective)"
)
_ASKED = f"SELECT json_group_array(json_array(objective, recipient)) FROM target WHERE objective IN {_NUMBERS}"
_PLANNED = (
    f"SELECT json_group_array(json_array(message, revision, inherited)) FROM (SELECT message, revision, MAX(ladder = '{INHERITED}')"
    f" AS inherited FROM objective WHERE (message, revision) IN {_KEYS} GROUP BY message, revision)"
)
_TOLD = (
    "SELECT json_group_array(json_array(o.message, o.revision, t.recipient)) FROM objective o JOIN target t ON t.objective = o.id"
    f" WHERE (o.message, o.revision) IN {_KEYS}"
)
_WITH_A_NAME = f"FROM delivery WHERE {_IS_OPEN} AND tries > 0"  # what waits to be said again may still be confirmed from before
_PUBLICS = "SELECT json_group_array(objective) FROM fan_out WHERE done = 0"


class Kept(msgspec.Struct, frozen=True):
    """A message with its signatures, its renditions, and what the signatures cover."""

    row: MessageRow
    releases: tuple[ReleaseRow, ...]
    renditions: tuple[RenditionRow, ...]
    envelope: EnvelopeRow | None = None


class Made(msgspec.Struct, frozen=True):
    """How many targets an objective has, those who stand in for another aside: all, met or covered, ended without success."""

    targets: int = 0
    met: int = 0
    ended: int = 0


class Backlog:
    """Answers from committed rows, before the loop runs: nothing changes meanwhile but by whoever asks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def messages(self, objectives: Iterable[Objective]) -> AsyncIterator[list[Kept]]:
        """All that are in force, in the order of their acceptance, and then those of these objectives that ended just before the crash."""
        in_force = [(MessageId(ident), revision) for ident, revision in await self._list(_IN_FORCE)]
        for keys, page in _pages(dict.fromkeys([*in_force, *((one.message, one.revision) for one in objectives)])):
            releases, renditions = defaultdict[Key, list[ReleaseRow]](list), defaultdict[Key, list[RenditionRow]](list)
            for release in await self._store.find(RELEASE, f"(message, revision) IN {_KEYS}", page):
                releases[release.message, release.revision].append(release)
            for rendition in await self._store.find(RENDITION, f"(message, revision) IN {_KEYS}", page):
                renditions[rendition.message, rendition.revision].append(rendition)
            kept = {(row.message, row.revision): row for row in await self._store.find(ENVELOPE, f"(message, revision) IN {_KEYS}", page)}
            for part in await self._parts(keys, page):
                found = await self._store.find(MESSAGE, f"(id, revision) IN {_KEYS}", json.dumps(part))
                rows = {(row.id, row.revision): row for row in found}
                yield [Kept(rows[key], tuple(releases[key]), tuple(renditions[key]), kept.get(key)) for key in part if key in rows]

    async def _parts(self, keys: Sequence[Key], page: str) -> list[list[Key]]:
        """These keys in their order, in parts whose rows are no more than PAGE_OCTETS together, or one."""
        sizes = {(MessageId(ident), revision): size for ident, revision, size in await self._list(_SIZES, page)}
        parts: list[list[Key]] = [[]]
        room = PAGE_OCTETS
        for key in keys:
            room -= sizes.get(key, 0)
            if room < 0 and parts[-1]:
                parts.append([])
                room = PAGE_OCTETS - sizes.get(key, 0)
            parts[-1].append(key)
        return parts

    async def objectives(self) -> list[Objective]:
        return await self._store.find(OBJECTIVE, f"{_OBJECTIVES} ORDER BY id")

    async def targets(self) -> list[Target]:
        """All that are open, and those that are over and of which a delivery is not: it is owed on its channel still, or the crash came
        between the end of the one and that of the other."""
        return await self._store.find(TARGET, f"state = 'OPEN' OR {_OF_OPEN}")

    async def deliveries(self) -> list[Delivery]:
        """All that are open, and every one of an open target."""
        return await self._store.find(DELIVERY, f"{_IS_OPEN} OR {_OF_OPEN_TARGET} ORDER BY id")

    async def refs(self) -> list[RefRow]:
        """The provider's names of emissions that may still get their word, by part."""
        return await self._store.find(REF, f"token IN (SELECT token {_WITH_A_NAME}) ORDER BY abs(part)")

    async def reported(self) -> dict[int, set[str]]:
        """By delivery that may still get its word: the names of the parts that a receipt has confirmed."""
        found = defaultdict[int, set[str]](set)
        for row in await self._store.find(RECEIPT, f"delivery IN (SELECT id {_WITH_A_NAME}) AND level > 0 AND ref != ''"):
            found[row.delivery].add(row.ref)
        return found

    async def publics(self) -> set[int]:
        """The objectives whose fan-out is not done, sound or damaged."""
        return set(await self._list(_PUBLICS))

    async def rosters(self, objectives: Collection[int]) -> dict[int, RosterRow]:
        """Of those of these objectives that a crash left unfinished."""
        found: dict[int, RosterRow] = {}
        for _, page in _pages(objectives):
            found.update((row.objective, row) for row in await self._store.find(ROSTER, f"objective IN {_NUMBERS}", page))
        return found

    async def made(self, objectives: Collection[int]) -> dict[int, Made]:
        """By objective; one that is not there has no target."""
        return {number: Made(*figures) for number, *figures in await self._all(_MADE, objectives)}

    async def asked(self, objectives: Collection[int]) -> dict[int, set[RecipientId]]:
        """Everybody who has a target of them, sound or damaged: nobody gets a second one."""
        found = defaultdict[int, set[RecipientId]](set)
        for number, recipient in await self._all(_ASKED, objectives):
            found[number].add(recipient)
        return found

    async def planned(self, messages: Collection[Key]) -> dict[Key, bool]:
        """Those that have an objective at all, and whether it has taken over those who had an earlier revision."""
        return {(ident, revision): bool(inherited) for ident, revision, inherited in await self._all(_PLANNED, messages)}

    async def homes(self) -> set[MessageId]:
        """The events that another one has joined: whoever got that counts as having got an earlier revision."""
        return set(await self._list(HOMES))

    async def told(self, messages: Collection[Key]) -> dict[Key, set[RecipientId]]:
        """Whom each of them has a target or a fan-out for."""
        found = defaultdict[Key, set[RecipientId]](set)
        for ident, revision, recipient in await self._all(_TOLD, messages):
            found[ident, revision].add(recipient)
        for _, page in _pages(messages):
            for row in await self._store.find(FAN_OUT, f"(message, revision) IN {_KEYS}", page):
                found[row.message, row.revision] |= {f"{PUBLIC}{area}" for area in row.areas}
        return found

    async def heirs(self, messages: Iterable[Key]) -> dict[Key, tuple[Heir, ...]]:
        """Who got an earlier revision; asked of the writer, on the truth."""
        keys = tuple(messages)
        return await self._store.run(lambda tx: {key: find_heirs(tx, *key) for key in keys}) if keys else {}

    async def accepted_anew(self, signers: Mapping[Key, tuple[str, ...]]) -> list[MessageAccepted]:
        """What intake said of these messages, each with its signers, which were cut off before their plan was on the disk."""

        def job(tx: Tx) -> list[MessageAccepted]:
            rows = ((tx.sound(MESSAGE, *key), signed) for key, signed in signers.items())
            return [accepted_anew(tx, row, signed) for row, signed in rows if row is not None]

        return await self._store.run(job) if signers else []

    async def _all(self, sql: str, about: Collection[Any]) -> list[list[Any]]:
        return [row for _, page in _pages(about) for row in await self._list(sql, page)]

    async def _list(self, sql: str, *params: str) -> list[Any]:
        rows: list[Any] = json.loads(str(await self._store.scalar(sql, *params)))
        return rows


def _pages(about: Collection[T]) -> Iterator[tuple[Sequence[T], str]]:
    """Page after page, and each as SQLite reads a list."""
    items = tuple(about)
    for start in range(0, len(items), PAGE):
        page = items[start : start + PAGE]
        yield page, json.dumps(page)
