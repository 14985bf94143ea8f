"""A start whose echo was lost and whose relay is found open: whether it never was, or was ended by somebody who leaves no trace."""

from __future__ import annotations

from typing import Any

import pytest

from fenghuo import AttemptRef, Outcome, Scope, Token, Transient, Unknown
from fenghuo.plugin.context import LoneNotes
from fenghuo_siren.plays import Attempt, Plays
from fenghuo_siren.settings import Place
from tests.plugins.siren_bench import Bench, bench, settings_at
from tests.plugins.siren_fakes import Job, Running, running

ROOF, STOP, WATCHDOG, SESSION = (1, 0), 64, 128, 300
REF = AttemptRef(Token("t-1"), 1, "1/1")
SEEN = {"session": SESSION, "timer": 200, "sound_s": 60.0, "max_on_s": 60.0}
LATCHED = SEEN | {"stop_input": STOP, "stop_latches": True}
DOGGED = LATCHED | {"watchdog": WATCHDOG}
NOW = 1_790_000_000.0
ROOF_PLACE = Place(1)

NEVER = Transient(Scope.RECIPIENT, "never-started")
SILENT = Unknown("siren 1/1 is silent, and nobody knows whether it sounded")


async def lost_start(there: Bench, run: Running) -> None:
    """The line breaks at the write of the relay; the relay is open when anybody looks next, whatever was in between."""
    there.lost.add(ROOF)
    assert isinstance(await run.channel.send(Job("1/1")), Unknown)
    there.lost.clear()


@pytest.mark.parametrize(
    ("wiring", "answer"),
    [
        (LATCHED, NEVER),
        (DOGGED | {"watchdog_s": 60.0}, NEVER),
        (SEEN, SILENT),  # a button at the cabinet opens the relay and is let go
        (SEEN | {"stop_input": STOP}, SILENT),  # that one too may be let go
        (DOGGED | {"watchdog_s": 0.1}, SILENT),  # less than the line was away
        (LATCHED | {"session": -1}, SILENT),
    ],
    ids=["latched", "fed", "no stop input", "momentary stop", "starved", "no session"],
)
async def test_an_open_relay_is_a_witness_only_where_nothing_opens_it_without_a_trace(wiring: dict[str, Any], answer: Outcome) -> None:
    """Else a siren that was stopped by its watchdog or by somebody there would be started a second time by itself."""
    async with bench() as there, running(settings_at(there, **wiring)) as run:
        await lost_start(there, run)
        assert answer == await run.channel.query(REF)


async def test_a_stop_that_is_held_when_it_is_asked_may_be_what_opened_the_relay() -> None:
    """It was pressed after the look before the start."""
    async with bench() as there, running(settings_at(there, **LATCHED)) as run:
        job = Job("1/1")

        async def pressed() -> None:
            there.inputs.add((1, STOP))

        job.emission.on_turn = pressed
        there.lost.add(ROOF)
        assert isinstance(await run.channel.send(job), Unknown)
        assert SILENT == await run.channel.query(REF)


def test_a_relay_that_was_seen_closed_was_started_whatever_stands_there_now() -> None:
    """By this start, and not by one before it."""
    plays = Plays(LoneNotes())
    first = Attempt(Token("t"), 1, ROOF_PLACE, NOW, NOW + 60)
    second = Attempt(Token("u"), 1, ROOF_PLACE, NOW + 5, NOW + 65)
    plays.begin(first, is_sure=False)
    assert not plays.was_seen_on(first)
    plays.sounding[ROOF_PLACE].is_sure = True
    assert plays.was_seen_on(first)
    plays.begin(second)
    assert not plays.was_seen_on(second)


def test_a_watchdog_that_was_hungry_once_leaves_no_witness() -> None:
    """Each gap counts from the last food that came for sure to the last instant at which the next may have come."""
    plays = Plays(LoneNotes())
    play = plays.begin(Attempt(Token("t"), 1, ROOF_PLACE, NOW, NOW + 60), is_sure=False)
    plays.fed(ROOF_PLACE, NOW + 0.4, NOW + 0.9, 1.0)
    assert not play.is_hungry(NOW + 1.4, 1.0)
    assert play.is_hungry(NOW + 1.5, 1.0)
    plays.fed(ROOF_PLACE, NOW + 1.0, NOW + 1.5, 1.0)
    assert play.is_hungry(NOW + 1.5, 1.0)
