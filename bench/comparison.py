"""Fenghuo and others up at once and driven in turn: rounds, medians, ratios against each yardstick, and what our goals say of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from bench.probe import FsyncProbe, fsync_probe
from bench.pump import Volley, median
from bench.report import Row, Sense, against, alone

__all__ = ["FAST", "GOALS", "SLOW", "Bench", "Round", "Subject", "say"]

SLOW, FAST, FULL = "100/s", "1,000/s", "sustained"
LOADS = {SLOW: (150, 25, 100.0), FAST: (1500, 64, 1000.0)}
SUSTAINED_IN_FLIGHT = 128
SUSTAINED = "durable messages, in by HTTP, out by webhook"
GOALS: Mapping[str, Mapping[str, float]] = {
    "rabbitmq quorum": {SUSTAINED: 2.5, f"ack p50 at {SLOW}": 0.9, f"ack p50 at {FAST}": 0.6, f"ack p99 at {FAST}": 0.8},
    "rabbitmq classic": {SUSTAINED: 2.5, f"ack p50 at {SLOW}": 0.6},
    "alertmanager": {SUSTAINED: 1.2, f"to the sink p50 at {SLOW}": 2.0},
    "kannel file": {SUSTAINED: 1.0},
    "kannel spool": {SUSTAINED: 2.5},
    "nats jetstream": {SUSTAINED: 0.5},
}
"""By yardstick, what the ratio of each measure should be (performance G1, G2)."""


class Subject(Protocol):
    """Something that takes messages durably and hands them on to a sink."""

    name: str

    async def start(self) -> None: ...

    async def volley(self, first: int, count: int, *, in_flight: int, rate: float = 0.0) -> Volley: ...

    async def stop(self) -> None: ...


class Round(msgspec.Struct, frozen=True):
    """One subject's turn."""

    slow: Volley
    fast: Volley
    full: Volley


class Bench:
    """One run. `rounds`: turns of each subject; `count`: messages of a sustained volley."""

    def __init__(self, folder: Path, *, rounds: int, count: int) -> None:
        self._rounds = rounds
        self._count = count
        self._folder = folder
        self._next = 1
        self.probes: list[FsyncProbe] = []
        self.turns: dict[str, list[Round]] = {}

    def place(self, name: str) -> Path:
        """A fresh folder for a subject."""
        place = self._folder / name.replace(" ", "-")
        place.mkdir()
        return place

    async def take_turns(self, subjects: list[Subject]) -> None:
        """A B C, A B C, …, each with every load; one volley each before that does not count."""
        for subject in subjects:
            await self.volley(subject, 500, in_flight=32)
        for number in range(1, self._rounds + 1):
            self.probes.append(fsync_probe(self._folder))
            for subject in subjects:
                turn = await self._turn(subject)
                self.turns.setdefault(subject.name, []).append(turn)
                say(f"round {number}: {subject.name}: {turn.full.a_second:.0f}/s, ack {turn.fast.ack_ms():.2f} ms at {FAST}")

    async def volley(self, subject: Subject, count: int, *, in_flight: int, rate: float = 0.0) -> Volley:
        """Send messages that no volley before had. Raises: RuntimeError when one was acknowledged and did not arrive."""
        first, self._next = self._next, self._next + count
        fired = await subject.volley(first, count, in_flight=in_flight, rate=rate)
        if fired.missing or len(fired.acked) < count:
            raise RuntimeError(f"{subject.name}: {len(fired.acked)} of {count} acknowledged, {fired.missing} of them did not arrive")
        return fired

    async def _turn(self, subject: Subject) -> Round:
        slow, fast = [await self.volley(subject, count, in_flight=flying, rate=rate) for count, flying, rate in LOADS.values()]
        return Round(slow, fast, await self.volley(subject, self._count, in_flight=SUSTAINED_IN_FLIGHT))

    def rows(self) -> list[Row]:
        """Ours beside each peer's."""
        own, *others = self.turns
        found: list[Row] = []
        for other in others:
            found += _rows(self.turns[own], self.turns[other], other)
        disk_ms = median([probe.p50_ms for probe in self.probes])
        acked_ms = median([turn.fast.ack_ms() for turn in self.turns[own]])
        found.append(against(f"ack p50 at {FAST}", acked_ms, "ms", yardstick="fdatasync 4 KiB p50", other=disk_ms, goal=("<=", 8.0)))
        found.append(alone("fdatasync 4 KiB p99", median([probe.p99_ms for probe in self.probes]), "ms"))
        return found


def _rows(own: list[Round], other: list[Round], name: str) -> list[Row]:
    """The measures of both, and what our goals say of this peer."""
    measures: list[tuple[str, str, Callable[[Round], float], Sense]] = [
        (SUSTAINED, "1/s", lambda turn: turn.full.a_second, ">="),
        ("messages accepted", "1/s", lambda turn: turn.full.accepted_a_second, ">="),
        (f"ack p50 at {SLOW}", "ms", lambda turn: turn.slow.ack_ms(), "<="),
        (f"ack p50 at {FAST}", "ms", lambda turn: turn.fast.ack_ms(), "<="),
        (f"ack p99 at {FAST}", "ms", lambda turn: turn.fast.ack_ms(0.99), "<="),
        (f"to the sink p50 at {SLOW}", "ms", lambda turn: turn.slow.through_ms(), "<="),
    ]
    found: list[Row] = []
    for row, unit, measure, sense in measures:
        ours, theirs = median([measure(turn) for turn in own]), median([measure(turn) for turn in other])
        limit = GOALS.get(name, {}).get(row)
        found.append(against(row, ours, unit, yardstick=name, other=theirs, goal=None if limit is None else (sense, limit)))
    return found


def say(sentence: str) -> None:
    """Progress, so that nobody takes the wait for a hang."""
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)
