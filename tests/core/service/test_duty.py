"""Duty: the roster, shifts that begin, are handed over and end, and the alarm when nobody is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import FormatError, NotAllowed, NotAuthenticated, Overloaded
from fenghuo.plugin.ports import Actor
from fenghuo.service.people import People
from fenghuo.service.settings_values import DutySettings
from fenghuo.store.tables import EVENT
from tests.core.service.manned import cap
from tests.core.service.peopled import ADMIN, CHEAP, DOOR, PASSWORD, Peopled, peopled

H = 3600.0
ROLES = DutySettings(roles=("duty_officer",))
MACHINE = Actor("console", ("operator", "viewer", "admin", "source"), "socket")


def at(clock: Any, hours: float) -> str:
    return datetime.fromtimestamp(clock.now + hours * H, UTC).isoformat()


async def rostered(here: Peopled, *lines: tuple[str, str, float, float]) -> Any:
    """A roster in force: person, role, from and until in hours from now."""
    text = "person,role,from,until\n" + "".join(f"{who},{role},{at(here.clock, a)},{at(here.clock, b)}\n" for who, role, a, b in lines)
    return await here.there.desk.do(ADMIN, "shift.roster", {"csv": text})


async def alarms(here: Peopled) -> list[tuple[str, str]]:
    rows = await here.there.house.store.find(EVENT, "subject LIKE 'duty/%' ORDER BY seq")
    return [(row.type, row.subject) for row in rows]


async def test_a_shift_is_begun_handed_over_by_a_signed_sheet_and_ended(tmp_path: Path) -> None:
    """The next one signs exactly what the one before wrote, and is on duty in the same commit; both are in the audit."""
    async with peopled(tmp_path) as here:
        for name in ("zhang", "li"):
            await here.person(name, "operator")
        told = await rostered(here, ("zhang", "duty_officer", -0.5, 8), ("li", "duty_officer", 8, 16))
        assert (2, True, []) == (told["planned"], told["in_force"], told["faults"])
        zhang, li = await here.log_in("zhang"), await here.log_in("li")
        mine = await here.do(zhang, "shift.start")
        assert ("zhang", "on") == (mine["person"], mine["state"])
        alert = await here.do(zhang, "alert.submit", raw=cap().encode())
        sheet = await here.do(zhang, "shift.handover", note="泵站三号还在抢修")
        assert "泵站三号还在抢修" == sheet["sheet"]["note"]
        assert [alert.id] == [one["id"] for one in sheet["sheet"]["waiting_for_release"]]
        assert sheet["digest"] == (await here.do(li, "shift.sheet", id=mine["id"]))["digest"]
        for who, digest, says in (
            (li, "00", "the sheet has changed since it was shown"),
            (zhang, sheet["digest"], "zhang hands this shift over and cannot take it over as well"),
        ):
            with pytest.raises(NotAllowed, match=f"^{says}"):
                await here.do(who, "shift.sign", id=mine["id"], digest=digest)
        here.clock.now += 7.5 * H
        li = await here.log_in("li")
        taken = await here.do(li, "shift.sign", id=mine["id"], digest=sheet["digest"])
        assert ("li", "on", mine["id"]) == (taken["person"], taken["state"], taken["after"])
        state = (await here.do(li, "state", topics=["shift"]))["data"]
        assert {"zhang": "over", "li": "on"} == {one["person"]: one["state"] for one in state.values()}
        (deed,) = await here.audited("shift-handover")
        assert ("li", sheet["digest"]) == (deed.actor, deed.content)
        with pytest.raises(FormatError, match=r"^a shift that ends without a hand-over needs a reason$"):
            await here.do(li, "shift.end")
        assert "over" == (await here.do(li, "shift.end", reason="台风红色预警解除"))["state"]


async def test_at_the_machine_a_person_proves_who_they_are_with_the_act(tmp_path: Path) -> None:
    """By password and second factor, under the delays of a log-in; a substitute says the role; nobody begins what is another's."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await here.person("li", "releaser")
        await rostered(here, ("zhang", "duty_officer", -0.5, 8), ("li", "duty_leader", 3, 11))
        do = here.there.desk.do
        with pytest.raises(NotAuthenticated):
            await do(MACHINE, "shift.start", {"name": "zhang", "password": "wrong"})
        with pytest.raises(FormatError, match=r"^no shift is planned now; say the role of a substitute: duty_officer, "):
            await do(MACHINE, "shift.start", {"name": "li", "password": PASSWORD, "code": here.code("li")})
        here.clock.now += 2 * H
        mine = await do(MACHINE, "shift.start", {"name": "zhang", "password": PASSWORD})
        leader = await do(MACHINE, "shift.start", {"name": "li", "password": PASSWORD, "code": here.code("li")})
        assert ("zhang", "li") == (mine["person"], leader["person"])
        here.clock.now += 60.0
        ill = {"name": "li", "password": PASSWORD, "code": here.code("li"), "id": mine["id"], "reason": "突发疾病"}
        assert "over" == (await do(MACHINE, "shift.end", ill))["state"], "a leader on duty ends the shift of who cannot"
        with pytest.raises(NotAllowed, match=r"^zhang is not on duty"):
            await do(MACHINE, "shift.end", {"name": "zhang", "password": PASSWORD, "reason": "下班"})


