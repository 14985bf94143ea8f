"""Coverage of the public over the desk of a whole engine: live channels, real evidence, what is supposed to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.judging import Origin
from fenghuo.engine.outages import Outage
from fenghuo.errors import FormatError, NotFound
from fenghuo.model.area import AreaRef
from fenghuo.model.coverage import Inventory, People, PublicChannel, Reach
from fenghuo.model.delivery import Token
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.desk_coverage import CoverageVerbs
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.service.secrets import Secret
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, NEED_DEVICE, SOUTH, SOUTH_AREA, alert, enrol
from tests.core.engine.values import NOW

HUANGJING, SHUANGFENG, SHAXI = (AreaRef.parse(code) for code in ("nbs:320585104", "nbs:320585105", "mca:320585110"))
INVENTORY = Inventory(
    channels=(
        PublicChannel("sms", "短信", "sms", ("a",)),
        PublicChannel("ebs", "应急广播", "loud", ("r",)),
        PublicChannel("tv", "电视", "tv", ("r",)),
        PublicChannel("social", "新媒体", "social"),
    ),
    people=(People(HUANGJING, 66_113), People(SHUANGFENG, 55_000)),
    reach=(
        *(Reach(HUANGJING, *row) for row in (("sms", 0.88), ("ebs", 0.8), ("tv", 0.5, ("mains:huangjing",)))),
        *(Reach(SHUANGFENG, *row) for row in (("sms", 0.96), ("ebs", 0.9), ("tv", 0.5))),
    ),
)


class Covering:
    """A house with this verb at its desk."""

    def __init__(self, house: House, inventory: Inventory) -> None:
        self.house = house
        keeper = InventoryKeeper()
        keeper.use(inventory)
        self.desk = Desk()
        self.desk.add(CoverageVerbs(house.room, house.store, keeper).verbs())
        self.desk.hold([(Secret("duty-secret"), Holder("duty", ("viewer",), Origin("duty")))])

    async def ask(self, **args: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.desk.do(self.desk.actor("duty-secret", "test"), "coverage", args)
        return found


@asynccontextmanager
async def covering(folder: Path, inventory: Inventory = INVENTORY, **house: Any) -> AsyncIterator[Covering]:
    async with opened(folder, **house) as there:
        yield Covering(there, inventory)


def towns(figure: dict[str, Any]) -> dict[str, float]:
    return {town["name"]: town["grouped_pct"] for town in figure["towns"]}


async def test_what_works_now_is_the_potential(tmp_path: Path) -> None:
    """Of both towns, with the assumption and the version of the inventory; the gate is passed."""
    async with covering(tmp_path) as there:
        answer = await there.ask()
        assert {"璜泾镇": 98.8, "双凤镇": 99.8} == towns(answer["potential"])
        assert (True, "green", INVENTORY.digest, 121_113) == (
            answer["gate"]["passes"],
            answer["potential"]["light"],
            answer["inventory"]["digest"],
            answer["potential"]["people"],
        )
        assert {"emitted", "device", "human"}.isdisjoint(answer), "without an alert there is no evidence"
        assert "未核实: 2 of 2 rows of people.csv are not verified by anybody" in answer["says"]
        assert ([], "social") == (answer["channels"][3]["instances"], answer["channels"][3]["name"])


async def test_a_channel_that_dies_is_seen_at_once_and_so_is_who_is_left_out(tmp_path: Path) -> None:
    """Without short messages 璜泾镇 stands at its floor; without its mains, too, it is under it, by name, and the gate fails."""
    async with covering(tmp_path) as there:
        there.house.down("a")
        await there.house.settle()
        answer = await there.ask()
        assert {"璜泾镇": 90.0, "双凤镇": 95.0} == towns(answer["potential"])
        assert False is answer["gate"]["passes"], "the total is not more than 95 %"
        answer = await there.ask(lose=["mains:huangjing"])
        (gap,) = answer["potential"]["uncovered"]
        assert ("璜泾镇", 66_113, 13_223, 80.0, ["ebs"]) == tuple(
            gap[name] for name in ("name", "people", "left_out", "grouped_pct", "channels")
        )
        assert "the gate fails: 璜泾镇 (nbs:320585104) has 80.0 %, less than 90.0 %" in answer["says"]


async def test_what_nobody_has_heard_of_is_told_apart(tmp_path: Path) -> None:
    """A channel that was never heard counts as working, and not as known to be up."""
    async with covering(tmp_path, up=False) as there:
        there.house.up("a")
        await there.house.settle()
        answer = await there.ask()
        assert {"璜泾镇": 98.8, "双凤镇": 99.8} == towns(answer["potential"])
        assert 88.0 < answer["sure"]["grouped_pct"] < 96.0
        assert any("known to be up" in sentence for sentence in answer["says"])


async def test_only_one_area_may_fail(tmp_path: Path) -> None:
    """By the code of either list; the other town keeps what it has."""
    async with covering(tmp_path) as there:
        answer = await there.ask(lose=["a@mca:320585105", "tv@nbs:320585104"])
        assert {"璜泾镇": 80.0, "双凤镇": 99.8} == towns(answer["potential"])


@pytest.mark.parametrize(
    ("lose", "says"),
    [
        ("mains:huangjin", "lose has 'mains:huangjin', which is no risk group and no channel of the public here"),
        ("sms@320585104", "lose: area '320585104' has no code system; write mca:320585104 or nbs:320585104"),
    ],
)
async def test_a_name_that_nothing_has_is_refused(tmp_path: Path, lose: str, says: str) -> None:
    """A slip would look like good news."""
    async with covering(tmp_path) as there:
        with pytest.raises(FormatError) as refused:
            await there.ask(lose=[lose])
        assert str(refused.value).startswith(says)


async def test_before_anything_is_sent_the_areas_are_named(tmp_path: Path) -> None:
    """By either code; an area that nobody knows, and a code without its list, are refused."""
    async with covering(tmp_path) as there:
        assert ["璜泾镇"] == [town["name"] for town in (await there.ask(areas=["mca:320585105"]))["potential"]["towns"]]
        for area, says in (
            ("mca:320585999", "areas: the directory knows no area mca:320585999"),
            ("320585105", "area '320585105' has no"),
        ):
            with pytest.raises(FormatError, match=says) as caught:
                await there.ask(areas=[area])
            assert "areas" == caught.value.where


async def test_without_an_inventory_nothing_is_claimed(tmp_path: Path) -> None:
    """It is said what is missing."""
    async with covering(tmp_path, Inventory()) as there:
        with pytest.raises(NotFound, match=r"people\.csv, channels\.csv and reach\.csv in the folder coverage"):
            await there.ask()


async def test_of_an_alert_each_level_of_evidence_is_a_figure_of_its_own(tmp_path: Path) -> None:
    """Seven hundred telephones of 双凤镇 are sent to, six hundred report, seventy people answer: of its areas alone."""
    async with covering(tmp_path, rules=NEED_DEVICE, a=BULK) as there:
        await enrol(there.house, [], SOUTH)
        accepted = await alert(there.house, "one", SOUTH_AREA)
        (sheet,) = there.house.channel["a"].pages
        for level, people in ((Evidence.DEVICE, SOUTH[:600]), (Evidence.HUMAN, SOUTH[:70])):
            receipt = Inbound(
                InboundKind.RECEIPT, b"raw", _nobody, address_kind="msisdn", token=Token(sheet.token), level=level, addresses=tuple(people)
            )
            await there.house.room.receipts.take("a", receipt)
            await there.house.settle()
        answer = await there.ask(alert=accepted.id)
        figures = {kind: answer[kind]["grouped_pct"] for kind in ("potential", "emitted", "device", "human")}
        assert {"potential": 99.8, "emitted": 96.0, "device": round(96 * 6 / 7, 2), "human": 9.6} == figures
        assert ({"双凤镇"}, [SOUTH_AREA]) == (set(towns(answer["device"])), answer["alert"]["areas"])
        assert [True, True, False, False] == [answer[kind]["passes"] for kind in figures]


async def _nobody() -> None:
    """A gateway that wants no ack."""


async def test_a_terminal_of_an_area_confirms_for_its_area(tmp_path: Path) -> None:
    """The broadcast of 沙溪镇 is on the air, then its terminal says that it played; persons told by name are no public."""
    inventory = msgspec.structs.replace(
        INVENTORY, people=(People(SHAXI, 130_000),), reach=(Reach(SHAXI, "ebs", 0.75), Reach(SHAXI, "sms", 0.92))
    )
    async with covering(tmp_path, inventory) as there:
        order = await there.house.order("area:mca:320585110", "wang", priority="P0")
        assert [0.0, 0.0] == [(await there.ask(alert=order.id))[kind]["grouped_pct"] for kind in ("device", "human")]
        assert 75.0 == (await there.ask(alert=order.id))["emitted"]["grouped_pct"]
        for mail in list(there.house.sent):
            await there.house.receipt(mail)
        answer = await there.ask(alert=order.id)
        assert (75.0, 0.0) == (answer["device"]["grouped_pct"], answer["human"]["grouped_pct"])
        assert answer["says"][0] == "the message names no area that can be looked up, so this is of all places"


async def test_an_area_that_the_inventory_knows_nobody_in_is_named(tmp_path: Path) -> None:
    """An alert for two areas of which one has no figures is not covered by silence."""
    async with covering(tmp_path) as there:
        accepted = await alert(there.house, "one", SOUTH_AREA, str(SHAXI))
        answer = await there.ask(alert=accepted.id)
        assert "the inventory has nobody in mca:320585110, which the alert is for" in answer["says"]


async def test_an_exercise_is_no_figure_of_what_is_real(tmp_path: Path) -> None:
    """Only real traffic counts for the plan, and a drill says so first."""
    async with covering(tmp_path) as there:
        drill = await there.house.order("wang", traffic="Exercise")
        assert "Exercise traffic, which counts in no figure of what is real" == (await there.ask(alert=drill.id))["says"][0]


async def test_an_alert_that_nobody_knows_is_not_found(tmp_path: Path) -> None:
    """As everywhere at the desk."""
    async with covering(tmp_path) as there:
        with pytest.raises(NotFound, match="no message is known as X-9"):
            await there.ask(alert="X-9")


async def test_what_somebody_says_is_out_is_not_known_to_be_up(tmp_path: Path) -> None:
    """In the town that it is about: a word takes nothing down, and what would be left without that stands beside, with its sentence."""
    async with covering(tmp_path) as there:
        before = await there.ask()
        word = Outage("1", "mains:huangjing", HUANGJING, NOW, NOW, NOW + 60.0, "grid")
        await there.house.room.outages.report(word)
        after = await there.ask()
        assert (before["potential"], True) == (after["potential"], after["sure"]["grouped_pct"] < before["sure"]["grouped_pct"])
        assert {"nbs:320585104": 97.6, "nbs:320585105": 99.8} == {one["area"]: one["grouped_pct"] for one in after["reported"]["towns"]}
        assert "without what is said to be out it would reach 98.6 % (at least 91.6 %)" in after["says"]
        there.house.clock.now += 60.0
        assert before == await there.ask()
