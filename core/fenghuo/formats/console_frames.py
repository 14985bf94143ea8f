"""The frames of fenghuo.console.v1 as structs, for both ends: what a console may say, and what it is told. Source: console.md §6.

One JSON object each; `t` names the type. Unknown fields are ignored, and frames of an unknown type are counted and ignored, so that a newer
end may say more. docs/reference/console.asyncapi.json is made from these classes.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, TypeVar

import msgspec

from fenghuo.model.command import Failure

__all__ = [
    "FROM_CONSOLE",
    "FROM_SERVER",
    "PROTOCOL",
    "Auth",
    "Close",
    "Cmd",
    "Cursor",
    "Delta",
    "Frame",
    "Hello",
    "Op",
    "Ping",
    "Pong",
    "Ready",
    "Res",
    "Resumed",
    "Resync",
    "ResyncReason",
    "Seen",
    "Snap",
    "State",
    "Sub",
    "Unheard",
    "encode",
    "from_console",
    "from_server",
]

PROTOCOL = "fenghuo.console.v1"


class Close(IntEnum):
    """Why the server ends a console's connection; each tells the client what to do next."""

    BAD_FRAME = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    SILENT = 4408
    VERSION = 4409
    TOO_FAST = 4429
    STOPPING = 4503


class ResyncReason(StrEnum):
    """Why a subscription ends: the console was too slow, the server missed something, the stream is another one, or other rights hold."""

    SLOW = "slow"
    GAP = "gap"
    EPOCH = "epoch"
    PERM = "perm"


class Cursor(msgspec.Struct, frozen=True):
    """A place in one stream of events; in another epoch it means nothing."""

    epoch: str
    seq: int


class Frame(msgspec.Struct, frozen=True, tag_field="t"):
    """Whatever goes over the wire."""


class Hello(Frame, frozen=True, tag="hello"):
    """First of all: which protocols are spoken, and the server's time (UTC seconds)."""

    proto: str
    min: str
    server: str
    now: float


class Auth(Frame, frozen=True, tag="auth"):
    """Who watches. A program: `token`; a page: `csrf`, the nonce of the session whose cookie came with the upgrade. `proto`: what it
    speaks, `lang`: what its person reads."""

    token: str = ""
    csrf: str = ""
    proto: str = ""
    lang: str = ""


class Ready(Frame, frozen=True, tag="ready"):
    """Who the console is taken for and what it may; it comes again when that changes. `role`: the one of `rights` that is shown; `caps`:
    the topics there are; `hb`: seconds between pings."""

    user: str
    role: str
    rights: tuple[str, ...]
    caps: tuple[str, ...]
    hb: float


class Sub(Frame, frozen=True, tag="sub", rename={"from_": "from"}):
    """What it wants to see; a new subscription replaces the old. `id`: chosen by the client; `topics`: some of `caps`, all of them where it
    does not say; `from`: where its state stands, if it has one."""

    id: int
    topics: tuple[str, ...] | None = None
    from_: Cursor | None = None


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
    """What became of one path: `set` to `v`, or `del`. `rev`: the seq of the event that changed it last, for `if_rev`."""

    p: str
    op: str
    v: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    rev: int = 0


class Delta(Frame, frozen=True, tag="delta"):
    """Changes that lead from `prev` to `seq`; a client that is not at `prev` must subscribe again."""

    epoch: str
    prev: int
    seq: int
    ops: tuple[Op, ...]


class Resync(Frame, frozen=True, tag="resync"):
    """Subscription `id` has ended; the client drops its cursor, subscribes without `from`, and asks again what had no answer."""

    id: int
    reason: ResyncReason


class Cmd(Frame, frozen=True, tag="cmd"):
    """A verb of the desk. `id`: comes back in the answer; `key`: made once for each press, not needed where the verb only reads; `if_rev`:
    the rev of the row as it was drawn."""

    id: int
    do: str
    key: str = ""
    if_rev: int | None = None
    args: dict[str, Any] = {}


class Res(Frame, frozen=True, tag="res", omit_defaults=True):
    """The answer to a command: `data` where it is ok, and then it is on the disk; else `err`."""

    id: int
    ok: bool
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    err: Failure | msgspec.UnsetType = msgspec.UNSET


class Ping(Frame, frozen=True, tag="ping"):
    """Still here: the server's time, and where the client must be when it reads this."""

    now: float
    head: int


class Pong(Frame, frozen=True, tag="pong"):
    """Still here: where the client is."""

    seq: int = 0


class State(Frame, frozen=True, tag="state"):
    """Whether somebody is there: `armed` by the press that begins a watch, `sound` can be heard, the page is `visible`, `idle_s` since a
    key or the mouse was last touched."""

    armed: bool
    sound: bool
    visible: bool
    idle_s: float = 0.0


class Seen(Frame, frozen=True, tag="seen"):
    """The row of a path is drawn in front of a person; `tone`: and its tone has started."""

    p: str
    tone: bool


FROM_CONSOLE: tuple[type[Frame], ...] = (Auth, Sub, Cmd, Pong, State, Seen)
FROM_SERVER: tuple[type[Frame], ...] = (Hello, Ready, Snap, Resumed, Delta, Resync, Res, Ping)

F = TypeVar("F", bound=Frame)


class Unheard(msgspec.Struct, frozen=True):
    """A frame of a type that this end does not know."""

    t: str


encode = msgspec.json.Encoder().encode
_kind = msgspec.json.Decoder(Unheard)


def _decoders(kinds: tuple[type[Frame], ...]) -> dict[str, msgspec.json.Decoder[Frame]]:
    return {str(kind.__struct_config__.tag): msgspec.json.Decoder(kind) for kind in kinds}


_of_console, _of_server = _decoders(FROM_CONSOLE), _decoders(FROM_SERVER)


def from_console(text: str | bytes) -> Frame | Unheard:
    """A client's frame. Raises: msgspec.DecodeError: no JSON object, or one of a known type that is not of its shape."""
    return _read(text, _of_console)


def from_server(text: str | bytes) -> Frame | Unheard:
    """A server's frame. Raises: msgspec.DecodeError, as from_console()."""
    return _read(text, _of_server)


def _read(text: str | bytes, decoders: dict[str, msgspec.json.Decoder[Frame]]) -> Frame | Unheard:
    kind = _kind.decode(text)
    decoder = decoders.get(kind.t)
    return decoder.decode(text) if decoder is not None else kind
