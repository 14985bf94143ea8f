"""Incidents over the desk: who may say what of which area, reports and dispositions as messages, and one summary of many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.command.duties import Begins, CommandRules, DutyRule, Facility, Feed, MetBy
from fenghuo.engine.judging import Origin
from fenghuo.errors import FenghuoError, FormatError, NotAllowed, NotFound
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Accepted
from fenghuo.model.evidence import Evidence
from fenghuo.service.collecting import CollectionKeeper
from fenghuo.service.desk import Holder
from fenghuo.service.desk_incidents import IncidentVerbs
from fenghuo.service.incidents import IncidentKeeper
from fenghuo.service.secrets import Secret
from fenghuo.store.tables import MESSAGE
from tests.core.service.manned import Manned, manned

RULES = CommandRules(
    duties=(
        DutyRule("report", "初报", 7200.0, "t", Begins.ONSET, MetBy.REPORT, form="initial", verified=True),
        DutyRule("needs", "基本生活", 36_000.0, "t"),
    ),
    feeds=(Feed("met", ("泄漏",), "person:wang"),),
    facilities=(Facility("tank", "储罐", 31.6, 121.2),),
)
LEAK: dict[str, Any] = {"event": "泄漏", "areas": ["mca:320585110"], "text": "320 ppm"}


class Desked:
    """A manned desk that knows of incidents."""

    def __init__(self, there: Manned) -> None:
        self.there = there
        house = there.house
        self.incidents, self.collections = IncidentKeeper(house.store, house.office), CollectionKeeper(house.store, house.office)
        self.incidents.rules = RULES
        keepers: dict[str, Any] = {"incidents": self.incidents, "collections": self.collections}
        there.desk.add(IncidentVerbs(there.desk, house.store, house.office, send=self._send, **keepers).verbs())

    async def _send(self, actor: Any, args: Any) -> Any:
        return await self.there.desk.do(actor, "message.send", args)


@asynccontextmanager
async def desked(folder: Path) -> AsyncIterator[Desked]:
    async with manned(folder) as there:
        yield Desked(there)


async def test_an_incident_is_reported_verified_filed_and_its_clock_ends_when_the_report_has_arrived(tmp_path: Path) -> None:
    """A report that has left and that nobody has yet meets nothing."""
    async with desked(tmp_path) as one:
        do, house = one.there.do, one.there.house
        house.up()
        told = await do("incident.report", **LEAK, source="phone:enterprise", onset="1970-01-12T13:40:00Z")
        assert ("suspected", "1970-01-12T13:40:00.000Z", ["phone:enterprise"]) == (told["status"], told["onset"], told["sources"])
        told = await do("incident.report", **LEAK)
        assert ("reported", ["phone:enterprise", "duty"]) == (told["status"], told["sources"])
        ident = told["id"]
        await do("incident.move", id=ident, to="verified", reason="回拨")
        assert "active" == (await do("incident.move", id=ident, to="active", reason="处置"))["status"]
        report = await do("message.send", to=["person:wang"], kind="Report", text="初报：泄漏")
        filed = await do("incident.file", id=ident, message=report.id, form="initial")
        assert (["初报"], None) == ([each["name"] for each in filed["reports"]], filed["duties"][0]["met"])
        await house.receipt(house.sent[-1], Evidence.DEVICE)
        await one.incidents.look_at(report.id)
        shown = await do("incident.show", id=ident)
        assert (False, report.id, True) == (shown["duties"][0]["late"], shown["duties"][0]["by"], shown["duties"][0]["verified"])
        assert [ident] == [each["id"] for each in await do("incident.ls")]


async def test_a_disposition_goes_back_to_the_source_that_opened_it(tmp_path: Path) -> None:
    """To whom the file names; of anybody else's incident it is kept alone."""
    async with desked(tmp_path) as one:
        do, house = one.there.do, one.there.house
        house.up()
        ident = (await do("incident.report", "met", **LEAK))["id"]
        told = await do("incident.dispose", id=ident, handled="阀门已关闭")
        assert "处置反馈 泄漏：阀门已关闭（duty）" in house.sent[-1].text
        assert ("阀门已关闭", "duty") == (told["disposition"]["handled"], told["disposition"]["by"])
        other = (await do("incident.report", event="火灾", areas=["mca:320585110"], text="x"))["id"]
        assert "" == (await do("incident.dispose", id=other, handled="灭"))["disposition"]["message"]
        done = await do("incident.done", id=other, duty="needs")
        assert "duty" == next(due["by"] for due in done["duties"] if due["name"] == "needs")


