"""A change of modes on the whole engine: what is held and goes, which way is taken, what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.facts import ModesChanged
from fenghuo.engine.modes import Declared
from fenghuo.engine.modes_effect import lies_in
from fenghuo.engine.modes_profile import read_profiles
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.mode import WORST, Axis
from fenghuo.model.situation import Admin
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, NORTH, NORTH_AREA, PUBLIC_RULES, SOUTH, alert, enrol, told

S = DeliveryState


def profile(axis: str = "network", mode: str = "isolated", automatic: str = "", declared: str = "") -> str:
    return f'axis = "{axis}"\nmode = "{mode}"\n[automatic]\n{automatic}\n[declared]\n{declared}\n'


def ruled(house: House, *texts: str) -> None:
    """The house has these profiles, and its loop hears of each change."""
    room = house.room
    room.in_force.profiles = read_profiles({f"{n}.toml": text for n, text in enumerate(texts)})
    room.modes.on_change = lambda changes: room.facts.put(ModesChanged(changes, "{}"))


async def declare(house: House, mode: str, *, axis: Axis = Axis.NETWORK, place: str = "", for_s: float = 600.0) -> None:
    now = house.clock.time()
    house.room.modes.declare(Declared(axis, place, mode, "duty1", "台风", now, now + for_s))
    await house.settle()


async def replanned(house: House) -> list[tuple[str, str, str, int]]:
    """What the newest change moved."""
    body = (await house.events("mode.replanned"))[-1]
    return [(move["before"], move["after"], move["why"], move["recipients"]) for move in body["moves"]]


async def states(house: House) -> list[tuple[str, str]]:
    return [(row.state.value, row.reason) for row in await house.deliveries()]


async def test_what_is_shed_waits_and_goes_when_the_mode_expires(tmp_path: Path) -> None:
    """New and old alike; what had left is waited for, and what is more urgent goes on."""
    async with opened(tmp_path) as house:
        ruled(house, profile(declared='shed = ["P2"]'))
        await house.order("wang", text="先走的")
        await declare(house, "isolated", for_s=600.0)
        await house.order("wang", text="后来的")
        await house.order("wang", text="急件", priority="P1")
        assert ["先走的", "急件"] == [mail.text.partition("#")[0] for mail in house.sent]
        assert [("HELD", "mode"), ("HELD", "mode")] == (await states(house))[2:4]
        house.clock.now += 601.0
        house.room.modes.look()
        await house.settle()
        assert "后来的" in [mail.text.partition("#")[0] for mail in house.sent]
        assert ("held (mode)", "a", "no mode keeps it back any more", 1) in await replanned(house)


async def test_a_way_that_a_mode_takes_away_is_left_for_another_and_the_difference_stands_in_the_audit(tmp_path: Path) -> None:
    """Which objective, from where to where, and why; the P0 that has only that way waits, too, and a person is called."""
    async with opened(tmp_path) as house:
        ruled(house, profile(declared='inhibit = ["a"]'), profile(mode="degraded"))
        house.down("a")
        house.down("r")
        await house.settle()
        await house.order("wang")
        await declare(house, "isolated")
        house.up()
        await house.settle()
        assert ["r"] == [mail.channel for mail in house.sent]
        instance = house.room.board.get("a")
        assert instance is not None
        assert (Admin.INHIBITED, "mode network isolated, declared by duty1") == (instance.admin, instance.admin_reason)
        await house.order("wang", priority="P0", via=["a"])
        assert ["r"] == [mail.channel for mail in house.sent]
        assert ["wang"] == [one["recipient"] for one in await house.events("alarm.all_channels_down")]
        await declare(house, "degraded")
        assert ["r", "a"] == [mail.channel for mail in house.sent], "what the radio carries needs no second copy"
        assert [("held (mode)", "a", "no mode keeps it back any more", 1)] == await replanned(house)
        rows = await house.store.find(AUDIT, "action IN ('mode', 'replan') ORDER BY seq")
        assert ["mode", "replan"] * 2 == [row.action for row in rows]
        assert "no mode keeps it back any more" in rows[-1].detail


async def test_a_mode_of_one_place_is_over_those_who_are_there(tmp_path: Path) -> None:
    """The same order to two people: one of them is where P2 is shed, and the other has it at once."""
    async with opened(tmp_path) as house:
        people = [msgspec.structs.replace(one, areas=()) for one in house.office.directory.persons]
        other = msgspec.structs.replace(people[1], org="far")
        house.office.directory = msgspec.structs.replace(house.office.directory, persons=(people[0], other, *people[2:]))
        ruled(house, profile(declared='shed = ["P2"]'))
        await declare(house, "isolated", place=people[0].org)
        await house.order(people[0].id, other.id)
        found = {row.recipient: row.reason for row in await house.deliveries() if row.state is S.HELD and row.rung == 0}
        assert {people[0].id: "mode"} == found


@pytest.mark.parametrize(
    ("does", "seen"),
    [("rendition = 'short'", {"forms": ["radio/140", "sms/140"]}), ("escalate = 0.5", {"escalated": True})],
)
async def test_what_is_said_and_who_is_asked_next_follow_the_mode(tmp_path: Path, does: str, seen: dict[str, Any]) -> None:
    """Renditions from the next plan on; the waits of an escalation at once, for what is open too."""
    async with opened(tmp_path) as house:
        ruled(house, profile(declared=does))
        await house.order("wang", text="旧")
        await declare(house, "isolated")
        await house.order("wang", text="新")
        await house.later(61.0)
        forms = sorted({row.form for row in await house.deliveries() if row.objective == 2 and row.recipient == "wang"})
        escalated = bool(await house.events("objective.escalated") or await house.events("alarm.nobody_to_escalate_to"))
        assert seen == ({"forms": forms} if "forms" in seen else {"escalated": escalated})


async def test_three_times_the_worst_is_an_alarm_once_and_its_end_is_told(tmp_path: Path) -> None:
    """三无 of a town, and not of the node."""
    async with opened(tmp_path) as house:
        ruled(house)
        town = "320585109000"
        for axis in Axis:
            assert [] == await house.events("alarm.sanwu")
            await declare(house, WORST[axis].value, axis=axis, place=town)
        (alarm,) = await house.events("alarm.sanwu")
        assert (town, f"{town} has no power, no network and no road (三无)") == (alarm["place"], alarm["message"])
        assert {town} == house.room.modes.lost(lies_in)
        await declare(house, "restricted", axis=Axis.ROAD, place=town)
        assert [{"place": town}] == await house.events("sanwu.over")


async def test_a_channel_on_standby_is_lent_to_the_place_that_needs_it_and_to_nobody_else(tmp_path: Path) -> None:
    """Isolated in one place, whose people have the channel; the others wait for it by policy."""
    async with opened(tmp_path) as house:
        people = [msgspec.structs.replace(one, areas=()) for one in house.office.directory.persons]
        far = msgspec.structs.replace(people[1], org="far")
        house.office.directory = msgspec.structs.replace(house.office.directory, persons=(people[0], far, *people[2:]))
        spare = house.room.board.get("a")
        assert spare is not None
        spare.admin = Admin.STANDBY
        ruled(house, profile(automatic='enable = ["a"]'))
        await house.order(people[0].id, far.id, via=["a"])
        assert {("HELD", "policy")} == set(await states(house))
        await declare(house, "isolated", place=people[0].org)
        assert [people[0].id] == [row.recipient for row in await house.deliveries() if row.state is not S.HELD]
        assert [("held (policy)", "a", "a is enabled", 1)] == await replanned(house)
        assert "standby" == house.room.board.situation().channel["a"].admin.value


async def test_a_public_waits_for_the_end_of_a_mode_too(tmp_path: Path) -> None:
    """Of a class that is shed no page leaves; when the mode is over all do, once each. Nor does one by a silent channel."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        await enrol(house, NORTH[:30], SOUTH[:20])
        ruled(house, profile(declared='shed = ["P1", "P2", "P3"]'), profile(mode="degraded", declared='silence = ["a", "b"]'))
        await declare(house, "isolated")
        await alert(house, "暴雨", NORTH_AREA)
        assert [] == told(house)
        await declare(house, "degraded")
        assert [] == told(house)
        house.room.modes.end(Axis.NETWORK, "")
        await house.settle()
        assert NORTH[:30] == told(house)


async def test_a_channel_that_a_mode_sent_to_sleep_is_no_alarm(tmp_path: Path) -> None:
    """It says that it is down, as it was told to."""
    async with opened(tmp_path) as house:
        ruled(house, profile(declared='power = { a = "listen" }'))
        await declare(house, "isolated")
        house.down("a")
        await house.settle()
        assert ([], "down") == (await house.events("alarm.channel_down"), (await house.events("channel.health"))[-1]["after"])


async def test_what_a_mode_held_back_leaves_by_the_auditors_look_where_nobody_said_that_it_is_over(tmp_path: Path) -> None:
    """Within a minute; and while it holds, a look changes nothing and tells nobody."""
    async with opened(tmp_path) as house:
        ruled(house, profile(declared='shed = ["P2"]'))
        await declare(house, "isolated")
        await house.order("wang")
        await house.room.auditor.look()
        await house.settle()
        assert ([], []) == (house.sent, await house.events("alarm.overdue"))
        house.room.in_force.profiles = {}
        await house.room.auditor.look()
        await house.settle()
        assert ["a"] == [mail.channel for mail in house.sent]
