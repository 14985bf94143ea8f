"""A Cancel and a channel that somebody has switched off since: a device is stopped all the same, and words take another way."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.facts import ChannelSwitched
from fenghuo.engine.planning import Carriage
from fenghuo.engine.rules import read_rules
from fenghuo.engine.taking_back import barred, is_stranded, lifted, other_ways
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Doubt
from tests.core.engine.house import CAPABILITIES, RULES, House, opened
from tests.core.engine.values import delivery, directory, situation, view

OFF = Admin.DISABLED
SIREN = msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.ACTUATOR)
ORDER = Carriage(Traffic.ACTUAL, Priority.P0)


@pytest.mark.parametrize("later", [False, True])
async def test_words_take_another_way_and_their_own_when_it_is_on_again(tmp_path: Path, later: bool) -> None:
    """Switched off before the Cancel, or while it waits for its channel: wang is told by radio at once, and by telephone when that is back.
    One alarm names the channel."""
    async with opened(tmp_path) as house:
        first = await house.order("wang", via=["a"])
        assert ["a"] == [mail.channel for mail in house.sent]
        if later:
            house.down("a")
            await house.settle()
            house.channel["a"].outcomes.extend([OSError("gone")] * 3)
        else:
            await switch(house, "a", OFF)
        await house.order("wang", text="取消", action="Cancel", reference=first.id)
        if later:
            assert "r" not in [mail.channel for mail in house.sent]
            await switch(house, "a", OFF)
        told = [mail for mail in house.sent if mail.channel == "r"]
        assert ["取消"] == [mail.text.partition("#")[0] for mail in told]
        assert [["a"]] == [body["channels"] for body in await house.events("alarm.cancel_barred")]
        await house.receipt(told[0])
        by_phone, by_radio = (await house.deliveries())[-2:]
        assert DeliveryState.MET is by_radio.state
        assert (DeliveryState.IN_DOUBT if later else DeliveryState.HELD) is by_phone.state  # what was tried before may have left
        if not later:
            await switch(house, "a", Admin.ENABLED)
            assert ["立即到岗", "取消"] == [mail.text.partition("#")[0] for mail in house.sent if mail.channel == "a"]


async def test_a_device_is_stopped_through_a_channel_that_is_off_and_nothing_is_started(tmp_path: Path) -> None:
    """The siren that this node started is ended, an order that comes after it stays where it is."""
    async with opened(tmp_path, a=SIREN) as house:
        first = await house.order("wang", text="响", priority="P0", via=["a"], signers=("anna", "bert"))
        await switch(house, "a", OFF)
        await house.order("wang", text="再响", priority="P0", via=["a"], signers=("anna", "bert"))
        await house.order("wang", text="取消", action="Cancel", reference=first.id, priority="P0", signers=("anna", "bert"))
        assert ["响", "取消"] == [mail.text.partition("#")[0] for mail in house.sent]
        assert [] == await house.events("alarm.cancel_barred")


async def test_who_has_another_way_already_gets_no_second_one(tmp_path: Path) -> None:
    """It was told over both: the one that is on carries the end, the other waits; a person hears of it all the same."""
    async with opened(tmp_path, rules=RULES) as house:
        first = await house.order("wang")
        await house.later(30)
        await switch(house, "r", OFF)
        await house.order("wang", text="取消", action="Cancel", reference=first.id)
        assert ["a"] == [mail.channel for mail in house.sent if "取消" in mail.text]
        assert [["r"]] == [body["channels"] for body in await house.events("alarm.cancel_barred")]
        assert 4 == len(await house.deliveries())


def test_a_switch_is_lifted_for_devices_alone() -> None:
    """What is down stays down, words stay barred, and a situation without such a device is the same one."""
    there = situation(view("a", admin=OFF), view("s", admin=OFF, doubt="actuator", health=Health.DOWN))
    assert (("a",), ("a",)) == (barred(("a", "s", "x"), there), barred(("a", "s"), lifted(there)))
    assert (Admin.ENABLED, Health.DOWN) == (lifted(there).channel["s"].admin, lifted(there).channel["s"].health)
    plain = situation(view("a", admin=OFF))
    assert plain is lifted(plain)


def test_nobody_is_stranded_whom_something_tells() -> None:
    """A device that is stopped says nothing, and what failed told nothing."""
    there = situation(view("a", admin=OFF), view("r"), view("s", doubt="actuator"))
    waits, goes, siren = delivery(1, state=DeliveryState.HELD), delivery(2, channel="r"), delivery(3, channel="s")
    failed = msgspec.structs.replace(goes, state=DeliveryState.FAILED)
    found = [is_stranded(ways, there) for ways in ((waits,), (waits, goes), (waits, siren), (waits, failed), (goes,))]
    assert [True, False, True, True, False] == found


def test_what_stands_beside_it_in_a_ladder_comes_before_everything_else() -> None:
    """And what is in use before what is down; a device is never started in its place."""
    rules = read_rules(RULES.replace('["r"]', '["b"]'))
    views = (view("a", admin=OFF), view("b"), view("r"), view("s", doubt="actuator"))

    def ways(*there: ChannelView) -> list[str]:
        found = other_ways("wang", ["a"], rules, carriage=ORDER, directory=directory(), situation=situation(*there))
        return [way.channel for way in found]

    a, b, r, s = views
    down = msgspec.structs.replace(b, health=Health.DOWN)
    dead = msgspec.structs.replace(r, health=Health.DOWN)
    off = msgspec.structs.replace(b, admin=OFF)
    assert [["b"], ["r"], ["r"], ["b", "r"]] == [ways(a, b, r, s), ways(a, down, r, s), ways(a, off, r, s), ways(a, down, dead, s)]


async def switch(house: House, name: str, admin: Admin) -> None:
    house.room.board.switch(name, admin, "by a person")
    house.room.facts.put(ChannelSwitched(name))
    await house.settle()
