"""A SimLoop with a loopback of its own: connections between two ends in this process, on virtual time, without a socket.

What `asyncio.open_connection`, `start_server` and HTTP clients on top of them need, and no more: TCP, no names, no TLS.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import itertools
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from fenghuo.rig.simloop import SimLoop

__all__ = ["LoopbackLoop"]

HOP_S = 0.0005
"""Virtual seconds that octets take from one end to the other."""
HIGH_WATER = 64 * 1024
FIRST_PORT = 20_000
T = TypeVar("T")
Protocol = Any
"""A BaseProtocol, stream or not; asyncio calls it by name."""


class LoopbackLoop(SimLoop):
    """As SimLoop; whoever listens is known by port alone."""

    def __init__(self, seed: int = 0, *, fifo: bool = True) -> None:
        super().__init__(seed, fifo=fifo)
        self._listening: dict[int, Listener] = {}
        self._dialled: dict[int, int] = {}  # descriptor of a socket that never left → port
        self._ports = itertools.count(FIRST_PORT)
        self._outside = contextvars.copy_context()  # whoever listens is no part of whoever dials
        self.open_ends: set[End] = set()

    async def create_server(self, protocol_factory: Callable[[], Protocol], host: Any = None, port: Any = None, **options: Any) -> Any:
        """Listen on `port`, or on one of its own choice. Raises: OSError: it is taken."""
        chosen = port or next(self._ports)
        if chosen in self._listening:
            raise OSError(errno.EADDRINUSE, f"port {chosen} is taken")
        listener = self._listening[chosen] = Listener(self, chosen, protocol_factory)
        return listener

    async def create_connection(self, protocol_factory: Callable[[], Protocol], host: Any = None, port: Any = None, **options: Any) -> Any:
        """Connect. Raises: ConnectionRefusedError: nobody listens."""
        dialled: socket.socket | None = options.get("sock")
        if dialled is not None:
            port = self._dialled.pop(dialled.fileno(), 0)
            dialled.close()
        else:
            await asyncio.sleep(HOP_S)
        listener = self._answering(port)
        near, far = End(self, port, contextvars.copy_context()), End(self, port, self._outside.copy())
        near.other, far.other = far, near
        protocol = protocol_factory()
        far.within(far.open, far.within(listener.protocol_factory))
        near.open(protocol)
        return near, protocol

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """For clients that dial first and hand the socket over then. Raises: ConnectionRefusedError."""
        await asyncio.sleep(HOP_S)
        self._answering(address[1])
        self._dialled[sock.fileno()] = address[1]

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """Every name is this machine."""
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]

    def close(self) -> None:
        """Whoever was killed never closed its ends; nobody is to be told of that when they are collected."""
        for end in self.open_ends:
            end.vanish()
        super().close()

    def forget(self, port: int) -> None:
        """Nobody listens there any more."""
        self._listening.pop(port, None)

    def _answering(self, port: int) -> Listener:
        listener = self._listening.get(port)
        if listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens on the simulated port", port)
        return listener


class Listener:
    """What create_server gives: a port until close()."""

    def __init__(self, loop: LoopbackLoop, port: int, protocol_factory: Callable[[], Protocol]) -> None:
        self.protocol_factory = protocol_factory
        self.sockets = (NamedSocket(port),)
        self._loop = loop
        self._port = port

    def close(self) -> None:
        self._loop.forget(self._port)

    async def wait_closed(self) -> None:
        return None

    def is_serving(self) -> bool:
        return True

    def get_loop(self) -> LoopbackLoop:
        return self._loop


class NamedSocket:
    """Stands where a transport's socket is looked at: it has a name and takes every option."""

    family = socket.AF_UNIX  # no TCP options are tried on it by those who look

    def __init__(self, port: int) -> None:
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", self._port

    getpeername = getsockname

    def setsockopt(self, *option: Any) -> None:
        """Nothing here is faster or slower."""


class End(asyncio.Transport):
    """One end of a connection. Octets arrive in order, one hop later, and wait while the other side does not read."""

    def __init__(self, loop: LoopbackLoop, port: int, context: contextvars.Context) -> None:
        super().__init__({"peername": ("127.0.0.1", port), "sockname": ("127.0.0.1", port), "socket": NamedSocket(port)})
        self.other: End
        self._loop = loop
        self._context = context
        self._protocol: Protocol = None
        self._arriving: list[bytes | None] = []  # from the other end, None for its end of file
        self._timer: asyncio.TimerHandle | None = None
        self._high = HIGH_WATER
        self._is_reading = True
        self._is_closing = self._is_gone = self._is_full = False

    def within(self, call: Callable[..., T], *args: Any) -> T:
        """As whoever owns this end, not as whoever wrote to it."""
        return self._context.copy().run(call, *args)

    def open(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._loop.open_ends.add(self)
        protocol.connection_made(self)

    def write(self, data: Any) -> None:
        if not self._is_closing and data:
            self.other.take(bytes(data))

    def take(self, octets: bytes | None) -> None:
        """The other end sent this."""
        if self._is_gone:
            return
        self._arriving.append(octets)
        self._press()
        if self._timer is None:
            self._timer = self._loop.call_later(HOP_S, self._hand_over, context=self._context)

    def write_eof(self) -> None:
        self.other.take(None)

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        if not self._is_closing and not self._loop.is_closed():
            self._is_closing = True
            self.other.take(None)
            self._loop.call_soon(self._end, None, context=self._context)

    def abort(self) -> None:
        if not self._is_gone and not self._loop.is_closed():
            self._is_closing = True
            self._loop.call_soon(self._end, None, context=self._context)
            self._loop.call_later(HOP_S, self.other.reset, context=self.other._context)

    def reset(self) -> None:
        """The other end aborted."""
        if not self._is_gone:
            self._is_closing = True
            self._end(ConnectionResetError(errno.ECONNRESET, "the simulated far end aborted"))

    def vanish(self) -> None:
        """Gone without a word to anybody."""
        self._is_closing = self._is_gone = True

    def is_closing(self) -> bool:
        return self._is_closing

    def is_reading(self) -> bool:
        return self._is_reading

    def pause_reading(self) -> None:
        self._is_reading = False

    def resume_reading(self) -> None:
        self._is_reading = True
        if self._arriving and self._timer is None:
            self._timer = self._loop.call_later(0.0, self._hand_over, context=self._context)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = HIGH_WATER if high is None else high

    def get_write_buffer_size(self) -> int:
        return self.other.waiting

    def set_protocol(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Protocol:
        return self._protocol

    @property
    def waiting(self) -> int:
        """Octets that came and were not taken, because nobody reads."""
        return 0 if self._is_reading else sum(len(octets or b"") for octets in self._arriving)

    def relieve(self) -> None:
        """The other end has taken what waited."""
        if self._is_full and not self._is_gone:
            self._is_full = False
            self.within(self._protocol.resume_writing)

    def fill(self) -> None:
        """The other end does not take what waits."""
        if not self._is_full and not self._is_gone:
            self._is_full = True
            self.within(self._protocol.pause_writing)

    def _press(self) -> None:
        if self.waiting > self.other._high:  # its buffer, as the kernel would tell it
            self.other.fill()

    def _hand_over(self) -> None:
        self._timer = None
        while self._arriving and self._is_reading and not self._is_gone:
            octets = self._arriving.pop(0)
            if octets is not None:
                self._protocol.data_received(octets)
            elif not self._protocol.eof_received():
                self.close()
        if self._is_reading:
            self.other.relieve()

    def _end(self, error: OSError | None) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        self._arriving.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.open_ends.discard(self)
        self._protocol.connection_lost(error)
