"""The time line of a run for whoever reads it: the steps, what was accepted and released, what the channels did, and every alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fenghuo.rig.scenario.running import Played
from fenghuo.rig.scenario.stage import SETTLE_S
from fenghuo.rig.world.log import Acked, Entry, Note, Told

__all__ = ["timeline"]

TOLD = ("alarm.", "message.", "objective.met", "objective.missed", "objective.at_risk", "objective.escalated", "mode.", "coverage.")
"""Events that a line is written of."""
UNTOLD = ("message.accepted", "message.held", "message.expired")
NOTED = {"crash": "the daemon is killed", "ready": "the daemon serves", "conflict": "refused: one key for two contents"}
GAP_S = 5.0
"""Emissions over one channel that follow each other sooner share a line."""


def timeline(played: Played) -> Iterator[str]:
    """One line each, its time in seconds from T+0."""
    log = played.seen.log
    bursts: Counter[str] = Counter()
    since = until = 0.0
    for entry in log.entries:
        if entry.at < SETTLE_S:
            continue
        if isinstance(entry, Told) and entry.event.type == "delivery.emitting":
            since = since if bursts else entry.at
            until = entry.at
            bursts[str(entry.event.body["channel"])] += 1
            continue
        text = _line(entry)
        if bursts and (text or entry.at > until + GAP_S):
            yield _at(since, _burst(bursts))
            bursts.clear()
        if text:
            yield _at(entry.at, text)
    if bursts:
        yield _at(since, _burst(bursts))


def _burst(bursts: Counter[str]) -> str:
    return "emissions: " + ", ".join(f"{channel} {count}" for channel, count in sorted(bursts.items()))


def _at(at: float, text: str) -> str:
    return f"T+{at - SETTLE_S:9.1f} s  {text}"


def _line(entry: Entry) -> str:
    match entry:
        case Note(what="step", of=of, detail=detail):
            return f"{of.upper()}  {detail}".rstrip()
        case Note(what="refused", of=of, detail=detail):
            return f"refused ({of}): {detail}"
        case Note(what=what) if what in NOTED:
            return NOTED[what]
        case Note(what="disk", of=of):
            return f"the disk: {of}"
        case Acked(tag=tag, id=ident, revision=revision, state=state):
            return f"accepted: {tag} as {ident} revision {revision}, {state}"
        case Told():
            return _told(entry)
        case _:
            return ""


def _told(entry: Told) -> str:
    kind, subject, body = entry.event.type, entry.event.subject, entry.event.body
    if kind == "channel.health":
        return f"{subject}: {body.get('before')} → {body.get('after')}, {body.get('cause')}"
    if not kind.startswith(TOLD) or kind in UNTOLD:
        return ""
    says = body.get("message") if kind.startswith(("alarm.", "coverage.")) else body.get("state") or body.get("to") or ""
    return f"{kind}  {subject}  {says or ''}".rstrip()
