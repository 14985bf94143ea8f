"""Areas are keyed on (system, code): 320585105 is 璜泾镇 in one list and 双凤镇 in the other."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise

import msgspec

__all__ = ["Area", "AreaRef", "CodeSystem"]

LEVELS = (0, 2, 4, 6, 9, 12)
"""Where province, city, county, town and village end in a code. Source: GB/T 2260, GB/T 10114; the statistics list builds alike."""


class CodeSystem(StrEnum):
    """`mca`: Ministry of Civil Affairs, the legal list. `nbs`: National Bureau of Statistics, which also knows villages."""

    MCA = "mca"
    NBS = "nbs"


class AreaRef(msgspec.Struct, frozen=True, order=True):
    """A code together with its system; a bare code is refused at every door."""

    system: CodeSystem
    code: str

    def __str__(self) -> str:
        return f"{self.system}:{self.code}"

    @classmethod
    def parse(cls, text: str) -> AreaRef:
        """`mca:320585105` as an AreaRef. Raises: ValueError with a sentence for a bare code or an unknown system."""
        system, colon, code = text.strip().partition(":")
        if not colon:
            raise ValueError(f"area {text!r} has no code system; write mca:{text} or nbs:{text}")
        if system not in [known.value for known in CodeSystem]:
            raise ValueError(f"area {text!r} names the code system {system!r}; known are mca and nbs")
        if not (code.isascii() and code.isdigit() and 2 <= len(code) <= 12):
            raise ValueError(f"area {text!r} has the code {code!r}; a code has 2 to 12 digits")
        return cls(CodeSystem(system), code)

    def covers(self, other: AreaRef) -> bool:
        """Whether `other` is this area or lies in it, by the levels of one code system; a level of zeros stands for "all of". The zeros
        that end the code of a town are its own: 320585100 is 城厢镇, and not every town from 100 to 199."""
        return self.system == other.system and _levels(other.code)[: len(own := _levels(self.code))] == own


def _levels(code: str) -> tuple[str, ...]:
    """Its parts down to the last that is not all zeros; what ends inside a level is a part of its own, and covers nothing but itself."""
    parts = [code[start:end] for start, end in pairwise(LEVELS) if code[start:end]]
    while len(parts) > 1 and not parts[-1].strip("0"):
        parts.pop()
    return tuple(parts)


class Area(msgspec.Struct, frozen=True):
    """A unit of administration. `population` is None where nobody has confirmed a figure; lat/lon are WGS-84 degrees."""

    ref: AreaRef
    name: str
    level: str
    parent: AreaRef | None = None
    same_as: AreaRef | None = None
    population: int | None = None
    lat: float | None = None
    lon: float | None = None
