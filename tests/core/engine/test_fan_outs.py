"""Whole publics told page by page: what leaves, what is known of whom, and what a crash or a Cancel makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.facts import FanOutCounted, MessageEnded
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.model.delivery import (
    Accepted,
    DeliveryState,
    ObjectiveState,
    Paged,
    Permanent,
    Reached,
    Scope,
    Transient,
    Unknown,
)
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Doubt, Emission
from fenghuo.service.why import why_view
from fenghuo.store import Tx
from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import FAN_OUT, MESSAGE, PAGE, PAGE_ATTEMPT
from tests.core.engine.house import House, opened
from tests.core.engine.public import (
    BULK,
    NEED_DEVICE,
    NORTH,
    NORTH_AREA,
    PUBLIC_RULES,
    SOUTH,
    SOUTH_AREA,
    alert,
    cap,
    enrol,
    numbers,
    rows,
    told,
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as made:
        await enrol(made, NORTH, SOUTH)
        yield made


async def test_everybody_in_the_areas_of_an_alert_gets_it_once_and_nobody_else(house: House) -> None:
    """The pages of one area leave, a thousand at most on each, under a token of their own; the objective is met."""
    await alert(house, "one", NORTH_AREA)
    assert sorted(NORTH) == told(house)
    assert [300, 1000, 1000] == sorted(len(sheet.addresses) for sheet in house.channel["a"].pages)
    assert 3 == len({sheet.token for sheet in house.channel["a"].pages})
    (objective,) = await house.objectives()
    assert (ObjectiveState.MET, 2300, 2300, 0) == (objective.state, objective.total, objective.met, objective.ended)
    assert [True] == [row.done for row in await house.store.find(FAN_OUT)]
    assert {} == house.room.book.objectives


async def test_every_page_has_its_attempt_on_the_disk_before_it_leaves(house: House) -> None:
    """I2, for a thousand people at once."""
    seen: list[tuple[str, ...]] = []

    def on_disk(tx: Tx, emission: Emission) -> tuple[str, ...]:
        (attempt,) = tx.find(PAGE_ATTEMPT, "token = ? AND n = ?", emission.token, emission.n)
        page = tx.get(PAGE, attempt.objective, attempt.number)
        return attempt.outcome, page.state.value if page else "gone"

    async def look(emission: Emission) -> None:
        seen.append(await house.store.run(lambda tx: on_disk(tx, emission)))

    house.channel["a"].during = look
    await alert(house, "one", NORTH_AREA)
    assert [("", "EMITTING")] * 3 == seen
    assert {"reached ACCEPTED"} == {row.outcome for row in await house.store.find(PAGE_ATTEMPT)}


async def test_a_held_alert_tells_nobody_until_it_is_released(tmp_path: Path) -> None:
    """The intent is on the disk with the plan; the second signature lets it go."""
    rules = PUBLIC_RULES.replace("signatures = 0", "signatures = 2")
    async with opened(tmp_path, rules=rules, a=BULK, b=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        answer = await house.take(cap("one", SOUTH_AREA))
        assert isinstance(answer, Accepted)
        assert [] == told(house)
        await house.room.release.sign(answer.id, "anna")
        await house.room.release.sign(answer.id, "bert")
        await house.settle()
        assert sorted(SOUTH) == told(house)


async def test_those_a_gateway_refuses_are_counted_and_the_rest_is_not_told_again(house: House) -> None:
    """Outcomes speak of single people on a page: two bad numbers end, one that was busy is tried again alone."""
    bad, busy = Permanent(Scope.RECIPIENT, "unknown-number"), Transient(Scope.RECIPIENT, "busy", 5.0)
    house.channel["a"].page_outcomes.append(Paged(Reached(Evidence.ACCEPTED), ((3, bad), (4, bad), (5, busy))))
    await alert(house, "one", SOUTH_AREA)
    (page,) = await rows(house)
    assert (DeliveryState.READY, 697, 2) == (page.state, page.met, page.ended)
    await house.later(6.0)
    assert [700, 1] == [len(sheet.addresses) for sheet in house.channel["a"].pages]
    assert (SOUTH[5],) == house.channel["a"].pages[1].addresses
    (objective,) = await house.objectives()
    assert (ObjectiveState.MISSED, 698, 2) == (objective.state, objective.met, objective.ended)


async def test_a_page_that_its_channel_did_not_take_goes_over_the_next_one(house: House) -> None:
    """A dead channel costs the channel, never the page."""
    house.channel["a"].page_outcomes.extend([Transient(Scope.CHANNEL, "link-lost")] * 3)
    await alert(house, "one", NORTH_AREA)
    await house.later(3.0)
    assert sorted(NORTH) == sorted(address for sheet in house.channel["b"].pages for address in sheet.addresses)
    assert [ObjectiveState.MET] == [row.state for row in await house.objectives()]


@pytest.mark.parametrize(("doubt", "severity", "copies"), [("idempotent", "Minor", 1), ("opaque", "Severe", 1), ("opaque", "Minor", 0)])
async def test_a_doubtful_page_goes_again_as_its_channel_allows(tmp_path: Path, doubt: str, severity: str, copies: int) -> None:
    """Idempotent: the same token again. Opaque: a marked copy when it is urgent, and nothing when it is not and there is no other way."""
    caps = msgspec.structs.replace(BULK, doubt=Doubt(doubt))
    rules = PUBLIC_RULES.replace('channels = ["a", "b"]', 'channels = ["a"]')
    async with opened(tmp_path, rules=rules, a=caps) as house:
        await enrol(house, NORTH, SOUTH)
        house.channel["a"].page_outcomes.append(Unknown("timeout"))
        await alert(house, "one", SOUTH_AREA, severity=severity)
        for _ in range(20):
            await house.later(2.5)
            await asyncio.sleep(0)
        first, *again = house.channel["a"].pages
        assert copies == len(again)
        assert all(sheet.token == first.token and sheet.n == 2 for sheet in again)
        assert ["重发" in sheet.text for sheet in again] == [doubt == "opaque"] * copies
        (objective,) = await house.objectives()
        assert (700 * copies, 700 * (1 - copies)) == (objective.met, objective.ended)


async def test_a_crash_in_the_middle_loses_nobody_and_copies_only_what_was_in_doubt(tmp_path: Path) -> None:
    """Pages that were never begun go after the restart; of two that were on the air each goes once more, marked."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        stuck = asyncio.Event()
        sent: list[int] = []

        async def hang(emission: Emission) -> None:
            sent.append(len(sent))
            if len(sent) > 1:
                await stuck.wait()

        house.channel["a"].during = hang
        await alert(house, "one", NORTH_AREA, SOUTH_AREA)
        before = list(house.channel["a"].pages)
        clock = house.clock
    clock.now += 1.0
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK, clock=clock) as house:
        await house.later(3.0)
        await house.later(3.0)
        after = list(house.channel["a"].pages)
        (objective,) = await house.objectives()
    once, doubtful = before[0].addresses, {address for sheet in before[1:] for address in sheet.addresses}
    got = [address for sheet in after for address in sheet.addresses]
    assert {*NORTH, *SOUTH} == {*once, *doubtful, *got}
    assert not set(once) & set(got)
    assert len(got) == len(set(got))
    assert all("重发1" in sheet.text for sheet in after if doubtful & set(sheet.addresses))
    assert all("重发" not in sheet.text for sheet in after if not doubtful & set(sheet.addresses))
    assert (ObjectiveState.MET, 3000) == (objective.state, objective.met)


