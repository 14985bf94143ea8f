"""What a node costs while nothing happens, beside others that wait as well: `python -m bench.idle`.

Counted without the self-probe and with one every five seconds, so that what each costs is seen; by default there is one a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import tempfile
from pathlib import Path

import uvloop

from bench.own import Own
from bench.peers_alertmanager import Alertmanager
from bench.peers_rabbitmq import RabbitQuorum
from bench.probe import family, processor_s, wakeups_a_second
from bench.report import Row, against, alone, table

__all__ = ["run"]

WATCHED_S = 10.0
SETTLED_S = 3.0
PROBED_EVERY_S = 5.0


async def run(folder: Path, *, after: int = 0) -> list[Row]:
    """`after`: messages after which the memory is looked at once more; 0: it is not."""
    quiet = Own(_place(folder, "quiet"), extra="[self_probe]\nevery_s = 0\n")
    probed = Own(_place(folder, "probed"), extra=f"[self_probe]\nevery_s = {PROBED_EVERY_S:g}\n")
    alertmanager, rabbit = Alertmanager(_place(folder, "alertmanager")), RabbitQuorum(_place(folder, "rabbitmq"))
    subjects = (quiet, probed, alertmanager, rabbit)
    try:
        for subject in subjects:
            await subject.start()
        await asyncio.sleep(SETTLED_S)
        before = [processor_s(subject.pid) for subject in (quiet, probed)]
        woken = await asyncio.gather(*(wakeups_a_second(subject.pid, WATCHED_S) for subject in subjects))
        spent = [processor_s(subject.pid) - one for subject, one in zip((quiet, probed), before, strict=True)]
        rss = [_rss_mb(subject.pid) for subject in subjects]
        rows = [
            alone("wake-ups while idle", woken[0], "1/s", goal=("<=", 0.0)),
            alone("processor while idle", 3600 * spent[0] / WATCHED_S, "s/h", goal=("<=", 0.1)),
            alone("wake-ups of one self-probe", (woken[1] - woken[0]) * PROBED_EVERY_S, ""),
            alone("processor of the self-probes, one a minute", 60 * PROBED_EVERY_S * (spent[1] - spent[0]) / WATCHED_S, "s/h"),
            alone("wake-ups while idle, alertmanager", woken[2], "1/s"),
            alone("wake-ups while idle, rabbitmq quorum", woken[3], "1/s"),
            alone("RSS idle", rss[0], "MB", goal=("<=", 60.0)),
            against("RSS idle", rss[0], "MB", yardstick="alertmanager", other=rss[2], goal=("<=", 2.0)),
            against("RSS idle", rss[0], "MB", yardstick="rabbitmq quorum", other=rss[3], goal=("<=", 0.5)),
        ]
        if after:
            await quiet.volley(1, after, in_flight=128)
            await alertmanager.volley(1, after, in_flight=128)
            loaded = [_rss_mb(subject.pid) for subject in (quiet, alertmanager)]
            rows.append(alone(f"RSS after {after:,} messages", loaded[0], "MB", goal=("<=", 130.0)))
            rows.append(against("RSS loaded", loaded[0], "MB", yardstick="alertmanager", other=loaded[1], goal=("<=", 0.5)))
        return rows
    finally:
        for subject in reversed(subjects):
            await subject.stop()


def _place(folder: Path, name: str) -> Path:
    place = folder / f"idle-{name}"
    place.mkdir()
    return place


def _rss_mb(pid: int) -> float:
    """Of a process and all below it."""
    texts = [Path(f"/proc/{one}/status").read_text() for one in family(pid)]
    return sum(int(kib) for text in texts for kib in re.findall(r"VmRSS:\s+(\d+) kB", text)) / 1024


def main() -> None:
    """`python -m bench.idle [--loaded N]`: this part alone."""
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    parser.add_argument("--loaded", type=int, default=0, help="look at the memory again after so many messages, for example 100000")
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-bench-"))
    try:
        print(table(uvloop.run(run(folder, after=parser.parse_args().loaded))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
