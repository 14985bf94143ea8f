"""The watched invariants as people and programs see them: in the status, in the metrics, and as an alarm when one breaks."""

from __future__ import annotations

from typing import Any

from fenghuo.engine.invariants import INVARIANTS, Broken, Invariants
from fenghuo.service.metrics import Metrics
from fenghuo.store.store import Store

__all__ = ["invariants_view", "watch_invariants"]

SHOWN = 50
"""Organisations that are named; the rest are counted."""


def watch_invariants(invariants: Invariants, metrics: Metrics, store: Store) -> None:
    """Have its figures read at the moment of asking, and a change told."""
    metrics.gauge("invariant_broken", lambda: [({"invariant": name}, float(len(found))) for name, found in invariants.now.items()])
    metrics.gauge("invariant_broken_seconds", lambda: [({"invariant": name}, invariants.seconds(name)) for name in INVARIANTS])

    def tell(name: str, found: tuple[Broken, ...]) -> None:
        kind = "alarm.invariant" if found else "invariant.restored"
        body = {"message": INVARIANTS[name], "count": len(found), "first": found[0].name if found else ""}
        store.submit(lambda tx: tx.event(kind, f"invariant/{name}", **body))

    invariants.on_change = tell


def invariants_view(invariants: Invariants) -> dict[str, Any]:
    """By name: whether it holds, for how many seconds it did not since the start, and who breaks it now."""
    return {
        name: {
            "says": INVARIANTS[name],
            "holds": not found,
            "broken_s": round(invariants.seconds(name), 1),
            "count": len(found),
            "broken": [{"org": one.org, "level": one.level, "name": one.name, "channels": one.channels} for one in found[:SHOWN]],
        }
        for name, found in invariants.now.items()
    }
