"""Pieces that come in, put together; what is whole is delivered once, and held until somebody took it over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fenghuo.link.frame import purpose_of
from fenghuo.link.keys import Lane
from fenghuo.link.lifetime import MINUTE_S, SLACK_S, ends_at, expiry, longest_s
from fenghuo.link.parcels import Incoming, Key
from fenghuo.link.pieces import Piece
from fenghuo.link.receipts import Held
from fenghuo.link.seal import Opened
from fenghuo.link.whole import digest_of

__all__ = ["Arrivals"]

# Unfinished parcels of one sender, so that none can fill the memory.
_UNFINISHED = 64


class Arrivals:
    """By source, destination, transfer and lane: the numbers of two keys are two."""

    def __init__(self, kept: Iterable[Incoming] = ()) -> None:
        self._known: dict[Key, Incoming] = {incoming.key: incoming for incoming in kept}
        self._looked_at: float | None = None
        """In which minute nothing was left to forget: ends are whole minutes, so that until the next one, or the next piece, nothing is."""

    def take(self, opened: Opened, now: float) -> tuple[Incoming, Piece, bool]:
        """The parcel after this piece, and whether the piece was new. Raises: FrameError."""
        piece = Piece.decode(opened.payload)
        fresh = _begun(opened, piece, now)
        known = self._known.get(fresh.key)
        digest = piece.digest if piece.count > 1 else _digest(opened.lane, fresh, piece.octets)
        if known is None or _is_another(known, fresh, piece, digest):
            known = fresh
        is_new = not known.held >> piece.index & 1
        if is_new:
            known = _with(known, piece, digest)
            if known.body is not None and _digest(opened.lane, known, known.body) != known.digest:
                # Pieces of two wholes under one number, each of them genuine: nobody ever said this. The newest piece is of the one that
                # is under way, and what is not acknowledged is said again.
                known = _with(fresh, piece, digest)
        self._known[known.key] = known
        self._looked_at = None
        return known, piece, is_new

    def done(self, key: Key) -> Incoming | None:
        """Somebody took it over for good: only its mark stays. None: unknown, or done before."""
        known = self._known.get(key)
        if known is None or known.done or known.body is None:
            return None
        self._known[key] = msgspec.structs.replace(known, pieces=(None,) * len(known.pieces), done=True)
        return self._known[key]

    def asked(self, source: int, destination: int, transfer: int, lanes: Sequence[str]) -> list[Key]:
        """What a poll may mean, when it can be about any of these lanes: all that is known of, else the first."""
        keys = [Key(source, destination, transfer, lane) for lane in lanes or ("",)]
        return [key for key in keys if key in self._known] or keys[:1]

    def held(self, key: Key) -> Held:
        """What a receipt may claim; the whole only when it was taken over, and then by its digest."""
        known = self._known.get(key)
        if known is None:
            return Held(key.destination, key.transfer)
        if known.done:
            return Held(key.destination, key.transfer, digest=known.digest)
        return Held(key.destination, key.transfer, len(known.pieces), known.held)

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
        minute = now // MINUTE_S if is_clock_trusted else None
        if minute is not None and minute == self._looked_at:
            return []
        self._looked_at = minute
        is_over = _is_over if is_clock_trusted else _has_lived
        gone = [key for key, incoming in self._known.items() if is_over(incoming, now)]
        for source in {key.source for key in self._known}:
            open_ = sorted(
                (incoming.at, key)
                for key, incoming in self._known.items()
                if key.source == source and not incoming.done and not incoming.body
            )
            gone += [key for _, key in open_[: max(0, len(open_) - _UNFINISHED)]]
        for key in gone:
            self._known.pop(key, None)
        return gone


def _begun(opened: Opened, piece: Piece, now: float) -> Incoming:
    head, lane = opened.head, opened.lane
    empty: tuple[bytes | None, ...] = (None,) * piece.count
    return Incoming(head.source, lane.destination, piece.transfer, head.kind, head.traffic, empty, opened.ends_at, now, lane.name)


def _with(incoming: Incoming, piece: Piece, digest: bytes) -> Incoming:
    pieces = (*incoming.pieces[: piece.index], piece.octets, *incoming.pieces[piece.index + 1 :])
    return msgspec.structs.replace(incoming, pieces=pieces, digest=digest or incoming.digest)


def _digest(lane: Lane, incoming: Incoming, body: bytes) -> bytes:
    return digest_of(lane, incoming.transfer, body, kind=incoming.kind, traffic=incoming.traffic)


def _is_another(known: Incoming, fresh: Incoming, piece: Piece, digest: bytes) -> bool:
    """Whether the number has come round since: after 65,536 transfers, or sooner at a sender that was restarted while it was ahead."""
    if _shape(known) != _shape(fresh) or (digest and known.digest and digest != known.digest):
        return True
    return not known.done and known.pieces[piece.index] not in (None, piece.octets)


def _shape(incoming: Incoming) -> tuple[object, ...]:
    # The end as it was said: what that is in UTC depends on the clock that was asked.
    return (incoming.kind, incoming.traffic, len(incoming.pieces), expiry(incoming.ends_at))


def _is_over(incoming: Incoming, now: float) -> bool:
    return now >= ends_at(expiry(incoming.ends_at), now) + 60.0


def _has_lived(incoming: Incoming, now: float) -> bool:
    return now >= incoming.at + longest_s(purpose_of(incoming.kind)) + SLACK_S
