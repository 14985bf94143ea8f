"""Two direwolf sound-modem TNCs that hear each other without a sound card: the real peer of the packet-radio channel.

Each one's ALSA output is a file PCM on a null slave that writes raw samples into a FIFO, which the other one reads as its sound
input. A frame crosses in hundredths of a second, but direwolf holds its transmitter for as long as the frame would have taken, so
on average the air is as fast as `baud`: frames of 200 octets one by one, 0.6 a second at 1200, 4 at 9600, 9 at 38400. Its queue
holds 100 frames and then drops: set the channel's bitrate to `duo.baud` and its txdelay_ms and txtail_ms to 30 for speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ax253 import Frame

from tests.peers.sample_tap import SampleTap
from tests.scale import PATIENCE_S, TIMEOUT_SCALE
from tests.signals import send

__all__ = ["Duo", "FarStation", "Received", "Tnc"]

START_S = 2 * PATIENCE_S
STOP_S = 40.0 * TIMEOUT_SCALE
_FEND = b"\xc0"
_WARM_UP = "WARMUP"
_READY, _BIND_FAILED = "Ready to accept KISS", "Bind failed"
_NUMBER = re.compile(r"#(\d{4})")
_COPY = re.compile(r"【重发 ?\d+】")

# Samples a second for each speed, and the preamble in units of 10 ms.
_RATES = {1200: 44100, 9600: 48000, 38400: 192000}
_TXDELAY = {1200: 20, 9600: 5, 38400: 3}

_CONFIG = """\
ADEVICE stdin {pcm}
ARATE {rate}
ACHANNELS 1
CHANNEL 0
MYCALL {call}
MODEM {baud}
FULLDUP ON
DWAIT 0
SLOTTIME 1
PERSIST 255
TXDELAY {txdelay}
TXTAIL 3
AGWPORT 0
KISSPORT {port}
"""


@dataclass(frozen=True)
class Received:
    """One frame that the far TNC handed over, as ax253 reads it; `at`: monotonic seconds; `via`: the digipeater that it was heard of."""

    source: str
    dest: str
    text: str
    at: float
    info: bytes
    via: str = ""


class Tnc:
    """One direwolf: `port` is its KISS port, the same after a restart, for three clients at a time. It is killed by its own pid."""

    def __init__(self, folder: Path, call: str, sound: tuple[Path, str], baud: int) -> None:
        self.call = call
        self.baud = baud
        self.port = _free_port()
        self._folder = folder
        self._hears, self._pcm = sound
        self._process: asyncio.subprocess.Process | None = None
        self._said_before = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Run it until it accepts KISS connections."""
        config, rate = self._folder / f"{self.call}.conf", _RATES[self.baud]
        config.write_text(self.config())
        self._said_before = len(self._said())
        air = os.open(self._hears, os.O_RDWR)  # read-write: never an end of file
        log = os.open(self._folder / f"{self.call}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *("direwolf", "-t", "0", "-c", str(config), "-r", str(rate), "-n", "1", "-b", "16", "-"),
                stdin=air,
                stdout=log,
                stderr=log,
                env={**os.environ, "ALSA_CONFIG_PATH": str(self._folder / "asound.conf")},
            )
        finally:
            os.close(air)
            os.close(log)
        try:
            await _until(self._is_listening, f"{self.call} listens")
        except TimeoutError as exc:
            raise TimeoutError(f"{exc}; it says: {self._said()[-1500:]}") from exc

    def config(self) -> str:
        """What direwolf is told."""
        rate, txdelay = _RATES[self.baud], _TXDELAY[self.baud]
        return _CONFIG.format(pcm=self._pcm, call=self.call, port=self.port, baud=self.baud, rate=rate, txdelay=txdelay)

    async def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            send(self._process, signal.SIGKILL)
            await asyncio.wait_for(self._process.wait(), STOP_S)

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    def _said(self) -> str:
        """Its log, of all its lives."""
        log = self._folder / f"{self.call}.log"
        return log.read_text(errors="replace") if log.exists() else ""

    async def _is_listening(self) -> bool:
        """By its own word too: where somebody else has the port, direwolf goes on without, and a connection would be to a stranger."""
        assert self._process is not None
        said = self._said()[self._said_before :]
        if self._process.returncode is not None or _BIND_FAILED in said:
            raise RuntimeError(f"direwolf {self.call} does not listen on port {self.port}: {said[-1000:]}")
        if _READY not in said:
            return False
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


