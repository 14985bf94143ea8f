"""The parts of long texts as they come in, put together again; a text with a gap is given up after a while. Pure: time is passed in."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fenghuo_adapters.short_message_framing import Concat

__all__ = ["LONGEST_GAP_S", "MOST_UNFINISHED", "Joined", "Joining"]

LONGEST_GAP_S = 60.0
"""A part that has not come by then will hardly come; an answer with a gap still says that a person has read."""
MOST_UNFINISHED = 1000


class Joined(msgspec.Struct, frozen=True):
    """A whole text, with `…` where a part never came, and the octets of its parts one after the other; `held`: what take() was given to
    acknowledge them by."""

    sender: str
    text: str
    raw: bytes
    held: tuple[Callable[[], None], ...] = ()


class _Unfinished(msgspec.Struct):
    """A long text of which parts are missing; `since`: monotonic seconds of the first."""

    sender: str
    since: float
    total: int
    texts: dict[int, str]
    raws: dict[int, bytes]
    held: list[Callable[[], None]]

    def joined(self) -> Joined:
        text = "".join(self.texts.get(number, "…") for number in range(1, self.total + 1))
        return Joined(self.sender, text, b"".join(self.raws[number] for number in sorted(self.raws)), tuple(self.held))


class Joining:
    """Long texts of which something is missing. The oldest is forgotten when there are more than a thousand."""

    def __init__(self) -> None:
        self._unfinished: dict[tuple[str, int, int], _Unfinished] = {}

    def take(
        self, sender: str, concat: Concat, text: str, *, raw: bytes, now: float, held: Callable[[], None] | None = None
    ) -> Joined | None:
        """The whole text, if this was the last part of it that was missing. `held`: to acknowledge this part by when the whole is kept."""
        key = (sender, concat.reference, concat.total)
        found = self._unfinished.setdefault(key, _Unfinished(sender, now, concat.total, {}, {}, []))
        found.texts[concat.number], found.raws[concat.number] = text, raw
        if held is not None:
            found.held.append(held)
        if len(found.texts) == concat.total:
            return self._unfinished.pop(key).joined()
        if len(self._unfinished) > MOST_UNFINISHED:
            self._unfinished.pop(next(iter(self._unfinished)))  # its parts are kept raw; only the joined text is given up
        return None

    def overdue(self, now: float) -> list[Joined]:
        """Texts whose missing parts are not waited for any longer."""
        late = [key for key, found in self._unfinished.items() if now - found.since >= LONGEST_GAP_S]
        return [self._unfinished.pop(key).joined() for key in late]

    def due_in_s(self, now: float) -> float | None:
        """Seconds until overdue() has something; None while no text is unfinished."""
        if not self._unfinished:
            return None
        return max(0.0, min(found.since for found in self._unfinished.values()) + LONGEST_GAP_S - now)
