"""Watches whether what works now still covers the public: an alarm at the moment it does not any more, by event and in the audit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import structlog

from fenghuo.engine.coverage import Coverage, coverage
from fenghuo.engine.covered import Kind
from fenghuo.engine.inhabited import carriers, losses, working
from fenghuo.formats.sentences import Sentence
from fenghuo.model.area import AreaRef
from fenghuo.model.audit import SYSTEM
from fenghuo.service.coverage_words import ASSUMPTION, gate_says, reported_says
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.store.audit import Deed
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["CoverageWatch"]

log = structlog.stdlib.get_logger("fenghuo.coverage")


class _Stood(msgspec.Struct, frozen=True):
    """How one kind stood at the last look."""

    passes: bool = True
    low: frozenset[AreaRef] = frozenset()

    @classmethod
    def of(cls, found: Coverage) -> _Stood:
        return cls(found.passes, frozenset(town.area for town in found.low_towns))

    def turn(self, after: _Stood) -> str:
        """The event of going from here to there, if it is one."""
        if (self.passes and not after.passes) or after.low - self.low:
            return "alarm.coverage"
        return "coverage.restored" if after.passes and not self.passes else ""


class CoverageWatch:
    """Looks after each change of a channel, the directory, the inventory or what others say is out; nothing wakes it but a change, and 160
    villages by 8 channels take it about a millisecond.

    How things stand at its first look, and after a new inventory or directory, is where it begins, and no alarm: `fenghuo coverage` says
    it. From then on it tells each fall (the gate fails that passed, or a town falls under its floor), and once that it is passed again; and
    the same of what would be left if those who say that something is out are right, as far as that is another fall.
    """

    def __init__(self, room: EngineRoom, store: Store, keeper: InventoryKeeper) -> None:
        self._office = room.office
        self._board = room.board
        self._outages = room.outages
        self._store = store
        self._keeper = keeper
        self._seen: object = None
        self._laid: tuple[str, str] | None = None
        self._stood: dict[Kind, _Stood] = {}

    def passes(self, kind: str) -> bool:
        """Whether the gate was passed at the last look, or nobody has looked."""
        return all(stood.passes for known, stood in self._stood.items() if known == kind)

    def look(self) -> None:
        """Take into account what has changed since the last look; costs next to nothing where nothing has."""
        inventory, directory = self._keeper.inventory, self._office.directory
        lost = losses(self._outages.standing())
        seen = (inventory.digest, directory.digest, lost, tuple((one.name, one.admin, one.health.state) for one in self._board))
        if seen == self._seen or not inventory.people:
            return
        self._seen = seen
        units = self._keeper.inhabited(directory).units
        groups = {channel.name: channel.group for channel in inventory.channels}
        carried = carriers(inventory, self._board.situation())
        potential = coverage(units, groups, working(units, carried))
        reported = coverage(units, groups, working(units, carried, lost)) if lost else potential
        self._compare(potential, reported, (inventory.digest, directory.digest))

    def _compare(self, potential: Coverage, reported: Coverage, laid: tuple[str, str]) -> None:
        stood = {Kind.POTENTIAL: _Stood.of(potential), Kind.REPORTED: _Stood.of(reported)}
        if laid == self._laid:
            turns = {kind: self._stood[kind].turn(after) for kind, after in stood.items()}
            if own := turns[Kind.POTENTIAL]:
                self._tell(own, Kind.POTENTIAL, potential, gate_says(potential))
            if (other := turns[Kind.REPORTED]) and stood[Kind.REPORTED] != stood[Kind.POTENTIAL]:
                self._tell(other, Kind.REPORTED, reported, reported_says(reported, potential))
            elif other and not own:
                self._tell(other, Kind.REPORTED, reported, ())
        self._laid, self._stood = laid, stood

    def _tell(self, event: str, kind: Kind, found: Coverage, says: Iterable[Sentence]) -> None:
        subject = f"coverage/{kind}"
        body: dict[str, Any] = {
            "message": "; ".join(map(str, says)) or "the gate is passed again",
            "grouped_pct": round(found.total.grouped * 100, 2),
            "lower_pct": round(found.total.lower * 100, 2),
            "towns": [str(town.area) for town in found.low_towns],
            "inventory": self._keeper.inventory.digest,
            "assumption": ASSUMPTION,
        }
        deed = Deed.of("cover", subject, content=self._keeper.inventory.digest, event=event, **body)

        def keep(tx: Tx) -> None:
            tx.event(event, subject, **body)
            tx.audit(deed, by=SYSTEM)

        log.info("coverage of the public changed", kind=event, of=kind.value, grouped_pct=body["grouped_pct"])
        self._store.submit(keep)
