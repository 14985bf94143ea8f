"""A small copy of a picture, for a way on which the picture itself takes minutes: JPEG, at most 20 kB, without what its camera noted. Pure.

Source: scenarios.md S4 ("thumbnail (≤ 20 kB) at once; the rest is P4").
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MOST_OCTETS", "thumbnail_of"]

MOST_OCTETS = 20_000
_READ = ("JPEG", "PNG", "WEBP")
"""What cameras, telephones and screens make; every further decoder is one more that strangers may feed."""
_MOST_PIXELS = 60_000_000
"""A telephone's largest; 180 MB while it is decoded, and what claims more is no picture of ours."""
_EDGES, _QUALITIES = (1024, 800, 640, 480, 320, 200), (70, 50, 30)


def thumbnail_of(octets: bytes, *, most: int = MOST_OCTETS) -> bytes | None:
    """The copy with the most to see that fits; None: it is no picture that can be read, or is no larger itself."""
    whole = _upright(octets) if len(octets) > most else None
    if whole is None:
        return None
    for edge in _EDGES:
        small = whole.copy()
        small.thumbnail((edge, edge))
        for quality in _QUALITIES:
            written = io.BytesIO()
            small.save(written, "JPEG", quality=quality, optimize=True)
            if written.tell() <= most:
                return written.getvalue()
    return None


def _upright(octets: bytes) -> Image.Image | None:
    """The picture as a person would hold it, no larger than is needed where its format allows that; None: none that can be read."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  # 40 ms, which a node without pictures need not pay

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns of is refused here by its size
            picture = Image.open(io.BytesIO(octets), formats=_READ)
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            picture.draft("RGB", (_EDGES[0], _EDGES[0]))
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
