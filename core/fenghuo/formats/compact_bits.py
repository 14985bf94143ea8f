"""Bits in, bits out: the ground of the compact frame. Most significant bit first; the last octet is filled up with zeros."""

from __future__ import annotations

from fenghuo.errors import FrameError

__all__ = ["BitReader", "BitWriter"]

_FLUSH_AT = 2048
"""Bits kept back before whole octets are written out: a long shift costs as much as the number is long."""

_LONGEST_PREFIX = 40
"""Most leading zeros of a count; no field of the frame needs a figure of more than 41 bits beyond its order."""


class BitWriter:
    """Collects bits. Deterministic, grows as needed; bounds are the affair of the fields."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._held = 0
        self._width = 0

    def put(self, value: int, width: int) -> None:
        """`value` in `width` bits. Raises: FrameError("bad-value") if it does not fit: a field that wraps would say something else."""
        if value < 0 or value >> width:
            raise FrameError(f"{value} does not fit {width} bits", code="bad-value")
        self._held = self._held << width | value
        self._width += width
        if self._width >= _FLUSH_AT:
            rest = self._width & 7
            self._octets += (self._held >> rest).to_bytes(self._width >> 3, "big")
            self._held &= (1 << rest) - 1
            self._width = rest

    def put_count(self, value: int, order: int) -> None:
        """A figure from 0 in an Exp-Golomb code. Source: ITU-T H.264 §9.1, with order k: 2^k is added, and k zeros are spared."""
        raised = value + (1 << order)
        zeros = raised.bit_length() - 1 - order
        if value < 0 or zeros > _LONGEST_PREFIX:
            raise FrameError(f"{value} is no count of order {order}", code="bad-value")
        self.put(raised, 2 * zeros + 1 + order)

    def put_signed(self, value: int, order: int) -> None:
        """A figure with sign, as a count: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4."""
        self.put_count(value << 1 if value >= 0 else (-value << 1) - 1, order)

    def octets(self) -> bytes:
        """Everything written, filled up with zeros to a whole octet."""
        fill = -self._width & 7
        return bytes(self._octets) + (self._held << fill).to_bytes((self._width + fill) >> 3, "big")


class BitReader:
    """Gives bits back. Raises: FrameError("truncated") as soon as more is asked for than there is."""

    def __init__(self, octets: bytes) -> None:
        self.padded = octets + b"\0" * 12
        self.size = len(octets) * 8
        self.at = 0

    def take(self, width: int) -> int:
        """The next `width` bits as a figure."""
        start = self.at
        self.at = end = start + width
        if end > self.size:
            raise self._truncated(start)
        last = (end + 7) >> 3
        return int.from_bytes(self.padded[start >> 3 : last], "big") >> (last * 8 - end) & ((1 << width) - 1)

    def take_count(self, order: int) -> int:
        """What put_count() wrote. Raises: FrameError("bad-value") for more leading zeros than any figure has."""
        start = self.at
        first = start >> 3
        ahead = int.from_bytes(self.padded[first : first + 8], "big") & ((1 << (64 - (start & 7))) - 1)
        zeros = 64 - (start & 7) - ahead.bit_length()
        if start + zeros >= self.size:
            raise self._truncated(start)
        if zeros > _LONGEST_PREFIX:
            raise FrameError(f"no count begins with {zeros} zeros", code="bad-value", where=f"bit {start}")
        self.at += zeros
        return self.take(zeros + 1 + order) - (1 << order)

    def take_signed(self, order: int) -> int:
        """What put_signed() wrote."""
        value = self.take_count(order)
        return -(value + 1 >> 1) if value & 1 else value >> 1

    def end(self) -> None:
        """The end of the frame. Raises: FrameError("trailing") if octets are left, or bits that are not zero."""
        left = self.size - self.at
        if left >= 8 or (left and self.take(left)):
            raise FrameError(f"{left} bits are left behind the last field", code="trailing", where=f"bit {self.at}")

    @staticmethod
    def _truncated(start: int) -> FrameError:
        return FrameError(f"the frame ends inside a field, at bit {start}", code="truncated", where=f"bit {start}")
