"""Modes at the desk and on the disk: a person's word, who may give it, what outlives the process, what devices are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fenghuo.engine.apply import MODES_KEPT
from fenghuo.engine.modes_profile import read_profiles
from fenghuo.errors import FormatError, LinkBroken, NotAllowed, NotFound
from fenghuo.model.area import AreaRef
from fenghuo.model.mode import Axis, Signal
from fenghuo.model.situation import Admin
from fenghuo.plugin.ports import PowerLevel
from fenghuo.service.desk_modes import ModeVerbs
from fenghuo.service.modes import ModeKeeper
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import AUDIT, META
from tests.core.engine.house import FakeChannel
from tests.core.engine.values import NOW
from tests.core.service.manned import Manned, cap, manned

ISOLATED = 'axis = "network"\nmode = "isolated"\n[declared]\nshed = ["P2"]\ndelegate = ["duty"]\n'
SAVE = 'axis = "power"\nmode = "battery_save"\n[declared]\npower = { a = "off" }\n'


class Ruled(Manned):
    """A manned house that keeps modes."""

    keeper_of_modes: ModeKeeper

    async def ask(self, verb: str, who: str = "duty", **args: Any) -> Any:
        """A verb, with the engine's loop turning until it is answered."""
        asked = asyncio.ensure_future(self.do(verb, who, **args))
        await asyncio.sleep(0)
        await self.house.settle()
        return await asked

    async def declare(self, axis: str = "network", mode: str = "isolated", *, who: str = "duty", **told: Any) -> Any:
        return await self.ask("mode.declare", who, **{"axis": axis, "mode": mode, "reason": "台风", "lasts_s": 600.0, **told})


@asynccontextmanager
async def ruled(folder: Path) -> AsyncIterator[Ruled]:
    async with manned(folder) as there:
        there.__class__ = Ruled
        assert isinstance(there, Ruled)
        room = there.house.room
        keeper = there.keeper_of_modes = ModeKeeper(room, there.house.store, read_profiles({"i.toml": ISOLATED, "s.toml": SAVE}))
        await keeper.load()
        there.desk.add(ModeVerbs(room, there.house.store, keeper).verbs())
        there.desk.delegates, there.desk.delegated = room.in_force.delegates, room.in_force.delegated
        try:
            yield there
        finally:
            keeper.stop()


async def test_a_declaration_is_on_the_disk_with_its_author_and_outlives_the_process(tmp_path: Path) -> None:
    """The next one holds back what it sheds; it ends by a person's word or at its time."""
    async with ruled(tmp_path) as there:
        told = await there.declare()
        assert ("isolated", True, "duty", "unknown", ["台风"]) == tuple(told[key] for key in ("mode", "declared", "by", "sensed", "why"))
        (row,) = await there.house.store.find(AUDIT, "action = 'mode'")
        assert ("duty", "mode/network") == (row.actor, row.object)
    async with ruled(tmp_path) as there:
        await there.house.order("wang")
        assert [] == there.house.sent
        first = (await there.ask("mode.ls"))["stands"][1]
        assert {"mode/network": first} == (await there.ask("state", topics=["mode"]))["data"]
        assert {"mode/network": first, "mode/road": None} == (await there.ask("state", paths=["mode/network", "mode/road"]))["data"]
        assert ("network", "isolated", "duty") == (first["axis"], first["mode"], first["by"])
        assert "unknown" == (await there.ask("mode.end", axis="network", reason="已通"))["mode"]
        assert ["a"] == [mail.channel for mail in there.house.sent]
        changed, replanned = (await there.ask("mode.log"))[-2:]
        assert ("isolated", "unknown", "duty", "已通") == tuple(changed[key] for key in ("before", "after", "by", "reason"))
        assert [("held (mode)", "a")] == [(move["before"], move["after"]) for move in replanned["moves"]]


async def test_modes_that_cannot_be_read_stop_no_start(tmp_path: Path) -> None:
    """A person is told, and all is unknown."""
    async with ruled(tmp_path) as there:
        await there.declare()
        await there.house.store.run(lambda tx: tx.put(META, MetaRow(MODES_KEPT, '{"sensed": 7}')))
    async with ruled(tmp_path) as there:
        (alarm,) = await there.house.events("alarm.modes_lost")
        assert alarm["message"].startswith("the modes that held cannot be read, and are unknown until")
        assert {"unknown"} == {one["mode"] for one in (await there.ask("mode.ls"))["stands"]}


