"""Answers of which a part is missing, or came too late: a person reads them, and they are no evidence but of the order they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import InboundKind
from fenghuo.store.tables import MESSAGE
from tests.core.engine.house import opened

WANG = "+8613800000001"


@pytest.mark.parametrize(
    ("text", "first", "second", "alarm"),
    [
        ("…任务完成", Evidence.ACCEPTED, Evidence.ACCEPTED, "alarm.answer_unmatched"),
        ("完成…", Evidence.ACCEPTED, Evidence.ACCEPTED, "alarm.answer_unmatched"),
        ("…#{n}", Evidence.ACCEPTED, Evidence.ACCEPTED, "alarm.answer_unmatched"),
        ("完成#{n}", Evidence.HUMAN, Evidence.ACCEPTED, "alarm.answer_to_read"),
        ("收到#{n} 洪泾村3组…", Evidence.HUMAN, Evidence.ACCEPTED, "alarm.answer_to_read"),
        ("收到#{n} 路断了，去不了…", Evidence.HUMAN, Evidence.ACCEPTED, "alarm.declined"),
        ("收到#9999 …", Evidence.ACCEPTED, Evidence.ACCEPTED, "alarm.answer_unmatched"),
    ],
)
async def test_a_broken_answer_is_evidence_of_the_order_it_names_alone(
    tmp_path: Path, text: str, first: Evidence, second: Evidence, alarm: str
) -> None:
    """The second half of an old answer says 任务完成, and nobody has answered the order of now: it is not done, and a person is told."""
    async with opened(tmp_path) as house:
        order = await house.order("wang", needed="DONE", via=["a"])
        await house.order("wang", needed="DONE", via=["a"], text="立即撤离")
        (row,) = await house.store.find(MESSAGE, "id = ?", order.id)
        await house.hear("a", InboundKind.ANSWER, address=WANG, text=text.format(n=f"{row.number:04}"), is_broken=True)
        assert [first, second] == [one.evidence for one in await house.deliveries("wang")]
        assert 1 == len(await house.events(alarm))


async def test_a_broken_answer_names_an_order_that_is_over(tmp_path: Path) -> None:
    """It came late itself: that somebody read the order is known all the same."""
    async with opened(tmp_path) as house:
        order = await house.order("wang", needed="DONE", via=["a"], expires_s=60)
        (row,) = await house.store.find(MESSAGE, "id = ?", order.id)
        await house.later(61)
        await house.hear("a", InboundKind.ANSWER, address=WANG, text=f"完成#{row.number:04}…", is_broken=True)
        assert [Evidence.HUMAN] == [one.evidence for one in await house.deliveries()]
