"""Receivers of RTP on this machine, for the conformance kit: each hears what is sent to its own address, packet by packet.

The voice is a program of ours that makes of each sentence a tone of a known length; words are not looked for in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fenghuo import Ability, Arrival, ConformancePeer, FrameError, Meter
from fenghuo_adapters.rtp_framing import PACKET_S, RtpPacket
from fenghuo_broadcast.loudspeaker_settings import LoudspeakerSettings

__all__ = ["LoudspeakerPeer", "Receivers", "receivers"]

_COUNT = 2000
_HOSTS = tuple(f"127.77.{number // 200}.{number % 200 + 1}" for number in range(_COUNT))
_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
"""Named by Python 3.11 only in the kernel's headers."""
_END_S = 0.3
"""Silence after which a stream is over."""
_HEADERS = 20 + 8
_RATE = 110.0
"""Characters a second of the voice: nobody has to understand it."""
_VOICE = f"""
import sys, wave
text = sys.stdin.buffer.read().decode()
with wave.open(sys.stdout.buffer, "wb") as made:
    made.setnchannels(1); made.setsampwidth(2); made.setframerate(8000)
    made.writeframes(b"\\x00\\x10\\x00\\xf0" * round(len(text) / {_RATE} * 4000))
"""


class LoudspeakerPeer(ConformancePeer):
    """What any loudspeakers under examination have in common. `count`: of addresses."""

    abilities = frozenset({Ability.AIRTIME})
    bad_address = "239.192.9.9:1"
    is_local = True
    is_wordless = True
    is_shared = True
    count = _COUNT

    def settings(self, port: int) -> LoudspeakerSettings:
        return LoudspeakerSettings(
            speakers=tuple(self.address(number) for number in range(self.count)),
            voice_command=(sys.executable, "-I", "-S", "-c", _VOICE),
            characters_a_second=_RATE,
            longest_s=20.0,
            voice_s=5.0,
            quiet_hours=(),
            armed=datetime.fromtimestamp(self.now(), UTC),
        )

    def address(self, number: int) -> str:
        return f"{_HOSTS[number % self.count]}:{self.port}"


class Receivers(LoudspeakerPeer):
    """Each address is one; a stream has arrived when it is over, with the seconds that its packets last."""

    version = "sockets"

    def __init__(self) -> None:
        super().__init__()
        self._end: socket.socket
        self._over: dict[tuple[str, int], asyncio.TimerHandle] = {}
        self._packets: dict[tuple[str, int], int] = {}
        self._last: dict[tuple[str, int], int] = {}
        self._heard = self._octets = 0

    def meter(self, heard: int) -> Meter:
        """Every packet, with the headers of IPv4 and UDP."""
        return Meter(airtime_s=self._heard * PACKET_S, octets=self._octets)

    def open(self) -> None:
        """One socket for all addresses of the machine; the kernel says which was meant."""
        end = self._end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        end.setblocking(False)
        end.setsockopt(socket.IPPROTO_IP, _PKTINFO, 1)
        end.bind(("0.0.0.0", 0))  # noqa: S104  every address of loopback is one receiver
        self.port = end.getsockname()[1]
        asyncio.get_running_loop().add_reader(end, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._end)
        self._end.close()
        for timer in self._over.values():
            timer.cancel()

    def _readable(self) -> None:
        octets, ancillary, *_ = self._end.recvmsg(2048, 64)
        for _, _, info in ancillary:
            self.heard(socket.inet_ntoa(info[8:12]), octets)

    def heard(self, host: str, octets: bytes) -> None:
        """One datagram."""
        try:
            packet = RtpPacket.decode(octets)
        except FrameError:
            return
        self._heard += 1
        self._octets += len(octets) + _HEADERS
        key = (host, packet.source)
        is_late = key not in self._packets and self._last.get(key) == packet.sequence
        self._last[key] = packet.sequence + 1 & 0xFFFF
        if is_late:  # the machine stood still in the middle of a stream that was taken for over
            return
        self._packets[key] = self._packets.get(key, 0) + 1
        if (timer := self._over.pop(key, None)) is not None:
            timer.cancel()
        self._over[key] = asyncio.get_running_loop().call_later(_END_S, self._ended, key)

    def _ended(self, key: tuple[str, int]) -> None:
        del self._over[key]
        self.arrivals.append(Arrival(f"{key[0]}:{self.port}", "", airtime_s=self._packets.pop(key) * PACKET_S))


@contextlib.asynccontextmanager
async def receivers() -> AsyncIterator[ConformancePeer]:
    """All of them, listening."""
    all_of_them = Receivers()
    all_of_them.open()
    try:
        yield all_of_them
    finally:
        all_of_them.close()
