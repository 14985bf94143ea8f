"""Whom orders went to, what they answered, and who is silent for too long."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import FormatError
from fenghuo.model.directory import ContactPoint
from fenghuo.model.evidence import Evidence
from tests.core.service.manned import manned


async def test_an_order_stands_beside_its_recipient_with_its_evidence_and_its_answers(tmp_path: Path) -> None:
    """What is accepted is not delivered: each way says how far it has come, and why."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="立即到岗", needed="DONE")
        await there.house.receipt(there.house.sent[0])
        (line,) = await there.do("recipient.ls", recipient="wang")
        (order,) = line["orders"]
        assert ("立即到岗", "DONE", "OPEN", "DEVICE") == tuple(order[key] for key in ("headline", "needed", "state", "evidence"))
        assert [("a", "DEVICE"), ("r", "STORED")] == [(one["channel"], one["evidence"]) for one in order["deliveries"]]
        assert "more is waited for until" in order["deliveries"][0]["says"]
        await there.house.answer("a", there.house.sent[0].address, "收到")
        (line,) = await there.do("recipient.ls", recipient="wang")
        assert [("a", "HUMAN")] == [(one["channel"], one["level"]) for one in line["orders"][0]["answers"]]
        assert [("a", "up", "green"), ("r", "up", "red")] == [(one["channel"], one["health"], one["age"]) for one in line["ways"]]


async def test_the_clock_of_whoever_is_out_runs_from_a_persons_word_and_not_from_a_device(tmp_path: Path) -> None:
    """Who has nothing open has no clock; who is silent for too long stands first; a deputy's begins when they were asked."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="立即到岗", needed="DONE", deadline_s=7200)
        there.house.clock.now += 600
        await there.house.receipt(there.house.sent[0], Evidence.DEVICE)
        clock = (await there.do("recipient.ls", recipient="wang", checkin_s=900))[0]["checkin"]
        assert {"answered": None, "due": "1970-01-12T14:01:40.000Z", "overdue": False} == clock
        there.house.clock.now += 600
        lines = await there.do("recipient.ls", checkin_s=900)
        assert ("wang", True) == (lines[0]["recipient"], lines[0]["checkin"]["overdue"])
        deputy, *others = lines[1:]
        assert ("li", False) == (deputy["recipient"], deputy["checkin"]["overdue"])
        assert {(None, False)} == {(one["checkin"]["due"], one["checkin"]["overdue"]) for one in others}
        await there.house.answer("a", there.house.sent[0].address, "收到")
        clock = (await there.do("recipient.ls", recipient="wang", checkin_s=900))[0]["checkin"]
        assert {"answered": "1970-01-12T14:06:40.000Z", "due": "1970-01-12T14:21:40.000Z", "overdue": False} == clock
        with pytest.raises(FormatError, match="checkin_s"):
            await there.do("recipient.ls", checkin_s=1)


async def test_a_town_that_has_a_code_in_both_lists_is_one_line(tmp_path: Path) -> None:
    """Where the same is reached under both; another town of the same number is another one, and so is one that is reached otherwise."""
    async with manned(tmp_path) as there:
        known = there.house.office.directory
        towns = {"mca:320585105": "BJ1HJ", "nbs:320585104": "BJ1HJ", "mca:320585109": "BJ1SF", "nbs:320585105": "BJ1SF2"}
        added = tuple(ContactPoint(f"area:{code}", "callsign", address) for code, address in towns.items())
        there.house.office.directory = msgspec.structs.replace(known, contacts=(*known.contacts, *added))
        shown = [line["recipient"] for line in await there.do("recipient.ls") if line["recipient"].startswith("area:")]
        assert ["area:mca:320585105", "area:mca:320585109", "area:mca:320585110", "area:nbs:320585105"] == shown
        assert "area:nbs:320585104" == (await there.do("recipient.ls", recipient="area:nbs:320585104"))[0]["recipient"]
