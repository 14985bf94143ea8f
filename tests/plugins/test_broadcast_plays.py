"""What was started is remembered under one number for good, over restarts, and numbers never come twice."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo import Evidence, LinkBroken, LinkTimeout, Outcome, Permanent, Reached, Scope, StoreFull, Token, Transient, Unknown
from fenghuo.plugin.context import LoneNotes
from fenghuo_adapters.ebd_post import HttpRefused, NotSent
from fenghuo_broadcast.ebd import Envelope, Result, State
from fenghuo_broadcast.platform_outcomes import of_answer, of_failure, of_state, of_stop, worst
from fenghuo_broadcast.platform_plays import DONE, FAILED, STOPPED, DayIsFull, Plays
from tests.plugins.broadcast_fakes import FullNotes
from tests.plugins.broadcast_values import CITY, COUNTY, NOW, programme

TOWN = "010533112410300001"
FIRST, SECOND, STOP = Token("first"), Token("second"), Token("stop")


async def plays_of(notes: LoneNotes, now: float = NOW) -> Plays:
    plays = Plays(notes, COUNTY)
    await plays.load((await notes.recall()).values, now)
    return plays


async def test_a_delivery_has_one_number_over_restarts() -> None:
    """Whatever is sent again under its token names the same broadcast."""
    notes = LoneNotes()
    first = await (await plays_of(notes)).start(FIRST, programme(), TOWN, NOW)
    again = await (await plays_of(notes)).start(FIRST, programme(), TOWN, NOW + 60)
    assert first == again
    assert (f"{COUNTY}202607155581",) == first.ebmids


async def test_another_delivery_has_the_next_number() -> None:
    """Also in the same second, and after a restart."""
    notes = LoneNotes()
    await (await plays_of(notes)).start(FIRST, programme(), TOWN, NOW)
    plays = await plays_of(notes)
    numbers = [(await plays.start(Token(str(n)), programme(), TOWN, NOW)).ebmids[0][-4:] for n in range(3)]
    assert ["5582", "5583", "5584"] == numbers


async def test_a_day_has_no_more_than_its_numbers() -> None:
    """The standard has four digits: the rest of the day nothing is numbered, rather than anything twice. The last 500 are for stops."""
    notes = LoneNotes()
    await notes.keep({"count": "202607159498"})
    plays = await plays_of(notes)
    last = await plays.start(SECOND, programme(), TOWN, NOW)
    assert (f"{COUNTY}202607159499",) == last.ebmids
    with pytest.raises(DayIsFull):
        plays.look_for_room(FIRST, NOW)
    with pytest.raises(DayIsFull):
        await plays.start(FIRST, programme(), TOWN, NOW)
    plays.look_for_room(SECOND, NOW)
    stop = await plays.stop(STOP, programme(stops=True), TOWN, stops=last.ebmids, now=NOW)
    assert (f"{COUNTY}202607159500",) == stop.ebmids
    await notes.keep({"count": "202607159999"})
    plays = await plays_of(notes)
    with pytest.raises(DayIsFull):
        await plays.stop(Token("late"), programme(stops=True), TOWN, stops=last.ebmids, now=NOW)
    tomorrow = await plays.start(FIRST, programme(), TOWN, NOW + 86_400)
    assert (f"{COUNTY}202607165581",) == tomorrow.ebmids


async def test_what_could_not_be_noted_was_never_started() -> None:
    """Neither a play nor its number is remembered, however often a full store is asked: the day keeps its numbers."""
    notes = FullNotes()
    plays = await plays_of(notes)
    notes.is_full = True
    for _ in range(3):
        with pytest.raises(StoreFull):
            await plays.start(FIRST, programme(), TOWN, NOW)
    assert (None, []) == (plays.of(FIRST), plays.started("m1", TOWN))
    notes.is_full = False
    play = await plays.start(FIRST, programme(), TOWN, NOW)
    assert (f"{COUNTY}202607155581",) == play.ebmids
    assert play == (await plays_of(notes)).of(FIRST)


async def test_a_report_that_could_not_be_noted_is_noted_when_it_is_said_again() -> None:
    """Memory never knows more than the disk."""
    notes = FullNotes()
    plays = await plays_of(notes)
    play = await plays.start(FIRST, programme(), TOWN, NOW)
    notes.is_full = True
    with pytest.raises(StoreFull):
        await plays.reported(play.ebmids[0], 3)
    notes.is_full = False
    await plays.reported(play.ebmids[0], 3)
    found = (await plays_of(notes)).of(FIRST)
    assert found is not None
    assert 3 == found.state


async def test_a_stop_that_could_not_be_noted_leaves_the_one_before() -> None:
    """Under the same token."""
    notes = FullNotes()
    plays = await plays_of(notes)
    first = await plays.start(FIRST, programme(), TOWN, NOW)
    second = await plays.start(SECOND, programme(revision=2), TOWN, NOW)
    stop = await plays.stop(STOP, programme(stops=True), TOWN, stops=first.ebmids, now=NOW)
    notes.is_full = True
    with pytest.raises(StoreFull):
        await plays.stop(STOP, programme(stops=True), TOWN, stops=[*first.ebmids, *second.ebmids], now=NOW)
    assert stop == plays.of(STOP)
    assert (STOP, stop) == plays.owner(stop.ebmids[0])


async def test_a_stop_names_all_that_was_started_there() -> None:
    """Of that message at that address, each under a number of its own; a later stop finds the same."""
    notes = LoneNotes()
    plays = await plays_of(notes)
    first = await plays.start(FIRST, programme(), TOWN, NOW)
    second = await plays.start(SECOND, programme(revision=2), TOWN, NOW)
    await plays.start(Token("elsewhere"), programme(), CITY, NOW)
    await plays.start(Token("another"), programme(message="m2"), TOWN, NOW)
    assert [first, second] == plays.started("m1", TOWN)
    assert [first] == plays.started("m1", TOWN, before=2)
    stop = await plays.stop(STOP, programme(stops=True), TOWN, stops=[first.ebmids[0], second.ebmids[0]], now=NOW)
    assert 2 == len(set(stop.ebmids))
    assert stop == await (await plays_of(notes)).stop(STOP, programme(stops=True), TOWN, stops=[first.ebmids[0]], now=NOW)
    assert stop.ebmids[1] == plays.stop_of(second.ebmids[0])
    assert "" == plays.stop_of("0")
    assert [first, second] == (await plays_of(notes)).started("m1", TOWN)


async def test_until_its_end_only_our_own_stop_makes_a_play_silent() -> None:
    """ "Failed" may mean in part, "done" a part of the terminals, "cancelled" somebody else's word; and it may sound again."""
    notes = LoneNotes()
    plays = await plays_of(notes)
    number = (await plays.start(FIRST, programme(), TOWN, NOW)).ebmids[0]

    async def may_sound(at: float = NOW) -> bool:
        found = (await plays_of(notes)).of(FIRST)
        assert found is not None
        return found.may_sound(at)

    for state in (2, DONE, FAILED, STOPPED):
        await plays.reported(number, state)
        assert await may_sound()
    await plays.reported(number, STOPPED, is_silenced=True)
    assert not await may_sound()
    await plays.reported(number, 2)
    assert await may_sound()
    assert not await may_sound(programme().ends)


