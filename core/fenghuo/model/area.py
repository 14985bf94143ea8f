"""Areas are keyed on (system, code): 320585105 is 璜泾镇 in one list and 双凤镇 in the other."""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["Area", "AreaRef", "CodeSystem"]


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
        """Whether `other` lies in this area, by the digits of one code system (trailing zeros stand for "all of")."""
        return self.system == other.system and other.code.startswith(self.code.rstrip("0") or self.code)


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
