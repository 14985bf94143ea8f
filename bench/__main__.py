"""`python -m bench`: every row of our goals with its yardstick, one after the other; medians, ratios, bench/results/latest.json.

Each part runs by itself too: `python -m bench.beside`, `.pace`, `.idle`, `.codecs`, `.consoles`, `.fan_out`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import tempfile
from pathlib import Path

import uvloop

from bench import beside, codecs, consoles, fan_out, idle, pace
from bench.comparison import say
from bench.report import Row, table, write

RESULTS = Path(__file__).parent / "results" / "latest.json"


async def run(folder: Path, given: argparse.Namespace) -> list[Row]:
    """All rows of one run that are driven from this loop."""
    peers = [] if given.alone else given.peers.split(",") if given.peers else list(beside.PEERS)
    rows = await beside.run(folder, peers, rounds=given.rounds, count=given.count)
    if given.alone:
        return rows
    say("one message a second")
    rows += await pace.run(folder)
    say("while nothing happens")
    rows += await idle.run(folder, after=given.loaded)
    if given.people:
        say(f"one alert to {given.people:,} people")
        place = folder / "fan-out"
        await asyncio.to_thread(place.mkdir)
        rows += await fan_out.run(place, people=given.people)
    return rows


def main() -> None:
    """Run, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each subject (default 3)")
    parser.add_argument("--count", type=int, default=3000, help="messages of a sustained volley (default 3000)")
    parser.add_argument("--peers", default="", help=f"beside these alone, as nats,alertmanager (of {', '.join(beside.PEERS)})")
    parser.add_argument("--people", type=int, default=1_000_000, help="size of the public of the fan-out, 0 for none (default 1,000,000)")
    parser.add_argument("--loaded", type=int, default=20_000, help="messages after which memory is looked at again, 0 for none (20,000)")
    parser.add_argument("--alone", action="store_true", help="our own path alone, for work on it; writes no results")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-bench-"))
    gc.disable()  # what is collected in the middle of a volley would be counted against whoever is being measured
    try:
        rows = uvloop.run(run(folder, given))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    gc.enable()
    if not given.alone:
        say("consoles")
        rows += [*consoles.run(), *codecs.run()]
        write(rows, RESULTS)
    print(table(rows))


if __name__ == "__main__":
    main()
