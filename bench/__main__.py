"""`python -m bench`: Fenghuo, RabbitMQ and Alertmanager up at once and driven in turn; medians, ratios, bench/results/latest.json."""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import uvloop

from bench import fan_out
from bench.own import Own
from bench.peers_alertmanager import Alertmanager
from bench.peers_rabbitmq import RabbitQuorum
from bench.probe import FsyncProbe, fsync_probe, syncs, wakeups_a_second
from bench.pump import Volley, median
from bench.report import Row, Sense, against, alone, table, write

RESULTS = Path(__file__).parent / "results" / "latest.json"
SLOW, FAST, FULL = "100/s", "1,000/s", "sustained"
LOADS = {SLOW: (150, 25, 100.0), FAST: (1500, 64, 1000.0)}
SUSTAINED_IN_FLIGHT = 128
IDLE_S = 10.0
SETTLED_S = 3.0
"""After the ready line a start still has its letters to open: heads of the audit, what cannot work in the rules."""
TRACED = 2000


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
    """The measures of both, and what our goals say of this peer (a peer that syncs, or one that does not)."""
    is_durable = name.startswith("rabbitmq")
    measures: list[tuple[str, str, Callable[[Round], float], Sense, float | None]] = [
        ("durable messages, in by HTTP, out by webhook", "1/s", lambda turn: turn.full.a_second, ">=", 2.5 if is_durable else 1.2),
        ("messages accepted", "1/s", lambda turn: turn.full.accepted_a_second, ">=", None),
        (f"ack p50 at {SLOW}", "ms", lambda turn: turn.slow.ack_ms(), "<=", 0.9 if is_durable else None),
        (f"ack p50 at {FAST}", "ms", lambda turn: turn.fast.ack_ms(), "<=", 0.6 if is_durable else None),
        (f"ack p99 at {FAST}", "ms", lambda turn: turn.fast.ack_ms(0.99), "<=", 0.8 if is_durable else None),
        (f"to the sink p50 at {SLOW}", "ms", lambda turn: turn.slow.through_ms(), "<=", None if is_durable else 2.0),
    ]
    found: list[Row] = []
    for row, unit, measure, sense, goal in measures:
        ours, theirs = median([measure(turn) for turn in own]), median([measure(turn) for turn in other])
        found.append(against(row, ours, unit, yardstick=name, other=theirs, goal=None if goal is None else (sense, goal)))
    return found


def say(sentence: str) -> None:
    """Progress, so that nobody takes the wait for a hang."""
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)


async def run(folder: Path, *, rounds: int, count: int, peers: bool, people: int) -> list[Row]:
    """All rows of one run; the fan-out by itself, when the others have gone."""
    bench = Bench(folder, rounds=rounds, count=count)
    own = Own(bench.place("fenghuo"))
    subjects: list[Subject] = [own]
    if peers:
        subjects += [RabbitQuorum(bench.place("rabbitmq")), Alertmanager(bench.place("alertmanager"))]
    try:
        await own.start()
        await asyncio.sleep(SETTLED_S)
        idle = await wakeups_a_second(own.pid, IDLE_S)
        for subject in subjects[1:]:
            say(f"starting {subject.name}")
            await subject.start()
        await bench.take_turns(subjects)
        counted = await syncs(own.pid, lambda: bench.volley(own, TRACED, in_flight=64))
    finally:
        for subject in reversed(subjects):
            await subject.stop()
    return [
        *bench.rows(),
        alone("fsyncs a message, 64 in flight", counted / TRACED, "", goal=("<=", 0.3)),
        alone("start until ready", own.start_s, "s", goal=("<=", 0.5)),
        alone("wake-ups while idle", idle, "1/s", goal=("<=", 1.0)),
        *(await fan_out.run(bench.place("fan-out"), people=people) if people else ()),
    ]


def main() -> None:
    """Run, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each subject (default 3)")
    parser.add_argument("--count", type=int, default=3000, help="messages of a sustained volley (default 3000)")
    parser.add_argument("--people", type=int, default=1_000_000, help="size of the public of the fan-out, 0 for none (default 1,000,000)")
    parser.add_argument("--alone", action="store_true", help="without the peers: for work on our own path; writes no results")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-bench-"))
    gc.disable()  # what is collected in the middle of a volley would be counted against whoever is being measured
    try:
        rows = uvloop.run(run(folder, rounds=given.rounds, count=given.count, peers=not given.alone, people=given.people))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(rows))
    if not given.alone:
        write(rows, RESULTS)


if __name__ == "__main__":
    main()
