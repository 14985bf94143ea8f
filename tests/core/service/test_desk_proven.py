"""Who can be reached how, and the roll call that proves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.proven import AMBER_S
from fenghuo.errors import NotFound
from fenghuo.model.delivery import Reached
from fenghuo.model.evidence import Evidence
from tests.core.engine.values import NOW
from tests.core.service.manned import Manned, manned


async def ages(there: Manned, **wanted: Any) -> list[tuple[str, str, str]]:
    return [(row["recipient"], row["channel"], row["age"]) for row in await there.do("directory.proven", **wanted)]


async def test_every_way_to_everybody_is_listed_the_unknown_ones_first(tmp_path: Path) -> None:
    """A person with a telephone and a radio has two ways; who was never asked is red, a week makes amber."""
    async with manned(tmp_path) as there:
        assert {("red")} == {age for _, _, age in await ages(there)}
        await there.do("message.send", to=["wang"], text="立即到岗")
        await there.house.receipt(there.house.sent[0])
        assert ("wang", "a", "green") == (await ages(there))[-1]
        assert [("wang", "r", "red"), ("wang", "a", "green")] == await ages(there, recipient="wang")
        there.house.clock.now += AMBER_S + 1
        assert [("wang", "a", "amber")] == await ages(there, age="amber")
        assert {"a"} == {channel for _, channel, _ in await ages(there, channel="a")}


async def test_a_way_says_how_surely_and_when_it_was_proven(tmp_path: Path) -> None:
    """The chance that planning goes by, the settings' own where nothing is known."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="立即到岗")
        await there.house.receipt(there.house.sent[0])
        unknown, known = await there.do("directory.proven", recipient="wang")
        assert (0.95, None, None) == (unknown["chance"], unknown["proven"], unknown["level"])
        assert ("1970-01-12T13:46:40.000Z", "DEVICE") == (known["proven"], known["level"])
        assert 0.95 < known["chance"] < 1.0


async def test_what_the_directory_says_was_proven_counts_until_the_node_knows_better(tmp_path: Path) -> None:
    """The column `proven_at` of contacts.csv: by which evidence is not said there, and planning does not go by it."""
    async with manned(tmp_path) as there:
        office = there.house.office
        contacts = tuple(
            msgspec.structs.replace(one, proven_at=NOW - 60) if one.kind == "callsign" else one for one in office.directory.contacts
        )
        office.directory = msgspec.structs.replace(office.directory, contacts=contacts)
        (radio, telephone) = sorted(await there.do("directory.proven", recipient="wang"), key=lambda row: row["channel"], reverse=True)
        assert ("green", None, 0.95) == (radio["age"], radio["level"], radio["chance"])
        assert ("red", None) == (telephone["age"], telephone["proven"])


async def test_a_roll_call_proves_each_bearer_by_a_message_of_its_own(tmp_path: Path) -> None:
    """Who answers on one and not on the other is seen, and both go into the ledger."""
    async with manned(tmp_path) as there:
        call = await there.do("rollcall.call", to=["wang"], via=["a", "r"], wait_s=60)
        messages = [one["message"] for one in call["calls"]]
        assert ["a", "r"] == [one["channel"] for one in call["calls"]] == [mail.channel for mail in there.house.sent]
        mail = next(mail for mail in there.house.sent if mail.channel == "r")
        await there.house.answer("r", mail.address)
        lines = await there.do("rollcall.show", messages=messages)
        assert [("a", "ACCEPTED", None), ("r", "HUMAN", "r")] == [(one["channel"], one["evidence"], one["answered_by"]) for one in lines]
        assert [("wang", "a", "red"), ("wang", "r", "green")] == await ages(there, recipient="wang")


async def test_a_far_end_that_answers_at_once_has_answered(tmp_path: Path) -> None:
    """Where the very answer of the emission speaks for the device there is no receipt; it is told all the same when and over what."""
    async with manned(tmp_path) as there:
        there.house.channel["a"].outcomes.append(Reached(Evidence.DEVICE))
        call = await there.do("rollcall.call", to=["wang"], via=["a"], needed="DEVICE")
        (line,) = await there.do("rollcall.show", messages=[call["calls"][0]["message"]])
        assert ("DEVICE", "a", "1970-01-12T13:46:40.000Z") == (line["evidence"], line["answered_by"], line["answered"])


async def test_a_roll_call_by_the_rules_is_one_message(tmp_path: Path) -> None:
    """Whoever cannot be reached at all has a line too."""
    async with manned(tmp_path) as there:
        call = await there.do("rollcall.call", to=["wang", "shuang"], needed="DEVICE")
        assert 1 == len(call["calls"])
        lines = await there.do("rollcall.show", messages=[call["calls"][0]["message"]])
        assert {"wang", "shuang"} == {one["recipient"] for one in lines}


async def test_a_roll_call_over_no_channel_of_ours_is_refused(tmp_path: Path) -> None:
    """Before anybody is called, with those there are."""
    async with manned(tmp_path) as there:
        with pytest.raises(NotFound, match=r"^no channel is named sat; there are a, r$"):
            await there.do("rollcall.call", to=["wang"], via=["a", "sat"])
        assert [] == there.house.sent


async def test_a_roll_call_of_somebody_unknown_is_refused_at_once(tmp_path: Path) -> None:
    """With the name that was meant; the others are not called either, or a slip of the pen would pass for silence."""
    async with manned(tmp_path) as there:
        with pytest.raises(NotFound, match=r"^nobody was called; person:wanng: did you mean person:wang\?$"):
            await there.do("rollcall.call", to=["li", "person:wanng"])
        assert [] == there.house.sent


async def test_a_dry_roll_call_says_whom_it_would_reach_and_calls_nobody(tmp_path: Path) -> None:
    """Each channel with a plan of its own."""
    async with manned(tmp_path) as there:
        call = await there.do("rollcall.call", to=["wang"], via=["a", "r"], dry_run=True)
        assert ([], ["a", "r"]) == (call["calls"], [one["channel"] for one in call["plans"]])
        assert all(one["plan"]["objectives"] for one in call["plans"])
        assert [] == there.house.sent


async def test_a_roll_call_that_is_refused_says_why(tmp_path: Path) -> None:
    """The sentence of intake, for each message."""
    async with manned(tmp_path) as there:
        (call,) = (await there.do("rollcall.call", to=["wang"], priority="P9"))["calls"]
        assert (None, "refused") == (call["message"], call["state"])
        assert "P9" in call["why"]
        assert [] == there.house.sent
