"""What people do about alarms at the desk: each deed once, seen, by name, in the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.alarm_kinds import Catalogue
from fenghuo.engine.judging import Origin
from fenghuo.errors import FormatError, NotAllowed, NotFound, Outdated, WrongTraffic
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.alarm_view import alarm_views
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.desk_alarms import AlarmVerbs
from fenghuo.service.secrets import Secret
from fenghuo.store.tables import AUDIT, MESSAGE
from tests.core.engine.alarmed import CATALOGUE, Kept, kept
from tests.core.store.rows import message

HIGH, MEDIUM, LOW = "alarm.objective_missed", "alarm.message_refused", "alarm.answer_unmatched"


class Watch:
    """Three people and the token of the console before a store that hears itself."""

    def __init__(self, there: Kept) -> None:
        self.there = there
        self.desk = Desk()
        self.desk.add(AlarmVerbs(self.desk, there.store, there.clock, there.annunciator).verbs())
        both = (Traffic.ACTUAL, Traffic.SYSTEM, Traffic.TEST)
        holders = [Holder(name, ("operator", "viewer"), Origin(name, traffic=both, is_bound=True), name) for name in ("li", "wang")]
        player = Holder("player", ("operator",), Origin("player", traffic=(Traffic.EXERCISE,), is_bound=True), "player")
        seer = Holder("seer", ("viewer",), Origin("seer"), "seer")
        self.desk.hold([(Secret(f"{one.name}-secret"), one) for one in (*holders, player, seer, Holder.console())])

    async def do(self, verb: str, who: str = "li", **args: Any) -> Any:
        return await self.desk.do(self.desk.actor(f"{who}-secret", "test"), f"alarm.{verb}", args)

    async def raised(self, kind: str, subject: str = "objective/1") -> dict[str, Any]:
        await self.there.tell(kind, subject, message="m1")
        newest: dict[str, Any] = (await self.do("ls"))[-1]
        return newest

    async def audited(self) -> list[tuple[str, str, str]]:
        return [(row.action, row.object, row.actor) for row in await self.there.store.find(AUDIT, "ORDER BY seq")]


@asynccontextmanager
async def watch(folder: Path, catalogue: Catalogue = CATALOGUE) -> AsyncIterator[Watch]:
    async with kept(folder, catalogue) as there:
        yield Watch(there)


async def test_an_acknowledgement_is_a_deed_with_who_when_and_why(tmp_path: Path) -> None:
    """It is in the row, in the event, in the audit; the alarm says what it is about and by when somebody must have acted."""
    async with watch(tmp_path) as here:
        seen = await here.raised("alarm.isolated", "road/huangjing")
        assert ("MEDIUM", "UNACKED", "1970-01-12T14:01:40.000Z", {"message": "m1"}) == tuple(
            seen[key] for key in ("priority", "state", "respond_by", "args")
        )
        here.there.clock.now += 61
        (after,) = await here.do("ack", id=seen["id"], if_rev=seen["rev"], comment="船已派出")
        assert ("ACKED", "li", "船已派出", "1970-01-12T13:47:41.000Z") == tuple(
            after[key] for key in ("state", "acked_by", "comment", "acked")
        )
        assert [("alarm-ack", f"alarm/{seen['id']}", "li")] == await here.audited()
        told = (await here.there.store.events.read(0, 10))[-1]
        assert ("alarms.acked", "li", after["rev"]) == (told.type, told.body["by"], told.seq)


async def test_who_acts_on_what_has_changed_meanwhile_hears_who_was_first(tmp_path: Path) -> None:
    """Both consoles saw the same row; the second is told by name, and nothing is written."""
    async with watch(tmp_path) as here:
        seen = await here.raised("alarm.isolated", "road/huangjing")
        await here.do("ack", "wang", id=seen["id"], if_rev=seen["rev"])
        with pytest.raises(Outdated, match="was changed by wang") as late:
            await here.do("ack", "li", id=seen["id"], if_rev=seen["rev"])
        assert ("wang", here.there.clock.now) == (late.value.by, late.value.at)
        assert ["wang"] == [actor for _, _, actor in await here.audited()]


async def test_a_high_alarm_is_acknowledged_alone_and_seen(tmp_path: Path) -> None:
    """Not without its rev, and not in a heap; of the heap nothing is done. MEDIUM and LOW go together with one comment."""
    async with watch(tmp_path) as here:
        first = await here.raised(MEDIUM, "refusal/1")
        second = await here.raised(LOW, "inbox/2")
        high = await here.raised(HIGH)
        with pytest.raises(FormatError, match="is HIGH: it is acknowledged alone, by the rev of the row"):
            await here.do("ack", id=high["id"])
        revs = {str(one["id"]): one["rev"] for one in (first, second, high)}
        with pytest.raises(FormatError, match="is HIGH"):
            await here.do("ack", ids=[first["id"], second["id"], high["id"]], revs=revs)
        assert {"UNACKED"} == {one["state"] for one in await here.do("ls")}
        gone = await here.do("ack", ids=[str(first["id"]), second["id"]], revs=revs, comment="误发")
        assert [("NORMAL", "误发")] * 2 == [(one["state"], one["comment"]) for one in gone]
        await here.do("ack", id=high["id"], if_rev=high["rev"])
        assert [] == await here.do("ls")
        assert 3 == len(await here.do("ls", over=True))


async def test_a_high_alarm_is_shelved_by_two_persons_with_names(tmp_path: Path) -> None:
    """The first has asked, and it goes on calling; the same person, and the console's token, are no second one."""
    async with watch(tmp_path) as here:
        high = await here.raised("alarm.sanwu", "place/huangjing")
        asked = await here.do("shelve", id=high["id"], reason="已知", lasts_s=1800, if_rev=high["rev"])
        assert ("UNACKED", "li", None) == (asked["state"], asked["shelf_asked"]["by"], asked["held"])
        again = await here.do("shelve", id=high["id"], reason="已知", lasts_s=1800)
        assert "UNACKED" == again["state"]
        with pytest.raises(NotAllowed, match="is shelved by two persons, and the token of the console is nobody's"):
            await here.do("shelve", "console", id=high["id"], reason="已知", lasts_s=1800)
        done = await here.do("shelve", "wang", id=high["id"], reason="同意", lasts_s=60, if_rev=again["rev"])
        until = "1970-01-12T14:16:40.000Z"
        assert ("SHELVED", "li", "wang", until) == (done["state"], *(done["held"][key] for key in ("by", "second", "until")))
        assert "UNACKED" == (await here.do("unshelve", "wang", id=high["id"]))["state"]
        assert ["alarm-shelve", "alarm-shelve", "alarm-shelve", "alarm-unshelve"] == [action for action, _, _ in await here.audited()]


