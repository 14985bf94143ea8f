from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from fenghuo import COMPACT, Evidence, Inbound, InboundKind, KeyUnusable, Scope, Traffic, Transient
from fenghuo.clock import ClockQuality, SystemClock
from fenghuo.formats import compact
from fenghuo.link import Grant
from fenghuo.link.naming import name_of, note_body
from fenghuo_tiantong import TiantongSettings
from fenghuo_tiantong.returns import Return, Returns
from fenghuo_tiantong.sealed import SealedPosts
from fenghuo_tiantong.settings import SatellitePost
from tests.core.formats import compact_values
from tests.plugins.link_fakes import MemoryDisk
from tests.plugins.sms_fakes import FakeContext, FakeNotes

CENTRE, TOWN = "+8617400000001", "+8617400000011"
KEY = "5a" * 32
NOW = 1_795_514_700.0
BODY = compact.encode(compact_values.message(), compact.Rung.CODE).octets()


class Clocked:
    """A wall clock that stands where it is put."""

    def __init__(self, quality: ClockQuality = ClockQuality.NTP) -> None:
        self.now = NOW
        self.clock = SystemClock(quality=quality, wall=lambda: self.now, monotonic=lambda: self.now)


class Outbox(list[Return]):
    """What a terminal is given to send back."""

    async def add(self, _: str, item: Return) -> None:
        self.append(item)


async def posts(
    code: int, other: str, other_code: int, disk: MemoryDisk, at: Clocked, *, key: str = KEY, outbox: Outbox | None = None, **more: Any
) -> SealedPosts:
    post = SatellitePost(code=other_code, key_id=7, secret_file="key", is_head=other_code == 1, **more)
    settings = TiantongSettings(device="/dev/ttyUSB3", code=code, posts={other: post})
    made = SealedPosts(FakeContext(settings, password=key, clock=at.clock, link=disk), (outbox if outbox is not None else Outbox()).add)
    await made.begin()
    return made


async def words(
    disk: MemoryDisk, at: Clocked, *, body: bytes = BODY, traffic: Traffic = Traffic.ACTUAL, ends_in_s: float = 3600.0, **how: Any
) -> str:
    """What the centre sends to the town."""
    centre = await posts(1, TOWN, 11, disk, at, **how)
    assert await centre.not_ready(TOWN) is None
    return centre.words_for(TOWN, body, traffic, ends_in_s)


def heard(text: str, sender: str = CENTRE, taken: Callable[[], None] = lambda: None) -> Inbound:
    async def ack() -> None:
        taken()

    return Inbound(InboundKind.ANSWER, text.encode(), ack, address_kind="satphone", address=sender, text=text)


async def judged(there: SealedPosts, text: str, sender: str = CENTRE) -> list[Inbound]:
    return there.judged(heard(text, sender))


async def test_a_frame_is_its_message_whatever_number_it_comes_from() -> None:
    """The seal says who it is by; a number is free text."""
    at, town = Clocked(), await posts(11, CENTRE, 1, MemoryDisk(), Clocked())
    (told,) = await judged(town, await words(MemoryDisk(), at), sender="+8613800000001")
    assert (InboundKind.MESSAGE, CENTRE, COMPACT, True, BODY) == (told.kind, told.address, told.media_type, told.proven, told.raw)
    assert f"{CENTRE}/{name_of(BODY)}" == told.ref


async def test_a_frame_is_opened_once_in_any_life_and_lost_in_none() -> None:
    """Once the core has it, no repetition is opened, by a new process neither. A process that dies before the window is on the disk opens
    it again, so that nothing is lost: the core knows a copy. One that was taken later does not shut out one still on its way."""
    disk, at = MemoryDisk(), Clocked()
    sent = MemoryDisk()
    centre = await posts(1, TOWN, 11, sent, at)
    assert await centre.not_ready(TOWN) is None
    first, second = (centre.words_for(TOWN, BODY, Traffic.ACTUAL, 3600.0) for _ in range(2))
    town = await posts(11, CENTRE, 1, disk, at)
    (a,), (b,) = await judged(town, first), await judged(town, second)
    await b.ack()
    again = await posts(11, CENTRE, 1, disk, at)
    assert [InboundKind.MESSAGE, InboundKind.RECEIPT] == [(await judged(again, text))[0].kind for text in (first, second)]
    await a.ack()
    after = await posts(11, CENTRE, 1, disk, at)
    (repeated,) = await judged(after, first)
    assert (InboundKind.RECEIPT, None, "") == (repeated.kind, repeated.level, repeated.ref)


