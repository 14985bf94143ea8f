"""Loudspeakers that nobody here wrote: GStreamer and FFmpeg receive a group and record what they hear; and sound to be played."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import uuid
import wave
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from tests.peers import rtp_listener
from tests.scale import PATIENCE_S
from tests.signals import send

__all__ = ["CAPS", "GROUP", "PORT", "clock", "ffmpeg", "gstreamer", "namespace", "recorded_s", "same_wave", "tone_wave"]


def _free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("0.0.0.0", 0))
        port: int = end.getsockname()[1]
        return port


GROUP, PORT = "239.192.0.1", _free()
"""A port of this test process alone: another one on this machine plays to the same group."""
CAPS = "application/x-rtp,media=audio,clock-rate=8000,encoding-name=PCMA,payload=8"
SDP = f"""v=0
o=- 0 0 IN IP4 127.0.0.1
s=loudspeaker
c=IN IP4 {GROUP}/1
t=0 0
m=audio {PORT} RTP/AVP 8
"""


@contextlib.asynccontextmanager
async def namespace() -> AsyncIterator[tuple[str, ...]]:
    """A network of its own, whose loopback carries groups; the words that run a program in it."""
    name = f"fhs{uuid.uuid4().hex[:8]}"
    for words in (
        ("netns", "add", name),
        ("-n", name, "link", "set", "lo", "up", "multicast", "on"),
        ("-n", name, "route", "add", "239.192.0.0/16", "dev", "lo"),
    ):
        await asyncio.to_thread(subprocess.run, ["ip", *words], check=True, timeout=PATIENCE_S)
    try:
        yield ("ip", "netns", "exec", name)
    finally:
        await asyncio.to_thread(subprocess.run, ["ip", "netns", "del", name], check=False, timeout=PATIENCE_S)


@contextlib.asynccontextmanager
async def gstreamer(file: Path, inside: tuple[str, ...] = ()) -> AsyncIterator[None]:
    """Records the group to `file` for as long as this lasts."""
    source = f"udpsrc address={GROUP} port={PORT} auto-multicast=true multicast-iface=lo caps={CAPS}"
    sink = f"rtpjitterbuffer latency=100 ! rtppcmadepay ! alawdec ! wavenc ! filesink location={file}"
    async with _listening(("gst-launch-1.0", "-q", "-e", *source.split(), "!", *sink.split()), inside):
        yield


@contextlib.asynccontextmanager
async def ffmpeg(file: Path, inside: tuple[str, ...] = (), *, seconds: float) -> AsyncIterator[list[str]]:
    """Records `seconds` of the group to `file`; what it complained of, at the end. It keeps what it has only when it ends by itself."""
    sdp = file.with_suffix(".sdp")
    sdp.write_text(SDP)
    words = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-protocol_whitelist", "file,rtp,udp", "-localaddr", "127.0.0.1"]
    words += ["-max_delay", "100000", "-i", str(sdp), "-t", f"{seconds}", "-y", str(file)]
    complaints: list[str] = []
    async with _listening(tuple(words), inside, complaints):
        yield complaints


@contextlib.asynccontextmanager
async def _listening(words: tuple[str, ...], inside: tuple[str, ...], complaints: list[str] | None = None) -> AsyncIterator[None]:
    before = await _members(inside)
    process = await asyncio.create_subprocess_exec(*inside, *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await _members(inside) <= before:
                await asyncio.sleep(0.02)
        yield
    finally:
        send(process, signal.SIGINT)
        try:
            async with asyncio.timeout(PATIENCE_S):
                _, said = await process.communicate()
        finally:
            send(process, signal.SIGKILL)
        if complaints is not None:
            complaints += said.decode(errors="replace").splitlines()


@contextlib.asynccontextmanager
async def clock(inside: tuple[str, ...] = ()) -> AsyncIterator[list[tuple[float, int]]]:
    """When each packet of the group came, by the machine's monotonic clock, and of which source; complete at the end."""
    words = (sys.executable, str(Path(rtp_listener.__file__)), GROUP, str(PORT))
    process = await asyncio.create_subprocess_exec(*inside, *words, stdout=asyncio.subprocess.PIPE)
    came: list[tuple[float, int]] = []
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            await process.stdout.readline()
        yield came
    finally:
        send(process, signal.SIGKILL)
        said, _ = await process.communicate()
        lines = [line.split() for line in said.decode().splitlines()]
        came += [(float(line[0]), int(line[1])) for line in lines if len(line) == 2]


async def _members(inside: tuple[str, ...]) -> int:
    """How many there have joined the group, as the kernel counts them."""
    done = await asyncio.to_thread(subprocess.run, [*inside, "cat", "/proc/net/igmp"], capture_output=True, text=True, timeout=PATIENCE_S)
    group = bytes(map(int, GROUP.split(".")))[::-1].hex().upper()
    lines = [line.split() for line in done.stdout.splitlines()]
    return sum(int(line[1]) for line in lines if line and line[0] == group)


def recorded_s(file: Path) -> tuple[float, bytes]:
    """How long a recording lasts, and its samples. One that was cut off says no length of its own."""
    with wave.open(str(file)) as sound:
        frames = sound.readframes(os.path.getsize(file))
        return len(frames) / 2 / sound.getframerate(), frames


def tone_wave(file: Path, seconds: float, *, hertz: float = 800.0, rate: int = 22050) -> Path:
    """A tone, in a WAV file."""
    return _written(file, (int(12000 * math.sin(2 * math.pi * hertz * at / rate)) for at in range(round(seconds * rate))), rate)


def same_wave(file: Path, header: str, *, rate: int = 22050) -> Path:
    """A SAME header three times in a WAV file, with short pauses and without its end. Source: 47 CFR 11.31."""
    samples: list[int] = [0] * (rate // 4)
    for _ in range(3):
        samples += [*_burst(header, rate), *(0,) * (rate // 4)]
    return _written(file, samples, rate)


def _burst(text: str, rate: int) -> Iterable[int]:
    phase = end = 0.0
    made = 0
    for octet in b"\xab" * 16 + text.encode("ascii"):
        for bit in range(8):
            end += rate / (3125 / 6)
            step = 2 * math.pi * (6250 / 3 if octet >> bit & 1 else 1562.5) / rate
            while made < end:
                phase += step
                made += 1
                yield int(16000 * math.sin(phase))


def _written(file: Path, samples: Iterable[int], rate: int) -> Path:
    with wave.open(str(file), "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(rate)
        made.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file
