"""What a simulated TNC does whatever is said over it, for the conformance kit: takes frames from KISS clients, and is deaf when told."""

from __future__ import annotations

import asyncio

from fenghuo.far_end import ListeningPeer
from fenghuo_adapters.ax25_framing import airtime_s
from fenghuo_adapters.kiss_framing import Command, KissDecoder, KissFrame

__all__ = ["BITRATE", "SimulatedKiss", "is_data", "on_air_s"]

BITRATE = 9600.0
_KEYING_S = 0.08
"""The TXDELAY and TXTAIL of the settings that both peers give."""


class SimulatedKiss(ListeningPeer):
    """`to_send`: what clients gave it, frame after frame; `is_deaf`: whether nobody hears what it sends now."""

    def __init__(self) -> None:
        super().__init__()
        self._connected: list[asyncio.StreamWriter] = []
        self.to_send: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_deaf = False

    async def be_deaf(self, *, on: bool) -> None:
        self.is_deaf = on

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One KISS client, to its end."""
        decoder = KissDecoder()
        self._connected.append(writer)
        try:
            while octets := await reader.read(4096):
                for frame in filter(is_data, decoder.feed(octets)):
                    self.to_send.put_nowait(frame.data)
        finally:
            self._connected.remove(writer)

    def receive(self, octets: bytes) -> None:
        """Give a frame that came over the air to every client."""
        for writer in self._connected:
            writer.write(KissFrame(octets).encode())


def is_data(frame: KissFrame) -> bool:
    return frame.command == Command.DATA


def on_air_s(octets: bytes) -> float:
    """Seconds that a frame keeps the transmitter keyed."""
    return _KEYING_S + airtime_s(octets, BITRATE)
