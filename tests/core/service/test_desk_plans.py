"""Verbs about routes, channels and queues, over a whole engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.errors import FormatError, LinkBroken, NotFound
from fenghuo.model.situation import Admin
from fenghuo.plugin.ports import Doubt, PowerLevel
from fenghuo.store.tables import CHANNEL
from tests.core.engine.house import FakeChannel
from tests.core.service.manned import cap, manned


def order(*to: str, **fields: object) -> bytes:
    return msgspec.json.encode({"to": list(to), "text": "到岗", **fields})


async def test_a_plan_names_people_rungs_and_numbers(tmp_path: Path) -> None:
    """Who, how surely, by when, over which channels in which order; nothing is kept and nothing sent."""
    async with manned(tmp_path) as there:
        plan = await there.do("route.explain", raw=order("wang", "shuang"))
        (one,) = plan["objectives"]
        assert ("orders", "wang, shuang", 2, ["wang", "shuang"], 0) == tuple(
            one[key] for key in ("rule", "audience", "recipients", "first", "unreachable")
        )
        assert ("DEVICE", "P2", 300, 0, "both") == tuple(one[key] for key in ("needed", "priority", "deadline_s", "signatures", "ladder"))
        assert [(1, [("a", "up", 1)]), (2, [("r", "up", 2)])] == [
            (rung["rung"], [(way["channel"], way["health"], way["recipients"]) for way in rung["channels"]]) for rung in one["rungs"]
        ]
        assert ([], []) == (await there.do("message.ls"), there.house.sent)


async def test_what_is_left_out_has_its_reason_and_its_count(tmp_path: Path) -> None:
    """One line for each reason."""
    async with manned(tmp_path) as there:
        plan = await there.do("route.explain", raw=order("wang", "shuang", via=["a"]))
        left = {(one["channel"], one["reason"]): one["recipients"] for one in plan["left_out"]}
        assert {("a", "the recipient has no msisdn address"): 1, ("r", "the sender asked for a only"): 2} == left
        assert 1 == plan["objectives"][0]["unreachable"]


async def test_a_channel_without_bronze_is_left_out_of_what_is_urgent(tmp_path: Path) -> None:
    """With the reason, and of a P2 it is a way as any other."""
    async with manned(tmp_path) as there:
        instance = there.house.room.board.get("a")
        assert instance is not None
        instance.ungraded = "no record"
        urgent = await there.do("route.explain", raw=order("wang", priority="P1"))
        assert [("a", "the channel carries P2 to P4 only: no record", 1)] == [
            (one["channel"], one["reason"], one["recipients"]) for one in urgent["left_out"]
        ]
        assert [] == (await there.do("route.explain", raw=order("wang", priority="P2")))["left_out"]
        assert "no record" == (await there.do("channel.why", name="a"))["ungraded"]


async def test_a_channel_that_is_switched_off_is_planned_and_shown_as_such(tmp_path: Path) -> None:
    """What goes over it waits until somebody switches it on."""
    async with manned(tmp_path) as there:
        await there.do("channel.disable", name="r", reason="test")
        (one,) = (await there.do("route.explain", raw=order("shuang")))["objectives"]
        assert [("a", "enabled", 0), ("r", "disabled", 1)] == [
            (way["channel"], way["admin"], way["recipients"]) for rung in one["rungs"] for way in rung["channels"]
        ]


async def test_who_is_unknown_is_shown_beforehand(tmp_path: Path) -> None:
    """A dry run says what the real one would: two were meant, one is known."""
    async with manned(tmp_path) as there:
        for plan in (
            await there.do("route.explain", raw=order("wang", "person:shaung")),
            await there.do("message.send", to=["wang", "person:shaung"], text="到岗", dry_run=True),
        ):
            assert (["person:shaung: did you mean person:shuang?"], 1) == (plan["unknown"], plan["objectives"][0]["recipients"])
        assert [] == (await there.do("route.explain", raw=order("wang")))["unknown"]


async def test_a_plan_is_the_one_that_would_be_signed(tmp_path: Path) -> None:
    """Envelope, rules and situation are those of the real thing."""
    async with manned(tmp_path) as there:
        plan = await there.do("route.explain", raw=cap().encode())
        alert = await there.do("alert.submit", "met", raw=cap().encode())
        entry = there.house.room.book.find_message(alert.id)
        assert entry is not None
        assert (entry.envelope, there.house.office.rules.digest) == (plan["envelope"], plan["rules"])
        assert there.house.room.board.situation().digest == plan["situation"]


async def test_what_no_rule_wants_has_an_empty_plan(tmp_path: Path) -> None:
    """Not an error: it is what would happen."""
    async with manned(tmp_path, rules='[ladders.x]\n[[ladders.x.rungs]]\nchannels = ["a"]\n') as there:
        plan = await there.do("route.explain", raw=order("wang"))
        assert ([], "") == (plan["objectives"], plan["envelope"])


@pytest.mark.parametrize(("raw", "code"), [(b"<!DOCTYPE a><a/>", "doctype"), (b"<feed/>", "no-alert"), (b"{", "not-json")])
async def test_what_is_no_message_has_no_plan(tmp_path: Path, raw: bytes, code: str) -> None:
    """The reason is the one that intake would give."""
    async with manned(tmp_path) as there:
        with pytest.raises(FormatError) as refused:
            await there.do("route.explain", raw=raw)
        assert code == refused.value.code


async def test_rules_are_judged_on_the_channels_that_are_there(tmp_path: Path) -> None:
    """A ladder that names a channel nobody has is a fault, in a sentence."""
    rules = """
