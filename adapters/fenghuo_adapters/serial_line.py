"""A byte stream over a serial device: a TNC on USB or RS-232, or the other end of a pty."""

from __future__ import annotations

import asyncio
import errno

import serial
import serial_asyncio_fast

from fenghuo.errors import LinkBroken, LinkBusy, LinkTimeout
from fenghuo_adapters.device_thread import at_device

__all__ = ["SerialLine"]

_LIMIT = 1 << 16  # octets buffered before reading stops


class SerialLine:
    """Opens `device` (8N1, no flow control, exclusively), each time anew, within `open_s` seconds."""

    def __init__(self, device: str, baud: int, *, open_s: float = 5.0) -> None:
        self.name = f"serial {device}"
        self._device = device
        self._baud = baud
        self._open_s = open_s

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A fresh stream. Raises: LinkTimeout: the driver hangs; LinkBusy: somebody else has it; LinkBroken: absent or no line."""
        port = await self._port()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_LIMIT, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await serial_asyncio_fast.connection_for_serial(loop, lambda: protocol, port)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _port(self) -> serial.Serial:
        """The device, opened in a thread: a bad driver may hang in open(), and then only that thread does."""
        try:
            return await at_device(self._device, self._open_blocking, within_s=self._open_s, too_late=serial.Serial.close)
        except TimeoutError as exc:
            raise LinkTimeout(f"{self.name} did not open within {self._open_s:g} s") from exc
        except serial.SerialException as exc:
            raise self._reason(exc) from exc
        except (OSError, ValueError) as exc:
            raise LinkBroken(f"{self.name} cannot be opened: {exc}") from exc

    def _open_blocking(self) -> serial.Serial:
        return serial.Serial(self._device, self._baud, exclusive=True)

    def _reason(self, exc: serial.SerialException) -> LinkBroken | LinkBusy:
        if exc.errno in (errno.EBUSY, errno.EAGAIN):
            return LinkBusy(f"{self.name} is in use by somebody else")
        return LinkBroken(f"{self.name} cannot be opened: {_sentence(exc)}")


def _sentence(exc: serial.SerialException) -> str:
    """The system's own word for it; pyserial wraps it twice."""
    if exc.errno == errno.ENOENT:
        return "no such device"
    return exc.strerror or str(exc)