@pytest.mark.parametrize(
    ("state", "is_cancel", "is_over"),
    [(DONE, True, True), (STOPPED, True, True), (FAILED, True, False), (2, True, False), (FAILED, False, True), (-1, False, False)],
)
async def test_only_what_the_far_end_said_is_over_it_may_refuse_to_stop(state: int, *, is_cancel: bool, is_over: bool) -> None:
    """An Update need not wait for a stop of what failed; a Cancel says that it was refused."""
    play = msgspec.structs.replace(await (await plays_of(LoneNotes())).start(FIRST, programme(), TOWN, NOW), state=state)
    no = Permanent(Scope.RECIPIENT, "ebd-5")
    assert (Reached(Evidence.ACCEPTED) if is_over else no) == of_stop(no, play, is_cancel=is_cancel)
    for other in (Unknown("late"), Transient(Scope.CHANNEL, "connect"), Permanent(Scope.CHANNEL, "signature-refused")):
        assert other == of_stop(other, play, is_cancel=is_cancel)


async def test_what_was_reported_is_remembered() -> None:
    """Over restarts."""
    notes = LoneNotes()
    play = await (await plays_of(notes)).start(FIRST, programme(), TOWN, NOW)
    await (await plays_of(notes)).reported(play.ebmids[0], 3)
    await (await plays_of(notes)).reported("1" * 30, 3)
    found = (await plays_of(notes)).of(FIRST)
    assert found is not None
    assert 3 == found.state