@pytest.mark.parametrize(("off_s", "is_cancelled", "end"), [(1.0, True, ObjectiveState.WAIVED), (7_200.0, False, ObjectiveState.MISSED)])
async def test_what_was_over_before_a_restart_knew_of_it_ends_with_it(
    tmp_path: Path, off_s: float, is_cancelled: bool, end: ObjectiveState
) -> None:
    """Cancelled just before the crash, or expired while nobody was there and before it was planned: no page waits for ever."""
    async with opened(tmp_path, rules=PUBLIC_RULES, up=False, a=BULK, b=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        house.down("a")
        house.down("b")
        if is_cancelled:
            await alert(house, "one", NORTH_AREA)
        last = cap("two", NORTH_AREA, action="Cancel", ends="one") if is_cancelled else cap("one", NORTH_AREA)
        await house.room.intake.accept(Submission(last, Origin("met"), author="met", signers=("anna", "bert")))
        clock, roll = house.clock, house.office.roll
    clock.now += off_s

    def enrolled(house: House) -> None:
        house.office.roll = roll

    async with opened(tmp_path, rules=PUBLIC_RULES, clock=clock, before=enrolled, a=BULK, b=BULK) as house:
        await house.later(10.0)
        assert (0, []) == (len(house.room.fan_outs), house.channel["a"].pages + house.channel["b"].pages)
        assert end == (await house.objectives())[0].state


async def test_a_cancel_stops_what_has_not_left_and_goes_to_exactly_who_got_it(house: House) -> None:
    """Two pages are out, and two people on them were refused; whoever is on the others hears nothing, neither then nor now."""
    channel = house.channel["a"]
    house.down("b")
    refused = Permanent(Scope.RECIPIENT, "unknown-number")
    channel.page_outcomes.extend([Paged(Reached(Evidence.ACCEPTED), ((0, refused),)), Transient(Scope.CHANNEL, "busy", 600.0)])
    hung, gate = asyncio.Event(), asyncio.Event()

    async def hang(emission: Emission) -> None:
        if len(channel.pages) == 4:
            hung.set()
            await gate.wait()

    channel.during = hang
    await alert(house, "one", NORTH_AREA, SOUTH_AREA)
    first, unsent, third, flying = channel.pages
    await alert(house, "two", action="Cancel", ends="one")
    gate.set()
    await house.settle()
    cancels = channel.pages[4:]
    reached = sorted({*first.addresses, *third.addresses, *flying.addresses} - {first.addresses[0]})
    assert reached == sorted(address for sheet in cancels for address in sheet.addresses)
    assert all("two" in sheet.text for sheet in cancels)
    assert not set(unsent.addresses) & {address for sheet in cancels for address in sheet.addresses}
    await house.later(700.0)
    assert len(cancels) == len(channel.pages[4:])
    original, cancel = await house.objectives()
    assert (ObjectiveState.WAIVED, ObjectiveState.MET) == (original.state, cancel.state)
    assert (Priority.P0, len(reached)) == (cancel.priority, cancel.total)


async def test_an_update_goes_to_its_own_areas_and_to_whoever_got_what_it_replaces(house: House) -> None:
    """The first said both areas, the second says one of them: the other hears it too, and nobody twice."""
    await alert(house, "one", NORTH_AREA, SOUTH_AREA)
    await alert(house, "two", NORTH_AREA, action="Update", ends="one", after_s=1.0)
    updates = [sheet for sheet in house.channel["a"].pages if "two" in sheet.text]
    assert sorted([*NORTH, *SOUTH]) == sorted(address for sheet in updates for address in sheet.addresses)
    await alert(house, "three", action="Cancel", ends="one", after_s=2.0)
    cancels = [sheet for sheet in house.channel["a"].pages if "three" in sheet.text]
    assert sorted([*NORTH, *SOUTH]) == sorted(address for sheet in cancels for address in sheet.addresses)


async def test_a_count_that_crosses_the_end_of_its_alert_does_not_open_it_again(tmp_path: Path) -> None:
    """It was counted before the Cancel and comes after it, in one turn that takes long: found by a power cut, and mended."""
    async with opened(tmp_path, rules=NEED_DEVICE, a=BULK) as house:
        await enrol(house, [], SOUTH[:5])
        answer = await alert(house, "one", SOUTH_AREA)
        (objective,) = await house.objectives()
        house.room.facts.put(MessageEnded(answer.id, 1, MessageState.CANCELLED))
        house.room.facts.put(FanOutCounted(objective.id, 2, 0, 5, Evidence.DEVICE))
        await house.settle()
        (objective,) = await house.objectives()
        assert (ObjectiveState.WAIVED, 2, 3) == (objective.state, objective.met, objective.ended)


async def test_what_is_not_confirmed_when_the_alert_expires_is_a_miss_that_people_see(tmp_path: Path) -> None:
    async with opened(tmp_path, rules=NEED_DEVICE, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        await alert(house, "one", SOUTH_AREA)
        await house.later(7200.0)
        (objective,) = await house.objectives()
        assert (ObjectiveState.MISSED, 0, 700) == (objective.state, objective.met, objective.ended)
        assert 1 == len(await house.events("alarm.objective_missed"))
        assert [DeliveryState.EXPIRED] == [page.state for page in await rows(house)]


async def test_an_order_over_the_same_channel_goes_between_the_pages(house: House) -> None:
    """Pages take half of what a channel may carry: with all of theirs stuck, an order of a lower class leaves at once."""
    gate = asyncio.Event()

    async def hang(emission: Emission) -> None:
        if "one" in emission.payload.text:
            await gate.wait()

    house.channel["a"].during = house.channel["b"].during = hang
    await alert(house, "one", NORTH_AREA, SOUTH_AREA)
    assert 4 == len(house.channel["a"].pages)
    await house.order("wang", priority="P4")
    assert 1 == len(house.sent)
    gate.set()
    await house.settle()


async def test_the_urgent_public_goes_first(house: House) -> None:
    """An alert of a higher class passes every page of a lower one that has not begun."""
    house.down("b")
    gate = asyncio.Event()

    async def hang(emission: Emission) -> None:
        await gate.wait()

    house.channel["a"].during = hang
    await enrol(house, numbers(0, 20_000), SOUTH)
    await alert(house, "slow", NORTH_AREA, severity="Minor")
    await alert(house, "fast", SOUTH_AREA, severity="Extreme")
    gate.set()
    await house.settle()
    texts = [sheet.text for sheet in house.channel["a"].pages]
    assert 4 == next(place for place, text in enumerate(texts) if "fast" in text)
    assert 21 == len(texts)


async def test_why_tells_how_far_a_public_has_come(house: House) -> None:
    """One line for all of it: how many have what is needed, what is on the air, and what has not begun."""
    house.down("b")
    gate = asyncio.Event()

    async def hang(emission: Emission) -> None:
        if len(house.channel["a"].pages) > 1:
            await gate.wait()

    house.channel["a"].during = hang
    await enrol(house, numbers(0, 6_000), [])
    answer = await alert(house, "one", NORTH_AREA)
    (row,) = await house.store.find(MESSAGE, "id = ?", answer.id)
    (public,) = (await why_view(house.store, row, recipient="", limit=10))["objectives"][0]["targets"]
    assert public["says"].startswith("1000 of 6000 have ACCEPTED, 0 will not get it; 5000 on 5 pages that have begun; 1000 on pages that")
    expected = [
        ("a", "EMITTING", "4 pages with 4000 people are on the air; 0 of them have ACCEPTED"),
        ("a", "MET", "1 pages with 1000 people are at their end; 1000 of them have ACCEPTED"),
    ]
    assert expected == [(way["channel"], way["state"], way["says"]) for way in public["chosen"]]
    gate.set()
    await house.settle()


async def test_a_public_of_nobody_is_an_alarm(house: House) -> None:
    await enrol(house, [], [])
    await alert(house, "one", NORTH_AREA)
    assert 1 == len(await house.events("alarm.nobody"))
    assert [] == told(house)


async def test_a_damaged_page_of_the_roll_tells_nobody_else_and_is_alarmed(tmp_path: Path) -> None:
    """Nobody on it is told something in the name of a flipped bit; the other pages go."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)

        with contextlib.closing(sqlite3.connect(house.store.folder / DATABASE)) as disk, disk:
            disk.execute("UPDATE roll SET addresses = CAST(replace(addresses, '38', '39') AS BLOB) WHERE id = 2")
        await alert(house, "one", NORTH_AREA, SOUTH_AREA)
        assert 2_000 == len(told(house))
        assert all(address in {*NORTH, *SOUTH} for address in told(house))
        assert ["roll"] == [body["table"] for body in await house.events("alarm.row_damaged")]


async def test_a_channel_over_which_a_page_would_come_too_late_is_left_to_the_next(house: House) -> None:
    """An hour and a half on the air, and the alert ends in an hour: the alternate carries everybody, and the reason is kept."""
    house.channel["a"].airtime_s = 5400.0
    await alert(house, "one", NORTH_AREA)
    assert (sorted(NORTH), []) == (told(house, "b"), told(house, "a"))
    (left,) = [one for event in await house.events("objective.left_out") for one in event["left_out"]]
    says = "it would take 5401 s (0 s of others first, 5400 s on the air, 1 s on the way), and the content expires in 3600 s"
    assert ("a", f"{says}; tried when no way in time is left") == (left["channel"], left["reason"])


async def test_where_every_page_would_come_too_late_the_public_is_told_all_the_same(house: House) -> None:
    """A forecast leaves nobody without a way."""
    house.channel["a"].airtime_s = house.channel["b"].airtime_s = 5400.0
    await alert(house, "one", NORTH_AREA)
    assert sorted(NORTH) == told(house, "a")
