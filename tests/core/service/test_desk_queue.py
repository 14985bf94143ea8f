"""Decisions at the desk: who may make them, and what is answered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import FormatError, NotAllowed, NotFound
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Unknown
from tests.core.service.manned import Manned, manned

S = DeliveryState


async def decide(there: Manned, verb: str, who: str = "duty", **args: Any) -> Any:
    """A verb, with the engine's loop turning until it is answered."""
    asked = asyncio.ensure_future(there.do(verb, who, **args))
    await asyncio.sleep(0)
    await there.house.settle()
    return await asked


async def test_a_doubt_is_resolved(tmp_path: Path) -> None:
    """By an operator, in one of four words."""
    async with manned(tmp_path) as there:
        there.house.channel["a"].outcomes.append(Unknown("timeout"))
        await there.house.order("wang")
        word: dict[str, Any] = {"id": 1, "as": "not-sent"}
        assert {**word, "by": "duty"} == await decide(there, "queue.resolve", **word)
        assert 2 == len([mail for mail in there.house.sent if mail.channel == "a"])


async def test_a_way_and_an_objective_are_given_up(tmp_path: Path) -> None:
    """The answer comes with the new state on the disk."""
    async with manned(tmp_path) as there:
        await there.house.order("wang")
        assert {"id": 1, "state": "SHED", "by": "duty"} == await decide(there, "queue.shed", id=1, reason="wrong number")
        assert {"id": 1, "state": "WAIVED", "by": "duty"} == await decide(there, "queue.waive", id=1)
        assert S.SHED is (await there.house.deliveries())[0].state
        assert [ObjectiveState.WAIVED] == [one.state for one in await there.house.objectives()]


@pytest.mark.parametrize("verb", ["queue.resolve", "queue.shed", "queue.waive"])
async def test_only_an_operator_decides(tmp_path: Path, verb: str) -> None:
    """Neither a source nor a releaser nor an administrator."""
    async with manned(tmp_path) as there:
        for who in ("met", "anna", "root"):
            with pytest.raises(NotAllowed):
                await decide(there, verb, who, id=1)


async def test_a_word_that_is_none_is_refused(tmp_path: Path) -> None:
    """Before anything is asked of the engine; and what is not there is not found."""
    async with manned(tmp_path) as there:
        with pytest.raises(FormatError):
            await decide(there, "queue.resolve", **dict[str, Any]({"id": 1, "as": "perhaps"}))
        with pytest.raises(NotFound):
            await decide(there, "queue.shed", id=1)
