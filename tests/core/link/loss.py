"""How a medium loses frames."""

from __future__ import annotations

from fenghuo.link.events import Frame

__all__ = ["bit_errors"]


def bit_errors(frame: Frame) -> float:
    """As noise does it: a frame of 191 octets is lost one time in five, a receipt less often."""
    return 1 - (1 - 1.46e-4) ** (8 * (len(frame.octets) + 20))
