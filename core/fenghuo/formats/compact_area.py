"""Areas of the compact frame: codes as digits, rings as differences. Source: docs/compact-frame.md §3.5.

Our own codes are twelve digits in BCD; a shorter one is filled with F. Points stand at 1e-4 degree, eleven metres, which is
what we emit elsewhere too (wire-formats.md §5).
"""

from __future__ import annotations

from itertools import pairwise

from fenghuo.errors import FrameError
from fenghuo.formats.compact_fields import Count, Figure, Many, Record, Sink, Source, Text, Word
from fenghuo.model.message import AffectedArea, Circle, Geocode, Point, Ring

__all__ = ["AREAS", "BCD_DIGITS", "CHINESE_SYSTEMS", "DECIMALS", "Code", "from_bcd", "is_area_code", "rounded", "to_bcd"]

BCD_DIGITS = 12
DECIMALS = 4
CHINESE_SYSTEMS = ("mca", "nbs", "CPEAS Geographic Code")
"""Systems whose codes are digits of the division of China; the order is the format."""

SYSTEMS = (
    *CHINESE_SYSTEMS, "", "SAME", "FIPS6", "UGC", "FIPS", "EMMA_ID", "NUTS3", "TargetAreaCode",
    "profile:CAP-CP:Location:0.3", "layer:EC-MSC-SMC:1.0:CLC", "KZSTD", "EXCLUDE_POLYGON",
)  # fmt: skip
"""valueNames that were seen on real alerts (wire-formats.md §2); others pass as text."""

MAX_AREAS, MAX_CODES, MAX_RINGS, MAX_POINTS = 1_000, 5_000, 1_000, 100_000
_FILL = 0xF
_BCD, _DIGITS, _TEXT = 0, 1, 2


def to_bcd(code: str) -> int:
    """A code of 2 to 12 digits as 48 bits, filled with F from behind. Raises: FrameError("not-carried") for what is no such code."""
    if not is_area_code(code):
        raise FrameError(f"{code[:20]!r} is no code of 2 to 12 digits", code="not-carried")
    return int(code.ljust(BCD_DIGITS, "f"), 16)


def from_bcd(value: int) -> str:
    """The code of 48 bits. Raises: FrameError("bad-area") for a digit above 9 or behind the fill, and for less than two digits."""
    code = f"{value:012x}".rstrip("f")
    if not is_area_code(code):
        raise FrameError(f"{value:012X} is no area code in BCD", code="bad-area")
    return code


def is_area_code(code: str) -> bool:
    """Whether it can stand in BCD."""
    return 2 <= len(code) <= BCD_DIGITS and code.isascii() and code.isdigit()


def rounded(ring: Ring) -> Ring:
    """The ring as the frame says it."""
    return tuple((round(latitude, DECIMALS), round(longitude, DECIMALS)) for latitude, longitude in ring)


class Code:
    """The digits of a code. Form (2 bits) 0: BCD, 48 bits · 1: number of digits (4 bits), four bits each · 2: text."""

    def put(self, sink: Sink, value: str) -> None:
        """Write a code of any system: in BCD what may be an area of ours, in digits what is shorter so, else as text."""
        if len(value) >= 9 and is_area_code(value):
            sink.bits.put(_BCD, 2)
            sink.bits.put(to_bcd(value), 4 * BCD_DIGITS)
        elif 1 <= len(value) <= 15 and value.isascii() and value.isdigit():
            sink.bits.put(_DIGITS, 2)
            sink.bits.put(len(value), 4)
            sink.bits.put(int(value, 16), 4 * len(value))
        else:
            sink.bits.put(_TEXT, 2)
            sink.texts.text(value)

    def take(self, source: Source) -> str:
        form = source.bits.take(2)
        if form == _BCD:
            return from_bcd(source.bits.take(4 * BCD_DIGITS))
        if form == _TEXT:
            return source.texts.text()
        digits = source.bits.take(4) if form == _DIGITS else 0
        code = f"{source.bits.take(4 * digits):0{digits}x}" if digits else ""
        if not code.isdigit():
            raise FrameError("a code of no digits", code="bad-area")
        return code


