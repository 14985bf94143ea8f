"""The recording is the same for the same seed, and the script in it meets everything that a promise is about."""

from __future__ import annotations

from functools import cache

import pytest

from fenghuo.rig.powercut.bearer import key_of
from fenghuo.rig.powercut.ground import BEARERS, PAGED
from fenghuo.rig.powercut.journal import Deleted, Opened, Seen, Synced, Truncated, Written
from fenghuo.rig.powercut.recording import Recording, record
from fenghuo.rig.powercut.script import CUSTODY, STEPS
from fenghuo.rig.powercut.world import NO_COUNTER, World
from fenghuo.store.disk import DATABASE


@cache
def recorded(seed: int = 1, *, grouped: bool = False) -> Recording:
    return record(seed=seed, grouped=grouped)


def shape(recording: Recording) -> list[tuple[object, ...]]:
    """What was done in which order, without the octets."""
    found: list[tuple[object, ...]] = []
    for entry in recording.entries:
        match entry:
            case Written(name=name, offset=offset, data=data):
                found.append(("write", name, offset, len(data)))
            case Truncated() | Synced() | Opened() | Deleted():
                found.append((entry,))
            case Seen():
                found.append((type(entry),))
    return found


@pytest.mark.parametrize("grouped", [False, True])
def test_the_same_seed_gives_the_same_operations(grouped: bool) -> None:
    """So that place, policy and throw name a cut for good."""
    assert shape(recorded(grouped=grouped)) == shape(record(grouped=grouped))


def test_another_seed_gives_another_order() -> None:
    """Or a million cuts would be the same fifty thousand."""
    assert shape(recorded(1)) != shape(recorded(2))


def test_the_script_meets_what_a_promise_is_about() -> None:
    """Every step was answered, every channel emitted, frames were counted, custody was taken, objectives ended, nothing fell."""
    recording = recorded()
    world = World(past=(*recording.past, *(entry for entry in recording.entries if isinstance(entry, Seen))))
    assert () == recording.faults
    assert {step.name for step in STEPS} == set(world.told)
    assert (set(BEARERS) - PAGED, set(PAGED)) == ({air.channel for air in world.airs}, {sheet.channel for sheet in world.sheets})
    assert {"flood", "flood-2", "flood-off", "heat"} == {key_of(sheet.text) for sheet in world.sheets}
    assert {"active", "cancelled", "conflict", "expired", "held", "refused"} <= {told.state for told in world.told.values()}
    assert {"not-sent", "shed", "waive"} <= {told.state for told in world.told.values()}
    assert len([air for air in world.airs if air.counter != NO_COUNTER]) >= 3
    assert CUSTODY in {took.raw for took in world.took.values()}
    assert {"MET", "MISSED", "WAIVED"} <= set(world.ended.values())
    assert world.head.audit > len(STEPS) // 2


def test_checkpoints_fall_inside_it() -> None:
    """The database itself is written and synced often, not the log alone."""
    synced = [entry for entry in recorded().entries if isinstance(entry, Synced) and entry.name == DATABASE]
    assert len(synced) > 20
