"""What a post of a sealed link says through the engine: what it may not say waits for a person, and only a command starts a device."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.clock import ClockQuality
from fenghuo.engine.authority import Grant
from fenghuo.errors import Overloaded
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Kind
from fenghuo.plugin.ports import Capabilities, Doubt, InboundKind
from fenghuo.store.tables import AUDIT
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW
from tests.core.store.rows import StillClock

SIREN = Capabilities(form="sms", evidence_max=Evidence.AIRED, doubt=Doubt.ACTUATOR)
RULES = """
[ladders.all]
rungs = [ { channels = ["r"] }, { channels = ["s"], mode = "parallel" } ]
[[rules]]
name = "all"
audience = { name = "as addressed" }
needed = "HUMAN"
ladder = "all"
"""


async def heard(house: House, ref: str = "7", **fields: object) -> list[str]:
    """An order comes from a post; what the post hears of it: `ack`, or why not."""
    said: list[str] = []

    async def ack() -> None:
        said.append("ack")

    async def refuse(code: str) -> None:
        said.append(code)

    raw = msgspec.json.encode({"to": ["wang"], "text": "拉响警报", **fields.pop("said", {})})  # type: ignore[dict-item]  # a test's own words
    usual = {"raw": raw, "ref": ref, "address": "BH4TCC", "proven": True, "ack": ack, "refuse": refuse}
    await house.hear("r", InboundKind.MESSAGE, **{**usual, **fields})
    return said


async def test_an_order_from_below_waits_for_a_person_and_its_sender_hears_so(tmp_path: Path) -> None:
    """It is kept and shown with the reason in words, and goes with a signature; one whose post was given orders goes at once."""
    async with opened(tmp_path) as house:
        assert (["held-kind"], []) == (await heard(house), house.sent)
        (alarm,) = await house.events("alarm.no_authority")
        assert ("post:BH4TCC", "kind") == (alarm["source"], alarm["code"])
        assert "post:BH4TCC is a post below, which reports and replies, and this is a Dispatch" in alarm["message"]
        assert any("authority:kind" in str(row.detail) for row in await house.store.find(AUDIT, "action = 'accept'"))
        (entry,) = house.room.book.messages.values()
        await house.room.release.sign(entry.message.id, "leader")
        await house.settle()
        assert ["a"] == [mail.channel for mail in house.sent]
        house.office.grants = {"post:BH4TCC": (Grant("post:BH4TCC", kinds=(Kind.DISPATCH,)),)}
        assert (["ack"], 2) == (await heard(house, "8", said={"text": "增援"}), len(house.sent))


@pytest.mark.parametrize(("is_command", "channels"), [(True, ["r", "s"]), (False, ["r"])])
async def test_only_a_command_starts_a_device(tmp_path: Path, is_command: bool, channels: list[str]) -> None:
    """What comes as a message from above is shown all the same; the siren stays silent, and a person hears of it once."""
    async with opened(tmp_path, rules=RULES, s=SIREN) as house:
        assert ["ack"] == await heard(house, is_above=True, is_command=is_command)
        assert channels == sorted(mail.channel for mail in house.sent)
        told = [(one["source"], one["channels"]) for one in await house.events("alarm.not_commanded")]
        assert ([] if is_command else [("post:BH4TCC", ["s"])]) == told


async def test_a_message_that_people_here_sign_starts_what_its_rules_say(tmp_path: Path) -> None:
    """Whoever signs has seen that the siren is among its channels."""
    async with opened(tmp_path, rules=f"{RULES}signatures = 1\n", s=SIREN) as house:
        await heard(house, is_above=True)
        (entry,) = house.room.book.messages.values()
        await house.room.release.sign(entry.message.id, "leader")
        await house.settle()
        assert ["r", "s"] == sorted(mail.channel for mail in house.sent)


async def test_an_update_that_is_no_command_starts_nothing_anew_and_a_cancel_reaches_all(tmp_path: Path) -> None:
    """The command had started the siren: what replaces it must be a command again, what ends it need not."""
    async with opened(tmp_path, rules=RULES, s=SIREN) as house:
        await heard(house, "1", is_above=True, is_command=True, said={"identifier": "X-1"})
        house.office.rules = msgspec.structs.replace(house.office.rules, rules=())  # so that all its ways are taken over
        await heard(house, "2", is_above=True, said={"action": "Update", "reference": "X-1", "text": "仍在继续"})
        assert ["r", "r", "s"] == sorted(mail.channel for mail in house.sent)
        await heard(house, "3", is_above=True, said={"action": "Cancel", "reference": "X-1", "text": "解除"})
        assert ["r", "r", "r", "s", "s"] == sorted(mail.channel for mail in house.sent)


async def test_what_a_post_may_start_is_known_after_a_restart(tmp_path: Path) -> None:
    """Planned again after a crash, it starts no more than before."""
    async with opened(tmp_path, rules=RULES, s=SIREN, up=False) as house:
        await heard(house, is_above=True)
    async with opened(tmp_path, clock=house.clock, rules=RULES, s=SIREN) as again:
        (entry,) = again.room.book.messages.values()
        assert (False, ["r"]) == (entry.may_start, [delivery.channel for delivery in await again.deliveries()])


@pytest.mark.parametrize(("grade", "alarms"), [(ClockQuality.FREERUN, 1), (ClockQuality.NTP, 0)])
async def test_a_command_that_waited_over_a_restart_starts_nothing_where_nobody_can_say_how_long(
    tmp_path: Path, grade: ClockQuality, alarms: int
) -> None:
    """The power was away, and the siren's line with it: whether that was a minute or a week a clock tells, or a person."""
    clock = StillClock(NOW, grade=grade)
    async with opened(tmp_path, clock=clock, rules=RULES, s=SIREN) as house:
        house.down("s")
        await house.settle()
        await heard(house, is_above=True, is_command=True)
        assert ["r"] == [mail.channel for mail in house.sent]
    async with opened(tmp_path, clock=clock, rules=RULES, s=SIREN) as again:
        starts = [mail.channel for mail in again.sent].count("s")
        assert (1 - alarms, alarms) == (starts, len(await again.events("alarm.not_commanded")))


@pytest.mark.parametrize(("grade", "channels"), [(ClockQuality.FREERUN, ["r"]), (ClockQuality.NTP, ["r", "s"])])
async def test_a_command_that_lay_in_the_inbox_over_a_restart_is_read_like_a_message_without_a_clock(
    tmp_path: Path, grade: ClockQuality, channels: list[str]
) -> None:
    """Kept when the door was shut, and worked out at the next start."""
    clock = StillClock(NOW, grade=grade)
    async with opened(tmp_path, clock=clock, rules=RULES, s=SIREN) as house:
        house.room.intake.is_open = False
        with pytest.raises(Overloaded):
            await heard(house, is_above=True, is_command=True)
    async with opened(tmp_path, clock=clock, rules=RULES, s=SIREN) as again:
        assert channels == sorted(mail.channel for mail in again.sent)
