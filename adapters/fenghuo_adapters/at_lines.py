"""How an operator writes where a modem is, and the commands it is given; and the line that leads there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fenghuo_adapters.kiss_line import ByteLine
from fenghuo_adapters.serial_line import SerialLine
from fenghuo_adapters.tcp_line import TcpLine

__all__ = ["check_centre", "check_commands", "check_device", "line_to"]

_TCP = "tcp://"
_DEVICE = re.compile(r"tcp://[^/:]+:\d{1,5}|/.+")
_COMMAND = re.compile(r"-?AT[\x20-\x7e]*", re.IGNORECASE)
_CENTRE = re.compile(r"\+?\d{3,20}")


def line_to(device: str, baud: int, *, open_s: float) -> ByteLine:
    """A line to a serial device, or to one behind a serial server (tcp://HOST:PORT); `baud` is of the former."""
    if device.startswith(_TCP):
        host, _, port = device.removeprefix(_TCP).rpartition(":")
        return TcpLine(host, int(port), open_s=open_s)
    return SerialLine(device, baud, open_s=open_s)


def check_device(key: str, device: str) -> None:
    """Raises: ValueError: nothing can be found there, with a sentence that names `key`."""
    if not _DEVICE.fullmatch(device):
        raise ValueError(f"{key} names {device!r}, which is neither the path of a device nor tcp://HOST:PORT")


def check_commands(commands: Iterable[str]) -> None:
    """Raises: ValueError for the first that is no command."""
    for command in commands:
        if not _COMMAND.fullmatch(command):
            raise ValueError(f"{command!r} is not an AT command; it begins with AT and stands on one line")


def check_centre(centre: str) -> None:
    """Raises: ValueError for what is no number of a short message centre; empty is the SIM's."""
    if centre and not _CENTRE.fullmatch(centre):
        raise ValueError(f"centre {centre!r} is not a number such as +8613800100500; leave it empty for the SIM's")
