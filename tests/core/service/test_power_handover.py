"""Command is given away once in a discharge, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import msgspec

from fenghuo.engine.book import Book
from fenghuo.engine.energy import energy_plan
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import Overloaded
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.directory import Directory
from fenghuo.model.message import MessageId
from fenghuo.model.mode import PowerMode
from fenghuo.service.power_handover import HandOver
from tests.core.engine.test_energy import HOUSE, LOADS
from tests.core.service.test_power_energy import Followed, followed

UNTIL = 4e9
GASP = energy_plan(HOUSE, LOADS, 9.4)


class Desk:
    """Takes orders, as long as nothing is in its way."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, object]]] = []
        self.answer: Accepted | Refused | None = Accepted(MessageId("m-1"), 1, "accepted")

    async def submit(self, raw: bytes, key: str) -> Accepted | Refused:
        self.taken.append((key, msgspec.json.decode(raw)))
        if self.answer is None:
            raise Overloaded("too much waits", retry_after_s=1.0)
        return self.answer


def handing(there: Followed, desk: Desk) -> HandOver:
    office = Office(node="taicang", clock=there.clock, rules=cast(RuleBook, None), directory=Directory())
    return HandOver(there.store, office, Book(), to="org:port", until=UNTIL, submit=desk.submit)


async def settled() -> None:
    """Everything that was begun is over."""
    while len(asyncio.all_tasks()) > 1:
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


def test_at_the_last_stage_one_order_is_given_and_none_again_before_the_mains_were_back(tmp_path: Path) -> None:
    """Also by the process after this one; and the next discharge is another hand-over."""

    async def work(there: Followed) -> None:
        desk = Desk()
        first = handing(there, desk)
        for stage in (PowerMode.BATTERY_MIN, PowerMode.LAST_GASP, PowerMode.LAST_GASP):
            first.entered(stage, GASP)
            await settled()
        handing(there, desk).entered(PowerMode.LAST_GASP, GASP)
        await settled()
        ((key, order),) = desk.taken
        assert (["org:port"], "P1", "HUMAN") == (order["to"], order["priority"], order["needed"])
        assert str(order["text"]).startswith("【移交指挥】taicang电量9%，约可维持16.8小时")
        assert [("m-1", "org:port", 0)] == [(one["message"], one["to"], one["open"]) for one in await there.told("power.handover")]
        first.entered(PowerMode.GRID, None)
        await settled()
        assert ["m-1"] == [one["message"] for one in await there.told("power.handover_over")]
        there.now += 1.0
        first.entered(PowerMode.LAST_GASP, GASP)
        await settled()
        assert key != desk.taken[1][0]

    followed(tmp_path, work)


def test_what_was_not_taken_is_an_alarm_and_given_in_the_same_words_by_the_next_process(tmp_path: Path) -> None:
    """Under the same key, so that an order which was accepted just before a crash stays one; a refusal says why."""

    async def work(there: Followed) -> None:
        desk = Desk()
        desk.answer = None
        handing(there, desk).entered(PowerMode.LAST_GASP, GASP)
        await settled()
        desk.answer = Refused(1, "nobody", "nobody is addressed")
        handing(there, desk).entered(PowerMode.LAST_GASP, energy_plan(HOUSE, LOADS, 7.0))
        await settled()
        assert desk.taken[0] == desk.taken[1]
        assert [
            "command was not handed over to org:port: too much waits",
            "command was not handed over to org:port: nobody is addressed",
        ] == [one["message"] for one in await there.told("alarm.handover")]
        assert [] == await there.told("power.handover")

    followed(tmp_path, work)