@dataclass
class FarStation:
    """What stands at the second TNC, judged by ax253: `received` is every frame it handed over, `said` every answer given.

    `answer`: the part of orders (0 to 1) that are answered "收到#NNNN", `device`: that get a "DEV NNNN", both from the callsign
    they were sent to, by the digipeater that brought the order, so that one far station stands for any number of them. `muted`: callsigns
    that never answer. `answers_copies`: each marked copy is answered once more, as a terminal does that was not heard.
    """

    call: str
    tnc: Tnc
    received: list[Received] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    answer: float = 0.0
    device: float = 0.0
    muted: set[str] = field(default_factory=set)
    answers_copies: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    _writer: asyncio.StreamWriter | None = None
    _task: asyncio.Task[None] | None = None
    _answered: set[tuple[str, str]] = field(default_factory=set)

    async def start(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.tnc.port)
        self._task = asyncio.create_task(self._listen(reader))

    async def stop(self) -> None:
        if self._task is None or self._writer is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        self._task = self._writer = None

    async def kill(self) -> None:
        """The far TNC dies; what is sent now, nobody hears."""
        await self.stop()
        await self.tnc.kill()

    async def restart(self) -> None:
        await self.kill()
        await self.tnc.start()
        await self.start()

    async def say(self, text: str | bytes, to: str, *, source: str = "", via: str = "") -> None:
        """Send one frame from the far station, under any callsign, by a digipeater or none."""
        info = text if isinstance(text, bytes) else text.encode()
        frame = bytes(Frame.ui(destination=to, source=source or self.call, path=[via] if via else [], info=info))
        assert self._writer is not None
        self._writer.write(_FEND + b"\x00" + frame.replace(b"\xdb", b"\xdb\xdd").replace(_FEND, b"\xdb\xdc") + _FEND)
        await self._writer.drain()

    async def heard(self, matches: Callable[[Received], bool], *, timeout_s: float = 40.0) -> Received:
        """The first frame that matches, as soon as it is there."""
        found: list[Received] = []

        async def look() -> bool:
            found.extend(frame for frame in self.received if matches(frame))
            return bool(found)

        await _until(look, "the far station hears it", timeout_s=timeout_s * TIMEOUT_SCALE)
        return found[0]

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        async for octets in _kiss(reader):
            frame = Frame.from_bytes(octets)
            info = bytes(frame.info)
            if info.startswith(_WARM_UP.encode()) or not info:
                continue
            text = info.decode("utf-8", "replace")
            heard = Received(str(frame.source), str(frame.destination), text, time.monotonic(), info, _via(octets, frame))
            self.received.append(heard)
            await self._respond(heard)

    async def _respond(self, heard: Received) -> None:
        named = _NUMBER.search(heard.text)
        copy = _COPY.search(heard.text) if self.answers_copies else None
        order = (heard.dest, named[1] + (copy[0] if copy else "")) if named is not None else None
        if named is None or order is None or heard.dest in self.muted or order in self._answered:
            return
        self._answered.add(order)
        forms = ((self.device, f"DEV {named[1]}"), (self.answer, f"收到#{named[1]}"))
        for share, text in forms:
            if self.chance.random() < share:
                await self.say(text, heard.source, source=heard.dest, via=heard.via)
                self.said.append((heard.dest, text))


