"""What the lines of a scenario measure of pictures, by what the servers took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fenghuo.rig.scenario.schema import Line, Measure
from fenghuo.rig.scenario.seen import Seen
from fenghuo.rig.world.log import Landed

__all__ = ["PICTURE_MEASURES"]


def _landed(seen: Seen, line: Line, *, is_small: bool) -> Iterator[Landed]:
    """Pieces of the picture of a message, or of its small copy, in their order."""
    message, _ = seen.revision(line.message)
    begins, ends = seen.window(line)
    for _, piece in seen.log.all(Landed):
        is_of = (not line.message or piece.message == message) and piece.is_small is is_small
        if is_of and begins <= piece.at <= ends and (not line.channels or piece.channel in line.channels):
            yield piece


def _whole_s(seen: Seen, line: Line, *, is_small: bool) -> float | None:
    """From the release to the piece with which the last octet was there."""
    released = seen.released_at(line.message)
    last = next((piece for piece in _landed(seen, line, is_small=is_small) if piece.offset + piece.octets == piece.size), None)
    return last.at - released if last is not None and released is not None else None


def _thumbnail_s(seen: Seen, line: Line) -> float | None:
    return _whole_s(seen, line, is_small=True)


def _picture_s(seen: Seen, line: Line) -> float | None:
    return _whole_s(seen, line, is_small=False)


def _picture_octets(seen: Seen, line: Line) -> float | None:
    """What the servers took of pictures over the channels, their small copies aside."""
    return float(sum(piece.octets for piece in _landed(seen, line, is_small=False)))


def _picture_again(seen: Seen, line: Line) -> float | None:
    """Octets of the picture that a server took more than once."""
    pieces = list(_landed(seen, line, is_small=False))
    return float(sum(piece.octets for piece in pieces) - max(piece.offset + piece.octets for piece in pieces)) if pieces else None


PICTURE_MEASURES: Mapping[Measure, Callable[[Seen, Line], float | None]] = {
    Measure.THUMBNAIL_S: _thumbnail_s,
    Measure.PICTURE_S: _picture_s,
    Measure.PICTURE_OCTETS: _picture_octets,
    Measure.PICTURE_AGAIN: _picture_again,
}
