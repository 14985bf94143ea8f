"""A modem on a pty, for a process of its own: `python -m tests.peers.atmodem_device LINK`. libgammu reads and writes its PDUs.

LINK becomes a symlink to the pty. Orders are lines of JSON on stdin, events are lines of JSON on stdout; see tests/peers/atmodem.py.
The text of what it sends is as smspdudecoder reads it: libgammu doubles each `~`, and where an escape makes a text shorter, it fills it
up with stale memory.
With `--tcp` it listens on loopback instead, for one
host at a time, as a modem behind a serial server does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tty
from collections.abc import Callable
from typing import Any

from tests.peers.atmodem_dialogue import Modem, emit
from tests.peers.atmodem_pdus import deliveries


class Cable:
    """A pty that can be pulled out: the symlink goes, and whoever has the device open gets an error."""

    def __init__(self, link: str) -> None:
        self.link = link
        self.ends: tuple[int, int] | None = None
        self.modem = Modem(self.put)

    def put(self, octets: bytes) -> None:
        if self.ends is not None:
            os.write(self.ends[0], octets)

    def plug(self) -> None:
        ours, theirs = self.ends = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self.modem.restarted()
        os.symlink(os.ttyname(theirs), self.link)
        asyncio.get_running_loop().add_reader(ours, self._readable)
        emit("UP", port=0)

    def unplug(self) -> None:
        if self.ends is None:
            return
        ends, self.ends = self.ends, None
        asyncio.get_running_loop().remove_reader(ends[0])
        os.unlink(self.link)
        for end in ends:
            os.close(end)
        emit("DOWN")

    def _readable(self) -> None:
        if self.ends is None:
            return
        try:
            octets = os.read(self.ends[0], 4096)
        except OSError:
            return
        self.modem.feed(octets)


class Socket:
    """The same modem behind a serial server."""

    def __init__(self) -> None:
        self.writer: asyncio.StreamWriter | None = None
        self.modem = Modem(self.put)

    def put(self, octets: bytes) -> None:
        if self.writer is not None and not self.writer.is_closing():
            self.writer.write(octets)

    async def listen(self) -> None:
        server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
        emit("UP", port=server.sockets[0].getsockname()[1])

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
        self.writer = writer
        try:
            while octets := await reader.read(4096):
                self.modem.feed(octets)
        except OSError:
            return
        finally:
            writer.close()


def obey(end: Cable | Socket, order: dict[str, Any]) -> None:
    """Carry out what an order holds, and say so."""
    modem = end.modem
    verbs: dict[str, Callable[[Any], object]] = {
        "mo": lambda mo: modem.messages(deliveries(mo["from"], mo["text"])[: mo.get("parts")]),
        "report": lambda of: modem.report(of["to"], of["reference"], of["status"]),
        "raw": modem.message,
        "how": modem.how.update,
        "reg": modem.register,
        "reboot": lambda _: modem.restarted(),
    }
    if isinstance(end, Cable):
        verbs["plug"] = lambda is_in: end.plug() if is_in else end.unplug()
    for word, value in order.items():
        if word in verbs:
            verbs[word](value)
    emit("DONE", order=order["id"])


async def main() -> None:
    is_tcp = sys.argv[1] == "--tcp"
    end: Cable | Socket = Socket() if is_tcp else Cable(sys.argv[1])
    if isinstance(end, Socket):
        await end.listen()
    else:
        end.plug()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        obey(end, json.loads(line))
    if isinstance(end, Cable):
        end.unplug()


asyncio.run(main())
