"""Numbers of the emergency broadcast family: resource codes (EBRID), envelope ids (EBDID), message ids (EBMID), area codes.

EBRID: 18 digits = type 2 + subtype 2 + area 12 + extension 2, or the 23 of the resource code of 2023. EBDID: `01` + EBRID + sequence 16.
EBMID: EBRID + YYYYMMDD + sequence 4. Source: GD/J 080-2018, GY/T 386-2023, as seen in working platforms.
"""

from __future__ import annotations

import re
from datetime import datetime

from fenghuo.formats.wording import BEIJING

__all__ = [
    "EBMIDS_A_DAY",
    "STARTS_A_DAY",
    "area_of",
    "ebdid",
    "ebmid",
    "ebrid",
    "heartbeat_ebdid",
    "is_ebmid",
    "masked",
    "next_ebm_sequence",
]

EBMIDS_A_DAY = 9_999
STARTS_A_DAY = 9_499
"""Starts get no number above this: a stop needs one of its own, also on a day that is full. The time of day alone reaches 8,640."""
_EBRID = re.compile(r"\d{18}|\d{23}")
_EBMID = re.compile(r"\d{30}|\d{35}")
_SLOT_S = 10.0


def ebrid(text: str) -> str:
    """A resource code the one right way: its digits. Raises: ValueError with a sentence."""
    bare = re.sub(r"[\s\-]", "", text)
    if not bare.isascii() or not _EBRID.fullmatch(bare):
        raise ValueError(
            f"{text!r} is not an EBRID: 18 digits (type 2, subtype 2, area 12, extension 2), or the 23 of a 2023 resource code"
        )
    return bare


def masked(address: str) -> str:
    """A resource code names a machine, and no person."""
    return address


def area_of(code: str) -> str:
    """The 12-digit area code within an EBRID. A 23-digit code has its level digit before it."""
    return code[4:16] if len(code) == 18 else code[1:13]


def ebdid(source: str, sequence: int) -> str:
    """The id of an envelope that `source` sends."""
    return f"01{source}{sequence:016d}"


def heartbeat_ebdid(source: str) -> str:
    """The id of every heartbeat: it repeats, so heartbeats stand outside the duplicate rule."""
    return ebdid(source, 0)


def ebmid(source: str, at: float, sequence: int) -> str:
    """The id of a broadcast message of the day (Beijing) of `at`, UTC seconds; `sequence`: 1 to 9999."""
    return f"{source}{datetime.fromtimestamp(at, BEIJING):%Y%m%d}{sequence:04d}"


def is_ebmid(text: str) -> bool:
    """Whether this names one message. Zeros would name all of an area, and stop them."""
    return bool(_EBMID.fullmatch(text)) and bool(text.strip("0"))


def next_ebm_sequence(last: int, at: float) -> int:
    """The next sequence of a day. `last`: the highest used on that day, 0 for none; `at`: UTC seconds.

    It never lags behind the time of day in steps of ten seconds: a node whose store went back in time still gives no number twice.
    """
    local = datetime.fromtimestamp(at, BEIJING)
    seconds = (local - local.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    return max(last + 1, int(seconds / _SLOT_S) + 1)
