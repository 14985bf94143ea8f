"""Pieces that come in, put together; what is whole is delivered once, and held until somebody took it over."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fenghuo.link.frame import purpose_of
from fenghuo.link.lifetime import SLACK_S, ends_at, expiry, longest_s
from fenghuo.link.parcels import Incoming
from fenghuo.link.pieces import Piece
from fenghuo.link.receipts import Held
from fenghuo.link.seal import Opened

__all__ = ["Arrivals", "Key"]

Key = tuple[int, int, int]

# Unfinished parcels of one sender, so that none can fill the memory.
_UNFINISHED = 64


class Arrivals:
    """By (source, destination, transfer)."""

    def __init__(self, kept: Iterable[Incoming] = ()) -> None:
        self._known: dict[Key, Incoming] = {incoming.key: incoming for incoming in kept}

    def take(self, opened: Opened, now: float) -> tuple[Incoming, Piece, bool]:
        """The parcel after this piece, and whether the piece was new. Raises: FrameError."""
        piece = Piece.decode(opened.payload)
        fresh = _begun(opened, piece, now)
        known = self._known.get(fresh.key)
        # Transfer numbers come round after 65,536; another end or size tells the new one from the old.
        if known is None or _shape(known) != _shape(fresh):
            known = fresh
        is_new = not known.held >> piece.index & 1
        if is_new:
            pieces = (*known.pieces[: piece.index], piece.octets, *known.pieces[piece.index + 1 :])
            known = msgspec.structs.replace(known, pieces=pieces)
        self._known[known.key] = known
        return known, piece, is_new

    def done(self, key: Key) -> Incoming | None:
        """Somebody took it over for good: only its mark stays. None: unknown, or done before."""
        known = self._known.get(key)
        if known is None or known.done or known.body is None:
            return None
        self._known[key] = msgspec.structs.replace(known, pieces=(None,) * len(known.pieces), done=True)
        return self._known[key]

    def held(self, source: int, destination: int, transfer: int) -> Held:
        """What a receipt may claim; the last piece only when the whole was taken over."""
        known = self._known.get((source, destination, transfer))
        if known is None:
            return Held(destination, transfer, 0)
        return Held(destination, transfer, len(known.pieces), known.held)

    def whole(self) -> list[Incoming]:
        """Whole, and not taken over: after a crash they are delivered again."""
        return [incoming for incoming in self._known.values() if not incoming.done and incoming.body is not None]

    def is_waiting(self, key: Key) -> bool:
        """Whole, and nobody took it over yet: no receipt may say so."""
        known = self._known.get(key)
        return known is not None and not known.done and known.body is not None

    def forget(self, now: float, *, is_clock_trusted: bool = True) -> list[Key]:
        """Drop what has expired, for no piece of it can come any more, and the oldest of what a sender leaves unfinished. Where the clock
        tells no end: what has been here for as long as any message lives."""
        is_over = _is_over if is_clock_trusted else _has_lived
        gone = [key for key, incoming in self._known.items() if is_over(incoming, now)]
        for source in {key[0] for key in self._known}:
            open_ = sorted(
                (incoming.at, key) for key, incoming in self._known.items() if key[0] == source and not incoming.done and not incoming.body
            )
            gone += [key for _, key in open_[: max(0, len(open_) - _UNFINISHED)]]
        for key in gone:
            self._known.pop(key, None)
        return gone


def _begun(opened: Opened, piece: Piece, now: float) -> Incoming:
    head, lane = opened.head, opened.lane
    empty: tuple[bytes | None, ...] = (None,) * piece.count
    return Incoming(head.source, lane.destination, piece.transfer, head.kind, head.traffic, empty, opened.ends_at, now)


def _shape(incoming: Incoming) -> tuple[object, ...]:
    # The end as it was said: what that is in UTC depends on the clock that was asked.
    return (incoming.kind, incoming.traffic, len(incoming.pieces), expiry(incoming.ends_at))


def _is_over(incoming: Incoming, now: float) -> bool:
    return now >= ends_at(expiry(incoming.ends_at), now) + 60.0


def _has_lived(incoming: Incoming, now: float) -> bool:
    return now >= incoming.at + longest_s(purpose_of(incoming.kind)) + SLACK_S