[ladders.x]
[[ladders.x.rungs]]
channels = ["telepathy"]
[[rules]]
name = "all"
audience = { name = "as addressed" }
ladder = "x"
"""
    async with manned(tmp_path, rules=rules) as there:
        assert "ladder 'x': no channel is named 'telepathy'" in (await there.do("route.lint"))["faults"]


async def test_a_switched_channel_is_kept_told_and_used(tmp_path: Path) -> None:
    """The row outlives the process, the event says who and why, and the orders take the other way."""
    async with manned(tmp_path) as there:
        shown = await there.do("channel.disable", "root", name="a", reason="维修")
        assert ("disabled", "disabled by root: 维修") == (shown["admin"], shown["reason"])
        (row,) = await there.house.store.find(CHANNEL)
        assert ("a", Admin.DISABLED, "root", "维修") == (row.name, row.admin, row.by, row.reason)
        assert [{"admin": "disabled", "by": "root", "reason": "维修"}] == await there.house.events("channel.admin")
        await there.do("message.send", to=["wang"], text="到岗")
        assert {"r"} == {mail.channel for mail in there.house.sent}


async def test_a_device_is_told_that_its_channel_is_switched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence with the switch, and leave to sound again with the other; a telephone is told nothing."""
    told: list[PowerLevel] = []

    async def told_so(channel: FakeChannel, level: PowerLevel) -> None:
        told.append(level)

    monkeypatch.setattr(FakeChannel, "set_power", told_so)
    async with manned(tmp_path) as there:
        await there.do("channel.disable", "root", name="r", reason="x")
        assert [] == told
        instance = there.house.room.board.get("a")
        assert instance is not None
        instance.capabilities = msgspec.structs.replace(instance.capabilities, doubt=Doubt.ACTUATOR)
        await there.do("channel.disable", "root", name="a", reason="误报")
        await there.do("channel.enable", "root", name="a", reason="已核实")
    assert [PowerLevel.LISTEN, PowerLevel.FULL] == told


async def test_a_device_that_cannot_be_told_is_switched_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of whoever pressed the key stands."""

    async def broken(channel: FakeChannel, level: PowerLevel) -> None:
        raise LinkBroken("gone")

    monkeypatch.setattr(FakeChannel, "set_power", broken)
    async with manned(tmp_path) as there:
        instance = there.house.room.board.get("a")
        assert instance is not None
        instance.capabilities = msgspec.structs.replace(instance.capabilities, doubt=Doubt.ACTUATOR)
        assert "disabled" == (await there.do("channel.disable", "root", name="a", reason="误报"))["admin"]


async def test_an_enabled_channel_carries_again(tmp_path: Path) -> None:
    """Orders from then on take it."""
    async with manned(tmp_path) as there:
        await there.do("channel.disable", "root", name="a", reason="x")
        assert "enabled" == (await there.do("channel.enable", "root", name="a", reason="repaired"))["admin"]
        await there.do("message.send", to=["wang"], text="到岗")
        assert {"a"} == {mail.channel for mail in there.house.sent}


async def test_an_unknown_channel_is_told_with_those_there_are(tmp_path: Path) -> None:
    """A slip of the pen is found by reading the sentence."""
    async with manned(tmp_path) as there:
        for verb in ("channel.why", "channel.enable", "channel.disable"):
            with pytest.raises(NotFound, match=r"^no channel is named b; there are a, r$"):
                await there.do(verb, "duty", name="b")


async def test_a_channel_says_why_it_is_as_it_is(tmp_path: Path) -> None:
    """Its health with the evidence behind it, beside what `channel ls` shows."""
    async with manned(tmp_path) as there:
        there.house.down("a")
        await there.house.settle()
        why = await there.do("channel.why", name="a")
        (listed, _) = await there.do("channel.ls")
        assert listed == {key: why[key] for key in listed}
        assert ("down", "gone", None) == (why["health"], why["reason"], why["probation_stage"])
        assert {"failure_weight", "failed_for", "admitted"} <= set(why)


async def test_a_queue_is_in_the_order_it_will_go(tmp_path: Path) -> None:
    """The most urgent first, only what has not ended, narrowed to a channel or to so many."""
    async with manned(tmp_path) as there:
        there.house.down("a")
        there.house.down("r")
        await there.house.settle()
        for priority in ("P3", "P1"):
            await there.do("message.send", to=["wang"], text=priority, priority=priority)

        async def asked(**args: Any) -> list[tuple[str, str]]:
            return [(row["priority"], row["channel"]) for row in await there.do("queue.ls", **args)]

        assert [("P1", "a"), ("P1", "r"), ("P3", "a"), ("P3", "r")] == await asked()
        assert ([("P1", "r"), ("P3", "r")], [("P1", "a")]) == (await asked(channel="r"), await asked(limit=1))


async def test_what_has_ended_is_not_in_the_queue(tmp_path: Path) -> None:
    """The delivery that waits for its receipt and the one that stands by are; after the receipt neither is."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="到岗")
        assert [("a", "AWAITING", 1), ("r", "HELD", 0)] == [
            (row["channel"], row["state"], row["tries"]) for row in await there.do("queue.ls")
        ]
        await there.house.receipt(there.house.sent[0])
        assert [] == await there.do("queue.ls")


async def test_why_says_what_planning_makes_of_it(tmp_path: Path) -> None:
    """Of a channel beside its health; of an order beside the state of each of its recipients."""
    async with manned(tmp_path) as there:
        assert "planning counts on it with 0.9500: reach 0.95, up 1, no risk groups" in (await there.do("channel.why", name="a"))["says"]
        sent = await there.do("message.send", to=["wang"], text="到岗", deadline_s=7200)
        (one,) = (await there.do("message.why", id=sent.id))["objectives"][0]["targets"]
        assert "as things stand it is reached in the 7200 s that are left with 0.9975 of 0.95: a 0.9500, r 0.9500" == one["outlook"]
