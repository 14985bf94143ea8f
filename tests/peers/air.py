"""The air between stations, in real time, as a process of its own: `python -m tests.peers.air FOLDER NAME… --rate N`.

For each station FOLDER/NAME.tx is what it sends and FOLDER/NAME.rx what it hears, raw samples in FIFOs. Everybody hears a little noise
all the time, so that a carrier falls when nobody sends; who sends together is heard as the sum, which no modem reads. A station that
sends is slowed to real time by its FIFO, which is kept one page long. Every transmission is a line of FOLDER/air.log as JSON, written
when it ends: name, begin and end in monotonic seconds, and for how long somebody else was on the air as well. What stands in
FOLDER/air.gain is the gain from then on.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import numpy as np

TICK_S = 0.01
# Ticks that are held before a transmission is let out, and taken from the modem ahead of real time, so that one that writes in bursts,
# or that a busy machine keeps waiting, leaves no gap in it.
LEAD = 6
AHEAD = 25
F_SETPIPE_SZ = 1031
PAGE = 4096
HELD = 65536
# Later than this, the machine was busy with something else, and the air begins anew instead of running after it.
STALLED_S = 0.5
NOISES = 64
GAIN_TICKS = 50

Samples = np.ndarray[tuple[int], np.dtype[np.int32]]


@dataclass
class Station:
    """One end: its two FIFOs, what it has handed over, and since when it is on the air."""

    name: str
    sends: int
    hears: int
    waiting: bytearray = field(default_factory=bytearray)
    since: float | None = None
    together_s: float = 0.0

    def fill(self, octets: int) -> None:
        """Take what the modem has written, up to so many octets ahead of real time."""
        try:
            while len(self.waiting) < octets:
                self.waiting += os.read(self.sends, PAGE)
        except BlockingIOError:
            return

    def take(self, octets: int) -> bytes:
        taken = bytes(self.waiting[:octets])
        del self.waiting[:octets]
        return taken


class Air:
    """Every station hears the sum of the others and noise. `noise`, `gain`: how loud the one and each of the others is; `deaf`: pairs that
    are out of each other's range, whichever comes first."""

    def __init__(self, folder: Path, names: list[str], *, rate: int, noise: int, gain: float, deaf: set[tuple[str, str]]) -> None:
        self._folder = folder
        self._deaf = deaf | {(second, first) for first, second in deaf}
        self._gain = gain
        self._tick = int(rate * TICK_S)
        self.stations = [Station(name, _fifo(folder / f"{name}.tx", PAGE), _fifo(folder / f"{name}.rx", HELD)) for name in names]
        chance = np.random.default_rng(1)
        self._noise = [chance.integers(-noise, noise + 1, self._tick, dtype=np.int32) for _ in range(NOISES)]
        self._count = 0

    def run(self, wanted: Callable[[], bool], log: Path) -> None:
        """Tick by tick until told to stop; a tick that comes late is made up for."""
        due = time.monotonic()
        with log.open("a", buffering=1) as lines:
            while wanted():
                due += TICK_S
                if self._count % GAIN_TICKS == 0:
                    self._tune()
                for line in self._one(due):
                    lines.write(line)
                rest_s = due - time.monotonic()
                if rest_s > 0:
                    time.sleep(rest_s)
                elif rest_s < -STALLED_S:
                    lines.write(json.dumps({"stalled_s": -rest_s}) + "\n")
                    due = time.monotonic()

    def _tune(self) -> None:
        file = self._folder / "air.gain"
        if file.exists():
            self._gain = float(file.read_text())

    def _one(self, now: float) -> list[str]:
        self._count += 1
        said: dict[str, Samples] = {}
        ended: list[str] = []
        for station in self.stations:
            samples = self._samples(station, now)
            if samples is not None:
                said[station.name] = samples
            elif station.since is not None:
                ended.append(_line(station, now))
        for station in self.stations:
            station.together_s += TICK_S if len(said) > 1 and station.name in said else 0.0
            others = [samples for name, samples in said.items() if name != station.name and (name, station.name) not in self._deaf]
            self._let_hear(station, others)
        return ended

    def _samples(self, station: Station, now: float) -> Samples | None:
        """What a station says in this tick; None: it is silent."""
        size = 2 * self._tick
        station.fill(AHEAD * size)
        if station.since is None and len(station.waiting) >= LEAD * size:
            station.since = now
        if station.since is None:
            return None
        octets = station.take(size)
        if not octets:
            return None
        samples = np.zeros(self._tick, dtype=np.int32)
        heard = np.frombuffer(octets[: len(octets) & ~1], dtype="<i2")
        samples[: len(heard)] = heard * self._gain
        return samples

    def _let_hear(self, station: Station, said: list[Samples]) -> None:
        mixed = self._noise[(self._count + len(station.name) * 7 + station.hears) % NOISES]
        for samples in said:
            mixed = mixed + samples
        try:
            os.write(station.hears, np.clip(mixed, -32768, 32767).astype("<i2").tobytes())
        except BlockingIOError:
            return  # its modem does not listen: it misses this tick


def _line(station: Station, now: float) -> str:
    line = json.dumps({"name": station.name, "begin": station.since, "end": now, "together_s": round(station.together_s, 2)}) + "\n"
    station.since, station.together_s = None, 0.0
    return line


def _fifo(path: Path, octets: int) -> int:
    if not path.exists():
        os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(descriptor, F_SETPIPE_SZ, octets)
    return descriptor


def main() -> None:
    """Until SIGTERM."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("names", nargs="+")
    asked.add_argument("--rate", type=int, default=44100)
    asked.add_argument("--noise", type=int, default=60)
    asked.add_argument("--gain", type=float, default=1.0)
    asked.add_argument("--deaf", action="append", default=[], help="A:B, which do not hear each other")
    given = asked.parse_args()
    ended = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    deaf = {(first, second) for first, _, second in (pair.partition(":") for pair in given.deaf)}
    air = Air(given.folder, given.names, rate=given.rate, noise=given.noise, gain=given.gain, deaf=deaf)
    (given.folder / "air.ready").touch()
    air.run(lambda: not ended, given.folder / "air.log")


if __name__ == "__main__":
    main()
