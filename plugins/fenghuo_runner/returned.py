"""What a scanner's program read from a sheet that came back: the code word, who took the receipt, and whether the task is done. Pure."""

from __future__ import annotations

import re

import msgspec

from fenghuo import Evidence
from fenghuo.formats.code_word import read_code

__all__ = ["Returned", "read_returned"]

_MISSED = re.compile("缺[0-9]{1,4}(?:[,，、][0-9]{1,4})*")
_DONE = ("完成", "done")
_TAKEN = ("取走", "taken")


class Returned(msgspec.Struct, frozen=True):
    """`who`: as it was written, empty where it was not; `missed`: numbers on a sheet of the roll where nobody was met."""

    code: str
    level: Evidence
    who: str
    missed: tuple[int, ...] = ()


def read_returned(text: str) -> Returned:
    """`FH1:BRZR1EK5 李四 完成 缺3,7`: a code word, then who, then 完成 where the task is done, 取走 where the sheet has only set out,
    and the numbers of those that were not met.

    Raises: FormatError with a sentence about the code.
    """
    code, *words = text.split() or [""]
    missed = tuple(int(number) for word in words if _MISSED.fullmatch(word) for number in re.findall("[0-9]+", word))
    words = [word for word in words if not _MISSED.fullmatch(word)]
    said = [word.casefold() for word in words]
    level = Evidence.DONE if any(word in said for word in _DONE) else Evidence.HUMAN
    if any(word in said for word in _TAKEN):
        level = Evidence.RELAYED
    who = " ".join(word for word in words if word.casefold() not in (*_DONE, *_TAKEN))
    return Returned(read_code(code), level, who, missed)