async def test_what_ended_a_month_ago_is_forgotten() -> None:
    """And no sooner: receivers keep numbers as long."""
    notes = LoneNotes()
    await (await plays_of(notes)).start(FIRST, programme(), TOWN, NOW)
    month = 30 * 86_400.0
    assert (await plays_of(notes, NOW + 3600 + month - 1)).of(FIRST) is not None
    assert (await plays_of(notes, NOW + 3600 + month + 1)).of(FIRST) is None
    assert {"count"} == set((await notes.recall()).values)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (NotSent("no connection"), Transient(Scope.CHANNEL, "connect")),
        (HttpRefused(404), Transient(Scope.CHANNEL, "http-404")),
        (HttpRefused(413), Permanent(Scope.MESSAGE, "http-413")),
        (HttpRefused(503), Unknown("http-503")),
        (LinkTimeout("late"), Unknown("LinkTimeout")),
        (LinkBroken("cut"), Unknown("LinkBroken")),
    ],
)
def test_only_what_certainly_did_not_arrive_may_be_tried_again(failure: LinkBroken, outcome: Outcome) -> None:
    """A gateway that says 503 cannot tell what stands behind it."""
    assert outcome == of_failure(failure)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, Reached(Evidence.ACCEPTED, ("1",))),
        (1, Reached(Evidence.ACCEPTED, ("1",))),
        (2, Permanent(Scope.MESSAGE, "ebd-2")),
        (3, Permanent(Scope.MESSAGE, "ebd-3")),
        (4, Permanent(Scope.CHANNEL, "signature-refused")),
        (5, Permanent(Scope.RECIPIENT, "ebd-5")),
    ],
)
def test_an_answer_says_who_is_at_fault(code: int, outcome: Outcome) -> None:
    """The message, the recipient, or our keys."""
    assert outcome == of_answer(Envelope("i", "EBDResponse", CITY, COUNTY, result=Result(code)), ("1",))


def test_an_answer_may_be_a_state_and_must_be_one_of_it() -> None:
    """Of another broadcast it says nothing."""
    answer = Envelope("i", "EBMStateResponse", CITY, COUNTY, states=(State("1", 2),))
    assert Reached(Evidence.ACCEPTED, ("1",)) == of_answer(answer, ("1",))
    assert Unknown("answered-by-EBMStateResponse") == of_answer(answer, ("2",))


def test_a_terminal_counts_where_such_are_passed_on() -> None:
    """Nowhere else."""
    done = State("1", 3, by_terminal=True)
    assert [Reached(Evidence.AIRED), Reached(Evidence.DEVICE)] == [of_state(done, terminals_count=counts) for counts in (False, True)]


def test_of_several_stops_the_doubtful_one_counts() -> None:
    """Then what did not work, then the lowest of what did."""
    good, better = Reached(Evidence.ACCEPTED, ("a",)), Reached(Evidence.AIRED, ("b",))
    late, gone, no = Unknown("late"), Transient(Scope.CHANNEL, "connect"), Permanent(Scope.MESSAGE, "ebd-2")
    assert late == worst([good, no, gone, late])
    assert gone == worst([good, no, gone])
    assert no == worst([good, no])
    assert Reached(Evidence.ACCEPTED, ("b", "a")) == worst([better, good])
