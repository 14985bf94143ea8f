"""The board as one document, for paper and for a hand-over."""

from __future__ import annotations

from pathlib import Path

from tests.core.service.manned import manned


async def test_the_board_is_one_moment_of_everything_that_is_open(tmp_path: Path) -> None:
    """Messages, objectives, channels and whoever is out; what has ended is not on it, and what is missing says why."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["wang"], text="立即到岗")
        board = await there.do("board.show")
        assert ("1970-01-12T13:46:40.000Z", "duty") == (board["at"], board["by"])
        assert [sent.id] == [one["id"] for one in board["messages"]] == [one["message"] for one in board["objectives"]]
        assert ["a", "r"] == [one["name"] for one in board["channels"]]
        assert ["wang"] == [one["recipient"] for one in board["recipients"]]
        assert board["sheets"] is None
        assert 'this node prints no sheets; a channel of type "runner.sheet" does' == board["missing"]["sheets"]
        await there.house.receipt(there.house.sent[0])
        assert [] == (await there.do("board.show"))["objectives"]


async def test_what_was_called_off_is_not_on_the_board(tmp_path: Path) -> None:
    """Its Cancel is active until it has reached everybody, and nothing of it is in force."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["wang"], text="到岗")
        assert [sent.id] == [one["id"] for one in (await there.do("board.show"))["messages"]]
        await there.do("alert.cancel", id=sent.id, reason="误发")
        assert [] == (await there.do("board.show"))["messages"]
