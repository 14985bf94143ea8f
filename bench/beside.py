"""Fenghuo beside what a user would pick instead, in one run: `python -m bench.beside kannel-file`; without a name beside all of them."""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop

from bench.comparison import Bench, Subject, say
from bench.own import Own
from bench.peers_alertmanager import Alertmanager
from bench.peers_kannel import KannelFile, KannelSpool
from bench.peers_nats import NatsJetStream
from bench.peers_rabbitmq import RabbitClassic, RabbitQuorum
from bench.probe import processor_s, syncs
from bench.report import Row, alone, table

__all__ = ["PEERS", "run"]

PEERS: dict[str, Callable[[Path], Subject]] = {
    "rabbitmq-quorum": RabbitQuorum,
    "rabbitmq-classic": RabbitClassic,
    "alertmanager": Alertmanager,
    "kannel-file": KannelFile,
    "kannel-spool": KannelSpool,
    "nats": NatsJetStream,
}
SETTLED_S = 3.0
"""After the ready line a start still has its letters to open: heads of the audit, what cannot work in the rules."""
TRACED = 2000


async def run(folder: Path, peers: Sequence[str], *, rounds: int, count: int) -> list[Row]:
    """All rows of the comparison, everything up at once."""
    bench = Bench(folder, rounds=rounds, count=count)
    own = Own(bench.place("fenghuo"))
    subjects: list[Subject] = [own, *(PEERS[name](bench.place(name)) for name in peers)]
    begun: list[Subject] = []
    try:
        for subject in subjects:
            say(f"starting {subject.name}")
            begun.append(subject)
            await subject.start()
        await asyncio.sleep(SETTLED_S)
        await bench.take_turns(subjects)
        before = processor_s(own.pid)
        await bench.volley(own, count, in_flight=128)
        each_us = 1e6 * (processor_s(own.pid) - before) / count
        counted = await syncs(own.pid, lambda: bench.volley(own, TRACED, in_flight=64))
    finally:
        for subject in reversed(begun):
            await subject.stop()
    return [
        *bench.rows(),
        alone("processor a message, sustained", each_us, "us", goal=("<=", 120.0)),
        alone("fsyncs a message, 64 in flight", counted / TRACED, "", goal=("<=", 0.3)),
        alone("start until ready", own.start_s, "s", goal=("<=", 0.5)),
    ]


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("peers", nargs="*", choices=[*PEERS, []], help=f"{', '.join(PEERS)}; all by default")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each subject (default 3)")
    parser.add_argument("--count", type=int, default=3000, help="messages of a sustained volley (default 3000)")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-bench-"))
    gc.disable()  # what is collected in the middle of a volley would be counted against whoever is being measured
    try:
        print(table(uvloop.run(run(folder, given.peers or list(PEERS), rounds=given.rounds, count=given.count))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
