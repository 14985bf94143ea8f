"""Why each target stands where it stands, over a real store: the plan that was kept, and the sentences cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.errors import NotFound
from fenghuo.model.delivery import Attempt, DeliveryState, Hold, TargetState, Token
from fenghuo.model.directory import ContactPoint
from fenghuo.model.evidence import Evidence
from fenghuo.service.why import delivery_sentence, target_sentence
from tests.core.engine.values import NOW, delivery, objective, target
from tests.core.service.manned import cap, manned

AT = "1970-01-12T21:46:40+08:00"
LATER = "1970-01-12T21:47:40+08:00"
LAST = Attempt(Token("t"), 2, 1, "a", "wang", "+8613800000001", NOW, 1, "", "reached ACCEPTED")
S = DeliveryState


async def test_a_plan_says_what_was_chosen_and_what_was_left_out(tmp_path: Path) -> None:
    """Wang has a telephone and a radio, Shuang a radio alone: her first rung is left out for want of a telephone."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["wang", "shuang"], text="到岗", priority="P2")
        (one,) = (await there.do("message.why", id=sent.id))["objectives"]
        plans = {person["recipient"]: person for person in one["targets"]}
        assert ["a", "r"] == [way["channel"] for way in plans["wang"]["chosen"]]
        assert [] == plans["wang"]["left_out"]
        assert [("r", 2)] == [(way["channel"], way["rung"]) for way in plans["shuang"]["chosen"]]
        assert [{"channel": "a", "rung": 1, "reason": "the recipient has no msisdn address"}] == plans["shuang"]["left_out"]


async def test_a_plan_names_what_it_was_made_from(tmp_path: Path) -> None:
    """Rule and ladder by name; rules, situation and directory by digest, also after the rules have changed."""
    async with manned(tmp_path) as there:
        digest = there.house.office.rules.digest
        sent = await there.do("message.send", to=["wang"], text="到岗")
        (one,) = (await there.do("message.why", id=sent.id))["objectives"]
        assert ("orders", "both", digest) == (one["rule"], one["ladder"], one["rules"])
        assert (there.house.office.directory.digest, True) == (one["directory"], bool(one["situation"]))


async def test_an_address_that_was_missing_then_is_still_told(tmp_path: Path) -> None:
    """The reason is that of the moment of the plan, not of the moment of the question."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["shuang"], text="到岗")
        known = there.house.office.directory
        number = ContactPoint("shuang", "msisdn", "+8613800000004")
        there.house.office.directory = msgspec.structs.replace(known, contacts=(*known.contacts, number))
        (one,) = (await there.do("message.why", id=sent.id))["objectives"]
        reason = "the recipient has no msisdn address"
        assert [{"channel": "a", "rung": 1, "reason": reason}] == one["targets"][0]["left_out"]


async def test_a_plan_is_found_although_much_has_happened_since(tmp_path: Path) -> None:
    """Events are found from about the moment of the plan; a clock that was set back meanwhile costs a longer search."""
    async with manned(tmp_path) as there:
        first = await there.do("message.send", to=["shuang"], text="一")
        for number in range(20):
            await there.house.later(10.0)
            await there.do("message.send", to=["wang"], text=f"其{number}")
        there.house.clock.now -= 1000.0
        last = await there.do("message.send", to=["shuang"], text="二")
        for sent in (first, last):
            (one,) = (await there.do("message.why", id=sent.id))["objectives"]
            assert (True, 1) == (bool(one["rules"]), len(one["targets"][0]["left_out"]))


async def test_one_recipient_can_be_asked_for(tmp_path: Path) -> None:
    """And so many of each objective; an unknown message is the usual sentence."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["wang", "shuang"], text="到岗")

        async def named(**args: Any) -> list[str]:
            (one,) = (await there.do("message.why", id=sent.id, **args))["objectives"]
            return [person["recipient"] for person in one["targets"]]

        assert (["wang"], ["shuang"], []) == (await named(recipient="wang"), await named(limit=1), await named(recipient="nobody"))
        with pytest.raises(NotFound):
            await there.do("message.why", id="01X")


async def test_a_held_alert_waits_for_its_signatures(tmp_path: Path) -> None:
    """With the number that is needed."""
    async with manned(tmp_path) as there:
        await there.do("alert.submit", "met", raw=cap().encode())
        (one,) = (await there.do("message.why", id="A-1"))["objectives"]
        assert {"waits for release: 2 signatures are needed"} == {way["says"] for way in one["targets"][0]["chosen"]}


async def test_what_became_of_a_try_is_in_its_sentence(tmp_path: Path) -> None:
    """Sent and accepted, and the receipt still waited for."""
    async with manned(tmp_path) as there:
        sent = await there.do("message.send", to=["wang"], text="到岗")
        (one,) = (await there.do("message.why", id=sent.id))["objectives"]
        first, second = one["targets"][0]["chosen"]
        assert first["says"].startswith(f"try 1 at {AT}, reached ACCEPTED, has ACCEPTED; more is waited for until ")
        assert ("HELD", "waits for its rung to open, never tried") == (second["state"], second["says"])


