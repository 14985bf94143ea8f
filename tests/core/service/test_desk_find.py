"""Looking for something in the log and in the audit."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import FormatError, NotAllowed
from tests.core.service.manned import manned


async def test_the_log_is_found_by_time_kind_subject_and_words_and_read_on_from_where_it_ended(tmp_path: Path) -> None:
    """Newest first; what somebody types stands for itself, a per cent sign too; `next` leads through all of it and is 0 at its end."""
    async with manned(tmp_path) as there:
        await there.do("message.send", to=["wang"], text="50%的人已转移")
        there.house.clock.now += 3600
        await there.do("channel.disable", name="a", reason="换卡_A")
        found = await there.do("log.find")
        assert sorted((event["seq"] for event in found["events"]), reverse=True) == [event["seq"] for event in found["events"]]
        assert (found["head"], 0) == (found["events"][0]["seq"], found["next"])
        assert ["channel.admin"] == [event["type"] for event in (await there.do("log.find", words="换卡_A"))["events"]]
        assert [] == (await there.do("log.find", words="换卡%A"))["events"]
        kinds = {event["type"].partition(".")[0] for event in (await there.do("log.find", kinds=["message.", "channel."]))["events"]}
        assert {"message", "channel"} == kinds
        assert {"channel/a"} == {event["subject"] for event in (await there.do("log.find", subject="channel/a"))["events"]}
        hour = "1970-01-12T22:16:40+08:00"
        later, earlier = await there.do("log.find", since=hour), await there.do("log.find", until=hour)
        assert "channel.admin" in [event["type"] for event in later["events"]]
        assert "message.accepted" in [event["type"] for event in earlier["events"]]
        assert found["head"] == len(later["events"]) + len(earlier["events"])
        seen, before = 0, 0
        while seen == 0 or before:
            page = await there.do("log.find", before=before, limit=3)
            seen, before = seen + len(page["events"]), page["next"]
        assert found["head"] == seen


async def test_the_audit_is_found_by_who_what_and_when_and_by_an_auditor_alone(tmp_path: Path) -> None:
    """Each record as a line of an export, so that what is found can be verified."""
    async with manned(tmp_path) as there:
        await there.do("channel.disable", name="a", reason="换卡")
        there.house.clock.now += 60
        await there.do("channel.enable", name="a", reason="好了")
        found = await there.do("audit.find", "clerk", action="switch")
        records = [msgspec.json.decode(line) for line in found["records"]]
        assert [("duty", "channel/a"), ("duty", "channel/a")] == [(one["actor"], one["object"]) for one in records]
        assert ["好了"] == [
            msgspec.json.decode(msgspec.json.decode(one)["detail"])["reason"]
            for one in (await there.do("audit.find", "clerk", words="好了"))["records"]
        ]
        assert 1 == len((await there.do("audit.find", "clerk", actor="duty", object="channel/", until="1970-01-12T13:47:00Z"))["records"])
        assert [] == (await there.do("audit.find", "clerk", actor="nobody"))["records"]
        with pytest.raises(NotAllowed, match="that takes one of the rights auditor"):
            await there.do("audit.find")


async def test_a_time_without_a_zone_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    """Whose clock it is cannot be guessed."""
    async with manned(tmp_path) as there:
        for wrong, says in (("2026-11-26T08:00:00", "has no time zone"), ("gestern", "is no time")):
            with pytest.raises(FormatError, match=rf"^since: '{wrong}' {says}; write it as 2026-11-26T08:00:00\+08:00$") as caught:
                await there.do("log.find", since=wrong)
            assert ("bad-argument", "since") == (caught.value.code, caught.value.where)