@pytest.mark.parametrize("fault", ["foreign key", "altered"])
async def test_what_is_not_whole_counts_for_nothing(fault: str) -> None:
    """It is kept, taken off the terminal, and is neither a message nor anybody's answer."""
    at = Clocked()
    text = await words(MemoryDisk(), at, key=KEY.replace("5a", "a5") if fault == "foreign key" else KEY)
    if fault == "altered":
        text = text[:9] + text[10] + text[9] + text[11:]
    taken: list[str] = []
    town = await posts(11, CENTRE, 1, MemoryDisk(), at)
    (kept,) = town.judged(heard(text, taken=lambda: taken.append(text)))
    await kept.ack()
    assert (InboundKind.RECEIPT, None, "", [text]) == (kept.kind, kept.level, kept.ref, taken)


@pytest.mark.parametrize(
    ("body", "traffic", "why", "told"),
    [
        (BODY, Traffic.ACTUAL, "held-area", "refused (held-area)"),
        (BODY[:-1], Traffic.ACTUAL, "truncated", "unreadable (truncated)"),
        (BODY, Traffic.EXERCISE, "", "wrong traffic"),
    ],
    ids=["not its business", "unreadable", "other traffic"],
)
async def test_what_the_town_does_not_take_its_centre_hears_of(body: bytes, traffic: Traffic, why: str, told: str) -> None:
    """Before it is off the terminal the answer stands on the disk; at the centre a person reads which message and why."""
    at, outbox, taken = Clocked(), Outbox(), list[str]()
    town = await posts(11, CENTRE, 1, MemoryDisk(), at, outbox=outbox)
    (thing,) = town.judged(heard(await words(MemoryDisk(), at, body=body, traffic=traffic), taken=lambda: taken.append("taken")))
    await (thing.refuse(why) if thing.refuse is not None else thing.ack())
    (note,) = outbox
    assert (CENTRE, traffic, ["taken"]) == (note.number, note.traffic, taken)
    assert await town.not_ready(CENTRE) is None
    back = town.words_for(CENTRE, bytes.fromhex(note.body), note.traffic, 3600.0)
    (alarm,) = await judged(await posts(1, TOWN, 11, MemoryDisk(), at), back, sender=TOWN)
    assert (InboundKind.TURNED_DOWN, TOWN, True) == (alarm.kind, alarm.address, alarm.text.endswith(told))


@pytest.mark.parametrize(("commands", "clock", "is_command"), [(True, "ntp", True), (False, "ntp", False), (True, "freerun", False)])
async def test_only_a_command_that_can_be_timed_may_start_a_device(commands: bool, clock: str, is_command: bool) -> None:
    """Where nobody can be asked for the time, a command is read like any message."""
    at = Clocked(ClockQuality(clock))
    centre = await posts(1, TOWN, 11, MemoryDisk(), at, commands=commands)
    assert await centre.not_ready(TOWN) is None
    (told,) = await judged(await posts(11, CENTRE, 1, MemoryDisk(), at), centre.words_for(TOWN, BODY, Traffic.ACTUAL, 3600.0))
    assert (InboundKind.MESSAGE, BODY, True, is_command) == (told.kind, told.raw, told.is_above, told.is_command)


