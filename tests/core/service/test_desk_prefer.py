"""A channel that an operator has go first for a while: among its like alone, by name in the audit, and not for longer than was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.errors import FormatError, NotFound
from fenghuo.service.desk_prefer import PreferVerbs
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import CAPABILITIES
from tests.core.service.manned import Manned, manned

RULES = """
[ladders.text]
[[ladders.text.rungs]]
channels = ["a", "b"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
ladder = "text"
"""
DEAR = msgspec.structs.replace(CAPABILITIES["a"], fee_fen=50.0)


async def test_it_goes_first_of_its_like_as_long_as_it_lasts(tmp_path: Path) -> None:
    """The dear one while it is preferred, after a start too; then the cheap one again, by itself."""
    async with manned(tmp_path, rules=RULES, b=DEAR) as there:
        verbs = PreferVerbs(there.house.room.board, there.house.room.facts, there.house.store)
        there.desk.add(verbs.verbs())
        assert "a" == await taken(there)
        told = await there.do("channel.prefer", name="b", lasts_s=600, reason="短信中心检修")
        assert ("b", "duty", "短信中心检修") == (told["name"], told["by"], told["reason"])
        assert "b" == await taken(there)
        there.house.room.board.get("b").preferred = None  # type: ignore[union-attr]  # what a start has, before it has read anything
        await verbs.load()
        assert "b" == await taken(there)
        (deed,) = await there.house.store.find(AUDIT, "action = 'prefer'")
        assert ("duty", "channel/b") == (deed.actor, deed.object)
        there.house.clock.now += 601
        assert "a" == await taken(there)


async def test_it_is_taken_back_and_a_slip_is_refused(tmp_path: Path) -> None:
    """Nothing is for longer than a shift, for nothing, or of a channel that is not there."""
    async with manned(tmp_path, rules=RULES, b=DEAR) as there:
        there.desk.add(PreferVerbs(there.house.room.board, there.house.room.facts, there.house.store).verbs())
        await there.do("channel.prefer", name="b", reason="x")
        assert "b" == await taken(there)
        assert None is (await there.do("channel.prefer", name="b", reason="x", lasts_s=0))["until"]
        assert "a" == await taken(there)
        wrongs: tuple[dict[str, Any], ...] = ({"lasts_s": 43_201}, {"reason": ""})
        for wrong in wrongs:
            with pytest.raises(FormatError):
                await there.do("channel.prefer", **dict[str, Any]({"name": "b", "reason": "x"} | wrong))
        with pytest.raises(NotFound, match="no channel is named c; there are a, b, r"):
            await there.do("channel.prefer", name="c", reason="x")


async def taken(there: Manned) -> str:
    """The channel of the next order."""
    await there.house.order("wang")
    return there.house.sent[-1].channel
