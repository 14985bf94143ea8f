"""Frames of the line on which a plugin's declarations are asked for: one question, one answer, both sides waiting."""

from __future__ import annotations

import socket
import struct
import time

import msgspec

__all__ = ["LARGEST", "Asked", "Told", "receive", "transmit"]

LARGEST = 1 << 20
HEAD = struct.Struct(">I")


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """`args`: a list, as msgpack."""

    do: str
    args: msgspec.Raw


class Told(msgspec.Struct, frozen=True, array_like=True):
    """`kind`: the class of what was raised, empty where `value` is what came of it."""

    value: msgspec.Raw = msgspec.Raw(b"\xc0")
    kind: str = ""
    says: str = ""


def transmit(line: socket.socket, octets: bytes) -> None:
    """One frame, within the time limit of the socket. Raises: OSError."""
    line.sendall(HEAD.pack(len(octets)) + octets)


def receive(line: socket.socket, *, until: float | None = None) -> bytes | None:
    """One frame, None: the other side is gone. `until`: monotonic seconds. Raises: TimeoutError; ValueError: it is too long."""
    head = _exactly(line, HEAD.size, until)
    if head is None:
        return None
    (size,) = HEAD.unpack(head)
    if size > LARGEST:
        raise ValueError(f"an answer of {size} octets; {LARGEST} fit")
    return _exactly(line, size, until)


def _exactly(line: socket.socket, size: int, until: float | None) -> bytes | None:
    """Piece by piece: whoever sends one octet a second is late as well."""
    found = bytearray()
    while len(found) < size:
        if until is not None:
            line.settimeout(max(0.001, until - time.monotonic()))
        piece = line.recv(size - len(found))
        if not piece:
            return None
        found += piece
    return bytes(found)
