"""A TNC from its settings: the line to it, and the parameters it is given at each opening."""

from __future__ import annotations

from fenghuo_adapters.kiss_framing import Command, KissFrame
from fenghuo_adapters.kiss_line import ByteLine
from fenghuo_adapters.serial_line import SerialLine
from fenghuo_adapters.tcp_line import TcpLine
from fenghuo_narrowband.settings import TncSettings

__all__ = ["AT_ONCE", "byte_line", "parameters", "persistence"]

AT_ONCE = 255
"""The persistence of a modem that takes a free channel at its next look: where a slot is its own, chance only costs it the slot."""


def byte_line(settings: TncSettings) -> ByteLine:
    """How the TNC is reached; nothing is opened yet."""
    if settings.driver == "serial":
        return SerialLine(settings.device, settings.baud, open_s=settings.open_s)
    return TcpLine(settings.host, settings.port, open_s=settings.open_s)


def parameters(settings: TncSettings) -> bytes:
    """The TNC's parameters in its own units (10 ms), empty if it is set up by hand."""
    if not settings.configure_tnc:
        return b""
    values = (
        (Command.TXDELAY, settings.txdelay_ms // 10),
        (Command.PERSISTENCE, settings.persistence),
        (Command.SLOT_TIME, settings.slot_ms // 10),
        (Command.TX_TAIL, settings.txtail_ms // 10),
        (Command.FULL_DUPLEX, int(settings.full_duplex)),
    )
    return b"".join(KissFrame(bytes((value,)), command=command, port=settings.kiss_port).encode() for command, value in values)


def persistence(settings: TncSettings, value: int) -> KissFrame | None:
    """Another persistence from the next frame on; None if the TNC is set up by hand."""
    if not settings.configure_tnc:
        return None
    return KissFrame(bytes((value,)), command=Command.PERSISTENCE, port=settings.kiss_port)