async def test_nobody_gives_a_leading_role_to_themselves(tmp_path: Path) -> None:
    """Neither as a substitute nor by a hand-over nor before the time: who leads is planned, and so is who ends the shift of another."""
    async with peopled(tmp_path) as here:
        for name in ("zhang", "li", "wang"):
            await here.person(name, "operator")
        await rostered(here, ("zhang", "duty_leader", -0.5, 8), ("li", "duty_leader", 30, 38))
        zhang, li, wang = [await here.log_in(name) for name in ("zhang", "li", "wang")]
        for role in ("duty_chief", "duty_leader", "general_commander", "special_commander", "scene_commander"):
            with pytest.raises(
                NotAllowed, match=f"^nobody is {role} as a substitute, and wang is not planned as one now; an administrator"
            ):
                await here.do(wang, "shift.start", role=role)
        (early,) = [one for one in (await here.admin("shift.ls"))["shifts"] if one["person"] == "li"]
        with pytest.raises(NotAllowed, match=r"^the shift [0-9a-f]+ begins from "):
            await here.do(li, "shift.start", id=early["id"])
        mine = await here.do(zhang, "shift.start")
        sheet = await here.do(zhang, "shift.handover")
        for who in (li, wang):
            with pytest.raises(NotAllowed, match=r"^nobody is duty_leader as a substitute"):
                await here.do(who, "shift.sign", id=mine["id"], digest=sheet["digest"])
        assert "on" == (await here.do(wang, "shift.start", role="duty_officer"))["state"]
        with pytest.raises(NotAllowed, match=r"^wang is not on duty in the shift "):
            await here.do(wang, "shift.end", id=mine["id"], reason="突发疾病")
        assert ["zhang"] == [row.person for row in here.people.duty.on("duty_leader")]


async def test_who_only_looks_has_no_duty(tmp_path: Path) -> None:
    """By the rights of the account: it begins no shift, takes none over and ends none."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await here.person("qian", "viewer")
        await rostered(here, ("zhang", "duty_officer", -0.5, 8), ("qian", "duty_leader", -0.5, 8))
        mine = await here.do(await here.log_in("zhang"), "shift.start")
        qian = await here.log_in("qian")
        acts: dict[str, dict[str, str]] = {
            "shift.start": {},
            "shift.sign": {"id": mine["id"], "digest": "00"},
            "shift.end": {"id": mine["id"], "reason": "x"},
        }
        for verb, args in acts.items():
            with pytest.raises(NotAllowed, match=r"^qian may have no duty; that takes an account with one of the rights operator, "):
                await here.do(qian, verb, **args)
            with pytest.raises(NotAllowed, match=r"^qian may have no duty"):
                await here.there.desk.do(MACHINE, verb, {"name": "qian", "password": PASSWORD, **args})
        assert ["zhang"] == [row.person for row in here.people.duty.on()]


async def test_nobody_on_the_network_keeps_a_person_out_of_the_machine(tmp_path: Path) -> None:
    """Log-ins that fail elsewhere do not count at the machine, and by a token over a network nobody tries a password as if there."""
    async with peopled(tmp_path) as here:
        await here.person("zhang", "operator")
        await rostered(here, ("zhang", "duty_officer", -0.5, 8))
        do, said = here.there.desk.do, {"name": "zhang", "password": PASSWORD}
        for _ in range(5):
            with pytest.raises(NotAuthenticated):
                await do(DOOR, "session.open", {"name": "zhang", "password": "wrong", "address": "192.0.2.1"})
        with pytest.raises(Overloaded):
            await do(DOOR, "session.open", {**said, "address": "192.0.2.1"})
        for door in ("http", "console"):
            with pytest.raises(NotAllowed, match=r"^a person gives name and password with the act at the machine itself alone"):
                await do(Actor("duty", ("operator",), door), "shift.start", said)
        assert "on" == (await do(MACHINE, "shift.start", said))["state"]


async def test_a_roster_with_a_fault_changes_nothing_and_another_one_replaces_what_has_not_begun(tmp_path: Path) -> None:
    """Who is on duty stays on duty, whatever a new roster says."""
    async with peopled(tmp_path) as here:
        for name in ("zhang", "li"):
            await here.person(name, "operator")
        await rostered(here, ("zhang", "duty_officer", 0, 8), ("li", "duty_officer", 8, 16))
        await here.do(await here.log_in("zhang"), "shift.start")
        told = await rostered(here, ("nobody", "duty_officer", 8, 16))
        assert (False, 1) == (told["in_force"], len(told["faults"]))
        await rostered(here, ("li", "duty_officer", 9, 17))
        shifts = (await here.admin("shift.ls"))["shifts"]
        assert [("zhang", "on"), ("li", "planned")] == [(one["person"], one["state"]) for one in shifts]


async def test_a_gap_is_told_when_it_comes_in_sight_and_once_more_when_it_is_there(tmp_path: Path) -> None:
    """Once each, also over a restart; and once that it is covered again."""
    async with peopled(tmp_path) as here:
        for name in ("zhang", "li"):
            await here.person(name, "operator")
        house = here.there.house
        people = await People.of(CHEAP, house.store, here.clock, node="taicang", duty=ROLES)
        people.join(here.there.desk, house.office)
        await rostered(here, ("zhang", "duty_officer", -0.2, 8), ("li", "duty_officer", 8, 30))
        await here.do(await here.log_in("zhang"), "shift.start")
        assert [] == await alarms(here)
        await rostered(here, ("li", "duty_officer", 10, 30))
        await people.duty.look()
        assert [("alarm.duty_gap", "duty/duty_officer")] == await alarms(here)
        again = await People.of(CHEAP, house.store, here.clock, node="taicang", duty=ROLES)
        await again.duty.look()
        assert 1 == len(await alarms(here))
        people = again
        people.join(here.there.desk, house.office)
        await here.do(await here.log_in("zhang"), "shift.end", reason="回家")
        await people.duty.look()
        assert 2 == len(await alarms(here))
        await here.do(await here.log_in("li"), "shift.start", role="duty_officer")
        await rostered(here, ("li", "duty_officer", 8, 30))
        assert ["alarm.duty_gap", "alarm.duty_gap", "shift.covered"] == [kind for kind, _ in await alarms(here)]