REFUSED: list[tuple[str, dict[str, Any], type[FenghuoError], str]] = [
    ("incident.report", {**LEAK, "areas": ["320585110"]}, FormatError, "areas: area '320585110' has no code system"),
    ("incident.report", {**LEAK, "onset": "noon"}, FormatError, "onset: 'noon' is no time; write it as 2026-11-26T20:00:00+08:00"),
    ("incident.report", {**LEAK, "onset": "1970-01-12T13:40:00"}, FormatError, "onset: '1970-01-12T13:40:00' has no time zone"),
    ("incident.report", {**LEAK, "onset": "1970-01-12T14:40:00Z"}, FormatError, "onset: 1970-01-12T14:40:00Z lies ahead"),
    ("incident.show", {"id": "x"}, NotFound, "no incident 'x' is known here"),
    ("incident.around", {"facility": "tanck"}, NotFound, "no facility 'tanck' stands in incidents.toml; did you mean \"tank\"?"),
    ("collection.show", {"id": "x"}, NotFound, "no message"),
]


async def test_what_makes_no_sense_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    """A slip opens nothing."""
    async with desked(tmp_path) as one:
        for verb, args, kind, says in REFUSED:
            with pytest.raises(kind) as refused:
                await one.there.do(verb, **args)
            assert says in str(refused.value)
        ident = (await one.there.do("incident.report", **LEAK))["id"]
        with pytest.raises(NotFound, match="has no clock 'nees'; it has report, needs"):
            await one.there.do("incident.done", id=ident, duty="nees")
        with pytest.raises(NotAllowed, match=r"^met speaks for met alone; leave source out$"):
            await one.there.do("incident.report", "met", **LEAK, source="phone:enterprise")


async def test_whoever_has_authority_over_one_area_moves_nothing_elsewhere(tmp_path: Path) -> None:
    """Neither a source nor an operator of one town."""
    async with desked(tmp_path) as one:
        ident = (await one.there.do("incident.report", **LEAK))["id"]
        town = Origin("town", areas=(AreaRef.parse("mca:320585105"),))
        one.there.desk.hold([(Secret("town-secret"), Holder("town", ("operator", "source"), town))])
        for verb, args in (
            ("incident.report", LEAK),
            ("incident.move", {"id": ident, "to": "verified", "reason": ""}),
            ("incident.file", {"id": ident, "message": "m", "form": "initial"}),
            ("incident.dispose", {"id": ident, "handled": "x"}),
            ("incident.done", {"id": ident, "duty": "needs"}),
        ):
            with pytest.raises(NotAllowed, match=r"^town has no authority over mca:320585110$"):
                await one.there.do(verb, "town", **args)


async def test_many_reports_become_one_that_goes_up(tmp_path: Path) -> None:
    """By the posts that the order went to; who is missing is named, and the clock ends when the summary has arrived."""
    async with desked(tmp_path) as one:
        do, house = one.there.do, one.there.house
        house.up()
        order = await do("message.send", to=["person:wang", "person:huang"], text="报转移数")
        assert 2 == (await do("collection.open", id=order.id, to="person:li", within_s=7200.0))["of"]
        with pytest.raises(FormatError, match="asks for reports already"):
            await do("collection.open", id=order.id, to="person:li", within_s=7200.0)
        raw = msgspec.json.encode({"to": ["person:li"], "text": "续报1：转移0户0人。", "kind": "Report"})
        report = await house.take(raw, origin=Origin("post:BJ1WANG"))
        assert isinstance(report, Accepted)
        (row,) = await house.store.find(MESSAGE, "id = ?", report.id)
        await one.collections.accepted(row)
        await one.collections.accepted(row)
        shown = await do("collection.show", id=order.id)
        assert (1, ["璜泾镇"], "汇总1（1/2）：太仓市应急管理局：转移0户0人。 未报：璜泾镇。") == (
            shown["reported"],
            shown["missing"],
            shown["text"],
        )
        sent = await do("collection.send", id=order.id)
        assert shown["text"] in house.sent[-1].text
        await house.receipt(house.sent[-1], Evidence.DEVICE)
        await one.collections.look_at(sent["summaries"][0])
        assert (await do("collection.show", id=order.id))["duty"]["met"] is not None


async def test_who_lives_around_a_facility_is_told_with_the_wind(tmp_path: Path) -> None:
    """By seats; how many areas have none that is known is told too."""
    async with desked(tmp_path) as one:
        found = await one.there.do("incident.around", facility="储罐", radius_m=50_000.0, wind_from_deg=45.0)
        placed = [area for area in one.there.house.office.directory.areas if area.lat is not None]
        assert (len(placed), "tank", False) == (len(found["areas"]), found["facility"], found["verified"])
        assert set(found["downwind"]) <= {each["area"] for each in found["areas"]}
