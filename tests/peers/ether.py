"""Half-duplex direwolf TNCs in one ether, in real time: who sends together collides, who hears another waits, noise loses frames.

The air is a process of its own (air.py). Loss comes from signal and noise, not from a dice: longer frames are lost more often, and
receipts seldom. `seconds on the air` and collisions are the air's own count, which nobody under test can improve.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.peers.direwolf import Tnc
from tests.scale import PATIENCE_S

__all__ = ["Ether", "Spell"]

START_S = 3 * PATIENCE_S
STOP_S = PATIENCE_S
_SENT = r"^\[0L\] "
_HEARD = r"^\[0(?:\.\d+)?\] "
_SAID = ("[0L]", "[0H]")
_RATES = {1200: 44100, 9600: 48000}

_CONFIG = """\
ADEVICE stdin {pcm}
ARATE {rate}
ACHANNELS 1
CHANNEL 0
MYCALL {call}
MODEM {baud}
FULLDUP OFF
DWAIT 0
SLOTTIME 10
PERSIST 63
TXDELAY {txdelay}
TXTAIL {txtail}
AGWPORT 0
KISSPORT {port}
"""


_DIGIPEATER = """\
DIGIPEAT 0 0 ^NOBODY$ ^NOBODY$
CBEACON DELAY=0:01 EVERY=60:00 INFO="on the air"
"""


class Spell(msgspec.Struct, frozen=True):
    """One time on the air, key down to key up. `together_s`: how long of it another was on the air too."""

    name: str
    begin: float
    end: float
    together_s: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


class Ether:
    """`async with Ether(["CMD", "T11"]) as ether`: `ether.tncs["CMD"].port` is a KISS port. `noise`, `gain`, `deaf`: see air.py.

    `digipeaters`: those that repeat what names them, and say a second after their start that they are there; `later`: those that the test
    starts itself.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        baud: int = 1200,
        noise: int = 60,
        gain: float = 1.0,
        deaf: Sequence[tuple[str, str]] = (),
        digipeaters: Sequence[str] = (),
        later: Sequence[str] = (),
    ) -> None:
        self.baud = baud
        self._names = list(names)
        self._later = frozenset(later)
        self.gain = gain
        self._level = ("--noise", str(noise), "--gain", str(gain), *(f"--deaf={first}:{second}" for first, second in deaf))
        self._folder = Path(tempfile.mkdtemp(prefix="ether-"))
        self._air: asyncio.subprocess.Process | None = None
        self.tncs = {name: _Half(self._folder, name, (self._folder / f"{name}.rx", f"air_{name}"), baud) for name in names}
        for name in digipeaters:
            self.tncs[name].more = _DIGIPEATER

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(START_S):
                await self._start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for tnc in self.tncs.values():
            await tnc.kill()
        if self._air is not None and self._air.returncode is None:
            self._air.terminate()
            await asyncio.wait_for(self._air.wait(), STOP_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def spells(self, since: float = 0.0) -> list[Spell]:
        """Everybody's times on the air that began after `since` (monotonic seconds) and are over."""
        found = [line for line in self._lines() if "name" in line]
        return [spell for spell in (msgspec.convert(line, Spell) for line in found) if spell.begin >= since]

    def seconds(self, since: float = 0.0) -> float:
        """Seconds on the air of all together."""
        return sum(spell.seconds for spell in self.spells(since))

    def sent(self) -> int:
        """How many frames were sent, by the modems' own logs."""
        return self._count(_SENT)

    def said(self, name: str) -> list[str]:
        """What a station's modem has put on the air, by its own log, in order: `CMD>T11,BS4:text`."""
        log = (self._folder / f"{name}.log").read_text(errors="replace")
        return [line.partition("] ")[2] for line in log.splitlines() if line.startswith(_SAID)]

    def lost(self, *calls: str) -> float:
        """The share of frames (of these callsigns) that those who should hear them did not read, by the modems' own logs."""
        said = f"(?:{'|'.join(calls)})>" if calls else ""
        due = self._count(_SENT + said) * (len(self._names) - 1)
        return 1 - self._count(_HEARD + said) / due if due else 0.0

    def _count(self, line: str) -> int:
        logs = [(self._folder / f"{name}.log").read_text(errors="replace") for name in self._names]
        return sum(len(re.findall(line, log, re.MULTILINE)) for log in logs)

    def tune(self, gain: float) -> None:
        """How loud everybody is from now on, within half a second."""
        self.gain = gain
        draft = self._folder / "air.gain.new"
        draft.write_text(str(gain))
        draft.rename(self._folder / "air.gain")

    def stalled_s(self) -> float:
        """For how long the machine had no time for the air: what was on it then is garbled by nobody's fault."""
        return float(sum(line["stalled_s"] for line in self._lines() if "stalled_s" in line))

    def _lines(self) -> list[dict[str, Any]]:
        log = self._folder / "air.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    async def _start(self) -> None:
        rate = str(_RATES[self.baud])
        with (self._folder / "air.err").open("w") as errors:
            self._air = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.peers.air", str(self._folder), *self._names, "--rate", rate, *self._level),
                stderr=errors,
                cwd=Path(__file__).parent.parent.parent,
            )
        pcms = "".join(
            f'pcm.air_{name} {{ type file slave {{ pcm null }} file "{self._folder / name}.tx" format raw }}\n' for name in self._names
        )
        (self._folder / "asound.conf").write_text(f"</usr/share/alsa/alsa.conf>\n{pcms}")
        while not (self._folder / "air.ready").exists():
            if self._air.returncode is not None:
                raise RuntimeError((self._folder / "air.err").read_text()[-500:])
            await asyncio.sleep(0.02)
        _before_others(self._air.pid)
        for tnc in self.tncs.values():
            if tnc.call not in self._later:
                await tnc.start()
        await asyncio.sleep(0.5)  # until every modem's carrier detect has settled on the noise

    @staticmethod
    def now() -> float:
        """The clock of spells."""
        return time.monotonic()


def _before_others(pid: int) -> None:
    """Sound does not wait: where we may, the air and its modems go before all else this machine does, as a sound server does. Each thread
    has a priority of its own, and a modem hears in one and speaks in another."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(1))


class _Half(Tnc):
    """A TNC that listens before it sends, as every radio does. `more`: further lines of its settings."""

    more = ""

    async def start(self) -> None:
        await super().start()
        _before_others(self.pid)

    def config(self) -> str:
        keying = {1200: (30, 10), 9600: (5, 3)}[self.baud]
        base = _CONFIG.format(
            pcm=self._pcm, call=self.call, port=self.port, baud=self.baud, rate=_RATES[self.baud], txdelay=keying[0], txtail=keying[1]
        )
        return base + self.more
