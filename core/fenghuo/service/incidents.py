"""Keeps the incidents: each change of one with its event and its record of the audit in one commit, and back from the disk at a start.

Shapes: docs/reference/incidents.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import msgspec
import structlog

from fenghuo.clock import instant
from fenghuo.command import incidents as decide
from fenghuo.command.duties import Call, CommandRules, Due, called, met, next_at
from fenghuo.command.incidents import Disposition, Incident, Status, What, Word
from fenghuo.engine.office import Office
from fenghuo.engine.routing import coded_areas
from fenghuo.errors import NotFound
from fenghuo.model.audit import SYSTEM
from fenghuo.model.delivery import ObjectiveState
from fenghuo.model.message import Message, MessageId
from fenghuo.model.traffic import Traffic
from fenghuo.service.kept_in_meta import taken_back
from fenghuo.service.showing import headline, rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow, MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META, OBJECTIVE
from fenghuo.store.transaction import Tx

__all__ = ["IncidentKeeper", "call_event", "has_reached"]

ROW = "incident."
KEPT_S = 30 * 86_400.0
"""So long after its first word an incident that is over is still held; the audit has it for ever."""

log = structlog.stdlib.get_logger("fenghuo.incidents")
News = tuple[str, dict[str, Any]]


class IncidentKeeper:
    """Every incident of the last month, and those that are open. `rules`: replaced whole."""

    def __init__(self, store: Store, office: Office) -> None:
        self._store = store
        self._office = office
        self.rules = CommandRules()
        self._known: dict[str, Incident] = {}

    async def load(self) -> None:
        """Take back what was known before the start; what cannot be read stops no start: a person is told. Raises: StoreError."""
        async for one in taken_back(self._store, ROW, Incident, what="what was known of it"):
            if one.is_open or self._office.clock.time() - one.received < KEPT_S:
                self._known[one.id] = one

    def all(self) -> list[Incident]:
        """The newest first."""
        return sorted(self._known.values(), key=lambda one: (one.received, one.id), reverse=True)

    def get(self, ident: str) -> Incident:
        """Raises: NotFound."""
        if ident not in self._known:
            raise NotFound(f"no incident {ident!r} is known here")
        return self._known[ident]

    async def report(self, word: Word, what: What) -> Incident:
        """Take somebody's word: a new incident, or one more word of one that is open. On the disk when this returns."""
        one = decide.same(self._known.values(), what.event, what.areas, word.at)
        said = {"source": word.source, "text": word.text, "message": word.message}
        if one is None:
            after = decide.opened(self._ident(word.at), word, what, self.rules.duties)
            areas = [str(area) for area in what.areas]
            told = {"event": what.event, "areas": areas, "title": after.title, "onset": rfc3339(after.onset)}
            await self._keep(after, "open", ("incident.opened", {**told, **said, "status": after.status.value}))
        else:
            after = decide.heard(one, word, onset=what.onset, rules=self.rules.duties)
            body = {**said, "before": one.status.value, "status": after.status.value, "sources": len(after.sources)}
            await self._keep(after, "join", ("incident.heard", body))
        return after

    async def move(self, ident: str, to: Status, reason: str, by: str) -> Incident:
        """A person has it stand elsewhere. Raises: NotFound; FormatError: from where it stands it cannot."""
        one = self.get(ident)
        after = decide.moved(one, to, self._office.clock.time(), self.rules.duties)
        body = {"before": one.status.value, "after": to.value, "reason": reason, "by": by}
        await self._keep(after, "move", ("incident.moved", body))
        return after

    async def file(self, ident: str, form: str, message: MessageId) -> Incident:
        """A message of ours is a report on it. Raises: NotFound; FormatError: it does not follow what was filed."""
        after = decide.filed(self.get(ident), form, message, self._office.clock.time())
        last = after.reports[-1]
        await self._keep(after, "file", ("incident.filed", {"name": last.name, "form": form, "message": message}))
        await self.look_at(message)
        return self.get(ident)

    async def dispose(self, ident: str, disposition: Disposition) -> Incident:
        """What was made of it is known, and on its way to the source if a message is named. Raises: NotFound."""
        after = decide.disposed(self.get(ident), disposition)
        told = {"handled": disposition.handled, "by": disposition.by, "message": disposition.message}
        await self._keep(after, "dispose", ("incident.disposed", told))
        if disposition.message:
            await self.look_at(MessageId(disposition.message))
        return self.get(ident)

    async def done(self, ident: str, duty: str, by: str) -> Incident:
        """A person says that what a clock waits for is done. Raises: NotFound: no such incident, or no such clock of it."""
        one, now = self.get(ident), self._office.clock.time()
        if duty not in {due.name for due in one.dues}:
            raise NotFound(f"{ident} has no clock {duty!r}; it has {', '.join(due.name for due in one.dues) or 'none'}")
        after = msgspec.structs.replace(one, dues=met(one.dues, (duty,), now, by), revision=one.revision + 1)
        await self._keep(after, "duty", *_ended(one.dues, after.dues))
        return after

    async def accepted(self, row: MessageRow) -> None:
        """A message of a source that opens incidents speaks of one."""
        feed = next((one for one in self.rules.feeds if one.source == row.source and row.traffic is Traffic.ACTUAL), None)
        message = msgspec.msgpack.decode(row.body, type=Message) if feed is not None else None
        if feed is None or message is None or any(row.id == word.message for one in self._known.values() for word in one.words):
            return
        info = next(iter(message.content.infos), None)
        areas = tuple(dict.fromkeys(ref for each in message.content.infos for shape in each.areas for ref in coded_areas(shape)))
        if info is None or not areas or (feed.events and info.event not in feed.events):
            return
        word = Word(row.source, row.accepted_at, headline(message), row.id)
        onset = info.onset.timestamp() if info.onset is not None else message.content.sent.timestamp()
        await self.report(word, What(info.event, areas, info.event, onset))

    async def look_at(self, message: MessageId) -> None:
        """Whether all whom a report or a disposition is for have it by now."""
        mine = [one for one in self._known.values() if _speaks_of(one, message)]
        if not mine or not await has_reached(self._store, message):
            return
        for one in mine:
            after = decide.reached(one, message, self._office.clock.time())
            if after is not one:
                await self._keep(after, "reach", *_ended(one.dues, after.dues))

    def next_at(self) -> float | None:
        """When a person is to be told something next; UTC seconds."""
        return next_at(due for one in self._known.values() if one.is_open for due in one.dues)

    async def tell(self, now: float) -> None:
        """Tell a person of every clock that is nearly over, or over."""
        for one in [one for one in self._known.values() if one.is_open]:
            dues, calls = called(one.dues, now)
            if calls:
                after = msgspec.structs.replace(one, dues=dues, revision=one.revision + 1)
                await self._keep(after, "", *(call_event(call, one.title) for call in calls))

    def _ident(self, at: float) -> str:
        day = instant(at).astimezone(UTC).strftime("%Y%m%d")
        taken = [int(one.rpartition("-")[2]) for one in self._known if one.startswith(f"{day}-")]
        return f"{day}-{max(taken, default=0) + 1}"

    async def _keep(self, one: Incident, action: str, *news: News) -> None:
        self._known[one.id] = one
        subject = f"incident/{one.id}"

        def keep(tx: Tx) -> None:
            tx.put(META, MetaRow(f"{ROW}{one.id}", msgspec.json.encode(one).decode()))
            for kind, body in news:
                tx.event(kind, subject, **body)
            if action and news:
                tx.audit(Deed.of(f"incident-{action}", subject, **news[0][1]))
            elif news:
                tx.audit(Deed.of("incident-due", subject, **news[0][1]), by=SYSTEM)

        await self._store.run(keep)


