"""What a device in a field can make this node keep, hold and show ends somewhere, whatever channel heard it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.bounded import KEPT_OCTETS, MOST_ANSWER_OCTETS, MOST_CHARACTERS, MOST_OCTETS, bounded
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.store.tables import EVENT, INBOX
from tests.core.engine.house import RULES, opened


async def _acked() -> None:
    """Nobody listens."""


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (InboundKind.ANSWER, MOST_ANSWER_OCTETS + 1),
        (InboundKind.RECEIPT, MOST_OCTETS + 1),
        (InboundKind.MESSAGE, MOST_OCTETS + 1),
        (InboundKind.MEASURED, MOST_OCTETS + 1),
        (InboundKind.HEARD, MOST_OCTETS + 1),
    ],
)
async def test_what_is_too_large_is_refused_acked_away_and_told_with_its_sender(tmp_path: Path, kind: InboundKind, size: int) -> None:
    """On every channel: the peer does not bring it again, a head and the digest are kept, and nothing of the rest goes to the disk."""
    acked: list[str] = []

    async def ack() -> None:
        acked.append("it")

    async with opened(tmp_path, rules=RULES) as house:
        await house.hear("r", kind, raw=b"x" * size, address="van1", text="x" * size, ref="7", ack=ack)
        (row,) = await house.store.find(INBOX)
        (told,) = await house.events("alarm.inbound_refused")
        assert (["it"], "refused") == (acked, row.state)
        assert 2 * KEPT_OCTETS > len(row.raw)
        assert ("r", "van1") == (told["channel"], told["address"])
        assert f"{kind.value} of {size} octets is refused" in told["message"]


async def test_who_can_be_told_hears_that_its_message_was_too_large(tmp_path: Path) -> None:
    """In place of the acknowledgement."""
    said: list[str] = []

    async def refuse(code: str) -> None:
        said.append(code)

    async with opened(tmp_path, rules=RULES) as house:
        await house.hear("r", InboundKind.MESSAGE, raw=b" " * (MOST_OCTETS + 1), address="van1", ack=_acked, refuse=refuse)
        assert ["too-large"] == said


async def test_a_long_answer_is_shown_as_far_as_events_carry_it(tmp_path: Path) -> None:
    """Its octets are all kept; what is cut is never taken for the end of an action, and says how long it was."""
    text = "完成" + "。" * MOST_ANSWER_OCTETS
    async with opened(tmp_path, rules=RULES) as house:
        await house.hear("a", InboundKind.ANSWER, raw=b"raw", address="+8613800000001", text=text)
        events = [row.body for row in await house.store.find(EVENT)]
        assert all(len(body) < 4 * MOST_CHARACTERS for body in map(str, events))
        (told,) = await house.events("alarm.answer_unmatched")
        assert told["text"].startswith("完成。。")
        assert f"{len(text)} characters" in told["text"]


def test_names_are_within_bounds_as_well() -> None:
    """A page of a thousand addresses is; a megabyte of references is not."""
    page = Inbound(InboundKind.RECEIPT, b"", _acked, addresses=tuple(f"+86138{n:08d}" for n in range(1000)))
    assert page is bounded(page)
    refused = bounded(msgspec.structs.replace(page, alternate_refs=("x" * 1_000_000,)))
    assert InboundKind.REFUSED is refused.kind
