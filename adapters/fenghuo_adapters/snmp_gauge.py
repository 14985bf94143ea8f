"""One number read from an SNMP agent over UDP, each time with our own deadline."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from fenghuo.errors import FrameError, LinkBroken, LinkTimeout
from fenghuo_adapters.snmp_framing import get_request, read_answer

__all__ = ["SnmpGauge"]


@dataclass(slots=True)
class SnmpGauge:
    """`asked`: the OID in numbers; `timeout_s`: for one question."""

    host: str
    port: int
    community: str
    asked: tuple[int, ...]
    timeout_s: float = 2.0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(1, 2**31 - 1)))

    async def read(self) -> float:
        """Ask once. Raises: LinkTimeout: no answer; LinkBroken: nobody listens, or no way; FrameError: an answer without a number."""
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        ear = _Ear(loop.create_future(), number)
        try:
            async with asyncio.timeout(self.timeout_s):
                transport, _ = await loop.create_datagram_endpoint(lambda: ear, remote_addr=(self.host, self.port))
                try:
                    transport.sendto(get_request(number, self.community, self.asked))
                    return await ear.answered
                finally:
                    transport.close()
        except TimeoutError as exc:
            raise LinkTimeout(f"{self.host}:{self.port} did not answer within {self.timeout_s:g} s") from exc
        except OSError as exc:
            raise LinkBroken(f"{self.host}:{self.port} cannot be asked: {exc.strerror or exc}") from exc


@dataclass(slots=True)
class _Ear(asyncio.DatagramProtocol):
    answered: asyncio.Future[float]
    number: int

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.answered.done():
            return
        try:
            value = read_answer(data, self.number)
        except FrameError as fault:
            self.answered.set_exception(fault)
            return
        if value is not None:
            self.answered.set_result(value)

    def error_received(self, exc: Exception) -> None:
        if not self.answered.done():
            self.answered.set_exception(exc)
