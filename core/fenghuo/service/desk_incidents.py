"""Verbs of the desk about incidents: who says so, how sure it is, what of it is due, what went up and back, and who lives around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from fenghuo.clock import seconds
from fenghuo.command.collecting import Collection, missing, summary_text
from fenghuo.command.duties import Due, Facility
from fenghuo.command.incidents import Disposition, Incident, Status, What, Word
from fenghuo.command.neighbourhood import Near, around
from fenghuo.engine.jurisdiction import Jurisdiction
from fenghuo.engine.office import Office
from fenghuo.errors import FormatError, NotAllowed, NotFound
from fenghuo.formats.table_reading import near
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.plugin.ports import Actor
from fenghuo.service.collecting import CollectionKeeper
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.desk_messages import find_message
from fenghuo.service.incidents import IncidentKeeper
from fenghuo.service.showing import rfc3339
from fenghuo.store.store import Store

__all__ = ["IncidentVerbs"]

Text = Annotated[str, msgspec.Meta(max_length=500)]
Send = Callable[[Actor, Mapping[str, Any]], Awaitable[Any]]


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`areas`: SYSTEM:CODE; `onset`: RFC 3339, now where empty; `source`: whose word it is, where an operator writes down somebody else's,
    such as `phone:enterprise`."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    areas: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=50)]
    text: Text
    title: Annotated[str, msgspec.Meta(max_length=120)] = ""
    onset: str = ""
    source: Annotated[str, msgspec.Meta(max_length=120)] = ""


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it stands from now on, and why."""

    id: str
    to: Status
    reason: Text


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`message`: a message of ours that is a report on it; `form`: initial, followup, final."""

    id: str
    message: str
    form: str


class Dispose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`handled`: what was made of it, in words that its source reads."""

    id: str
    handled: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a clock waits for is done; `duty`: its name."""

    id: str
    duty: str


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which one."""

    id: str


