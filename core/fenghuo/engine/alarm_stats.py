"""How many alarms a person had to bear, and what became of them, against what a person can bear. Pure.

Source: ANSI/ISA-18.2-2016 §16 (monitoring and assessment); console.md §4, rule 5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

import msgspec

from fenghuo.engine.alarm_floods import WINDOW_S, spans
from fenghuo.model.alarm import Alarm, AlarmPriority, AlarmState, Held

__all__ = ["STANDING_S", "TARGETS", "Source", "Stats", "stats"]

STANDING_S = 24 * 3600.0
WORST = 10
TARGETS = {"in_10_min": 1, "flood_above": 10, "high_pct": 5, "medium_pct": 15, "low_pct": 80}
"""What ISA-18.2 asks of a steady state: so many in ten minutes, a flood above so many, and this mix of priorities."""


class Source(msgspec.Struct, frozen=True):
    """What raised alarms, how many, and how often it came again within them."""

    kind: str
    subject: str
    alarms: int
    raised: int


class Stats(msgspec.Struct, frozen=True):
    """`in_10_min`: on the average; `flood_pct`: share of the time in flood; `standing`: ids that stand longer than 24 h; `to_ack_s`: the
    median of those acknowledged, None: none; `late`: those that were acknowledged after their time or still wait past it; `suppressed`:
    those of exercises, which count in nothing else."""

    alarms: int
    in_10_min: float
    high_pct: float | None
    medium_pct: float | None
    low_pct: float | None
    is_flood: bool
    flood_pct: float
    worst: tuple[Source, ...]
    standing: tuple[int, ...]
    to_ack_s: float | None
    late: int
    unacked: int
    shelved: tuple[int, ...]
    out_of_service: tuple[int, ...]
    suppressed: int


def stats(rows: Sequence[Alarm], *, since: float, now: float) -> Stats:
    """Of alarms that were raised since then or are open now, in order of their time. UTC seconds."""
    own = [row for row in rows if row.held is not Held.BY_DESIGN and row.has_called]
    called = [row for row in own if row.raised_at >= since]
    acks = [row.acked_at - row.called_at for row in called if row.is_acked and row.acked_at >= row.called_at]
    calls = [row.raised_at for row in called]
    windows = max((now - since) / WINDOW_S, 1.0)
    return Stats(
        alarms=len(called),
        in_10_min=round(len(called) / windows, 3),
        high_pct=_share(called, AlarmPriority.HIGH),
        medium_pct=_share(called, AlarmPriority.MEDIUM),
        low_pct=_share(called, AlarmPriority.LOW),
        is_flood=any(row.flood and row.raised_at > now - WINDOW_S for row in own),
        flood_pct=round(100.0 * spans(calls, since, now) / max(now - since, 1.0), 2),
        worst=_worst(called),
        standing=tuple(row.id for row in own if not row.is_over and row.stands and now - row.began_at > STANDING_S),
        to_ack_s=round(median(acks), 1) if acks else None,
        late=sum(_is_late(row, now) for row in called),
        unacked=sum(row.state in (AlarmState.UNACKED, AlarmState.RETURNED_UNACKED) for row in own),
        shelved=tuple(row.id for row in own if row.held is Held.SHELVED),
        out_of_service=tuple(row.id for row in own if row.held is Held.OUT_OF_SERVICE),
        suppressed=sum(row.held is Held.BY_DESIGN for row in rows if row.raised_at >= since),
    )


def _share(rows: Sequence[Alarm], priority: AlarmPriority) -> float | None:
    return round(100.0 * sum(row.priority is priority for row in rows) / len(rows), 1) if rows else None


def _worst(rows: Sequence[Alarm]) -> tuple[Source, ...]:
    alarms = Counter((row.kind, row.subject) for row in rows)
    raised: Counter[tuple[str, str]] = Counter()
    for row in rows:
        raised[row.kind, row.subject] += row.count
    ranked = sorted(raised, key=lambda key: (-raised[key], key))
    return tuple(Source(*key, alarms=alarms[key], raised=raised[key]) for key in ranked[:WORST])


def _is_late(row: Alarm, now: float) -> bool:
    return row.acked_at > row.respond_by if row.is_acked else now > row.respond_by and row.held is Held.NOT and not row.is_over
