"""A drive that says that it synced and did not: outside the promise, and run only to see that the loss is noticed."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import msgspec

from fenghuo.errors import FenghuoError
from fenghuo.rig.powercut.checks import lost, noticed
from fenghuo.rig.powercut.journal import Seen
from fenghuo.rig.powercut.ledger import Ledger
from fenghuo.rig.powercut.platter import Platter, Policy
from fenghuo.rig.powercut.recording import desk_space, put_down, record
from fenghuo.rig.powercut.world import Head, World
from fenghuo.store.disk import DATABASE

__all__ = ["Lies", "lie"]


class Lies(msgspec.Struct):
    """`cuts` under such a drive, how many `lost` something, and the places of those that nobody would have noticed."""

    cuts: int = 0
    lost: int = 0
    unnoticed: list[int] = msgspec.field(default_factory=list)


def lie(*, seed: int = 1, every: int = 1) -> Lies:
    """Cut a recording with no sync honoured. A loss counts if it is older than what the second place read last."""
    recording, score = record(seed=seed), Lies()
    platter, past, read = Platter(recording.image, honest=False), list(recording.past), 0
    with desk_space() as space:
        for place, entry in enumerate(recording.entries, 1):
            if isinstance(entry, Seen):
                past.append(entry)
                read = len(past) if isinstance(entry, Head) else read
            else:
                platter.feed(entry)
            if place % every == 0:
                put_down(platter.image(Policy.LIE, random.Random(f"{seed} {place}")), recording.marker, space / "lied")
                score.cuts += 1
                is_lost, is_noticed = _look(World(past=past[:read]), space / "lied" / DATABASE)
                score.lost += is_lost
                score.unnoticed += [place] if is_lost and not is_noticed else []
    return score


def _look(world: World, path: Path) -> tuple[bool, bool]:
    """Whether something is lost, and whether that shows. A store that cannot be opened has lost everything, and shows it."""
    try:
        ledger = Ledger(path)
    except (FenghuoError, sqlite3.DatabaseError):
        return True, True
    return bool(lost(ledger, world)), bool(noticed(ledger, world))