async def test_out_of_service_names_a_person_and_stays_until_one_says_otherwise(tmp_path: Path) -> None:
    """Whoever holds the console's token says who answers for it."""
    async with watch(tmp_path) as here:
        one = await here.raised("alarm.channel_down", "channel/sms")
        with pytest.raises(FormatError, match="say who answers for it"):
            await here.do("out_of_service", "console", id=one["id"], reason="换卡")
        out = await here.do("out_of_service", "console", id=one["id"], reason="换卡", person="陈工")
        assert ("OUT_OF_SERVICE", "陈工") == (out["state"], out["held"]["by"])
        await here.there.tell("channel.health", "channel/sms", after="up")
        await here.there.tell("alarm.channel_down", "channel/sms")
        (still,) = await here.do("ls")
        assert ("OUT_OF_SERVICE", 2, (one["id"],)) == (still["state"], still["count"], (await here.do("stats"))["out_of_service"])
        back = await here.do("return_to_service", id=one["id"], if_rev=still["rev"])
        assert ("UNACKED", None) == (back["state"], back["held"])


async def test_a_session_of_the_other_class_does_not_touch_it(tmp_path: Path) -> None:
    """An exercise acknowledges nothing real, and the real thing nothing of an exercise."""
    async with watch(tmp_path) as here:
        row = msgspec.structs.replace(message(), traffic=Traffic.EXERCISE)
        await here.there.store.run(lambda tx: tx.insert(MESSAGE, row))
        played, real = await here.raised("alarm.no_rule", "message/m1"), await here.raised("alarm.isolated", "road/huangjing")
        assert ("SUPPRESSED", "Exercise") == (played["state"], played["traffic"])
        with pytest.raises(WrongTraffic, match="is logged in for Exercise, and this is Actual"):
            await here.do("ack", "player", id=real["id"], if_rev=real["rev"])
        with pytest.raises(WrongTraffic, match="is logged in for Actual, and this is Exercise"):
            await here.do("ack", "li", id=played["id"], if_rev=played["rev"])
        await here.do("ack", "player", id=played["id"], if_rev=played["rev"])


