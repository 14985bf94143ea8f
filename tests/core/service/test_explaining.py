"""What a plan says of itself before it is sent: chances, coverage, cost, and what is left out, with the numbers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.model.directory import ContactPoint, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.plugin.ports import Capabilities, Estimate
from fenghuo.service.explaining import Explaining
from tests.core.service.manned import Manned, manned

RULES = """
[ladders.three]
[[ladders.three.rungs]]
channels = ["sms"]
[[ladders.three.rungs]]
channels = ["lte"]
[[ladders.three.rungs]]
channels = ["r"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
priority = "P0"
ladder = "three"
"""
SMS = Capabilities("sms", Evidence.DEVICE, concurrency=8)
RADIO = Capabilities("radio", Evidence.DEVICE, half_duplex=True, receipt_q95_s=60.0, watts_transmit=40.0)


def on_one_tower(there: Manned) -> None:
    """SMS .95 and 4G .90 on a tower of .90; the radio at .80 hangs on nothing else."""
    board, office = there.house.room.board, there.house.office
    for name, reach, groups in (("sms", 0.95, ("cell:opA",)), ("lte", 0.90, ("cell:opA",)), ("r", 0.80, ("r",))):
        one = board.get(name)
        assert one is not None
        one.reach, one.risk_groups = reach, groups
    office.availability = {"cell:opA": 0.90}
    board.refresh()


async def explained(there: Manned, *to: str, **fields: Any) -> dict[str, Any]:
    order = {"to": list(to), "text": "到岗", "priority": "P0", "deadline_s": 7200, **fields}
    plan: dict[str, Any] = await there.do("route.explain", raw=msgspec.json.encode(order))
    return plan


async def test_two_on_one_tower_are_not_counted_as_two(tmp_path: Path) -> None:
    """SMS, then the radio; 4G on the tower of SMS would add under 1 % and is not worth it. The numbers are those of the design."""
    async with manned(tmp_path, rules=RULES, sms=SMS, lte=SMS, r=RADIO) as there:
        on_one_tower(there)
        (one,) = (await explained(there, "wang"))["objectives"]
        coverage = one["coverage"]
        (plan,) = coverage["plans"]
        assert (["sms", "r"], 0.999, 1) == ([step["channel"] for step in plan["channels"]], coverage["target"], plan["recipients"])
        assert [0.855, 0.971] == [pytest.approx(step["reached"], abs=1e-4) for step in plan["channels"]]
        assert "1 of them: sms 0.8550, then r 0.9710; the next, lte, would add 0.0081, less than 3 %" == plan["says"]


async def test_whoever_is_reached_least_surely_is_named(tmp_path: Path) -> None:
    """Huang has a telephone alone; nobody hides in a mean."""
    async with manned(tmp_path, rules=RULES, sms=SMS, lte=SMS, r=RADIO) as there:
        on_one_tower(there)
        (one,) = (await explained(there, "wang", "huang"))["objectives"]
        coverage = one["coverage"]
        assert ("huang", pytest.approx(0.8955, abs=1e-4)) == (coverage["lowest_for"], coverage["lowest"])
        assert pytest.approx((0.971 + 0.8955) / 2, abs=1e-4) == coverage["mean"]


async def test_each_channel_says_what_one_message_costs(tmp_path: Path) -> None:
    """Its chance, the risk groups it hangs on, airtime, money, energy, and when it would be confirmed."""
    async with manned(tmp_path, rules=RULES, sms=msgspec.structs.replace(SMS, fee_fen=5.0), lte=SMS, r=RADIO) as there:
        on_one_tower(there)
        there.house.channel["r"].airtime_s = 2.0
        (one,) = (await explained(there, "wang"))["objectives"]
        sms, _, radio = (rung["channels"][0] for rung in one["rungs"])
        assert (0.95, ["cell:opA"], 5.0) == (sms["p"], sms["risk_groups"], sms["fee_fen"])
        assert ([], 2.0, 80.0, 62.0) == (radio["risk_groups"], radio["airtime_s"], radio["joules"], radio["arrives_s"])


async def test_a_channel_that_is_down_has_no_chance_and_its_way_is_no_coverage(tmp_path: Path) -> None:
    """What is planned over it waits, and is counted on by nobody."""
    async with manned(tmp_path, rules=RULES, sms=SMS, lte=SMS, r=RADIO) as there:
        on_one_tower(there)
        there.house.down("r")
        await there.house.settle()
        (one,) = (await explained(there, "shuang"))["objectives"]
        (plan,) = one["coverage"]["plans"]
        assert (0.0, 0.0, "1 of them: no channel that has a chance now; nothing plausible is left") == (
            one["rungs"][2]["channels"][0]["p"],
            plan["reached"],
            plan["says"],
        )


async def test_what_cannot_make_the_deadline_is_said_and_not_counted_on(tmp_path: Path) -> None:
    """A minute for receipts of the radio is more than the half that there is."""
    async with manned(tmp_path, rules=RULES, sms=SMS, lte=SMS, r=RADIO) as there:
        on_one_tower(there)
        there.house.channel["r"].airtime_s = 2.0
        plan = await explained(there, "shuang", deadline_s=30)
        says = "it would take 62 s (0 s of others first, 2 s on the air, 60 s on the way), and the deadline is in 30 s"
        assert f"{says}; tried all the same" in [one["reason"] for one in plan["left_out"]]


async def test_who_comes_later_in_a_crowd_waits_for_those_before(tmp_path: Path) -> None:
    """Four on one radio of a minute each, and the deadline is in three: the later the less sure, and the last not at all."""
    async with manned(tmp_path, rules=RULES, sms=SMS, lte=SMS, r=RADIO) as there:
        on_one_tower(there)
        there.house.channel["r"].airtime_s = 60.0
        known = there.house.office.directory
        crowd = [f"p{number}" for number in range(4)]
        people = known.persons + tuple(Person(name, name, "tc") for name in crowd)
        calls = tuple(ContactPoint(name, "callsign", name) for name in crowd)
        there.house.office.directory = msgspec.structs.replace(known, persons=people, contacts=known.contacts + calls)
        (one,) = (await explained(there, *crowd, deadline_s=180))["objectives"]
        plans = [(plan["reached"], plan["recipients"]) for plan in one["coverage"]["plans"]]
        assert ([(0.0, 2), (0.798, 1), (0.76, 1)], "p2") == (plans, one["coverage"]["lowest_for"])


@pytest.mark.parametrize(("priority", "at_once"), [("P0", [2, 2, 1]), ("P2", [2, 0, 0])])
async def test_a_plan_says_what_begins_at_once(tmp_path: Path, priority: str, at_once: list[int]) -> None:
    """What is counted on is not what is sent first: a P0 goes over every rung at once, whatever the third adds."""
    async with manned(tmp_path, rules=RULES.replace("P0", priority), sms=SMS, lte=SMS, r=RADIO) as there:
        (one,) = (await explained(there, "wang", "li", priority=priority))["objectives"]
        assert at_once == [rung["channels"][0]["at_once"] for rung in one["rungs"]]


async def test_the_loop_goes_on_while_a_crowd_is_reckoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks keeps nobody's order waiting: it is reckoned in a thread."""
    async with manned(tmp_path, rules=RULES, sms=SMS, lte=SMS, r=RADIO) as there:
        threads: list[int] = []
        plain = Explaining.objectives

        def objectives(explaining: Explaining) -> list[dict[str, Any]]:
            threads.append(threading.get_ident())
            return plain(explaining)

        monkeypatch.setattr(Explaining, "objectives", objectives)
        await explained(there, "wang")
        assert threading.get_ident() not in threads
        assert 1 == len(threads)


async def test_to_explain_leaves_nothing_behind(tmp_path: Path) -> None:
    """No rendition is kept for what was never sent: the next one explained is rendered from its own words."""
    async with manned(tmp_path, rules=RULES, sms=SMS, lte=SMS, r=RADIO) as there:
        sizes: list[int] = []
        channel = there.house.channel["sms"]

        def estimate(payload: Rendition, address: str) -> Estimate:
            sizes.append(len(payload.data))
            return Estimate()

        channel.estimate = estimate  # type: ignore[method-assign]  # one that remembers
        await explained(there, "wang", text="一")
        await explained(there, "wang", text="一二三")
        assert 6 == sizes[1] - sizes[0]


async def test_whoever_has_only_what_shows_less_than_is_needed_counts_as_unreachable(tmp_path: Path) -> None:
    """They hear it, and the objective is missed all the same: the plan says so before it is signed, with the reason."""
    horn = Capabilities("radio", Evidence.AIRED)
    rules = RULES.replace('[[ladders.three.rungs]]\nchannels = ["sms"]\n[[ladders.three.rungs]]\nchannels = ["lte"]\n', "")
    async with manned(tmp_path, rules=rules, r=horn) as there:
        plan = await explained(there, "wang")
        (one,) = plan["objectives"]
        assert (1, 1, 0.0) == (one["recipients"], one["unreachable"], one["coverage"]["mean"])
        why = "it shows no more than AIRED, and DEVICE is needed; it goes and is not counted on"
        assert {("r", why)} == {(left["channel"], left["reason"]) for left in plan["left_out"]}