class Around(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`facility`: of incidents.toml, by id or name; `wind_from_deg`: where the wind comes from, 0 is north, 45 north-east."""

    facility: str
    radius_m: Annotated[float, msgspec.Meta(gt=0, le=50_000)] = 1_500.0
    wind_from_deg: Annotated[float, msgspec.Meta(ge=0, le=360)] | None = None


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`id`: of the order that asks everybody it is for to report; `to`: the audience of the summary; `within_s`: of the acceptance of the
    order, by which it must be there; `remind_s`: so long before."""

    id: str
    to: Annotated[str, msgspec.Meta(min_length=1)]
    within_s: Annotated[float, msgspec.Meta(ge=60, le=2_678_400)]
    remind_s: tuple[Annotated[float, msgspec.Meta(ge=0, le=2_678_400)], ...] = (1_800.0, 600.0)


class IncidentVerbs:
    """Carries out what the desk has allowed. `send`: the verb that hands in an order or a report of an operator."""

    def __init__(
        self, desk: Desk, store: Store, office: Office, *, incidents: IncidentKeeper, collections: CollectionKeeper, send: Send
    ) -> None:
        self._desk = desk
        self._store = store
        self._office = office
        self._incidents = incidents
        self._collections = collections
        self._send = send

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "incident.report": self.report,
            "incident.move": self.move,
            "incident.file": self.file,
            "incident.dispose": self.dispose,
            "incident.done": self.done,
            "incident.ls": self.ls,
            "incident.show": self.show,
            "incident.around": self.around,
            "collection.open": self.ask,
            "collection.send": self.summary,
            "collection.show": self.collected,
        }

    async def report(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Take a word. Raises: FormatError: no such area, or a time that is none; NotAllowed: not this one's area, or in another's name."""
        wanted, now = msgspec.convert(args, Report), self._office.clock.time()
        is_operator = "operator" in actor.rights
        if wanted.source and not is_operator:
            raise NotAllowed(f"{actor.name} speaks for {actor.name} alone; leave source out")
        areas = self._areas(actor, wanted.areas)
        onset = _instant(wanted.onset) if wanted.onset else None
        if onset is not None and onset > now + 60.0:
            raise FormatError(f"onset: {wanted.onset} lies ahead; what has not happened is no incident", code="bad-argument", where="onset")
        word = Word(wanted.source or actor.name, now, wanted.text)
        what = What(wanted.event, areas, wanted.title or wanted.event, onset if onset is not None else now)
        one = await self._incidents.report(word, what)
        return self._view(one)

    async def move(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: NotFound; FormatError: from where it stands it cannot."""
        wanted = msgspec.convert(args, Move)
        self._mine(actor, wanted.id)
        return self._view(await self._incidents.move(wanted.id, wanted.to, wanted.reason, self._desk.person_of(actor)))

    async def file(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: NotFound: no such incident or message; FormatError: it does not follow what was filed."""
        wanted = msgspec.convert(args, File)
        self._mine(actor, wanted.id)
        row = await find_message(self._store, wanted.message)
        return self._view(await self._incidents.file(wanted.id, wanted.form, row.id))

    async def dispose(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Send back to the source that opened it what was made of it; where nobody is named for that, it is kept alone. Raises: NotFound;
        and what sending raises."""
        wanted = msgspec.convert(args, Dispose)
        one, by, now = self._mine(actor, wanted.id), self._desk.person_of(actor), self._office.clock.time()
        feeds = (feed for feed in self._incidents.rules.feeds if feed.source in one.sources and feed.disposition_to)
        feed, message = next(feeds, None), ""
        if feed is not None:
            text = f"处置反馈 {one.title}：{wanted.handled}（{by}）"
            sent = await self._send(actor, {"to": [feed.disposition_to], "kind": "Report", "priority": "P2", "text": text})
            message = _taken(sent).id
        return self._view(await self._incidents.dispose(wanted.id, Disposition(wanted.handled, by, now, message)))

    async def done(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: NotFound."""
        wanted = msgspec.convert(args, Done)
        self._mine(actor, wanted.id)
        return self._view(await self._incidents.done(wanted.id, wanted.duty, self._desk.person_of(actor)))

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The newest first."""
        return [self._view(one) for one in self._incidents.all()]

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: NotFound."""
        return self._view(self._incidents.get(msgspec.convert(args, Named).id))

    async def around(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Areas whose seat lies so near, the nearest first. Raises: NotFound: no such facility."""
        wanted = msgspec.convert(args, Around)
        place = self._facility(wanted.facility)
        known = self._office.directory.areas
        found = around(place.lat, place.lon, known, radius_m=wanted.radius_m, wind_from_deg=wanted.wind_from_deg)
        lines = [
            {
                "area": str(one.area.ref),
                "name": one.area.name,
                "metres": round(one.metres),
                "bearing_deg": round(one.bearing_deg),
                "downwind": one.is_downwind,
            }
            for one in found
        ]
        return {
            "facility": place.id,
            "name": place.name,
            "verified": place.verified,
            "wind_from_deg": wanted.wind_from_deg,
            "areas": lines,
            "downwind": [one["area"] for one in lines if one["downwind"]],
            "unplaced": sum(area.lat is None for area in known),
        }

    async def ask(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: NotFound: no such order; FormatError: it went to nobody, or asks already."""
        wanted = msgspec.convert(args, Ask)
        row = await find_message(self._store, wanted.id)
        return self._collected(await self._collections.open(row, wanted.to, wanted.within_s, wanted.remind_s))

    async def summary(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Send up what has come by now, as one report. Raises: NotFound; and what sending raises."""
        row = await find_message(self._store, msgspec.convert(args, Named).id)
        one = self._collections.get(row.id)
        text = summary_text(one)
        sent = await self._send(actor, {"to": [one.to], "kind": "Report", "priority": "P1", "text": text})
        return {**self._collected(await self._collections.sent(one, _taken(sent).id)), "text": text}

    async def collected(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: NotFound."""
        row = await find_message(self._store, msgspec.convert(args, Named).id)
        return self._collected(self._collections.get(row.id))

    def _areas(self, actor: Actor, texts: tuple[str, ...]) -> tuple[AreaRef, ...]:
        found = list[AreaRef]()
        for text in texts:
            try:
                area = AreaRef.parse(text)
            except ValueError as refusal:
                raise FormatError(f"areas: {refusal}", code="bad-argument", where="areas") from refusal
            found.append(area)
        self._check(actor, found)
        return tuple(found)

    def _check(self, actor: Actor, areas: Iterable[AreaRef]) -> None:
        """Raises: NotAllowed: one of the areas lies outside of what this one has authority over."""
        origin = self._desk.origin(actor)
        own = origin.own if origin.own is not None else Jurisdiction(origin.areas)
        outside = [area for area in areas if own.areas and not any(one.covers(area) for one in own.areas)]
        if own.nowhere or outside:
            raise NotAllowed(f"{actor.name} {own.nowhere or f'has no authority over {outside[0]}'}")

    def _mine(self, actor: Actor, ident: str) -> Incident:
        """Raises: NotFound; NotAllowed: it lies elsewhere."""
        one = self._incidents.get(ident)
        self._check(actor, one.areas)
        return one

    def _facility(self, name: str) -> Facility:
        known = self._incidents.rules.facilities
        found = next((one for one in known if name in (one.id, one.name)), None)
        if found is None:
            raise NotFound(f"no facility {name!r} stands in incidents.toml{near(name, [one.id for one in known])}")
        return found

    def _view(self, one: Incident) -> dict[str, Any]:
        now = self._office.clock.time()
        return {
            "id": one.id,
            "revision": one.revision,
            "event": one.event,
            "title": one.title,
            "areas": [str(area) for area in one.areas],
            "status": one.status.value,
            "onset": rfc3339(one.onset),
            "received": rfc3339(one.received),
            "sources": list(one.sources),
            "words": [{"source": word.source, "at": rfc3339(word.at), "text": word.text, "message": word.message} for word in one.words],
            "duties": [_due_view(due, now) for due in one.dues],
            "reports": [
                {"name": each.name, "form": each.form, "message": each.message, "at": rfc3339(each.at), "reached": rfc3339(each.reached_at)}
                for each in one.reports
            ],
            "disposition": _disposition_view(one.disposition),
        }

    def _collected(self, one: Collection) -> dict[str, Any]:
        absent = missing(one)
        return {
            "id": one.id,
            "text": summary_text(one),
            "to": one.to,
            "of": len(one.of),
            "reported": len(one.of) - len(absent),
            "missing": list(absent),
            "summaries": list(one.summaries),
            "duty": _due_view(one.due, self._office.clock.time()),
        }


def _due_view(due: Due, now: float) -> dict[str, Any]:
    return {
        "name": due.name,
        "title": due.title,
        "begins": due.begins,
        "began": rfc3339(due.began),
        "due": rfc3339(due.due),
        "left_s": round(due.due - now, 3),
        "met": rfc3339(due.met_at),
        "met_after_s": round(due.met_at - due.began, 3) if due.met_at is not None else None,
        "late": due.is_late if due.met_at is not None else now > due.due,
        "by": due.by,
        "source": due.source,
        "verified": due.verified,
    }


def _near_view(one: Near) -> dict[str, Any]:
    seat = {"metres": round(one.metres), "bearing_deg": round(one.bearing_deg)}
    return {"area": str(one.area.ref), "name": one.area.name, **seat, "downwind": one.is_downwind}


def _disposition_view(told: Disposition | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {"handled": told.handled, "by": told.by, "at": rfc3339(told.at), "message": told.message, "reached": rfc3339(told.reached_at)}


def _taken(sent: Any) -> Accepted:
    """Raises: FormatError: it was refused, in the words of the refusal."""
    if isinstance(sent, Accepted):
        return sent
    says = sent.message if isinstance(sent, Refused) else "it was not taken"
    raise FormatError(says, code=sent.code if isinstance(sent, Refused) else "refused", where="text")


def _instant(text: str) -> float:
    says = "write it as 2026-11-26T20:00:00+08:00"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as refusal:
        raise FormatError(f"onset: {text!r} is no time; {says}", code="bad-argument", where="onset") from refusal
    if at.tzinfo is None:
        raise FormatError(f"onset: {text!r} has no time zone; {says}", code="bad-argument", where="onset")
    return seconds(at)
