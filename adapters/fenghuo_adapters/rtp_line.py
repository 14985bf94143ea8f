"""Sound on the network: datagrams to groups or single receivers, and an ear on a group that says what came over.

One socket sends for a whole channel; the pace is that of one clock, so that no sleep adds up.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from fenghuo.errors import FrameError, LinkBroken, LinkClosed
from fenghuo_adapters.rtp_framing import PACKET_S, SAMPLES, RtpPacket, RtpStream

__all__ = ["RtpEar", "RtpSender", "played"]

_EXPEDITED = 0xB8
"""DSCP EF, which switches carry before everything else. Source: RFC 4594 §4.1."""
_LATE_S = 0.1
"""A machine that stood still for longer goes on from now, and does not send what it owes in one burst."""
_KEPT = 64
_ANY = "0.0.0.0"  # noqa: S104  the address that means: every group on this port
Where = tuple[str, int]


class RtpSender:
    """`interface`: the address of ours that groups are reached from, empty for the machine's choice; `hops`: how far (TTL)."""

    def __init__(self, *, interface: str = "", hops: int = 8) -> None:
        self._interface = interface
        self._hops = hops
        self._transport: asyncio.DatagramTransport | None = None
        self._wire = _Wire()

    async def open(self) -> None:
        """Raises: LinkBroken: there is no such interface."""
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED)
            end.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self._hops)
            # What our own ear hears must have been on the wire.
            end.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            if self._interface:
                end.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self._interface))
            end.bind((self._interface or _ANY, 0))
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self._wire, sock=end)
        except OSError as fault:
            end.close()
            raise LinkBroken(f"no sound can be sent from {self._interface or 'any interface'}: {fault}") from fault

    def close(self) -> None:
        """Idempotent; nothing leaves afterwards."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def send(self, octets: bytes, where: Where) -> None:
        """One datagram. Raises: LinkClosed; LinkBroken: the network refused the last ones."""
        if self._transport is None:
            raise LinkClosed("the sender of sound is closed")
        fault, self._wire.fault = self._wire.fault, None
        if fault is not None:
            raise LinkBroken(f"the network takes no sound to {where[0]}: {fault}")
        self._transport.sendto(octets, where)


class _Wire(asyncio.DatagramProtocol):
    """Keeps what the network said of the last datagrams."""

    def __init__(self) -> None:
        self.fault: Exception | None = None

    def error_received(self, exc: Exception) -> None:
        # Nobody listens at a single receiver's port: it may be off now and on in a second, and a group never says so.
        if not isinstance(exc, ConnectionRefusedError):
            self.fault = exc


async def played(
    pieces: Sequence[bytes], stream: RtpStream, send: Callable[[bytes], None], turn: Callable[[], Awaitable[None]]
) -> list[bytes]:
    """Send pieces of A-law in real time; what was sent. Before each packet `turn()` may let something else pass, or raise: whatever it
    interrupted begins again with its piece, for nobody understands half a sentence. Raises: LinkError, and what turn() raises."""
    clock, sent = asyncio.get_running_loop().time, []
    due = clock()
    for piece in pieces:
        at = 0
        while at < len(piece):
            asked = clock()
            await turn()
            now = clock()
            if now - asked > _LATE_S:
                at = 0
            if now - due > _LATE_S:
                stream.pause(now - due)
                due = now
            payload = stream.packet(piece[at : at + SAMPLES])
            send(payload)
            sent.append(payload)
            at += SAMPLES
            due += PACKET_S
            await asyncio.sleep(max(0.0, due - clock()))
    return sent


class RtpEar(asyncio.DatagramProtocol):
    """Listens to groups on one port, at the interface with this address. `heard(source)`: packets of a stream, by their sequence."""

    def __init__(self, port: int, groups: Sequence[str], *, interface: str = "") -> None:
        self._port = port
        self._groups = groups
        self._interface = interface
        self._heard: OrderedDict[int, dict[int, bytes]] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Raises: LinkBroken: the port is taken, or there is no such interface."""
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            end.bind((_ANY, self._port))
            for group in self._groups:
                member = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton(self._interface or _ANY))
                end.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=end)
        except OSError as fault:
            end.close()
            raise LinkBroken(f"no monitor can listen on port {self._port}: {fault}") from fault

    def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            packet = RtpPacket.decode(data)
        except FrameError:
            return  # something else on that port
        self._heard.setdefault(packet.source, {})[packet.sequence] = data
        while len(self._heard) > _KEPT:
            self._heard.popitem(last=False)

    def share(self, source: int, sent: Sequence[bytes]) -> float:
        """The part of a stream that came over as it was sent, 0 to 1; the stream is forgotten."""
        heard = set(self._heard.pop(source, {}).values())
        return sum(packet in heard for packet in sent) / len(sent) if sent else 0.0
