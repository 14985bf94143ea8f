"""The auditor sees publics too: what was lost of one is found in the store, told to a person once, and done after all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo.engine.auditor import EVERY_S, SLACK_S
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Scope, Transient, Unknown
from fenghuo.plugin.ports import Emission
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, NORTH, PUBLIC_RULES, SOUTH, SOUTH_AREA, alert, enrol, rows, told

LATE_S = BULK.attempt_s + SLACK_S + 1


async def look(house: House) -> list[str]:
    """One look, everything that follows at once, and all that a person was told of until now."""
    await house.room.auditor.look()
    await house.settle()
    return [event["what"] for event in await house.events("alarm.overdue")]


async def test_a_public_that_goes_its_way_is_not_overdue(tmp_path: Path) -> None:
    """A channel that takes nothing for long, a page in doubt, one that waits its time: all known, nothing to tell."""
    async with opened(tmp_path, rules=PUBLIC_RULES.replace('["a", "b"]', '["a"]'), a=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        house.channel["a"].page_outcomes.extend([Unknown("timeout"), Transient(Scope.CHANNEL, "busy", 7_000.0)])
        await alert(house, "one", SOUTH_AREA)
        for _ in range(4):
            assert [] == await look(house)
            await house.later(EVERY_S)


@pytest.mark.parametrize("outcome", [Transient(Scope.RECIPIENT, "busy", 5.0), Unknown("timeout")])
async def test_a_page_that_waits_for_nothing_is_taken_up_again(tmp_path: Path, outcome: Transient | Unknown) -> None:
    """READY or in doubt on the disk, and nobody will look at it: told once, sent after all."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        go_on = house.room.fan_outs._go_on
        house.room.fan_outs._go_on = lambda fan, page: None  # type: ignore[method-assign]  # the note that it goes again is lost
        house.channel["a"].page_outcomes.append(outcome)
        await alert(house, "one", SOUTH_AREA)
        house.room.fan_outs._go_on = go_on  # type: ignore[method-assign]
        await house.later(LATE_S)
        assert 1 == len(house.channel["a"].pages)
        assert 1 == len(await look(house))
        await house.later(3.0)
        assert (2, ObjectiveState.MET) == (len(house.channel["a"].pages), (await house.objectives())[0].state)
        assert 1 == len(await look(house))


async def test_a_page_whose_task_is_gone_is_a_doubt(tmp_path: Path) -> None:
    """On the air for longer than any emission may take, and nobody carries it."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        gate = asyncio.Event()

        async def hang(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = hang
        await alert(house, "one", SOUTH_AREA)
        (fan,) = house.room.fan_outs.open.values()
        assert [] == await look(house)
        await house.later(LATE_S)
        assert [] == await look(house), "it is still in somebody's hands"
        fan.in_hand.clear()
        assert 1 == len(await look(house))
        assert [DeliveryState.IN_DOUBT] == [page.state for page in await rows(house)]
        gate.set()
        await house.settle()
        await house.later(3.0)
        assert set(SOUTH) == set(told(house))


async def test_a_fan_out_that_only_the_disk_knows_is_begun(tmp_path: Path) -> None:
    """Its intent was written and the loop's word of it lost."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        add = house.room.fan_outs.add
        house.room.fan_outs.add = lambda rows: None  # type: ignore[method-assign]
        await alert(house, "one", SOUTH_AREA)
        house.room.fan_outs.add = add  # type: ignore[method-assign]
        assert [] == told(house)
        assert ["fan-out"] == await look(house)
        assert sorted(SOUTH) == told(house)
