"""After a restore nobody here knows what became of what was in force: it waits for a person's word, and whatever goes is marked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo.errors import NotFound
from fenghuo.model.audit import By
from fenghuo.model.delivery import DeliveryState, Hold, Scope, Transient
from fenghuo.store.backup import backup, restore
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import House, opened

CHEN = By("chen", "operator", "test")


async def free(house: House, message: str = "") -> None:
    asked = asyncio.ensure_future(house.room.decisions.release(message, by=CHEN, reason="telephoned"))
    await asyncio.sleep(0)
    await house.settle()
    await asked


async def turned_back(folder: Path) -> tuple[list[str], House]:
    """Three orders wait for their channel when the backup is made; all are delivered and cancelled, one more is given, and then the backup
    takes the place of the store. The three ids, and the house that is gone."""
    async with opened(folder) as house:
        house.down("a")
        house.down("r")
        await house.settle()
        for channel in house.channel.values():  # what is most urgent tries each once although it is down
            channel.outcomes.append(Transient(Scope.CHANNEL, "gone"))
        wanted = (("wang", "一", "P2"), ("li", "二", "P3"), ("huang", "急", "P0"))
        orders = [await house.order(to, text=text, priority=priority) for to, text, priority in wanted]
        house.sent.clear()
        await backup(house.store, folder / "backup")
        house.up()
        for _ in range(10):
            await house.later(10.0)
        assert {"一", "二", "急"} == {mail.text.partition("#")[0].rpartition("】")[2] for mail in house.sent}
        for order in orders:
            await house.order("wang", text="解除", action="Cancel", reference=order.id)
        await house.order("wang", text="后来")
    await asyncio.to_thread(restore, folder / "backup", folder / "state", replace=True)
    return [order.id for order in orders], house


async def test_after_a_restore_nothing_goes_unmarked_and_only_what_is_most_urgent_by_itself(tmp_path: Path) -> None:
    """The alarm says how many are held, how many go as copies, and of which time nothing is known; a person lets one go, then the rest."""
    (first, second, _), before = await turned_back(tmp_path)
    async with opened(tmp_path, clock=before.clock) as house:
        for _ in range(10):
            await house.later(10.0)
        assert all("重发" in mail.text and "急" in mail.text for mail in house.sent)
        assert house.sent
        (told,) = await house.events("alarm.restored")
        assert (2, 1, sorted([first, second])) == (told["held"], told["copies"], told["messages"])
        assert told["backup_at"] <= before.clock.now
        waiting = [one for one in await house.deliveries() if one.message in (first, second)]
        assert {(DeliveryState.HELD, Hold.RESTORED)} == {(one.state, one.reason) for one in waiting}
        house.sent.clear()
        await free(house, first)
        assert ["【重发1】一"] == [mail.text.partition("#")[0] for mail in house.sent]
    async with opened(tmp_path, clock=before.clock) as house:  # said once, and held until somebody says so
        assert (1, []) == (len(await house.events("alarm.restored")), house.sent)
        await free(house)
        assert ["【重发1】二"] == [mail.text.partition("#")[0] for mail in house.sent]
        deeds = [row for row in await house.store.find(AUDIT, "1 = 1 ORDER BY seq") if row.action == "release"]
        assert ["chen", "chen"] == [row.actor for row in deeds]
        with pytest.raises(NotFound, match="nothing is held since a restore"):
            await free(house)


async def test_what_is_ordered_after_a_restore_goes_as_ever(tmp_path: Path) -> None:
    """And a store that was never restored holds nothing."""
    _, before = await turned_back(tmp_path)
    async with opened(tmp_path, clock=before.clock) as house:
        house.sent.clear()
        await house.order("wang", text="新")
        assert ["新"] == [mail.text.partition("#")[0] for mail in house.sent if "新" in mail.text]