class Duo:
    """`async with Duo() as duo`: `duo.near.port` is the KISS port for the channel under test, `duo.far` the station that judges. While
    `is_metered`, `aired_s` says for how many seconds the near one has been keyed."""

    def __init__(self, near_call: str = "BJ1CMD", far_call: str = "BJ1VAN", *, baud: int = 1200, is_metered: bool = False) -> None:
        self.baud = baud
        self._is_metered = is_metered
        self._tap: SampleTap | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="direwolf-"))
        there, back = self._folder / "there.fifo", self._folder / "back.fifo"
        self._fifos = (there, back)
        self.near = Tnc(self._folder, near_call, (back, "air_there"), baud)
        self.far = FarStation(far_call, Tnc(self._folder, far_call, (there, "air_back"), baud))
        self._held: list[int] = []

    async def __aenter__(self) -> Self:
        try:
            await asyncio.wait_for(self._start(), START_S * 2)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.far.kill()
        await self.near.kill()
        if self._tap is not None:
            self._tap.stop()
        for descriptor in self._held:
            os.close(descriptor)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def aired_s(self) -> float:
        """Seconds from key down to key up of everything that the near TNC has sent, warming up included."""
        assert self._tap is not None
        return self._tap.seconds(_RATES[self.baud])

    async def _start(self) -> None:
        for fifo in self._fifos:
            os.mkfifo(fifo)
            self._held.append(os.open(fifo, os.O_RDWR))  # held open, so that a TNC outlives the other's restart
        said = {fifo.stem: fifo for fifo in self._fifos}
        if self._is_metered:
            said["there"] = self._folder / "keyed.fifo"
            self._tap = SampleTap(said["there"], self._fifos[0])
        pcms = "".join(f'pcm.air_{name} {{ type file slave {{ pcm null }} file "{fifo}" format raw }}\n' for name, fifo in said.items())
        (self._folder / "asound.conf").write_text(f"</usr/share/alsa/alsa.conf>\n{pcms}")
        await self.near.start()
        await self.far.tnc.start()
        await self._warm_up()
        await self.far.start()

    async def _warm_up(self) -> None:
        """Frames both ways until each end has heard the last one sent: the first ones after a start may be lost, and none may come late."""
        links = [await asyncio.open_connection("127.0.0.1", port) for port in (self.near.port, self.far.tnc.port)]
        heard = [b"", b""]
        ears = [asyncio.create_task(_note(reader, heard, end)) for end, (reader, _) in enumerate(links)]
        try:
            async with asyncio.timeout(START_S):
                await _call(heard, [writer for _, writer in links])
        finally:
            for ear in ears:
                ear.cancel()
            await asyncio.gather(*ears, return_exceptions=True)
            for _, writer in links:
                writer.close()
                await writer.wait_closed()


async def _call(heard: list[bytes], writers: list[asyncio.StreamWriter]) -> None:
    for number in itertools.count(1):
        info = f"{_WARM_UP}{number}".encode()
        for writer in writers:
            writer.write(_FEND + b"\x00" + bytes(Frame.ui(destination="TEST", source="TEST", info=info)) + _FEND)
        wait_until = time.monotonic() + number  # longer each time: a loaded machine may need more than a second for a frame
        while time.monotonic() < wait_until:
            if heard == [info, info]:
                return
            await asyncio.sleep(0.01)


async def _note(reader: asyncio.StreamReader, heard: list[bytes], end: int) -> None:
    async for octets in _kiss(reader):
        heard[end] = bytes(Frame.from_bytes(octets).info)


async def _kiss(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """AX.25 frames of a KISS stream, taken apart here once more so that the product's own decoder never judges itself."""
    rest = b""
    while data := await _read(reader):
        *whole, rest = (rest + data).split(_FEND)
        for body in filter(None, whole):
            yield body.replace(b"\xdb\xdc", _FEND).replace(b"\xdb\xdd", b"\xdb")[1:]


def _via(octets: bytes, frame: Frame) -> str:
    """The last digipeater whose has-been-repeated bit is set; ax253 reads that bit of the very last one alone."""
    said = [str(hop).rstrip("*") for number, hop in enumerate(frame.path) if octets[7 * (2 + number) + 6] & 0x80]
    return said[-1] if said else ""


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(4096)
    except OSError:
        return b""


async def _until(holds: Callable[[], Awaitable[bool]], what: str, *, timeout_s: float = START_S) -> None:
    end = time.monotonic() + timeout_s
    while not await holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s:g} s: {what}")
        await asyncio.sleep(0.02)


def _free_port() -> int:
    """A port nobody listens on, below the ephemeral ones: direwolf takes none above 49151."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