async def test_what_was_sensed_outlives_the_process_and_what_expired_meanwhile_has_ended(tmp_path: Path) -> None:
    """A kill in the dark is no return of the mains."""
    async with ruled(tmp_path) as there:
        modes = there.house.room.modes
        modes.signal(Signal(Axis.POWER, "", "battery_save", "sensor:ups1", NOW, NOW + 60.0))
        there.house.clock.now += 31.0
        modes.look()
        await there.declare(lasts_s=100.0)
    async with ruled(tmp_path) as there:
        there.house.clock.now += 500.0
        there.house.room.modes.look()
        await there.house.settle()
        power, network = (await there.ask("mode.ls"))["stands"][:2]
        assert ("battery_save", True, "unknown") == (power["mode"], power["stale"], network["mode"])
        assert "isolated" == (await there.house.events("mode.changed"))[-1]["before"]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"mode": "isolatd"}, "mode is 'isolatd'; the modes of network are full, degraded, isolated"),
        (
            {"place": "420100"},
            "place is '420100'; it must be an area code or an organisation of the directory, or empty for the node",
        ),
        ({"reason": ""}, "mode.declare: Expected `str` of length >= 1"),
        ({"lasts_s": 1e6}, "mode.declare: Expected `float` <= 259200.0"),
    ],
)
async def test_a_word_that_makes_no_sense_is_refused(tmp_path: Path, told: dict[str, Any], sentence: str) -> None:
    """With what would be right, and nothing holds because of it."""
    async with ruled(tmp_path) as there:
        with pytest.raises(FormatError, match=sentence.replace("(", r"\(")):
            await there.declare(**told)
        assert {"unknown"} == {one["mode"] for one in (await there.ask("mode.ls"))["stands"]}
        with pytest.raises(NotFound):
            await there.ask("mode.end", axis="road")


async def test_only_an_operator_declares_and_whom_a_mode_delegates_it_to_may_sign(tmp_path: Path) -> None:
    """For as long as it holds."""
    async with ruled(tmp_path) as there:
        for who in ("met", "anna", "root"):
            with pytest.raises(NotAllowed):
                await there.declare(who=who)
        with pytest.raises(NotAllowed):
            there.desk.signer("duty-secret")
        await there.declare()
        assert "duty" == there.desk.signer("duty-secret")
        shown = await there.ask("mode.show")
        assert (["duty"], ("P2",)) == (shown["delegates"], shown["node"]["shed"])
        there.house.clock.now += 601.0
        there.house.room.modes.look()
        with pytest.raises(NotAllowed):
            there.desk.signer("duty-secret")


async def test_whoever_may_sign_for_a_town_while_it_is_cut_off_signs_for_no_other(tmp_path: Path) -> None:
    """The declaration names the town, by its code or by its organisation; what is for another, or for nobody knows where, waits for
    whoever always may."""
    town, other, part = (AreaRef.parse(code) for code in ("mca:320585105", "mca:320585109", "mca:320585105001"))
    for place in ("320585105", "hj"):
        async with ruled(tmp_path / place) as there:
            await there.declare(place=place)
            signs = [_signs(there, "duty", *areas) for areas in ((town,), (town, part), (other,), (town, other), ())]
            assert [True, True, False, False, False] == signs
            assert _signs(there, "anna", other)
            held = await there.do("alert.submit", "met", raw=cap("A-7", sender="x@example.org").encode(), media_type="application/cap+xml")
            with pytest.raises(NotAllowed, match=r"duty may sign for .*, and this is for mca:320585109"):
                await there.do("alert.sign", id=held.id, token="duty-secret")


def _signs(there: Ruled, who: str, *areas: AreaRef) -> bool:
    """Whether somebody's signature counts for these areas."""
    try:
        return who == there.desk.signer(f"{who}-secret", areas)
    except NotAllowed:
        return False


async def test_a_device_is_told_how_much_it_may_draw_and_one_that_does_not_listen_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and again when it has begun anew; meanwhile its channel is inhibited, and the others hear nothing."""
    told: list[tuple[str, PowerLevel]] = []

    async def told_so(channel: FakeChannel, level: PowerLevel) -> None:
        told.append((channel.name, level))
        if len(told) == 2:
            raise LinkBroken("gone")

    monkeypatch.setattr(FakeChannel, "set_power", told_so)
    async with ruled(tmp_path) as there:
        await there.declare("power", "battery_save")
        there.keeper_of_modes.tell_devices()
        instance = there.house.room.board.get("a")
        assert instance is not None
        assert (Admin.INHIBITED, [("a", PowerLevel.OFF)]) == (instance.admin, told)
        there.house.channel["a"] = FakeChannel("a", there.house.sent)
        with capture_logs() as lines:
            there.keeper_of_modes.tell_devices()
            await there.house.settle()
        assert ["a device was not told to change its power"] == [line["event"] for line in lines]
        await there.ask("mode.end", axis="power")
        assert [("a", PowerLevel.OFF), ("a", PowerLevel.OFF), ("a", PowerLevel.FULL)] == told


async def test_a_plan_says_for_how_many_it_would_wait_for_the_end_of_the_mode(tmp_path: Path) -> None:
    """Before anything is sent; what is more urgent would not."""
    async with ruled(tmp_path) as there:
        await there.declare()
        for priority, held in (("P2", 1), ("P1", 0)):
            plan = await there.ask("message.send", to=["wang"], text="到岗", priority=priority, dry_run=True)
            assert [held] == [one["held_by_mode"] for one in plan["objectives"]]


async def test_other_profiles_act_at_once_on_what_is_open(tmp_path: Path) -> None:
    """SIGHUP with a folder in which the mode sheds nothing any more."""
    async with ruled(tmp_path) as there:
        await there.declare()
        await there.house.order("wang")
        assert [] == there.house.sent
        there.keeper_of_modes.use({})
        await there.house.settle()
        assert ["a"] == [mail.channel for mail in there.house.sent]
        assert "the profiles were read anew" == (await there.house.events("mode.replanned"))[-1]["because"]
