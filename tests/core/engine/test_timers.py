"""One timer for whatever is due first."""

from __future__ import annotations

import asyncio

from fenghuo.engine.book import OpenMessage, OpenObjective, OpenTarget
from fenghuo.engine.facts import Facts, RulesChanged
from fenghuo.engine.timers import Deadline, Timers
from fenghuo.model.message import MessageState
from tests.core.engine.values import message, objective, rung, target
from tests.core.plugin.virtual import LoopClock, run


def opened() -> OpenTarget:
    entry = OpenMessage(message(), MessageState.ACTIVE)
    return OpenTarget(target(), OpenObjective(objective(), entry, (rung("a"),), ()))


def test_what_is_due_comes_earliest_first_and_once() -> None:
    """Nothing comes early, nothing comes twice."""
    timers = Timers(LoopClock())
    for when in (3.0, 1.0, 2.0):
        timers.at(when, Deadline(int(when)))
    assert [Deadline(1), Deadline(2)] == timers.due(2.0)
    assert [] == timers.due(2.0)
    assert [Deadline(3)] == timers.due(9.0)


def test_a_target_is_armed_once_for_its_earliest_time() -> None:
    """A target that asks again and again for the same wake-up fills no memory."""
    timers, entry = Timers(LoopClock()), opened()
    for when in (5.0, 5.0, 7.0, 5.0):
        timers.at(when, entry)
    assert [entry] == timers.due(10.0)


def test_an_earlier_time_counts_as_well() -> None:
    """A target that must be looked at sooner is; the later look finds nothing to do."""
    timers, entry = Timers(LoopClock()), opened()
    timers.at(7.0, entry)
    timers.at(5.0, entry)
    assert [entry] == timers.due(5.0)


def test_waiting_ends_with_the_first_timer() -> None:
    """The loop sleeps until something is due, to the second."""

    async def story() -> None:
        clock, facts = LoopClock(), Facts()
        timers = Timers(clock)
        began = clock.time()
        timers.at(began + 3600.0, Deadline(1))
        await timers.until_due_or(facts)
        assert 3600.0 == clock.time() - began

    run(story)


def test_waiting_ends_with_a_fact() -> None:
    """News interrupts the sleep."""

    async def story() -> None:
        clock, facts = LoopClock(), Facts()
        timers = Timers(clock)
        began = clock.time()
        timers.at(began + 3600.0, Deadline(1))
        asyncio.get_running_loop().call_later(10.0, facts.put, RulesChanged())
        await timers.until_due_or(facts)
        assert 10.0 == clock.time() - began

    run(story)


def test_what_is_overdue_is_not_waited_for() -> None:
    """A timer in the past ends the wait at once."""

    async def story() -> None:
        clock = LoopClock()
        timers = Timers(clock)
        timers.at(clock.time() - 5.0, Deadline(1))
        await timers.until_due_or(Facts())

    run(story)
