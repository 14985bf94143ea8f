"""What the engine's parts share: whoever holds the office sees the newest rules and directory."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.engine.facts import DirectoryChanged, RulesChanged
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook, read_rules
from fenghuo.model.directory import ContactPoint, Directory
from tests.core.engine.house import opened
from tests.core.engine.values import directory
from tests.core.store.rows import StillClock

SWAPPED = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["r"]
[[ladders.both.rungs]]
channels = ["a"]
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "both"
"""


def test_chance_can_be_repeated() -> None:
    """A simulation with the same seed draws the same numbers; two nodes without one do not."""

    def drawn(seed: int | None) -> list[int]:
        office = Office(node="node", clock=StillClock(), rules=RuleBook(), directory=Directory(), seed=seed)
        return [office.chance.getrandbits(64) for _ in range(4)]

    assert drawn(7) == drawn(7)
    assert drawn(None) != drawn(None)


async def test_new_rules_are_for_new_messages(tmp_path: Path) -> None:
    """What is open keeps the ladder it was planned on; the next order takes the new one."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        house.office.rules = read_rules(SWAPPED)
        house.room.facts.put(RulesChanged())
        await house.settle()
        await house.order("wang")
        assert ["a", "r"] == [mail.channel for mail in house.sent]
        await house.later(30)
        assert ["a", "a", "r", "r"] == sorted(mail.channel for mail in house.sent)


async def test_a_new_directory_is_for_new_messages(tmp_path: Path) -> None:
    """wang has another telephone: what was planned goes to the old one, what comes now to the new one, and each says from which."""
    async with opened(tmp_path) as house:
        await house.order("wang", via=["a"])
        old = directory()
        others = tuple(point for point in old.contacts if (point.owner, point.kind) != ("wang", "msisdn"))
        new = msgspec.structs.replace(old, contacts=(*others, ContactPoint("wang", "msisdn", "+8613900000009")))
        house.office.directory = new
        house.room.facts.put(DirectoryChanged())
        await house.settle()
        await house.order("wang", via=["a"])
        assert ["+8613800000001", "+8613900000009"] == [mail.address for mail in house.sent]
        assert [old.digest, new.digest] == [one.directory for one in await house.objectives()]