async def test_a_locked_session_sees_alarms_and_acknowledges_none(tmp_path: Path) -> None:
    """It has but the rights to see and to stop what goes out."""
    async with watch(tmp_path) as here:
        one = await here.raised(LOW, "inbox/2")
        locked = Actor("li", ("viewer", "stop"), "http")
        assert 1 == len(await here.desk.do(locked, "alarm.ls", {}))
        for verb in ("ack", "shelve", "unshelve", "out_of_service", "return_to_service", "silence"):
            with pytest.raises(NotAllowed, match=rf"may not alarm\.{verb}"):
                await here.desk.do(locked, f"alarm.{verb}", {"id": one["id"]})


async def test_silence_is_short_is_written_down_and_acknowledges_nothing(tmp_path: Path) -> None:
    """Two minutes at most."""
    async with watch(tmp_path) as here:
        await here.raised(LOW, "inbox/2")
        assert {"until": "1970-01-12T13:48:40.000Z", "by": "li"} == await here.do("silence")
        with pytest.raises(FormatError, match=r"<= 120\.0"):
            await here.do("silence", lasts_s=121.0)
        assert (["UNACKED"], ["alarm-silence"]) == ([one["state"] for one in await here.do("ls")], [row[0] for row in await here.audited()])


async def test_what_is_not_there_is_refused_with_its_number(tmp_path: Path) -> None:
    """Nobody acknowledges by a slip of the hand; what is over says so."""
    async with watch(tmp_path) as here:
        with pytest.raises(NotFound, match="no alarm 77 is open"):
            await here.do("ack", id=77)
        with pytest.raises(NotFound, match="no alarm 77 was ever raised here"):
            await here.do("show", id=77)
        with pytest.raises(FormatError, match="say which alarm is acknowledged"):
            await here.do("ack", comment="all")
        one = await here.raised(LOW, "inbox/2")
        await here.do("ack", id=one["id"])
        with pytest.raises(NotFound, match=f"no alarm {one['id']} is open; it was over at rev"):
            await here.do("ack", id=one["id"])
        assert "NORMAL" == (await here.do("show", id=one["id"]))["state"]


async def test_what_can_tell_no_end_any_more_is_ended_by_a_person_who_says_how_that_is_known(tmp_path: Path) -> None:
    """A sensor that was taken away never says that the mains are back."""
    async with watch(tmp_path) as here:
        one = await here.raised("alarm.power", "power/old")
        with pytest.raises(FormatError, match="says how that is known: comment"):
            await here.do("ack", id=one["id"], gone=True)
        assert "NORMAL" == (await here.do("ack", id=one["id"], gone=True, comment="传感器已拆"))[0]["state"]


async def test_the_catalogue_is_told_in_both_languages(tmp_path: Path) -> None:
    """Screens take the words from it; the alarm itself is codes and figures."""
    async with watch(tmp_path) as here:
        told = (await here.do("catalogue", "seer"))["alarm.store_full"]
        assert ("磁盘已满", "The disk is full", "HIGH", "admin", 300.0) == (
            told["zh"]["title"],
            told["en"]["title"],
            told["priority"],
            told["owner"],
            told["response_s"],
        )


async def test_what_waits_for_its_on_delay_is_on_no_list(tmp_path: Path) -> None:
    """A row that has not called is kept and not shown."""
    slow = Catalogue({**CATALOGUE.kinds, LOW: msgspec.structs.replace(CATALOGUE.kinds[LOW], on_delay_s=30.0)})
    async with watch(tmp_path, slow) as here:
        await here.there.tell(LOW, "inbox/2")
        assert ([], []) == (await here.do("ls"), await alarm_views(here.there.store))
