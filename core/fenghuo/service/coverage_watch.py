"""Watches whether what works now still covers the public: an alarm at the moment it does not any more, by event and in the audit."""

from __future__ import annotations

from typing import Any

import structlog

from fenghuo.engine.coverage import Coverage, coverage
from fenghuo.engine.inhabited import carriers, working
from fenghuo.model.area import AreaRef
from fenghuo.model.audit import SYSTEM
from fenghuo.service.coverage_words import ASSUMPTION, gate_says
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.store.audit import Deed
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["CoverageWatch"]

SUBJECT = "coverage/potential"

log = structlog.stdlib.get_logger("fenghuo.coverage")


class CoverageWatch:
    """Looks after each change of a channel, the directory or the inventory; nothing wakes it but a change, and 160 villages by 8 channels
    take it about a millisecond.

    How things stand at its first look, and after a new inventory or directory, is where it begins, and no alarm: `fenghuo coverage` says
    it. From then on it tells each fall (the gate fails that passed, or a town falls under its floor), and once that it is passed again.
    """

    def __init__(self, room: EngineRoom, store: Store, keeper: InventoryKeeper) -> None:
        self._office = room.office
        self._board = room.board
        self._store = store
        self._keeper = keeper
        self._seen: object = None
        self._laid: tuple[str, str] | None = None
        self._passed = True
        self._low: frozenset[AreaRef] = frozenset()

    def look(self) -> None:
        """Take into account what has changed since the last look; costs next to nothing where nothing has."""
        inventory, directory = self._keeper.inventory, self._office.directory
        seen = (inventory.digest, directory.digest, tuple((one.name, one.admin, one.health.state) for one in self._board))
        if seen == self._seen or not inventory.people:
            return
        self._seen = seen
        units = self._keeper.inhabited(directory).units
        groups = {channel.name: channel.group for channel in inventory.channels}
        found = coverage(units, groups, working(units, carriers(inventory, self._board.situation())))
        self._compare(found, (inventory.digest, directory.digest))

    def _compare(self, found: Coverage, laid: tuple[str, str]) -> None:
        low = frozenset(town.area for town in found.low_towns)
        if laid == self._laid:
            if (self._passed and not found.passes) or low - self._low:
                self._tell("alarm.coverage", found)
            elif found.passes and not self._passed:
                self._tell("coverage.restored", found)
        self._laid, self._passed, self._low = laid, found.passes, low

    def _tell(self, kind: str, found: Coverage) -> None:
        body: dict[str, Any] = {
            "message": "; ".join(gate_says(found)) or "the gate is passed again",
            "grouped_pct": round(found.total.grouped * 100, 2),
            "lower_pct": round(found.total.lower * 100, 2),
            "towns": [str(town.area) for town in found.low_towns],
            "inventory": self._keeper.inventory.digest,
            "assumption": ASSUMPTION,
        }
        deed = Deed.of("cover", SUBJECT, content=self._keeper.inventory.digest, event=kind, **body)

        def keep(tx: Tx) -> None:
            tx.event(kind, SUBJECT, **body)
            tx.audit(deed, by=SYSTEM)

        log.info("coverage of the public changed", kind=kind, grouped_pct=body["grouped_pct"])
        self._store.submit(keep)