async def test_what_may_be_lost_is_told_to_a_person() -> None:
    """A frame that comes after its end, or so long after others that nobody can say whether it was read: nothing is obeyed, and it is not
    silent."""
    disk, at = MemoryDisk(), Clocked()
    late, old = await words(MemoryDisk(), at, ends_in_s=60.0), await words(disk, at)
    newer = await words(disk, at)
    town = await posts(11, CENTRE, 1, MemoryDisk(), at)
    assert [InboundKind.MESSAGE] == [told.kind for told in await judged(town, newer)]
    assert [(InboundKind.REFUSED, CENTRE)] == [(told.kind, told.address) for told in await judged(town, old)]
    at.now += 24 * 3600.0
    (told,) = await judged(await posts(11, CENTRE, 1, MemoryDisk(), at), late)
    assert (InboundKind.REFUSED, "expired" in told.text) == (told.kind, True)


async def test_words_of_a_person_stay_words_and_those_of_a_post_need_a_seal() -> None:
    """A text that begins as ours do is a text; from a post's own number it is nobody's receipt."""
    town = await posts(11, CENTRE, 1, MemoryDisk(), Clocked())
    for text in ("收到#0123", "烽火台已查看"):
        assert [text] == [told.text for told in await judged(town, text, sender="+8613800000001")]
        assert [(InboundKind.RECEIPT, None)] == [(told.kind, told.level) for told in await judged(town, text)]


@pytest.mark.parametrize(
    ("level", "text", "said"),
    [
        (Evidence.HUMAN, "", ["收到#0123"]),
        (Evidence.HUMAN, "已到岗", ["收到#0123 已到岗"]),
        (Evidence.DONE, "", ["完成#0123"]),
        (Evidence.DONE, "已转移213人", ["完成#0123", "收到#0123 已转移213人"]),
        (Evidence.DEVICE, "", []),
    ],
)
async def test_a_persons_receipt_is_what_a_person_would_have_typed(level: Evidence, text: str, said: list[str]) -> None:
    """By the number that people know it by; what only a machine knows is no answer."""
    body = note_body("0000abcd.123.1", level, text, Traffic.ACTUAL)
    town = await posts(11, CENTRE, 1, MemoryDisk(), Clocked())
    found = await judged(town, await words(MemoryDisk(), Clocked(), body=body))
    assert said == [told.text for told in found if told.kind is InboundKind.ANSWER]
    assert all(told.level is None for told in found)


async def test_a_stale_key_seals_nothing() -> None:
    """A store that was copied or restored would use counters twice."""

    class Stale(MemoryDisk):
        async def reserve(self, wanted: Any) -> list[Grant]:
            return [Grant(each.lane, 0, 0, stale=True) for each in wanted]

    centre = await posts(1, TOWN, 11, Stale(), Clocked())
    assert Transient(Scope.RECIPIENT, "key-unusable", 60.0) == await centre.not_ready(TOWN)
    with pytest.raises(KeyUnusable, match="stale"):
        centre.words_for(TOWN, BODY, Traffic.ACTUAL, 60.0)


async def test_a_persons_receipt_outlives_the_process_and_is_sent_until_it_is_taken() -> None:
    """Kept before the key is answered; a life that ends before the terminal took it leaves it to the next; what is over is let go."""
    notes, sent = FakeNotes(), []
    item = Return(CENTRE, "00", Traffic.ACTUAL, NOW + 60.0)

    async def take(one: Return) -> bool:
        sent.append(one)
        return len(sent) > 1

    async def life(*, at: float = NOW) -> None:
        clock = SystemClock(wall=lambda: at, monotonic=lambda: at)
        returns = Returns(FakeContext(TiantongSettings(device="/dev/x"), notes=notes, clock=clock), take)
        await returns.recall()
        await returns.send_waiting()

    await Returns(FakeContext(TiantongSettings(device="/dev/x"), notes=notes), take).add("a/5", item)
    await life()
    assert ([item], 1) == (sent, len(notes.values))
    await life()
    assert ([item, item], {}) == (sent, notes.values)
    notes.values = {"return/b/5": msgspec.json.encode(item).decode()}
    await life(at=NOW + 61.0)
    assert (2, {}) == (len(sent), notes.values)
