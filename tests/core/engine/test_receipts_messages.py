"""Messages that come in over a channel: taken once, and tried again when they could not be taken."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.receipts import UNREAD_S
from fenghuo.errors import Overloaded
from fenghuo.plugin.ports import InboundKind
from fenghuo.store.tables import INBOX, MESSAGE
from tests.core.engine.house import House, opened


async def test_a_message_that_was_taken_is_not_offered_again(tmp_path: Path) -> None:
    """Its raw row says so, whatever became of it; a conflict is told once, not at each start."""
    async with opened(tmp_path) as house:
        for text in ("水位上涨", "水位下降"):
            raw = msgspec.json.encode({"to": ["huang"], "text": text})
            await house.hear("r", InboundKind.MESSAGE, raw=raw, ref="7", address="BJ1WANG", proven=True)
        assert (["taken"] * 2, 1) == (await _raw(house), len(await house.events("alarm.key_conflict")))
    async with opened(tmp_path, clock=house.clock) as again:
        assert (1, 1) == (len(await again.store.find(MESSAGE)), len(await again.events("alarm.key_conflict")))


async def test_a_message_that_could_not_be_taken_is_taken_at_the_next_start(tmp_path: Path) -> None:
    """The door was shut; hours later something else comes in, and then the restart: the message is no less ours."""
    async with opened(tmp_path) as house:
        house.room.intake.is_open = False
        raw = msgspec.json.encode({"to": ["huang"], "text": "水位上涨", "expires_s": 86_400})
        with pytest.raises(Overloaded):
            await house.hear("r", InboundKind.MESSAGE, raw=raw, address="BJ1WANG", proven=True)
        await house.later(2 * UNREAD_S)
        await house.answer("a", "+8613800000001")
    async with opened(tmp_path, clock=house.clock) as again:
        assert (1, ["taken", "unmatched"]) == (len(await again.store.find(MESSAGE)), await _raw(again))


async def _raw(house: House) -> list[str]:
    return [row.state for row in await house.store.find(INBOX, "1 = 1 ORDER BY id")]