def call_event(call: Call, what: str) -> News:
    """What a person is told of a clock."""
    due, at = call.due, rfc3339(call.due.due)
    doubt = "" if due.verified else "; the figure is not verified (未核实)"
    says = f"is due in {round(call.left_s / 60)} min, at {at}" if call.left_s else f"was due at {at} and is missing"
    message = f"{due.title} of {what} {says}{doubt}"
    figures = {"before_s": call.before_s, "left_s": round(call.left_s, 1), "due": at}
    body = {"duty": due.name, "title": due.title, **figures, "begins": due.begins, "message": message}
    return ("alarm.duty_due" if call.left_s else "alarm.duty_missed"), body


def _ended(before: Sequence[Due], after: Sequence[Due]) -> list[News]:
    """What the clocks that have stopped are told by."""
    was = {due.name for due in before if due.met_at is not None}
    return [
        ("duty.met", {"duty": due.name, "title": due.title, "due": rfc3339(due.due), "late": due.is_late, "by": due.by})
        for due in after
        if due.met_at is not None and due.name not in was
    ]


def _speaks_of(one: Incident, message: MessageId) -> bool:
    reports = any(each.message == message and each.reached_at is None for each in one.reports)
    told = one.disposition
    return reports or (told is not None and told.message == message and told.reached_at is None)


async def has_reached(store: Store, message: MessageId) -> bool:
    """Whether everybody whom a message is for has it, as surely as it needs."""
    mine = await store.find(OBJECTIVE, "message = ? ORDER BY revision DESC", message)
    newest = [one for one in mine if one.revision == mine[0].revision]
    return bool(newest) and all(one.state in (ObjectiveState.MET, ObjectiveState.WAIVED) for one in newest)
