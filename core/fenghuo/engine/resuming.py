"""Fan-outs that a crash cut short: whom they are still to reach is what the disk says, whatever rules and directory say by now."""

from __future__ import annotations

import msgspec

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import OpenObjective
from fenghuo.engine.inherit import INHERITED, Heir
from fenghuo.engine.office import Office
from fenghuo.engine.opening import Opening
from fenghuo.engine.routing import addressed
from fenghuo.engine.rules import Escalation, Rung
from fenghuo.engine.tally import Tally
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.store.records import RosterRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DIRECTORY

__all__ = ["Resuming"]


class Resuming:
    """The part of recovery that goes on with them."""

    def __init__(self, office: Office, store: Store, *, opening: Opening, tally: Tally) -> None:
        self._office = office
        self._store = store
        self._opening = opening
        self._tally = tally
        self._rosters: dict[int, tuple[RecipientId, ...]] = {}
        self._snapshots: dict[str, Directory | None] = {}

    async def restore(self, opened: OpenObjective, row: RosterRow | None) -> None:
        """Give an objective the ladder and the directory that it was planned by, as far as they are kept."""
        objective = opened.objective
        if row is not None:
            opened.rungs = msgspec.msgpack.decode(row.rungs, type=tuple[Rung, ...])
            opened.escalate = msgspec.msgpack.decode(row.escalate, type=tuple[Escalation, ...])
            self._rosters[objective.id] = row.recipients
        if objective.planned < objective.total:
            opened.snapshot = await self._snapshot(objective.directory)

    def addressed(self, opened: OpenObjective) -> set[RecipientId]:
        """Everybody whom an objective is for by name."""
        if (roster := self._rosters.get(opened.objective.id)) is not None:
            return set(roster)
        return set(self._by_rule(opened))

    def go_on(self, opened: OpenObjective, known: set[RecipientId], heirs: tuple[Heir, ...], batch: Batch) -> None:
        """Fan out to those who are not `known` yet; `heirs`: of an inherited objective. Whoever cannot be found any more is an alarm."""
        objective = opened.objective
        left = [heir for heir in self._heirs(opened, heirs) if heir.recipient not in known]
        self._opening.resume(opened, left)
        lost = max(0, objective.total - objective.planned - len(left))
        strangers = sum(not heir.ways and self._is_strange(opened, heir.recipient) for heir in left)
        if lost or strangers:
            body = {"message": objective.message, "audience": objective.audience, "total": objective.total}
            batch.event("alarm.not_told", f"objective/{objective.id}", **body, not_told=lost + strangers)
        if lost:  # they are counted as ended without success, so that the others can bring it to its end, which is a miss
            opened.objective = msgspec.structs.replace(objective, planned=objective.planned + lost)
            self._tally.recounted(opened, met=objective.met, ended=objective.ended + lost)

    def _heirs(self, opened: OpenObjective, heirs: tuple[Heir, ...]) -> list[Heir]:
        roster = self._rosters.get(opened.objective.id)
        if opened.objective.ladder == INHERITED:
            own = {name for item in self._opening.routed(opened.message.message) for name in item.recipients}
            return [heir for heir in heirs if (heir.recipient in roster if roster is not None else heir.recipient not in own)]
        return [Heir(name) for name in (roster if roster is not None else self._by_rule(opened))]

    def _by_rule(self, opened: OpenObjective) -> tuple[RecipientId, ...]:
        """Without a roster, as in a state of an earlier version: by the message, or by the rule of that name or that audience."""
        objective = opened.objective
        directory = opened.snapshot or self._office.directory
        return addressed(opened.message.message, self._office.rules, directory, rule=objective.rule, audience=objective.audience)

    def _is_strange(self, opened: OpenObjective, recipient: RecipientId) -> bool:
        """Whether nobody knows any more how this one was to be reached."""
        today = self._office.directory
        return opened.snapshot is None and recipient not in today.person_by_id and not today.points_of(recipient)

    async def _snapshot(self, digest: str) -> Directory | None:
        if digest == self._office.directory.digest:
            return self._office.directory
        if digest not in self._snapshots:
            row = await self._store.sound(DIRECTORY, digest)
            self._snapshots[digest] = msgspec.msgpack.decode(row.body, type=Directory) if row is not None else None
        return self._snapshots[digest]
