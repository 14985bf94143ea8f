"""The parts of long texts as they come in, put together again, and known again when they come twice. Pure: time is passed in.

A text is one of three things: unfinished, given up with a gap, or whole. The last two are remembered for as long as a network may bring a
part once more, so that no copy of a part, and no part that comes late, is ever taken for a text of its own.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum

import msgspec

from fenghuo_adapters.short_message_framing import Concat

__all__ = ["COPY", "LONGEST_GAP_S", "MOST_KNOWN", "MOST_UNFINISHED", "REMEMBERED_S", "Copy", "Joined", "Joining"]

LONGEST_GAP_S = 60.0
"""A part that has not come by then will hardly come; a text with a gap is still worth a person's look."""
MOST_UNFINISHED = 1000
REMEMBERED_S = 3 * 86_400.0
"""How long a copy of a part may come: centres keep what was not acknowledged for days. After that its reference is a new text's."""
MOST_KNOWN = 1000
_PREFIX = "joined/"

_Key = tuple[str, int, int]


class Copy(Enum):
    COPY = "copy"


COPY = Copy.COPY
"""A part of a text that was told before: to be kept and acknowledged, and nothing else."""


class Joined(msgspec.Struct, frozen=True):
    """A text, with `…` where a part never came, and the octets of its parts one after the other; `held`: what take() was given to
    acknowledge them by. `is_broken`: something is missing, or came so late that it was told with a gap before. `key`, `parts`: its
    name, and its parts by their numbers, for told()."""

    sender: str
    text: str
    raw: bytes
    held: tuple[Callable[[], None], ...] = ()
    is_broken: bool = False
    key: _Key = ("", 0, 0)
    parts: Mapping[int, str] = msgspec.field(default_factory=dict)


class _Unfinished(msgspec.Struct):
    """A long text of which parts are missing; `since`: monotonic seconds of the first."""

    since: float
    texts: dict[int, str] = msgspec.field(default_factory=dict)
    raws: dict[int, bytes] = msgspec.field(default_factory=dict)
    held: list[Callable[[], None]] = msgspec.field(default_factory=list)

    def joined(self, key: _Key) -> Joined:
        raw = b"".join(self.raws[number] for number in sorted(self.raws))
        return Joined(key[0], _whole(key, self.texts), raw, tuple(self.held), len(self.texts) < key[2], key, dict(self.texts))


class _Known(msgspec.Struct):
    """A text that was told: the digests of its parts, and of one with a gap the words too, as long as no start forgot them. `since`: UTC
    seconds, infinity until it is kept."""

    since: float
    marks: dict[int, str]
    texts: dict[int, str] = msgspec.field(default_factory=dict)


class Joining:
    """Long texts of which something is missing, and those that were told. The oldest is forgotten when there are more than a thousand."""

    def __init__(self) -> None:
        self._unfinished: dict[_Key, _Unfinished] = {}
        self._broken_off: list[Joined] = []
        self._known: OrderedDict[_Key, _Known] = OrderedDict()

    def take(
        self, sender: str, concat: Concat, text: str, *, raw: bytes, now: float, held: Callable[[], None] | None = None
    ) -> Joined | Copy | None:
        """The text, if this was the last part of it that was missing; COPY for a part of one that was told. `held`: to acknowledge this
        part by when the whole is kept. `now`: monotonic seconds."""
        key = (sender, concat.reference, concat.total)
        known = self._known.get(key)
        if known is not None and known.marks.get(concat.number) == _mark(text):
            return COPY
        if known is not None and concat.number not in known.marks:
            return self._late(key, known, concat, text, raw=raw, held=held)
        found = self._unfinished.get(key)
        if found is None or found.texts.get(concat.number, text) != text:
            if found is not None:  # another text under the same reference
                self._broken_off.append(found.joined(key))
            found = self._unfinished[key] = _Unfinished(now)
        found.texts[concat.number], found.raws[concat.number] = text, raw
        if held is not None:
            found.held.append(held)
        if len(found.texts) == concat.total:
            return self._unfinished.pop(key).joined(key)
        if len(self._unfinished) > MOST_UNFINISHED:
            self._unfinished.pop(next(iter(self._unfinished)))  # its parts are kept raw; only the joined text is given up
        return None

    @staticmethod
    def _late(key: _Key, known: _Known, concat: Concat, text: str, *, raw: bytes, held: Callable[[], None] | None) -> Joined:
        """A part of what was told with a gap: told once more, with what is there now."""
        texts = {**known.texts, concat.number: text}
        return Joined(key[0], _whole(key, texts), raw, () if held is None else (held,), True, key, texts)

    def told(self, joined: Joined, at: float) -> dict[str, str | None]:
        """It is kept: its parts are known from now on, and what of them came again meanwhile is acknowledged. What to note down, by name;
        None: take that away. `at`: UTC seconds."""
        again = self._unfinished.get(joined.key)
        if again is not None and again.texts.items() <= joined.parts.items():
            del self._unfinished[joined.key]
            for acknowledge in again.held:
                acknowledge()
        before = self._known.pop(joined.key, None) if joined.is_broken else None
        marks = {**(before.marks if before is not None else {}), **{number: _mark(text) for number, text in joined.parts.items()}}
        known = self._known[joined.key] = _Known(at, marks, dict(joined.parts) if len(marks) < joined.key[2] else {})
        self._known.move_to_end(joined.key)
        return {_name(joined.key): _noted(joined.key, known), **{_name(key): None for key in self._forget(at)}}

    def remember(self, notes: Mapping[str, str], at: float) -> None:
        """What told() gave to be noted, before a restart; others' notes are none of it."""
        for name, value in notes.items():
            if name.startswith(_PREFIX):
                key, since, marks = json.loads(value)
                self._known[key[0], key[1], key[2]] = _Known(since, {int(number): mark for number, mark in marks.items()})
        self._known = OrderedDict(sorted(self._known.items(), key=lambda item: item[1].since))
        self._forget(at)

    def _forget(self, at: float) -> list[_Key]:
        old = [key for key, known in self._known.items() if at - known.since > REMEMBERED_S]
        old += list(self._known)[: max(0, len(self._known) - MOST_KNOWN)]
        for key in old:
            self._known.pop(key, None)
        return old

    def overdue(self, now: float) -> list[Joined]:
        """Texts whose missing parts are not waited for any longer."""
        late = [key for key, found in self._unfinished.items() if now - found.since >= LONGEST_GAP_S]
        found, self._broken_off = self._broken_off, []
        for key in late:
            text = self._unfinished.pop(key)
            self._known[key] = _Known(math.inf, {}, dict(text.texts))  # no digests until it is kept: else it is told again
            found.append(text.joined(key))
        return found

    def due_in_s(self, now: float) -> float | None:
        """Seconds until overdue() has something; None while no text is unfinished."""
        if self._broken_off:
            return 0.0
        if not self._unfinished:
            return None
        return max(0.0, min(found.since for found in self._unfinished.values()) + LONGEST_GAP_S - now)


def _mark(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _name(key: _Key) -> str:
    """Of a note. Numbers are shown nowhere, so it is in it as a digest."""
    return f"{_PREFIX}{_mark(key[0])}/{key[1]}/{key[2]}"


def _whole(key: _Key, texts: Mapping[int, str]) -> str:
    return "".join(texts.get(number, "…") for number in range(1, key[2] + 1))


def _noted(key: _Key, known: _Known) -> str:
    return json.dumps((key, known.since, known.marks))
