"""What a sender asks for in `via` and we do not have: said at the door, alarmed at the opening."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.engine.asked_channels import via
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.traffic import Action
from tests.core.engine.house import opened
from tests.core.engine.values import content, message

CHANNELS = ("sms-a", "sms-b", "radio")


def _detail(*names: str) -> str:
    (verdict,) = via(message(content(via=names)), CHANNELS)
    assert ("via", "unknown", False) == (verdict.check, verdict.value, verdict.ok)
    return verdict.detail


def test_channels_that_are_there_are_no_verdict() -> None:
    """Nor is a Cancel, which goes by what carried the original."""
    assert () == via(message(content(via=("sms-a", "radio"))), CHANNELS)
    assert () == via(message(), CHANNELS)
    assert () == via(message(content(via=("gone",), action=Action.CANCEL)), CHANNELS)


def test_a_slip_of_the_pen_is_named_with_what_was_meant() -> None:
    """Each once; where nothing is alike, what there is."""
    assert _detail("sms_a", "radio", "sms_a").startswith("1 of 3 in `via` are no channels of ours: sms_a: did you mean sms-a")
    assert "pager: there are radio, sms-a, sms-b" in _detail("pager")


async def test_a_slip_of_the_pen_is_an_alarm_at_once(tmp_path: Path) -> None:
    """It is accepted, the sender is told in the answer, and a person at once and not at the deadline."""
    async with opened(tmp_path) as house:
        answer = await house.order("wang", "li", via=["aa"], priority="P0")
        assert ["did you mean a?"] == [one.detail.rpartition(": ")[2] for one in answer.verdicts if one.check == "via"]
        assert [["aa"]] == [alarm["unknown"] for alarm in await house.events("alarm.channel_unknown")]
        assert [("wang", ["aa"])] == [(alarm["recipient"], alarm["via"]) for alarm in await house.events("alarm.no_way")]
        assert 2 == len(await house.events("target.no_way"))


async def test_a_channel_that_cannot_reach_somebody_is_an_alarm(tmp_path: Path) -> None:
    """li has no radio; wang has, and gets it."""
    async with opened(tmp_path) as house:
        await house.order("li", "wang", via=["r"])
        assert ["li"] == [alarm["recipient"] for alarm in await house.events("alarm.no_way")]
        assert (["r"], []) == ([mail.channel for mail in house.sent], await house.events("alarm.channel_unknown"))


async def test_an_order_that_asks_for_our_own_disk_is_refused(tmp_path: Path) -> None:
    """It would be met with nothing sent."""
    async with opened(tmp_path) as house:
        refused = await house.take(msgspec.json.encode({"to": ["wang"], "text": "x", "needed": "STORED"}))
        assert isinstance(refused, Refused)
        assert "must be one of ACCEPTED" in refused.message
        assert isinstance(await house.order("wang", needed="ACCEPTED"), Accepted)
