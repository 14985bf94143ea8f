"""What others say is out: a suspicion, for all that a channel serves or for whoever is there, until it ends or a device says otherwise."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.engine.facts import ChannelObserved
from fenghuo.engine.health import Sign
from fenghuo.engine.outages import Outage, is_everywhere, is_there, next_end_at, places_of, standing
from fenghuo.engine.outages_heard import ROW
from fenghuo.model.area import AreaRef
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Capabilities
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import META
from tests.core.engine.house import House, opened
from tests.core.engine.values import HUANGJING_MCA, HUANGJING_NBS, NOW, SHUANGFENG_MCA, directory, view

TWO = """
[ladders.two]
[[ladders.two.rungs]]
channels = ["a", "b"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
needed = "DEVICE"
deadline_s = 300
ladder = "two"
"""


DEAR = Capabilities(form="sms", evidence_max=Evidence.DEVICE, concurrency=8, fee_fen=9.0)


async def said(house: House, outage: Outage) -> None:
    await house.room.outages.report(outage)
    await house.settle()


def word(what: str = "cell:opA", area: AreaRef | None = None, **changes: object) -> Outage:
    plain = Outage("k", what, area, since=NOW, reported_at=NOW, expires_at=NOW + 3600.0, by="opA")
    return msgspec.structs.replace(plain, **changes)


def state(house: House, name: str = "a") -> Health:
    instance = house.room.board.get(name)
    assert instance is not None
    return instance.health.state


async def order(house: House, to: str) -> str:
    """The channel over which an order to somebody goes at once."""
    before = len(house.sent)
    await house.order(to, text=f"第 {before} 号")
    return house.sent[before].channel


def test_a_word_holds_from_its_beginning_to_its_end() -> None:
    """And the next turn is when one of them comes."""
    early, late = word(key="early"), word(key="late", since=NOW + 60.0, expires_at=NOW + 120.0)
    assert (early,) == standing((early, late), NOW)
    assert (early, late) == standing((early, late), NOW + 60.0)
    assert (early,) == standing((early, late), NOW + 120.0)
    assert [NOW + 60.0, NOW + 120.0, NOW + 3600.0, None] == [next_end_at((early, late), NOW + at) for at in (0.0, 60.0, 120.0, 3600.0)]


def test_where_somebody_is_the_directory_says_by_either_code() -> None:
    """A person where it answers for, a post where it stands, and nowhere where nobody knows."""
    who = directory()
    assert [{HUANGJING_MCA}, {HUANGJING_MCA}, {SHUANGFENG_MCA}, set()] == [
        set(places_of(one, who)) for one in ("huang", "org:hj", "area:mca:320585109", "group:all")
    ]
    assert is_there(HUANGJING_NBS, {HUANGJING_MCA}, who)
    assert not is_there(HUANGJING_NBS, {SHUANGFENG_MCA}, who)
    assert not is_there(AreaRef.parse("mca:320585"), (), who)


def test_a_word_about_all_that_a_channel_serves_is_about_the_channel() -> None:
    """Everywhere, or the whole county in which everybody with a telephone is; one town of it is not."""
    telephones, who = view("a"), directory()
    assert [True, True, False] == [
        is_everywhere(word(area=area), telephones, who) for area in (None, AreaRef.parse("mca:320585"), HUANGJING_MCA)
    ]


async def test_what_is_said_to_be_out_gives_way_at_once_and_is_no_more_than_suspect(tmp_path: Path) -> None:
    """Before anything has failed the next order goes the other way; said ten times it is still not down; ended, it is believed again."""
    async with opened(tmp_path, rules=TWO, b=DEAR) as house:
        assert "a" == await order(house, "wang")
        for _ in range(10):
            await said(house, word("a"))
        assert (Health.SUSPECT, "b") == (state(house), await order(house, "wang"))
        house.room.outages.look()
        assert [["up", "suspect"]] == [[told["before"], told["after"]] for told in (await house.events("channel.health"))[3:]]
        (stands,) = house.room.outages.standing()
        await house.room.outages.end(stands, "repaired")
        await house.settle()
        assert (Health.UP, "a") == (state(house), await order(house, "wang"))
        assert ["repaired"] == [told["because"] for told in await house.events("outage.ended")]


async def test_a_word_about_one_town_is_about_whoever_is_there(tmp_path: Path) -> None:
    """The centre is well, and so is the channel for everybody else; who is there is told another way."""
    async with opened(tmp_path, rules=TWO, b=DEAR) as house:
        await said(house, word("a", HUANGJING_NBS))
        assert Health.UP is state(house)
        assert ["b", "a"] == [await order(house, "huang"), await order(house, "wang")]
        house.clock.now += 3600.0
        house.room.outages.look()
        await house.settle()
        assert "a" == await order(house, "huang")


async def test_a_device_that_has_a_message_over_it_says_otherwise(tmp_path: Path) -> None:
    """For the channel as a whole where the word was about it, else for that one recipient; the same word again casts no new doubt."""
    async with opened(tmp_path, rules=TWO, b=DEAR) as house:
        house.down("b")
        for area, whom, doubts in ((None, "wang", Health.UP), (HUANGJING_MCA, "huang", Health.UP), (SHUANGFENG_MCA, "huang", Health.UP)):
            await said(house, word("a", area))
            assert "a" == await order(house, whom)
            await house.receipt(house.sent[-1])
            await said(house, word("a", area, expires_at=NOW + 7200.0))
            assert (Health.UP, doubts) == (state(house), house.room.board.situation_for(whom).channel["a"].health)
        assert Health.SUSPECT is house.room.board.situation_for("area:mca:320585109").channel["a"].health
        assert ["huang has it over a all the same"] == [told["message"] for told in await house.events("outage.contradicted")][1:]


async def test_that_a_gateway_takes_it_or_a_probe_is_answered_clears_nothing_that_a_receipt_could(tmp_path: Path) -> None:
    """The centre answers for itself, and the cells behind it are what is out."""
    async with opened(tmp_path, rules=TWO, b=DEAR) as house:
        await said(house, word("a"))
        for sign in (Sign.SENT, Sign.HEARD, Sign.ANSWERED, Sign.TRIAL):
            house.room.facts.put(ChannelObserved("a", sign))
        await house.settle()
        assert Health.SUSPECT is state(house)


async def test_what_failed_by_itself_meanwhile_is_not_cleared_with_the_word(tmp_path: Path) -> None:
    """The end of the word is the end of the word; and what went down is down, whatever is said."""
    async with opened(tmp_path, rules=TWO, b=DEAR) as house:
        await said(house, word("a"))
        house.room.facts.put(ChannelObserved("a", Sign.FAILED, recipient="x"))
        await house.settle()
        (stands,) = house.room.outages.standing()
        await house.room.outages.end(stands, "")
        await house.settle()
        assert Health.SUSPECT is state(house)
        house.down("b")
        await said(house, word("b"))
        assert Health.DOWN is state(house, "b")


async def test_it_outlives_a_restart_and_waits_for_its_channel(tmp_path: Path) -> None:
    """A channel that comes up under a word that stands is suspect as soon as it is up; one whose time is over meanwhile says nothing."""
    async with opened(tmp_path, rules=TWO, b=DEAR) as house:
        await said(house, word("a"))
        await said(house, word("b", key="short", expires_at=NOW + 60.0))
        clock = house.clock
    clock.now += 120.0
    async with opened(tmp_path, rules=TWO, b=DEAR, clock=clock, up=False) as house:
        house.room.outages.look()
        assert Health.UNKNOWN is state(house)
        house.up()
        await house.settle()
        house.room.outages.look()
        await house.settle()
        assert (Health.SUSPECT, Health.UP) == (state(house), state(house, "b"))
        assert ["a"] == [one.what for one in house.room.outages]


async def test_a_word_that_cannot_be_read_stops_no_start(tmp_path: Path) -> None:
    """The next one is told, and the others stand."""
    async with opened(tmp_path) as house:
        await said(house, word("a", None))
        await house.store.run(lambda tx: tx.put(META, MetaRow(ROW + "opB/x", '{"expires_at":null}')))
    async with opened(tmp_path) as house:
        assert 1 == len(house.room.outages.standing())
        assert 1 == len(await house.events("alarm.outage_lost"))
