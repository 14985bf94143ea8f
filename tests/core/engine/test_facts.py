"""The queue of what has happened: everyone puts, one takes."""

from __future__ import annotations

import asyncio

from fenghuo.engine.facts import ChannelSwitched, Denial, DirectoryChanged, Fact, Facts, RulesChanged
from tests.scale import PATIENCE_S


def test_facts_come_in_the_order_in_which_they_happened() -> None:
    """All that wait, oldest first, and each once."""
    facts = Facts()
    happened: list[Fact] = [ChannelSwitched("a"), Denial(1, "over"), ChannelSwitched("a")]
    for fact in happened:
        facts.put(fact)
    assert (3, happened) == (len(facts), facts.drain())
    assert (0, []) == (len(facts), facts.drain())


async def test_waiting_ends_with_the_first_fact() -> None:
    """The loop sleeps until something happens, and is awake before it asks what."""
    facts = Facts()
    waiting = asyncio.create_task(facts.arrival())
    await asyncio.sleep(0)
    assert not waiting.done()
    facts.put(RulesChanged())
    await waiting
    assert [RulesChanged()] == facts.drain()


async def test_what_came_before_the_wait_is_not_slept_over() -> None:
    """A fact between two looks ends the next wait at once."""
    facts = Facts()
    facts.put(RulesChanged())
    await asyncio.wait_for(facts.arrival(), PATIENCE_S)


async def test_after_taking_everything_the_loop_waits_again() -> None:
    """An empty queue makes no hot loop."""
    facts = Facts()
    facts.put(RulesChanged())
    facts.drain()
    waiting = asyncio.create_task(facts.arrival())
    await asyncio.sleep(0)
    assert not waiting.done()
    facts.put(DirectoryChanged())
    await waiting


async def test_a_wake_brings_no_fact() -> None:
    """A timer lets the loop look; there is nothing to take."""
    facts = Facts()
    facts.wake()
    await asyncio.wait_for(facts.arrival(), PATIENCE_S)
    assert (0, []) == (len(facts), facts.drain())


async def test_a_fact_put_while_others_are_worked_on_waits_for_the_next_turn() -> None:
    """What a turn causes is not mixed into the turn."""
    facts = Facts()
    facts.put(RulesChanged())
    for _ in facts.drain():
        facts.put(DirectoryChanged())
    await asyncio.wait_for(facts.arrival(), PATIENCE_S)
    assert [DirectoryChanged()] == facts.drain()
