"""What stands between a right and the object it is used on: the class of traffic of a session, the state in which that may be, and over
what its person has authority.

Asked by the desk before every verb that takes hold of something; the table of what each takes hold of stands in authorisation.py.
Source: security.md §2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from fenghuo.engine.judging import Origin
from fenghuo.engine.jurisdiction import Jurisdiction, beyond, stranger_to
from fenghuo.engine.modes_effect import lies_in
from fenghuo.engine.office import Office
from fenghuo.engine.outages import Outage
from fenghuo.engine.outages_heard import ROW
from fenghuo.errors import NotAllowed, ReleaseNeeded, WrongTraffic
from fenghuo.model.message import Message
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import OF_ITS_CLASS, TOUCHES, Thing, Touch, only_reads
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, MESSAGE, META, OBJECTIVE

__all__ = ["Guard", "check_traffic"]

Rows = Sequence[MessageRow]
FALLS_SILENT = frozenset({"alert.cancel"})
"""What ends a voice may be done by whoever has the right, also where nobody can say for which area: a post may be gone."""


class Guard:
    """Raises NotAllowed, ReleaseNeeded or WrongTraffic; what is not there is left to the verb, which says so better."""

    def __init__(self, store: Store, office: Office) -> None:
        self._store = store
        self._office = office
        self._finders: Mapping[Thing, Callable[[str], Awaitable[Rows]]] = {
            Thing.MESSAGE: self._revisions,
            Thing.DELIVERY: self._of_delivery,
            Thing.OBJECTIVE: self._of_objective,
        }

    async def check(self, actor: Actor, origin: Origin, verb: str, args: Mapping[str, Any], *, again: bool = False) -> None:
        """Whether `actor`, who speaks as `origin`, may do this to what `args` name. `again`: in whatever state that is, since it may have
        been done already. Raises: NotAllowed, ReleaseNeeded, WrongTraffic."""
        touch, own = TOUCHES.get(verb), origin.own or Jurisdiction(origin.areas)
        given = args.get(touch.argument, ()) if touch is not None else ()
        names = [str(one) for one in given] if isinstance(given, list | tuple) else [str(given)]
        if touch is None or touch.thing not in self._finders or not names:
            _check_class(origin, verb)
        if touch is None or not (touch.states or origin.is_bound or _is_limited(own)):
            return
        if touch.thing is Thing.PLACE:
            self._check_place(actor, own, str(given or ""))
        elif touch.thing is Thing.RECIPIENTS:
            self._check_recipients(actor, own, names)
        elif touch.thing is Thing.OUTAGE:
            await self._check_outage(actor, own, names[0] if names else "")
        else:
            await self._check_messages(actor, origin, verb, names, again=again)

    async def _check_messages(self, actor: Actor, origin: Origin, verb: str, names: list[str], *, again: bool) -> None:
        touch, own = TOUCHES[verb], origin.own or Jurisdiction(origin.areas)
        if not names and (own.areas or own.nowhere):
            raise NotAllowed(f"{actor.name} has no authority over everything; name what lies in the own area")
        for name in names:
            rows = await self._finders[touch.thing](name)
            for row in rows:
                check_traffic(origin, row.traffic)
            if not again:
                _check_state(rows, touch)
            if _is_limited(own) and not (own.nowhere and verb in FALLS_SILENT):
                self._check_area(actor, own, rows, ends=verb in FALLS_SILENT)

    async def _check_outage(self, actor: Actor, own: Jurisdiction, name: str) -> None:
        for ident in (name, f"{actor.name}/{name}"):
            row = await self._store.get(META, ROW + ident)
            if row is not None:
                area = msgspec.json.decode(row.value, type=Outage).area
                self._check_place(actor, own, "" if area is None else str(area))
                return

    def _check_area(self, actor: Actor, own: Jurisdiction, rows: Rows, *, ends: bool) -> None:
        for row in rows:
            code, says = beyond(msgspec.msgpack.decode(row.body, type=Message), own, self._office.directory, ends=ends)
            if code:
                raise NotAllowed(f"{actor.name} {says}")

    def _check_place(self, actor: Actor, own: Jurisdiction, place: str) -> None:
        if (own.areas or own.nowhere) and not any(lies_in(str(area), place) for area in own.areas):
            says = f"has no authority over {place or 'the whole node'}"
            raise NotAllowed(f"{actor.name} {own.nowhere or says}")

    def _check_recipients(self, actor: Actor, own: Jurisdiction, to: list[str]) -> None:
        whom = stranger_to(to, own.areas, self._office.directory) if own.areas else ()
        if own.nowhere or whom:
            says = f"has no authority over the area of {', '.join(whom)}"
            raise NotAllowed(f"{actor.name} {own.nowhere or says}")

    async def _revisions(self, name: str) -> Rows:
        """Every revision of what is known by this id, short number or identifier; the newest first."""
        number = name.removeprefix("#")
        is_number = number.isascii() and number.isdigit()
        found = await self._store.find(
            MESSAGE, "id = ? OR identifier = ? OR number = ? ORDER BY accepted_at DESC, revision DESC", name, name,
            int(number) if is_number else -1, limit=1,
        )  # fmt: skip
        return await self._store.find(MESSAGE, "id = ? ORDER BY revision DESC", found[0].id) if found else []

    async def _of_delivery(self, name: str) -> Rows:
        row = await self._store.get(DELIVERY, int(name)) if name.isdigit() else None
        return await self._of_objective(str(row.objective)) if row is not None else []

    async def _of_objective(self, name: str) -> Rows:
        row = await self._store.get(OBJECTIVE, int(name)) if name.isdigit() else None
        return await self._store.find(MESSAGE, "id = ? AND revision = ?", row.message, row.revision) if row is not None else []


def check_traffic(origin: Origin, traffic: Traffic) -> None:
    """Raises: WrongTraffic: a session of one class would touch what is of the other."""
    if origin.is_bound and traffic not in origin.traffic:
        says = f"{origin.name} is logged in for {', '.join(origin.traffic[:1])}, and this is {traffic}"
        raise WrongTraffic(f"{says}; the other needs a log-in of its own")


def _check_class(origin: Origin, verb: str) -> None:
    """Of what touches no row of a class: a drill reads it, and takes no hold of it. Raises: WrongTraffic."""
    is_drill = origin.is_bound and Traffic.ACTUAL not in origin.traffic
    if is_drill and not (only_reads(verb) or verb in OF_ITS_CLASS):
        says = f"{origin.name} is logged in for {', '.join(origin.traffic[:1])}, and {verb} takes hold of what is Actual"
        raise WrongTraffic(f"{says}; the other needs a log-in of its own")


def _is_limited(own: Jurisdiction) -> bool:
    return bool(own.areas or own.nowhere or own.gravest is not Priority.P0)


def _check_state(rows: Rows, touch: Touch) -> None:
    if rows and touch.states and not any(row.state in touch.states for row in rows):
        raise ReleaseNeeded(f"the message is {rows[0].state}; {touch.says}")