DELIVERIES: list[tuple[dict[str, Any], str]] = [
    ({"state": S.HELD, "reason": Hold.RELEASE}, "waits for release: 2 signatures are needed"),
    ({"state": S.HELD, "reason": Hold.RUNG}, "waits for its rung to open, never tried"),
    (
        {"state": S.HELD, "reason": Hold.SPENT, "tries": 1},
        "waits until its channel is back: the last attempt while it was down brought nothing, tried 1 times",
    ),
    (
        {"state": S.HELD, "reason": Hold.SPENT},
        "waits until its channel is back: the last attempt while it was down brought nothing, never tried",
    ),
    (
        {"state": S.HELD, "reason": Hold.CHANNEL, "tries": 1, "not_before": NOW + 60},
        f"cannot go out: the channel is not usable now, tried 1 times, not before {LATER}",
    ),
    ({"state": S.HELD, "reason": "odd"}, "is held: odd, never tried"),
    ({"state": S.READY, "reason": ""}, "waits for its turn on its channel, never tried"),
    (
        {"state": S.READY, "reason": "throttled", "tries": 3, "refires": 1, "not_before": NOW + 60},
        f"waits for its turn on its channel, tried 3 times of which 1 marked as copies after throttled, not before {LATER}",
    ),
    ({"state": S.EMITTING, "tries": 2}, f"try 2 at {AT}, reached ACCEPTED, is being emitted"),
    (
        {"state": S.AWAITING, "evidence": Evidence.ACCEPTED, "until": NOW + 60},
        f"try 2 at {AT}, reached ACCEPTED, has ACCEPTED; more is waited for until {LATER}",
    ),
    (
        {"state": S.AWAITING, "evidence": Evidence.AIRED},
        f"try 2 at {AT}, reached ACCEPTED, has AIRED; nothing more came in time, and a late receipt still counts",
    ),
    (
        {"state": S.IN_DOUBT, "reason": "timeout", "until": NOW + 60, "refires": 1},
        f"nobody knows whether try 2 at {AT}, reached ACCEPTED, left (timeout); settled by {LATER}, 1 marked copies so far",
    ),
    (
        {"state": S.IN_DOUBT, "reason": "timeout"},
        f"nobody knows whether try 2 at {AT}, reached ACCEPTED, left (timeout); a person has to settle it, 0 marked copies so far",
    ),
    ({"state": S.MET, "evidence": Evidence.HUMAN, "tries": 1}, "has HUMAN, and DEVICE was needed; tried 1 times"),
    (
        {"state": S.FAILED, "reason": "recipient invdstadr", "tries": 2, "failures": 1},
        "failed: recipient invdstadr, tried 2 times, 1 refused by the far end",
    ),
    ({"state": S.EXPIRED, "expires_at": NOW}, f"ended when the content expired at {AT}, never tried"),
    ({"state": S.SUPERSEDED, "reason": ""}, "is superseded, never tried"),
    ({"state": S.CANCELLED, "reason": "withdrawn", "tries": 1}, "is cancelled (withdrawn), tried 1 times"),
    ({"state": S.SHED}, "was given up for more urgent traffic, never tried"),
]


@pytest.mark.parametrize(("changes", "expected"), DELIVERIES)
def test_each_state_of_a_delivery_has_its_sentence(changes: dict[str, Any], expected: str) -> None:
    """With the numbers that put it there."""
    assert expected == str(delivery_sentence(delivery(**changes), LAST, objective(signatures=2)))


@pytest.mark.parametrize("reason", Hold)
def test_each_reason_to_hold_has_its_sentence(reason: Hold) -> None:
    """Nobody who asks why reads of a None."""
    assert "None" not in str(delivery_sentence(delivery(reason=reason), None, objective()))


def test_each_state_of_a_delivery_is_in_the_table() -> None:
    """A new state breaks this test until somebody has found its sentence."""
    assert set(DeliveryState) == {changes["state"] for changes, _ in DELIVERIES}


def test_a_try_that_was_lost_from_the_store_is_still_counted() -> None:
    """A damaged row of an attempt leaves a sentence."""
    assert "try 2 is being emitted" == str(delivery_sentence(delivery(state=S.EMITTING, tries=2), None, objective()))


TARGETS: list[tuple[dict[str, Any], str]] = [
    ({}, "has STORED and needs DEVICE; 0 of 2 rungs open"),
    (
        {"evidence": Evidence.AIRED, "rung": 1, "rung_at": NOW, "wake_at": NOW + 60},
        f"has AIRED and needs DEVICE; 1 of 2 rungs open, the last since {AT}; looked at again at {LATER}",
    ),
    ({"state": TargetState.MET, "evidence": Evidence.HUMAN}, "has HUMAN, and DEVICE was needed"),
    ({"state": TargetState.COVERED, "escalated": 1}, "was stood in for; has STORED of its own; 1 others were asked in its place"),
    ({"state": TargetState.MISSED, "evidence": Evidence.ACCEPTED}, "was not reached in time: has ACCEPTED and needed DEVICE"),
    ({"state": TargetState.WITHDRAWN, "covers": "li"}, "stands in for li; is not wanted any more; had STORED by then"),
]


@pytest.mark.parametrize(("changes", "expected"), TARGETS)
def test_each_state_of_a_target_has_its_sentence(changes: dict[str, Any], expected: str) -> None:
    """What it has, what was needed, and how far its ladder is open."""
    assert expected == str(target_sentence(target(**changes), objective(), rungs=2))
    assert set(TargetState) == {changes.get("state", TargetState.OPEN) for changes, _ in TARGETS}
