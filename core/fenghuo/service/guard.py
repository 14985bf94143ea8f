"""What stands between a right and the object it is used on: the state in which that may be, and over what its person has authority.

Asked by the desk before every verb that takes hold of something; the table of what each takes hold of stands in authorisation.py.
Source: security.md §2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from fenghuo.engine.jurisdiction import Jurisdiction, beyond, stranger_to
from fenghuo.engine.modes_effect import lies_in
from fenghuo.engine.office import Office
from fenghuo.errors import NotAllowed, ReleaseNeeded
from fenghuo.model.message import Message
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import TOUCHES, Thing, Touch
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE

__all__ = ["Guard"]

Rows = Sequence[MessageRow]
FALLS_SILENT = frozenset({"alert.cancel"})
"""What ends a voice may be done by whoever has the right, also where nobody can say for which area: a post may be gone."""


class Guard:
    """Raises NotAllowed or ReleaseNeeded; what is not there is left to the verb, which says so better."""

    def __init__(self, store: Store, office: Office) -> None:
        self._store = store
        self._office = office
        self._finders: Mapping[Thing, Callable[[str], Awaitable[Rows]]] = {
            Thing.MESSAGE: self._revisions,
            Thing.DELIVERY: self._of_delivery,
            Thing.OBJECTIVE: self._of_objective,
        }

    async def check(self, actor: Actor, own: Jurisdiction, verb: str, args: Mapping[str, Any]) -> None:
        """Whether `actor`, who has authority over `own`, may do this to what `args` name. Raises: NotAllowed, ReleaseNeeded."""
        touch = TOUCHES.get(verb)
        if touch is None or not (touch.states or _is_limited(own)):
            return
        given = args.get(touch.argument, ())
        if touch.thing is Thing.PLACE:
            self._check_place(actor, own, str(given or ""))
        elif touch.thing is Thing.RECIPIENTS:
            self._check_recipients(actor, own, [str(one) for one in given])
        else:
            names = [str(one) for one in given] if isinstance(given, list | tuple) else [str(given)]
            await self._check_messages(actor, own, verb, names)

    async def _check_messages(self, actor: Actor, own: Jurisdiction, verb: str, names: list[str]) -> None:
        touch = TOUCHES[verb]
        if not names and (own.areas or own.nowhere):
            raise NotAllowed(f"{actor.name} has no authority over everything; name what lies in the own area")
        for name in names:
            rows = await self._finders[touch.thing](name)
            _check_state(rows, touch)
            if not (own.nowhere and verb in FALLS_SILENT):
                self._check_area(actor, own, rows, ends=verb in FALLS_SILENT)

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


def _is_limited(own: Jurisdiction) -> bool:
    return bool(own.areas or own.nowhere or own.gravest is not Priority.P0)


def _check_state(rows: Rows, touch: Touch) -> None:
    if rows and touch.states and not any(row.state in touch.states for row in rows):
        raise ReleaseNeeded(f"the message is {rows[0].state}; {touch.says}")
