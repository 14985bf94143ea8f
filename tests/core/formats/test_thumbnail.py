"""A small copy of a picture: at most 20 kB, upright, and nothing of what its camera noted."""

from __future__ import annotations

import io
import random

from PIL import Image

from fenghuo.formats.thumbnail import MOST_OCTETS, thumbnail_of


def picture(width: int, height: int, kind: str = "JPEG", **saved: object) -> bytes:
    """Noise over a slope: what compresses worst, so that no luck makes it small."""
    chance = random.Random(1)
    small = Image.frombytes("RGB", (width // 8, height // 8), chance.randbytes(width // 8 * (height // 8) * 3))
    written = io.BytesIO()
    small.resize((width, height)).save(written, kind, **saved)
    return written.getvalue()


def test_a_large_picture_is_seen_in_twenty_kilobytes() -> None:
    """JPEG, whatever it came as, with the most to see that fits."""
    for kind in ("JPEG", "PNG"):
        small = thumbnail_of(picture(960, 640, kind))
        assert small is not None
        with Image.open(io.BytesIO(small)) as seen:
            assert ("JPEG", True, True) == (seen.format, 5_000 < len(small) <= MOST_OCTETS, seen.width >= 320)
            assert 1.45 < seen.width / seen.height < 1.55


def test_it_stands_upright_and_says_nothing_of_where_it_was_taken() -> None:
    """The camera was turned, and had noted the place."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (31.0, 27.0, 0.0)}
    small = thumbnail_of(picture(1200, 800, exif=exif))
    assert small is not None
    with Image.open(io.BytesIO(small)) as seen:
        assert (True, {}) == (seen.height > seen.width, dict(seen.getexif()))


def test_what_is_small_or_no_picture_or_claims_to_be_too_large_has_none() -> None:
    """A file that only begins like a picture breaks nothing."""
    whole = picture(1200, 800)
    huge = bytearray(picture(1200, 800, "PNG"))
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    assert [None] * 5 == [thumbnail_of(octets) for octets in (picture(160, 160), b"%PDF" + bytes(30_000), whole[:30_000], bytes(huge), b"")]
