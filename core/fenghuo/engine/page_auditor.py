"""The auditor's look at fan-outs: what the store has open and the engine has not, and pages that are due and did not move.

It reads the rows, and asks memory only whether somebody has them in hand. Source: failover.md, Which channels, how many.
"""

from __future__ import annotations

from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.facts import Overdue
from fenghuo.engine.fan_outs import FanOuts
from fenghuo.engine.overdue import due_since
from fenghuo.store.records import PageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import FAN_OUT, PAGE

__all__ = ["PageAuditor"]

AT_MOST = 500
_LATE = (
    "objective IN (SELECT objective FROM fan_out WHERE objective >= ? AND done = 0)"
    " AND (state = 'EMITTING' OR (state = 'READY' AND not_before < ?) OR (state = 'IN_DOUBT' AND until < ?)) ORDER BY objective, number"
)


class PageAuditor:
    """Finds, has it taken up again, and says what it found."""

    def __init__(self, store: Store, *, board: ChannelBoard, fan_outs: FanOuts) -> None:
        self._store = store
        self._board = board
        self._fan_outs = fan_outs

    async def look(self, due: float, lowest: int) -> list[Overdue]:
        """Everything that should have moved before `due` (UTC seconds). `lowest`: every objective below has ended."""
        intents = await self._store.find(FAN_OUT, "objective >= ? AND done = 0 ORDER BY objective", lowest)
        if not intents:
            return []
        lost = [row for row in intents if row.objective not in self._fan_outs.open]
        late = [
            (row, since)
            for row in await self._late(due, lowest)
            if (since := await due_since(row, store=self._store, board=self._board)) < due
        ]
        self._fan_outs.resume([*lost, *(row for row, _ in late)])
        fans = [Overdue("fan-out", f"objective/{row.objective}", 0.0, row.objective) for row in lost]
        return fans + [Overdue(row.state.value, f"page/{row.objective}/{row.number}", since, row.objective) for row, since in late]

    async def _late(self, due: float, lowest: int) -> list[PageRow]:
        """Pages that are due and in nobody's hands; those of a fan-out that is being listed or closed are its own affair."""
        rows = await self._store.find(PAGE, _LATE, lowest, due, due, limit=AT_MOST)
        fans = {row.objective: self._fan_outs.open.get(row.objective) for row in rows}
        mine = ((row, fan) for row in rows if (fan := fans[row.objective]) is not None)
        return [row for row, fan in mine if fan.is_known and not fan.is_stopped and not fan.knows(row.number)]
