"""Random people do random things at the desk: whatever they do, nothing public leaves by fewer than two, and nothing crosses.

Judged by what left the channels (hands.py), on virtual time. Each seeded bug shows that the judge would have seen it.
Source: security.md §3 and §10, S1.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine import release
from fenghuo.engine.release import Release
from fenghuo.service.desk import Desk
from fenghuo.service.reviews import Reviews, Seen
from tests.core.service.hands import Crowd, crowded

pytestmark = pytest.mark.may_block("its store answers at once, in the thread of the test")
SEQUENCES = 1_000
MANY = 10_000
SEEDS = range(2, 12)
UNTIL_SEEN = 3_000
"""Sequences within which a seeded bug must show at a channel."""


async def play(crowd: Crowd, sequences: int) -> None:
    """So many, or until something leaves that must not."""
    for _ in range(sequences):
        await crowd.sequence()
        if crowd.faults:
            return


def tell(crowd: Crowd, sequences: int, seed: int) -> None:
    cost_s = time.process_time()
    print(f"seed {seed}: {sequences} sequences, {crowd.acts.total()} acts, {len(crowd.released)} texts released", end=", ")
    print(f"{cost_s:.0f} s of processor since the start of the tests", end=", ")
    print(f"{len(crowd.corrected)} called off, {len(crowd.faults)} by fewer than two or across")


@pytest.mark.timeout(300)
async def test_no_sequence_of_acts_releases_by_fewer_than_two(tmp_path: Path) -> None:
    """Some are released, each by two who are no authors of it and were shown what left; none crosses from a drill to the real thing."""
    async with crowded(tmp_path, 1) as crowd:
        await play(crowd, SEQUENCES)
        tell(crowd, SEQUENCES, 1)
        assert [] == crowd.faults
        assert len(crowd.released) > 5


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_hundred_thousand_sequences_of_acts_release_nothing_by_fewer_than_two(tmp_path: Path, seed: int) -> None:
    """As above, ten thousand for each of ten seeds."""
    async with crowded(tmp_path, seed) as crowd:
        await play(crowd, MANY)
        tell(crowd, MANY, seed)
        assert [] == crowd.faults
        assert (True, True) == (len(crowd.released) > 50, len(crowd.corrected) > 10)


def authors_sign(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(release, "_wrote", lambda message, person: False)


def one_person_counts_twice(patch: pytest.MonkeyPatch) -> None:
    hand = Desk.hand

    def by_session(self: Desk, *args: Any) -> Any:
        found = hand(self, *args)
        return msgspec.structs.replace(found, person=f"{found.person}@{found.session}")

    patch.setattr(Desk, "hand", by_session)


def envelopes_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    sign = Release.sign

    async def blindly(self: Release, ident: str, hand: Any, **shown: Any) -> Any:
        return await sign(self, ident, hand)

    def of_message(self: Reviews, seen: Seen) -> bool:
        return any((one.viewer, one.message) == (seen.viewer, seen.message) for one in self._until)

    patch.setattr(Release, "sign", blindly)
    patch.setattr(Reviews, "has", of_message)


def whoever_was_shown_it_will_do(patch: pytest.MonkeyPatch) -> None:
    def by_anybody(self: Reviews, seen: Seen) -> bool:
        return any((one.message, one.envelope) == (seen.message, seen.envelope) for one in self._until)

    patch.setattr(Reviews, "has", by_anybody)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("bug", [authors_sign, one_person_counts_twice, envelopes_are_not_compared, whoever_was_shown_it_will_do])
async def test_a_seeded_bug_is_seen_at_what_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bug: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """A judge that finds nothing must be one that could."""
    bug(monkeypatch)
    async with crowded(tmp_path, 1) as crowd:
        await play(crowd, UNTIL_SEEN)
        assert [fault for fault in crowd.faults if "left with the hands of" in fault]
