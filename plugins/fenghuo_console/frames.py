"""The frames of fenghuo.console.v1 as structs: what a console may say, and what it is told. Source: console.md §6."""

from __future__ import annotations

from enum import IntEnum

import msgspec

__all__ = [
    "PROTOCOL",
    "TOPICS",
    "Close",
    "Cursor",
    "Delta",
    "Failure",
    "FromConsole",
    "Hello",
    "Op",
    "Ping",
    "Ready",
    "Result",
    "Resumed",
    "Resync",
    "Snap",
    "encode",
    "read_frame",
]

PROTOCOL = "fenghuo.console.v1"
TOPICS = ("message", "objective", "channel", "mode")


class Close(IntEnum):
    """Why the server ends a console's connection; each tells the client what to do next."""

    BAD_FRAME = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    SILENT = 4408
    VERSION = 4409
    TOO_FAST = 4429
    STOPPING = 4503


class Cursor(msgspec.Struct, frozen=True):
    """A place in one stream of events; in another epoch it means nothing."""

    epoch: str
    seq: int


class FromConsole(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """Any frame of a client: `t` says which of the fields count; unknown fields and types are ignored."""

    t: str
    id: int = 0
    token: str = ""
    csrf: str = ""
    proto: str = ""
    topics: tuple[str, ...] = TOPICS
    from_: Cursor | None = None
    seq: int = 0


class Frame(msgspec.Struct, frozen=True, tag_field="t"):
    """A frame of the server."""


class Hello(Frame, frozen=True, tag="hello"):
    """First of all: which protocols are spoken, and the server's time (UTC seconds)."""

    proto: str
    min: str
    server: str
    now: float


class Ready(Frame, frozen=True, tag="ready"):
    """Who the console is taken for, what it may, and seconds between pings."""

    user: str
    role: str
    caps: tuple[str, ...]
    hb: float


class Snap(Frame, frozen=True, tag="snap"):
    """A part of the state as it was at `cur`; the parts count together, once the last has come."""

    id: int
    cur: Cursor
    part: int
    last: bool
    data: dict[str, msgspec.Raw]


class Resumed(Frame, frozen=True, tag="resumed"):
    """The client's state is still good; deltas follow from `cur`."""

    id: int
    cur: Cursor


class Op(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one path: `set` to `v`, or `del`."""

    p: str
    op: str
    v: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Delta(Frame, frozen=True, tag="delta"):
    """Changes that lead from `prev` to `seq`; a client that is not at `prev` must subscribe again."""

    epoch: str
    prev: int
    seq: int
    ops: tuple[Op, ...]


class Resync(Frame, frozen=True, tag="resync"):
    """Subscription `id` has ended: slow, gap, epoch or perm."""

    id: int
    reason: str


class Failure(msgspec.Struct, frozen=True):
    """Why a command was not carried out."""

    code: str
    msg: str


class Result(Frame, frozen=True, tag="res"):
    """The answer to a command."""

    id: int
    ok: bool
    err: Failure


class Ping(Frame, frozen=True, tag="ping"):
    """Still here: the server's time, and where the client must be when it reads this."""

    now: float
    head: int


encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(FromConsole)


def read_frame(text: str) -> FromConsole:
    """A client's frame. Raises: msgspec.DecodeError for anything else."""
    return _decoder.decode(text)
