"""What a failure would do, in sentences, over the desk of a whole engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import FormatError
from fenghuo.model.situation import Admin
from tests.core.service.manned import Manned, manned


async def test_every_single_point_is_a_sentence(tmp_path: Path) -> None:
    """By name, with the channels it takes, whom it cuts off and under which rules; most people first."""
    async with manned(tmp_path) as there:
        with_risks(there)
        points = (await there.do("whatif"))["single_points"]
        says = "mains:hq takes a, r, and alone cuts off 6: wang, huang, shuang, li, area:mca:320585110, group:all (rules: alerts, orders)"
        assert says == points[0]["says"]
        assert {"mains:hq": 6, "cell:opA": 2, "a": 2, "roof:hq": 3, "r": 3} == {point["name"]: point["count"] for point in points}


async def test_who_is_cut_off_already_is_named_beside_the_single_points(tmp_path: Path) -> None:
    """Both channels are down: there is no single point, and nobody is reached."""
    async with manned(tmp_path) as there:
        for name in ("a", "r"):
            there.house.down(name)
        await there.house.settle()
        answer = await there.do("whatif")
        assert ([], "6 have no usable channel even now: ") == (answer["single_points"], answer["says"][0][:35])
        assert {"wang", "huang"} <= {one["recipient"] for one in answer["already"]}


def with_risks(there: Manned) -> None:
    board = there.house.room.board
    for name, groups in (("a", ("cell:opA", "mains:hq")), ("r", ("roof:hq", "mains:hq"))):
        one = board.get(name)
        assert one is not None
        one.risk_groups = groups
    board.refresh()


async def test_what_is_lost_says_whom_and_through_what(tmp_path: Path) -> None:
    """Together the tower and the roof take everybody; huang by the tower alone, shuang by the roof alone, wang only together."""
    async with manned(tmp_path) as there:
        with_risks(there)
        answer = await there.do("whatif", lose=["cell:opA", "roof:hq"])
        says = {loss["says"] for loss in answer["lost"] if loss["rule"] == "alerts"}
        assert {
            "wang (alerts) has a, r; only together",
            "huang (alerts) has a; cell:opA alone is enough",
            "shuang (alerts) has r; roof:hq alone is enough",
        } == says
        assert answer["says"][0].startswith("without cell:opA, roof:hq 6 cannot be reached any more: wang, huang, shuang, ")
        assert "rule alerts: reached in time 0.9334, then 0.0000" in answer["says"]


async def test_whoever_is_left_with_one_channel_is_named(tmp_path: Path) -> None:
    """The tower alone: wang has the radio still, and huang nothing; who has nothing already is told apart."""
    async with manned(tmp_path) as there:
        with_risks(there)
        answer = await there.do("whatif", lose=["cell:opA"])
        assert {"huang", "li"} == {loss["recipient"] for loss in answer["lost"]}
        assert ("1 have one channel left: wang", 2) == (answer["says"][1], answer["count"])
        there.house.down("r")
        await there.house.settle()
        answer = await there.do("whatif", lose=["cell:opA"])
        assert "3 have no usable channel even now: shuang, area:mca:320585110, group:all" in answer["says"]


async def test_nothing_changes_by_asking(tmp_path: Path) -> None:
    """The channels are as they were, and an order goes out."""
    async with manned(tmp_path) as there:
        with_risks(there)
        before = there.house.room.board.situation().digest
        await there.do("whatif", lose=["mains:hq"])
        assert before == there.house.room.board.situation().digest
        await there.do("message.send", to=["wang"], text="到岗")
        assert 1 == len(there.house.sent)


async def test_what_is_nowhere_is_told_with_what_is_meant(tmp_path: Path) -> None:
    """A slip must not end as "nobody is cut off"."""
    async with manned(tmp_path) as there:
        with_risks(there)
        with pytest.raises(FormatError, match=r"lose has 'cell:opa', which is no risk group .* did you mean \"cell:opA\"\?"):
            await there.do("whatif", lose=["cell:opa"])


async def test_what_to_stage_is_named_for_those_who_are_cut_off(tmp_path: Path) -> None:
    """Without the tower huang has nothing: an address for the radio that stands would do. With the radio switched off, switching it on
    would do for wang. What would take two things is not proposed, and what is left is named."""
    async with manned(tmp_path) as there:
        with_risks(there)
        answer = await there.do("whatif", lose=["cell:opA"])
        stage = next(stage for stage in answer["stage"] if "huang" in stage["recipients"])
        assert ("address", "r", ["callsign"]) == (stage["measure"], stage["channel"], stage["kinds"])
        assert any(said.startswith("stage now: callsign addresses, by which r would still reach ") for said in answer["says"])
        assert (["r"], "left are r") == (answer["left"], answer["says"][-1])
        board = there.house.room.board
        radio = board.get("r")
        assert radio is not None
        radio.admin = Admin.DISABLED
        board.refresh()
        answer = await there.do("whatif", lose=["cell:opA"])
        stages = {stage["measure"]: stage["recipients"] for stage in answer["stage"]}
        assert "wang" in stages["enable"]
        assert "huang" not in stages["enable"]
        assert "address" not in stages
        assert "no channel is left" == answer["says"][-1]
