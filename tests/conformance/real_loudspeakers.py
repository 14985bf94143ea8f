"""GStreamer as forty loudspeakers, for the conformance kit: one pipeline each, which tells of every 20 ms of sound that it decoded."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from collections.abc import AsyncIterator

from fenghuo import Arrival, ConformancePeer, Meter
from fenghuo.far_end import FAR_END
from fenghuo_broadcast.loudspeaker_conformance import LoudspeakerPeer
from tests.peers.rtp import CAPS, PORT
from tests.scale import PATIENCE_S

__all__ = ["gstreamer_loudspeakers"]

_COUNT = 40
_END_S = 0.6
_PACKET_S = 0.02
_HEARD = re.compile(rb'from element "speaker(\d+)" \(element\): level')


class GStreamerLoudspeakers(LoudspeakerPeer):
    """A stream has arrived when its pipeline has heard nothing more for a while. The checks come one after the other: each has the forty
    to itself."""

    guests = 1
    count = _COUNT

    def __init__(self) -> None:
        super().__init__()
        self.port = PORT
        said = subprocess.run(["gst-launch-1.0", "--version"], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        self.version = next(line for line in said.stdout.splitlines() if line.startswith("GStreamer"))
        self._packets: dict[int, int] = {}
        self._heard_in_all = 0
        self._over: dict[int, asyncio.TimerHandle] = {}

    def meter(self, heard: int) -> Meter:
        """Every 20 ms that a pipeline has decoded."""
        return Meter(airtime_s=self._heard_in_all * _PACKET_S)

    @property
    def pipelines(self) -> list[str]:
        """What gst-launch is given."""
        words: list[str] = []
        for number in range(_COUNT):
            host = self.address(number).partition(":")[0]
            words += ["udpsrc", f"address={host}", f"port={self.port}", f"caps={CAPS}", "!", "rtppcmadepay", "!", "alawdec", "!"]
            words += ["level", f"name=speaker{number}", "interval=20000000", "!", "fakesink", "sync=false", "async=false"]
        return words

    async def listen(self, lines: asyncio.StreamReader) -> None:
        """For ever: what the pipelines say."""
        while line := await lines.readline():
            if (found := _HEARD.search(line)) is not None:
                self._heard(int(found[1]))

    def _heard(self, number: int) -> None:
        self._heard_in_all += 1
        self._packets[number] = self._packets.get(number, 0) + 1
        if (timer := self._over.pop(number, None)) is not None:
            timer.cancel()
        self._over[number] = asyncio.get_running_loop().call_later(_END_S, self._ended, number)

    def _ended(self, number: int) -> None:
        del self._over[number]
        self.arrivals.append(Arrival(self.address(number), "", airtime_s=self._packets.pop(number) * _PACKET_S))

    def close(self) -> None:
        for timer in self._over.values():
            timer.cancel()


@contextlib.asynccontextmanager
async def gstreamer_loudspeakers() -> AsyncIterator[ConformancePeer]:
    peer = GStreamerLoudspeakers()
    words = ("stdbuf", "-oL", "gst-launch-1.0", "-m", *peer.pipelines)  # else it keeps what it says until there is a page of it
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while b"PLAYING" not in await process.stdout.readline():
            continue
    ear = asyncio.create_task(peer.listen(process.stdout), name=f"{FAR_END} ear")
    try:
        yield peer
    finally:
        process.kill()
        await process.wait()
        ear.cancel()
        await asyncio.wait([ear])
        peer.close()
