"""Break-glass: one duty leader alone, in need, with a key in the hand and a reason, lets a message go that was approved beforehand.

The key is a file on a removable medium; the settings have only its SHA-256. A template counts while it is, octet by octet, what its
approvers saw: their names are its signatures. Announced on every console before it goes, in the audit, reviewed by somebody else.
Source: security.md §3, rule 6.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from functools import partial

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.engine.intake import Intake, Submission
from fenghuo.engine.judging import Origin
from fenghuo.engine.jurisdiction import Jurisdiction
from fenghuo.errors import FormatError, NotAllowed, NotFound
from fenghuo.model.delivery import Accepted
from fenghuo.model.message import MessageState
from fenghuo.service.duty import DutyKeeper
from fenghuo.service.settings_values import BreakGlassSettings, TemplateSettings
from fenghuo.store.audit import Deed
from fenghuo.store.records_people import BreakGlassRow
from fenghuo.store.store import Store
from fenghuo.store.tables import BREAK_GLASS
from fenghuo.store.transaction import Tx

__all__ = ["LEADER", "BreakGlass"]

LEADER = "duty_leader"
REVIEWED_WITHIN_S = 24 * 3600.0
LOOKS_EVERY_S = 600.0
SHORTEST_REASON = 4
"""Characters: a full stop is no reason."""

log = structlog.stdlib.get_logger("fenghuo.break_glass")


class BreakGlass:
    """What was released in need, and what of it nobody has reviewed yet."""

    def __init__(self, settings: BreakGlassSettings, store: Store, clock: Clock, *, intake: Intake, duty: DutyKeeper) -> None:
        self.settings = settings
        self._store = store
        self._clock = clock
        self._intake = intake
        self._duty = duty
        self._rows: dict[str, BreakGlassRow] = {}
        self._told: set[str] = set()

    @classmethod
    async def of(cls, settings: BreakGlassSettings, store: Store, clock: Clock, *, intake: Intake, duty: DutyKeeper) -> BreakGlass:
        """With what the store has of before."""
        made = cls(settings, store, clock, intake=intake, duty=duty)
        made._rows = {row.id: row for row in await store.find(BREAK_GLASS)}
        return made

    def __iter__(self) -> Iterator[BreakGlassRow]:
        return iter(sorted(self._rows.values(), key=lambda row: row.at, reverse=True))

    async def release(self, leader: str, template: str, *, reason: str, key: str, own: Jurisdiction) -> tuple[BreakGlassRow, Accepted]:
        """Let a template go. It is told to everybody before it goes, whatever becomes of it. `own`: over what the leader has authority.
        Raises: NotAllowed: no key, no leader on duty, not as approved, beyond the own authority; NotFound: no such template;
        FormatError: no reason."""
        if len(reason.strip()) < SHORTEST_REASON:
            raise FormatError("a release by one person alone needs a reason that others understand", code="bad-argument", where="reason")
        if not self._duty.on(LEADER, leader):
            raise NotAllowed(f"{leader} is not on duty as {LEADER}; only whoever is releases alone: fenghuo shift start {leader}")
        if not self.settings.key or not hmac.compare_digest(hashlib.sha256(key.encode()).hexdigest(), self.settings.key):
            raise NotAllowed("the key file is not the one whose key_sha256 stands in [break_glass]")
        found = self._template(template)
        raw = await asyncio.to_thread(_approved, found)
        signers = tuple(name for name in found.approved_by if name != leader)
        ident = secrets.token_hex(6)
        said = Submission(raw, Origin(leader, own=own), "", f"break-glass/{ident}", signers, leader)
        against = await self._intake.against(said)  # asked first: once it is taken, the approvers' signatures would stand for that as well
        if against:
            raise NotAllowed(f"the template {template} does not go by {leader}: {against}")
        row = BreakGlassRow(ident, self._clock.time(), leader, template, reason, "")
        await self._put(row, "alarm.break_glass", f"{leader} releases {template} alone, as {LEADER}: {reason}", content=found.digest)
        (answer,) = await self._intake.accept(said)
        if not isinstance(answer, Accepted) or answer.state != MessageState.ACTIVE:
            says = answer.message if not isinstance(answer, Accepted) else f"it is {answer.state}: {_against(answer)}"
            raise NotAllowed(f"the template {template} does not go by the hands of {', '.join(signers) or 'nobody'}; {says}")
        done = msgspec.structs.replace(row, message=answer.id)
        await self._put(done, "break_glass.released", f"{template} goes as message {answer.id}", content=found.digest)
        return done, answer

    async def review(self, person: str, ident: str, words: str) -> BreakGlassRow:
        """Somebody else has looked at it, and says what was found. Raises: NotFound, NotAllowed, FormatError."""
        row = self._rows.get(ident)
        if row is None:
            raise NotFound(f"no release in need is known as {ident!r}; `fenghuo break-glass ls` lists them")
        if row.reviewed_by:
            raise NotAllowed(f"{row.reviewed_by} has reviewed it already")
        if person == row.leader:
            raise NotAllowed(f"{person} released it and does not review it as well")
        if len(words.strip()) < SHORTEST_REASON:
            raise FormatError("a review says what was found", code="bad-argument", where="review")
        done = msgspec.structs.replace(row, reviewed_by=person, reviewed_at=self._clock.time(), review=words)
        await self._put(done, "break_glass.reviewed", f"{person}: {words}")
        return done

    async def tend(self) -> None:
        """Tell of what nobody has reviewed by the next day."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def look(self) -> None:
        """Once for each, and once more after a restart."""
        until = self._clock.time() - REVIEWED_WITHIN_S
        for row in [row for row in self._rows.values() if not row.reviewed_by and row.at < until and row.id not in self._told]:
            self._told.add(row.id)
            says = f"what {row.leader} released alone ({row.template}) has waited a day for its review: fenghuo break-glass review"
            await self._store.run(partial(_tell_overdue, subject=f"break_glass/{row.id}", says=says))

    def _template(self, name: str) -> TemplateSettings:
        found = next((one for one in self.settings.templates if one.name == name), None)
        if found is None:
            known = ", ".join(one.name for one in self.settings.templates) or "none"
            raise NotFound(f"no template {name!r} was approved; there are: {known}")
        return found

    async def _put(self, row: BreakGlassRow, event: str, says: str, *, content: str = "") -> None:
        def put(tx: Tx) -> None:
            tx.put(BREAK_GLASS, row)
            subject = f"break_glass/{row.id}"
            tx.event(event, subject, message=says, leader=row.leader, template=row.template, released=row.message)
            tx.audit(
                Deed.of(event.removeprefix("alarm."), subject, content=content, leader=row.leader, template=row.template, reason=row.reason)
            )

        log.warning("break-glass", what=event, leader=row.leader, template=row.template, message=row.message)
        await self._store.run(put, then=lambda _: self._rows.update({row.id: row}))


def _tell_overdue(tx: Tx, *, subject: str, says: str) -> None:
    tx.event("alarm.review_overdue", subject, message=says)


def _approved(template: TemplateSettings) -> bytes:
    """The octets of a template. Blocks. Raises: NotAllowed: they are not what was approved."""
    try:
        raw = template.file.read_bytes()
    except OSError as error:
        raise NotAllowed(f"the template {template.name} cannot be read at {template.file}: {error.strerror}") from error
    if hashlib.sha256(raw).hexdigest() != template.digest:
        raise NotAllowed(f"the template {template.name} is not what {', '.join(template.approved_by)} approved: its SHA-256 differs")
    return raw


def _against(answer: Accepted) -> str:
    if answer.state == "duplicate":
        return f"it is here already, as message {answer.id}"
    said = [verdict.detail or verdict.check for verdict in answer.verdicts if not verdict.ok]
    return "; ".join(said) or "more people must sign it"
