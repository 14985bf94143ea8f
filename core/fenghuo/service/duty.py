"""Who is on duty: the roster, shifts that begin, are handed over and end, and the alarm when nobody is on duty or will be.

A hand-over is two acts: whoever goes writes the sheet, whoever comes signs exactly that. Source: domain.md §3.3; console.md §8 (交接班).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.command.shifts import FILE, LONGEST_S, ROLES, Gap, gaps, read_roster, shift_id
from fenghuo.errors import FormatError, NotAllowed, NotFound
from fenghuo.formats.csv_table import Fault
from fenghuo.model.audit import SYSTEM
from fenghuo.service.settings_values import DutySettings
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.records_people import HandoverRow, ShiftRow, ShiftState
from fenghuo.store.store import Store
from fenghuo.store.tables import HANDOVER, META, SHIFT
from fenghuo.store.transaction import Tx

__all__ = ["DutyKeeper", "shift_view"]

TOLD = "duty gaps told"
AHEAD, HERE = "ahead", "here"
LOOKS_EVERY_S = 60.0
EARLY_S = 2 * 3600.0
"""A shift may be begun so long before its time: whoever comes early relieves early."""
SHOWN_BACK_S = 24 * 3600.0
SUPERIORS = ("duty_chief", "duty_leader")
"""Who, being on duty, may end the shift of somebody who cannot."""
LEADING = (*SUPERIORS, "general_commander", "special_commander", "scene_commander")
"""Roles that others obey: nobody gives one to themselves, the roster does."""


class DutyKeeper:
    """The shifts of this node. `people`: names that have an account."""

    def __init__(self, store: Store, clock: Clock, settings: DutySettings, people: Callable[[], frozenset[str]]) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self.settings = settings
        self._rows: dict[str, ShiftRow] = {}
        self._sheets: dict[str, HandoverRow] = {}
        self._told: dict[str, str] = {}

    async def load(self) -> None:
        """What the store has. Whoever was on duty when the last process ended still is."""
        self._rows = {row.id: row for row in await self._store.find(SHIFT)}
        self._sheets = {row.id: row for row in await self._store.find(HANDOVER)}
        kept = await self._store.sound(META, TOLD)
        if kept is not None:
            self._told = msgspec.json.decode(kept.value, type=dict[str, str])

    def __iter__(self) -> Iterator[ShiftRow]:
        return iter(sorted(self._rows.values(), key=lambda row: (row.since, row.role, row.person)))

    def on(self, role: str = "", person: str = "") -> list[ShiftRow]:
        """Shifts that have begun and not ended, of a role and a person where they are given."""
        return [row for row in self if row.state is ShiftState.ON and role in ("", row.role) and person in ("", row.person)]

    def shown(self) -> list[ShiftRow]:
        """Those of a day back and all to come."""
        since = self._clock.time() - SHOWN_BACK_S
        return [row for row in self if row.state is not ShiftState.OVER or row.ended_at > since]

    def get(self, ident: str) -> ShiftRow:
        """Raises: NotFound."""
        if ident not in self._rows:
            raise NotFound(f"no shift is known as {ident!r}; `fenghuo shift ls` lists them")
        return self._rows[ident]

    def sheet(self, ident: str) -> HandoverRow | None:
        """The sheet that was written of a shift."""
        return self._sheets.get(ident)

    async def roster(self, text: str, *, dry_run: bool = False) -> tuple[tuple[ShiftRow, ...], tuple[Fault, ...]]:
        """Put a roster in force: what was planned and has not begun is replaced; with one fault nothing changes."""
        rows, faults = read_roster(text, self._people())
        if any(not fault.is_note for fault in faults) or dry_run:
            return rows, faults
        new = {row.id: row for row in rows if self._rows.get(row.id, row).state is ShiftState.PLANNED}
        gone = [row for row in self._rows.values() if row.state is ShiftState.PLANNED and row.id not in new]

        def put(tx: Tx) -> None:
            for row in gone:
                tx.delete(SHIFT, row.id)
                tx.event("shift.dropped", f"shift/{row.id}", person=row.person, role=row.role)
            for row in new.values():
                tx.put(SHIFT, row)
                tx.event("shift.planned", f"shift/{row.id}", person=row.person, role=row.role)
            content = hashlib.sha256(text.encode()).hexdigest()
            tx.audit(Deed.of("shift-roster", FILE, content=content, planned=len(new), dropped=len(gone)))

        def then(_: None) -> None:
            for row in gone:
                self._rows.pop(row.id, None)
            self._rows.update(new)

        await self._store.run(put, then=then)
        await self.look()
        return rows, faults

    async def start(self, person: str, *, ident: str = "", role: str = "", session: str = "") -> ShiftRow:
        """Begin a shift of one's own: the planned one that is due, or one as a substitute. Raises: NotFound, NotAllowed, FormatError."""
        row = self._due(person, ident, role)
        begun = msgspec.structs.replace(row, state=ShiftState.ON, began_at=self._clock.time(), session=session)
        await self._put("shift.began", "shift-start", begun, is_planned=row.id in self._rows)
        return begun

    async def write(self, person: str, ident: str, sheet: bytes) -> HandoverRow:
        """The sheet of the own shift, which the next one signs; a newer one takes its place. Raises: NotFound, NotAllowed."""
        shift = self._own(person, ident)
        row = HandoverRow(shift.id, sheet, hashlib.sha256(sheet).hexdigest(), self._clock.time())

        def put(tx: Tx) -> None:
            tx.put(HANDOVER, row)
            tx.event("shift.sheet", f"shift/{shift.id}", person=person, digest=row.digest)
            tx.audit(Deed.of("shift-sheet", f"shift/{shift.id}", content=row.digest))

        await self._store.run(put, then=lambda _: self._sheets.update({row.id: row}))
        return row

    async def sign(self, person: str, ident: str, digest: str, *, session: str = "") -> ShiftRow:
        """Take a shift over by signing its sheet: that one ends and one's own begins, in one commit. Raises: NotFound, NotAllowed."""
        old, sheet = self.get(ident), self._sheets.get(ident)
        if sheet is None or old.state is not ShiftState.ON:
            raise NotAllowed(f"the shift {ident} is not being handed over; {old.person} writes the sheet first: fenghuo shift handover")
        if digest != sheet.digest:
            raise NotAllowed("the sheet has changed since it was shown; read it again and sign what it says now")
        if person == old.person:
            raise NotAllowed(f"{person} hands this shift over and cannot take it over as well")
        now = self._clock.time()
        mine = self._due(person, "", old.role, post=old.post, until=old.until)
        ended = msgspec.structs.replace(old, state=ShiftState.OVER, ended_at=now)
        begun = msgspec.structs.replace(mine, state=ShiftState.ON, began_at=now, session=session, after=old.id)
        signed = msgspec.structs.replace(sheet, signed_by=person, signed_at=now)

        def put(tx: Tx) -> None:
            for row in (ended, begun):
                tx.put(SHIFT, row)
            tx.put(HANDOVER, signed)
            tx.event("shift.ended", f"shift/{ended.id}", person=ended.person, role=ended.role)
            tx.event("shift.handed_over", f"shift/{begun.id}", person=person, role=begun.role, before=old.person, digest=digest)
            tx.audit(Deed.of("shift-handover", f"shift/{begun.id}", content=digest, before=old.person, person=person, role=begun.role))

        def then(_: None) -> None:
            self._rows.update({ended.id: ended, begun.id: begun})
            self._sheets[signed.id] = signed

        await self._store.run(put, then=then)
        await self.look()
        return begun

    async def end(self, person: str, ident: str, reason: str) -> ShiftRow:
        """End a shift without a hand-over, with a reason: one's own, or as chief or leader on duty that of somebody who cannot.
        Raises: NotFound, NotAllowed, FormatError."""
        if not reason.strip():
            raise FormatError("a shift that ends without a hand-over needs a reason", code="bad-argument", where="reason")
        is_superior = any(row.role in SUPERIORS for row in self.on(person=person))
        row = self.get(ident) if ident and is_superior else self._own(person, ident)
        ended = msgspec.structs.replace(row, state=ShiftState.OVER, ended_at=self._clock.time())
        await self._put("shift.ended", "shift-end", ended, reason=reason, by=person)
        return ended

    def gaps(self) -> tuple[Gap, ...]:
        """When nobody is on duty in a role that the settings ask for, from now on, as far as they look ahead."""
        now, ahead, grace = self._clock.time(), self.settings.horizon_s, self.settings.grace_s
        rows = list(self._rows.values())
        return tuple(gap for role in self.settings.roles for gap in gaps(rows, role, now=now, horizon_s=ahead, grace_s=grace))

    async def tend(self) -> None:
        """Look each minute: a gap comes nearer by itself, and who does not come makes one."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def look(self) -> None:
        """Tell each gap once when it comes within sight and once when it is there, and each role that has none any more."""
        now = self._clock.time()
        found = {role: next((gap for gap in self.gaps() if gap.role == role), None) for role in self.settings.roles}
        open_gaps = {role: gap for role, gap in found.items() if gap is not None}
        news = [gap for role, gap in open_gaps.items() if self._is_news(role, gap, now)]
        over = [role for role in self._told if role not in open_gaps]
        if not news and not over:
            return
        told = {role: AHEAD if gap.since > now else HERE for role, gap in open_gaps.items() if gap in news or role in self._told}

        def put(tx: Tx) -> None:
            for gap in news:
                tx.event("alarm.duty_gap", f"duty/{gap.role}", message=_says(gap, now), since=gap.since, until=gap.until, role=gap.role)
            for role in over:
                tx.event("shift.covered", f"duty/{role}", role=role)
            tx.put(META, MetaRow(TOLD, msgspec.json.encode(told).decode()))
            tx.audit(Deed.of("duty-gap", "duty", open=sorted(open_gaps), over=over), by=SYSTEM)

        await self._store.run(put, then=lambda _: setattr(self, "_told", told))

    def _is_news(self, role: str, gap: Gap, now: float) -> bool:
        told = self._told.get(role)
        return told is None or (told == AHEAD and gap.since <= now)

    def _due(self, person: str, ident: str, role: str, *, post: str = "", until: float = 0.0) -> ShiftRow:
        """The planned shift that this person may begin now, else one as a substitute, who leads nobody.
        Raises: NotFound, NotAllowed, FormatError."""
        now = self._clock.time()
        if ident:
            row = self.get(ident)
            if row.person != person or row.state is not ShiftState.PLANNED:
                raise NotAllowed(f"the shift {ident} is {row.state} and of {row.person}; {person} begins one of the own that is planned")
            if not _is_due(row, now):
                raise NotAllowed(f"the shift {ident} begins from {rfc3339(row.since - EARLY_S)} on, and until {rfc3339(row.until)}")
            return row
        mine = [row for row in self if row.person == person and row.state is ShiftState.PLANNED and role in ("", row.role)]
        due = [row for row in mine if _is_due(row, now)]
        if due:
            return due[0]
        if role in LEADING:
            says = f"nobody is {role} as a substitute, and {person} is not planned as one now"
            raise NotAllowed(f"{says}; an administrator plans it first: fenghuo shift roster")
        if role not in ROLES:
            says = "no shift is planned now; say the role of a substitute" if not role else f"there is no role {role!r}"
            raise FormatError(f"{says}: {', '.join(one for one in ROLES if one not in LEADING)}", code="bad-argument", where="role")
        ends = until if until > now else now + LONGEST_S / 2
        return ShiftRow(shift_id(person, role, post, now), person, role, post, (), now, ends)

    def _own(self, person: str, ident: str) -> ShiftRow:
        mine = [row for row in self.on(person=person) if ident in ("", row.id)]
        if not mine:
            raise NotAllowed(f"{person} is not on duty{f' in the shift {ident}' if ident else ''}; `fenghuo shift ls` says who is")
        if len(mine) > 1:
            raise FormatError(f"{person} has {len(mine)} shifts on; say which by its id", code="bad-argument", where="id")
        return mine[0]

    async def _put(self, event: str, action: str, row: ShiftRow, **more: Any) -> None:
        def put(tx: Tx) -> None:
            tx.put(SHIFT, row)
            tx.event(event, f"shift/{row.id}", person=row.person, role=row.role)
            tx.audit(Deed.of(action, f"shift/{row.id}", person=row.person, role=row.role, post=row.post, **more))

        await self._store.run(put, then=lambda _: self._rows.update({row.id: row}))
        await self.look()


def shift_view(row: ShiftRow, sheet: HandoverRow | None = None) -> dict[str, object]:
    """A shift as lists and consoles show it. `sheet`: the digest of what waits for the next one's signature, "" where nothing does."""
    waits = sheet is not None and not sheet.signed_by and row.state is ShiftState.ON
    times = {name: rfc3339(at) if at else None for name, at in (("began", row.began_at), ("ended", row.ended_at))}
    who = {"id": row.id, "person": row.person, "role": row.role, "post": row.post, "areas": row.areas, "state": row.state}
    planned = {"from": rfc3339(row.since), "until": rfc3339(row.until), "after": row.after}
    return {**who, **planned, **times, "session": row.session, "sheet": sheet.digest if sheet is not None and waits else ""}


def _is_due(row: ShiftRow, now: float) -> bool:
    return row.since - EARLY_S <= now < row.until


def _says(gap: Gap, now: float) -> str:
    """For a person: since when, until when."""
    when = "now" if gap.since <= now else f"from {rfc3339(gap.since)}"
    return f"nobody is on duty as {gap.role} {when}, until {rfc3339(gap.until)}; fill the roster or begin a shift"