class _Codes:
    """Codes one after the other; a bit says that the system is that of the one before."""

    _count = Count(0, MAX_CODES)
    _system = Word(SYSTEMS, 4)
    _code = Code()

    def put(self, sink: Sink, value: tuple[Geocode, ...]) -> None:
        self._count.put(sink, len(value))
        system = None
        for code in value:
            sink.bits.put(int(code.system == system), 1)
            if code.system != system:
                self._system.put(sink, code.system)
            system = code.system
            self._code.put(sink, code.value)

    def take(self, source: Source) -> tuple[Geocode, ...]:
        codes: list[Geocode] = []
        system = None
        for _ in range(self._count.take(source)):
            is_same = source.bits.take(1)
            if not is_same:
                system = self._system.take(source)
            if system is None:
                raise FrameError("the first code has no system", code="bad-area")
            codes.append(Geocode(system, self._code.take(source)))
        return tuple(codes)


class _Ring:
    """A ring: decimals (3 bits), order of the differences (4), whether it is closed (1), points, the first point, differences."""

    _points = Count(3, MAX_POINTS)

    def put(self, sink: Sink, value: Ring) -> None:
        decimals = next(places for places in range(DECIMALS + 1) if places == DECIMALS or _is_exact(value, places))
        is_closed = len(value) > 1 and value[0] == value[-1]
        points = [_scaled(point, 10**decimals) for point in (value[:-1] if is_closed else value)]
        steps = [(lat - lat_before, lon - lon_before) for (lat_before, lon_before), (lat, lon) in pairwise(points)]
        order = _order([abs(part) for step in steps for part in step])
        bits = sink.bits
        bits.put(decimals, 3)
        bits.put(order, 4)
        bits.put(int(is_closed), 1)
        self._points.put(sink, len(points))
        for at, point in enumerate(points[:1] + steps):
            for part in point:
                bits.put_signed(part, order if at else _FIRST_ORDER)

    def take(self, source: Source) -> Ring:
        bits = source.bits
        decimals, order, is_closed = bits.take(3), bits.take(4), bits.take(1)
        if decimals > DECIMALS:
            raise FrameError(f"a ring to {decimals} decimals", code="bad-area")
        scale = 10**decimals
        latitude = longitude = 0
        ring: list[Point] = []
        for at in range(self._points.take(source)):
            latitude += bits.take_signed(order if at else _FIRST_ORDER)
            longitude += bits.take_signed(order if at else _FIRST_ORDER)
            ring.append(_checked((latitude / scale, longitude / scale)))
        return tuple(ring + ring[:1] if is_closed else ring)


_FIRST_ORDER = 12


def _is_exact(ring: Ring, places: int) -> bool:
    return all(round(part, places) == round(part, DECIMALS) for point in ring for part in point)


def _scaled(point: Point, scale: int) -> tuple[int, int]:
    return round(_checked(point)[0] * scale), round(point[1] * scale)


def _checked(point: Point) -> Point:
    if not (abs(point[0]) <= 90 and abs(point[1]) <= 180):
        raise FrameError(f"{point} is no latitude and longitude", code="bad-area")
    return point


def _order(sizes: list[int]) -> int:
    """The order of Exp-Golomb that makes the differences shortest."""
    return min(range(16), key=lambda order: sum(2 * ((size << 1) + (1 << order)).bit_length() - order for size in sizes))


class _Circle:
    """Centre and radius (kilometres), exact."""

    _figure = Figure()

    def put(self, sink: Sink, value: Circle) -> None:
        for part in (*_checked(value.centre), value.radius_km):
            self._figure.put(sink, part)

    def take(self, source: Source) -> Circle:
        latitude, longitude, radius_km = (self._figure.take(source) for _ in range(3))
        if not 0 <= radius_km < 100_000:
            raise FrameError(f"a circle of {radius_km} km", code="bad-area")
        return Circle(_checked((latitude, longitude)), radius_km)


AREA = Record(
    AffectedArea,
    AffectedArea(""),
    (
        ("description", Text()),
        ("geocodes", _Codes()),
        ("polygons", Many(_Ring(), most=MAX_RINGS)),
        ("circles", Many(_Circle(), most=MAX_RINGS)),
        ("altitude_ft", Figure()),
        ("ceiling_ft", Figure()),
    ),
)
"""One area."""

AREAS = Many(AREA, most=MAX_AREAS)
"""The areas of an info."""
