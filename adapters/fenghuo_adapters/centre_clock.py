"""What the clock of a short message centre says in ours, learnt from the reports of what we ourselves handed in. Pure: time is passed in.

A report says when the centre took its text, which tells ours from another's and this order from the one before. But a centre may write
its local time and not say so, and over SMPP every centre does.
"""

from __future__ import annotations

from collections import OrderedDict, deque

__all__ = ["APART_S", "ZONES_S", "CentreClock"]

APART_S = 120.0
"""How far a centre's clock may be wrong, and how long a text may lie on its way to it."""
ZONES_S = 14.5 * 3600.0
"""How far local times can lie from UTC, to either side."""
_QUARTER_S = 900.0
"""Zones differ by whole quarters of an hour."""
_MOST_REMEMBERED = 5000


class CentreClock:
    """Of one centre. `names_zone`: it writes its zone with its times, so that they are right until `votes` reports in a row contradict them
    by the same zone; another centre's are known after one report of a text whose name comes round nowhere."""

    def __init__(self, *, names_zone: bool, votes: int = 3) -> None:
        self._votes: deque[float] = deque(maxlen=votes if names_zone else 1)
        self._names_zone = names_zone
        self._handed: OrderedDict[str, float | None] = OrderedDict()
        self._ahead_s: float | None = 0.0 if names_zone else None

    def handed_in(self, name: str, at: float) -> None:
        """We handed in a text that the centre calls `name` (UTC seconds). A name that was there before says nothing from now on."""
        self._handed[name] = None if name in self._handed else at
        self._handed.move_to_end(name)
        while len(self._handed) > _MOST_REMEMBERED:
            self._handed.popitem(last=False)

    def reported(self, names: tuple[str, ...], written: float) -> tuple[float, float]:
        """When the text of a report that says `written` was handed in, by our clock, and by how much that may be wrong: UTC seconds,
        seconds. `names`: what the report calls it."""
        name = next((name for name in names if self._handed.get(name) is not None), "")
        at = self._handed.get(name)
        if at is not None:
            self._handed[name] = None  # a copy of this report is no second witness
            self._learn(written - at)
        if self._ahead_s is None:
            return written, ZONES_S + APART_S
        return written - self._ahead_s, APART_S

    def _learn(self, ahead_s: float) -> None:
        zone_s = round(ahead_s / _QUARTER_S) * _QUARTER_S
        if not self._names_zone:
            self._ahead_s = ahead_s
        elif abs(ahead_s - zone_s) <= APART_S and abs(zone_s) <= ZONES_S:
            self._votes.append(zone_s)
            if len(self._votes) == self._votes.maxlen and len(set(self._votes)) == 1:
                self._ahead_s = zone_s
