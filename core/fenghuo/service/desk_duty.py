"""Verbs of the desk about duty: the roster, one's own shift, and its hand-over.

Who asks is the person of the session; at the machine, where there is none, the person proves who they are with the act itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.errors import NotAllowed, NotFound
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.duty import DutyKeeper, shift_view
from fenghuo.service.log_in_delays import MACHINE
from fenghuo.service.sessions import LogIn, Sessions
from fenghuo.service.showing import rfc3339
from fenghuo.store.records_people import AccountRow

__all__ = ["DutyVerbs", "Proof"]

Ask = Callable[[Actor, str, Mapping[str, Any]], Awaitable[Any]]
READER = Actor("duty", ("viewer",), "duty")
"""In whose name the sheet is drawn up: it sees what anybody sees."""
OPEN = ("OPEN", "AT_RISK")
SERVE = ("operator", "releaser", "admin")
"""Rights of which a person needs one to take a duty or to end it; whoever only looks has none."""


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who acts, where no session says so: as of a log-in."""

    name: str = ""
    password: str = ""
    code: str = ""

    async def person(self, actor: Actor, sessions: Sessions) -> str:
        """The name of whoever acts. Raises: as account()."""
        return (await self.account(actor, sessions)).name

    async def account(self, actor: Actor, sessions: Sessions) -> AccountRow:
        """That of the session, else whose password and code these are. Raises: NotAuthenticated, Overloaded, NotAllowed."""
        return sessions.view(actor)[1] if actor.session else await self.proven(actor, sessions)

    async def proven(self, actor: Actor, sessions: Sessions) -> AccountRow:
        """Whose password and code these are, at the machine alone: by a token over a network nobody could say where the person sits, and
        guessing would count against the machine. Raises: NotAuthenticated, Overloaded, NotAllowed."""
        if actor.door != MACHINE:
            raise NotAllowed(
                "a person gives name and password with the act at the machine itself alone; elsewhere log in, and act by the session"
            )
        return await sessions.confirm(LogIn(self.name, self.password, self.code, address=MACHINE))

    async def serving(self, actor: Actor, sessions: Sessions) -> str:
        """The name of whoever acts, who may have a duty. Raises: as account(); NotAllowed: the account may only look."""
        account = await self.account(actor, sessions)
        if not set(SERVE).intersection(account.rights):
            raise NotAllowed(f"{account.name} may have no duty; that takes an account with one of the rights {', '.join(SERVE)}")
        return account.name


class Roster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of a roster.csv."""

    csv: str
    dry_run: bool = False


class Start(Proof, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`id`: of a planned shift, "": the one that is due; `role`: of a substitute who has none planned."""

    id: str = ""
    role: str = ""


class Handover(Proof, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`note`: what the next one must know beside what the log says."""

    id: str = ""
    note: str = ""


class Signed(Proof, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`digest`: of the sheet as it was read."""

    id: str
    digest: str


class End(Proof, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Without a hand-over."""

    id: str = ""
    reason: str = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shift."""

    id: str


class DutyVerbs:
    """Carries out what the desk has allowed. `ask`: the desk itself, of which the sheet is drawn up."""

    def __init__(self, keeper: DutyKeeper, sessions: Sessions, clock: Clock, ask: Ask) -> None:
        self._keeper = keeper
        self._sessions = sessions
        self._clock = clock
        self._ask = ask

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "shift.ls": self.ls,
            "shift.sheet": self.sheet,
            "shift.roster": self.roster,
            "shift.start": self.start,
            "shift.handover": self.handover,
            "shift.sign": self.sign,
            "shift.end": self.end,
        }

    def topic(self) -> dict[str, Any]:
        """What a console sees, by path."""
        return {f"shift/{row.id}": shift_view(row, self._keeper.sheet(row.id)) for row in self._keeper.shown()}

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        gaps = [{"role": gap.role, "from": rfc3339(gap.since), "until": rfc3339(gap.until)} for gap in self._keeper.gaps()]
        return {"shifts": list(self.topic().values()), "gaps": gaps, "required": self._keeper.settings.roles}

    async def sheet(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """What was written of a shift, to be read before it is signed."""
        wanted = msgspec.convert(args, Named)
        row, written = self._keeper.get(wanted.id), self._keeper.sheet(wanted.id)
        if written is None:
            raise NotFound(f"of the shift {row.id} no sheet is written yet")
        said = {"digest": written.digest, "written": rfc3339(written.written_at), "signed_by": written.signed_by}
        return {"shift": shift_view(row, written), **said, "sheet": msgspec.json.decode(written.sheet)}

    async def roster(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Roster)
        rows, faults = await self._keeper.roster(wanted.csv, dry_run=wanted.dry_run)
        told = {"faults": [str(one) for one in faults if not one.is_note], "notes": [str(one) for one in faults if one.is_note]}
        return {"planned": len(rows), "in_force": not (told["faults"] or wanted.dry_run), **told}

    async def start(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Start)
        person = await wanted.serving(actor, self._sessions)
        return shift_view(await self._keeper.start(person, ident=wanted.id, role=wanted.role, session=actor.session))

    async def handover(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Draw up the sheet; the answer is what the next one reads and signs."""
        wanted = msgspec.convert(args, Handover)
        person = await wanted.person(actor, self._sessions)
        shift = next((row for row in self._keeper.on(person=person) if wanted.id in ("", row.id)), None)
        sheet = await self._drawn_up(shift_view(shift) if shift is not None else {}, wanted.note)
        written = await self._keeper.write(person, wanted.id, msgspec.json.encode(sheet))
        return {"id": written.id, "digest": written.digest, "sheet": sheet}

    async def sign(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Signed)
        person = await wanted.serving(actor, self._sessions)
        return shift_view(await self._keeper.sign(person, wanted.id, wanted.digest, session=actor.session))

    async def end(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, End)
        person = await wanted.serving(actor, self._sessions)
        return shift_view(await self._keeper.end(person, wanted.id, wanted.reason))

    async def _drawn_up(self, shift: dict[str, object], note: str) -> dict[str, Any]:
        """What stands open at this moment, as the desk itself says it."""
        channels: list[dict[str, Any]] = await self._asked("channel.ls") or []
        state = await self._asked("state", topics=["objective"]) or {"data": {}}
        ailing = [one for one in channels if str(one["health"]) != "up" or str(one["admin"]) != "enabled"]
        still_open = [one for one in state["data"].values() if str(one["state"]) in OPEN]
        return {
            "at": rfc3339(self._clock.time()),
            "shift": shift,
            "note": note,
            "alarms": await self._asked("alarm.ls"),
            "waiting_for_release": await self._asked("message.ls", state="held"),
            "open_objectives": still_open,
            "channels_down": ailing,
            "modes": await self._asked("mode.ls"),
            "outages": await self._asked("outage.ls"),
            "reviews_open": await self._asked("break_glass.ls"),
        }

    async def _asked(self, verb: str, **args: Any) -> Any:
        """Null where this node has no such thing."""
        try:
            return msgspec.to_builtins(await self._ask(READER, verb, args))
        except NotFound:
            return None
