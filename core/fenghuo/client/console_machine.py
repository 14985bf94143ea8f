"""The client's half of fenghuo.console.v1, without socket, timer or task: frames in, frames out, and what has become of the state.

The state follows the server's exactly, or `is_live` says that it does not. What a person asked for keeps its key from the press to the
answer, through every lost line; it is sent again and never asked for anew. Source: console.md §6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from fenghuo.formats.console_frames import (
    PROTOCOL,
    Auth,
    Close,
    Cmd,
    Cursor,
    Delta,
    Frame,
    Hello,
    Ping,
    Pong,
    Ready,
    Res,
    Resumed,
    Resync,
    Seen,
    Snap,
    State,
    Sub,
    encode,
    from_server,
)

__all__ = ["AfterClose", "Machine", "Row", "after_close", "retry_s"]

RETRY_MIN_S = 0.5
RETRY_MAX_S = 10.0
BACKED_OFF = 5
"""Tries that a client which was too fast is taken to have made already: it begins at the longest wait."""


class Row(msgspec.Struct, frozen=True):
    """What is at a path. `rev`: for `if_rev` of a command about it: the seq at which this value was known to be so."""

    value: Any
    rev: int


class AfterClose(StrEnum):
    """What a client does when its line is gone."""

    RETRY = "retry"
    BACK_OFF = "back-off"
    LOG_IN = "log-in"
    STOP = "stop"


_AFTER = {
    Close.NOT_AUTHENTICATED: AfterClose.LOG_IN,
    Close.NOT_ALLOWED: AfterClose.STOP,
    Close.VERSION: AfterClose.STOP,
    Close.TOO_FAST: AfterClose.BACK_OFF,
    Close.BAD_FRAME: AfterClose.BACK_OFF,
}


def after_close(code: int | None) -> AfterClose:
    """What to do after a close of this code; None: the line broke without one."""
    return _AFTER.get(Close(code), AfterClose.RETRY) if code in set(Close) else AfterClose.RETRY


def retry_s(tries: int, chance: Callable[[], float]) -> float:
    """Seconds until try number `tries` (0: the first): doubled each time up to the longest, and half of it by `chance` (0 to 1)."""
    return min(RETRY_MIN_S * 2.0 ** min(tries, 10), RETRY_MAX_S) * (0.5 + chance() / 2.0)


class Machine:
    """One client, through any number of connections: opened(), take() for each text, broken(). `state` is replaced or changed in take().

    `topics`: what it wants to see, () for all there are; `key`: makes a new idempotency key; `missed`: how often it had to start over
    because something was missing.
    """

    def __init__(self, *, token: str, topics: Sequence[str] = (), lang: str = "zh-CN", key: Callable[[], str]) -> None:
        self._token = token
        self._topics = tuple(topics)
        self._lang = lang
        self._key = key
        self._subscription = 0
        self._last_id = 0
        self._parts: dict[str, Row] = {}
        self._next_part = 0
        self._loading: Cursor | None = None
        self._is_waiting = False
        self._pending: dict[int, Cmd] = {}
        self._out: list[Frame] = []
        self.state: dict[str, Row] = {}
        self.cursor: Cursor | None = None
        self.is_live = False
        self.ready: Ready | None = None
        self.skew_s = 0.0
        self.missed = 0
        self.answers: dict[int, Res] = {}
        """Answers to commands that nobody has fetched yet, by the number that command() gave."""
        self.changed: dict[str, Row | None] = {}
        """What has changed since somebody last emptied it; everything, after a whole state."""

    @property
    def pending(self) -> Mapping[int, Cmd]:
        """Commands of which nobody knows yet whether they were carried out."""
        return self._pending

    def command(self, do: str, args: Mapping[str, Any], *, if_rev: int | None = None, key: str | None = None) -> tuple[int, str]:
        """A new command: its number, and the text to send. `key`: "" for a verb that only reads."""
        self._last_id += 1
        cmd = Cmd(self._last_id, do, self._key() if key is None else key, if_rev, dict(args))
        self._pending[cmd.id] = cmd
        return cmd.id, _text(cmd)

    @staticmethod
    def presence(*, armed: bool, sound: bool, visible: bool, idle_s: float) -> str:
        """The text that says whether somebody is here."""
        return _text(State(armed, sound, visible, idle_s))

    @staticmethod
    def seen(path: str, *, tone: bool) -> str:
        """The text that says that a row is drawn, and whether its tone has started."""
        return _text(Seen(path, tone))

    def opened(self) -> None:
        """A new connection is there; the server speaks first."""
        self.broken()

    def broken(self) -> None:
        """The connection is gone: the state stays to be looked at, and the cursor to resume from."""
        self.is_live = False
        self._is_waiting = False
        self.ready = None

    def take(self, text: str | bytes, *, now: float = 0.0) -> list[str]:
        """Take one frame; the texts to send for it. `now`: this machine's UTC seconds. Raises: msgspec.DecodeError: it is no frame."""
        self._out = []
        match from_server(text):
            case Hello() as hello:
                self.skew_s = hello.now - now
                self._out.append(Auth(token=self._token, proto=PROTOCOL, lang=self._lang))
            case Ready() as ready:
                self._welcome(ready)
            case Snap() | Resumed() as loaded if loaded.id == self._subscription and self._is_waiting:
                self._load(loaded)
            case Delta() as delta if self.is_live:
                self._delta(delta)
            case Resync() as resync if resync.id == self._subscription:
                self._start_over()
                self._out += self._pending.values()
            case Res() as res:
                self._answered(res)
            case Ping() as ping:
                self._ping(ping, now)
        return [_text(frame) for frame in self._out]

    def _welcome(self, ready: Ready) -> None:
        """The first of a connection begins it; a later one says that the rights are others, and a resync comes with it."""
        is_first, self.ready = self.ready is None, ready
        if is_first:
            self._subscribe()
            self._out += self._pending.values()

    def _subscribe(self) -> None:
        self._subscription += 1
        self.is_live = False
        self._is_waiting = True
        self._parts, self._next_part, self._loading = {}, 0, None
        caps = self.ready.caps if self.ready is not None else ()
        topics = tuple(topic for topic in self._topics if topic in caps) or None
        self._out.append(Sub(self._subscription, topics, self.cursor))

    def _start_over(self) -> None:
        """Without a cursor: a server that sent the same backlog through the same outbox again would overflow it for ever."""
        self.cursor = None
        self._subscribe()

    def _answered(self, res: Res) -> None:
        if self._pending.pop(res.id, None) is not None:
            self.answers[res.id] = res

    def _load(self, frame: Snap | Resumed) -> None:
        if isinstance(frame, Resumed):
            self._live(frame.cur)
        else:
            self._snap(frame)

    def _snap(self, snap: Snap) -> None:
        if snap.part != self._next_part or (self._loading is not None and self._loading != snap.cur):
            self.missed += 1
            self._start_over()
            return
        self._next_part += 1
        self._loading = snap.cur
        for path, value in snap.data.items():
            self._parts[path] = Row(msgspec.json.decode(value), snap.cur.seq)
        if snap.last:
            gone: dict[str, Row | None] = dict.fromkeys(self.state.keys() - self._parts.keys())
            self.state, self._parts = self._parts, {}
            self.changed = {**gone, **self.state}
            self._live(snap.cur)

    def _live(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._is_waiting = False
        self.is_live = True

    def _delta(self, delta: Delta) -> None:
        if self.cursor != Cursor(delta.epoch, delta.prev):
            self.missed += 1
            self._start_over()
            return
        for op in delta.ops:
            if op.op == "set" and isinstance(op.v, msgspec.Raw):
                self.changed[op.p] = self.state[op.p] = Row(msgspec.json.decode(op.v), op.rev or delta.seq)
            else:
                self.state.pop(op.p, None)
                self.changed[op.p] = None
        self.cursor = Cursor(delta.epoch, delta.seq)

    def _ping(self, ping: Ping, now: float) -> None:
        self.skew_s = ping.now - now
        self._out.append(Pong(self.cursor.seq if self.cursor is not None else 0))
        if self.is_live and self.cursor is not None and ping.head != self.cursor.seq:
            self.missed += 1
            self._start_over()


def _text(frame: Frame) -> str:
    return encode(frame).decode()
