"""What stands in the frames for terminals: open and close a broadcast, ask what became of one, and the report that a terminal gives.

Source: GD/J 089-2018 annex D and the broadcast command of GD/J 086, 087-2018, as seen in working decoders. Not known, and so our reading:
where a count or a length of one octet stands before agency, auxiliaries, channels and private data.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from fenghuo import FormatError
from fenghuo.formats.renditions_gb import in_gb2312
from fenghuo_adapters.broadcast_terminal_framing import bcd, digits_of
from fenghuo_broadcast.ebd_numbers import is_ebmid
from fenghuo_broadcast.ebm import Programme, Severity

__all__ = ["CLASSES", "DONE", "FAILED", "SOUNDS", "Charset", "Manner", "Report", "close_data", "open_data", "query_data", "read_report"]

Charset = Literal["gb2312", "gb18030", "utf-8"]
FAILED, DONE, SOUNDS = 0, 1, 2
CLASSES = {Severity.TEST: 1, Severity.SYSTEM_EXERCISE: 1, Severity.SIMULATED_EXERCISE: 2, Severity.REAL_EXERCISE: 3, Severity.DAILY: 5}
_EMERGENCY = 4
_ON = 1
_AREAS_BY_CODE = 1
_AREA_DIGITS = 12
_BEIJING_S = 8 * 3600
_MOST_U16 = 0xFFFF
_MOST_U8 = 255


class Manner(msgspec.Struct, frozen=True):
    """What devices do differently: `charset` with its `charset_code`, `volume` 0 to 100, `local_time` where UTC is asked for."""

    charset: Charset = "gb2312"
    charset_code: int = 0
    volume: int = 80
    local_time: bool = False


class Report(msgspec.Struct, frozen=True):
    """A terminal's word about a broadcast: FAILED, DONE or SOUNDS."""

    ebmid: str
    code: int


def open_data(ebmid: str, programme: Programme, manner: Manner, *, begins: int, ends: int) -> bytes:
    """Sound this. `begins`, `ends`: UTC seconds. Raises: FormatError with code charset, too-long or stops-everything."""
    shift = _BEIJING_S if manner.local_time else 0
    level = min(programme.level, Severity.BLUE)
    data = _number(ebmid) + bytes((_ON, CLASSES.get(Severity(programme.severity), _EMERGENCY)))
    data += programme.event_type.encode("ascii") + bytes((level,))
    data += (begins + shift).to_bytes(4, "big") + (ends + shift).to_bytes(4, "big") + bytes((manner.volume,))
    data += _areas(programme.areas) + _languages(programme, manner)
    return data + bytes(3)  # no in channels, no out channels, nothing private


def close_data(ebmid: str) -> bytes:
    """Be silent about this. Raises: FormatError("stops-everything"): it names none, or zeros, which stop all of an area."""
    return _number(ebmid)


def query_data(target: str, ebmid: str, *, since: int, until: int) -> bytes:
    """What became of this at that terminal, between two instants (UTC seconds)?"""
    return bcd(target) + _number(ebmid) + since.to_bytes(4, "big") + until.to_bytes(4, "big")


def read_report(data: bytes) -> Report | None:
    """A report, None where a terminal answers that it has nothing to tell. Raises: FormatError("not-a-report")."""
    if not data:
        return None
    number, code = digits_of(data[:-1]) if len(data) > 1 else "", data[-1]
    if not is_ebmid(number) or code not in (FAILED, DONE, SOUNDS):
        raise FormatError(f"{data.hex()} is no report of a terminal", code="not-a-report")
    return Report(number, code)


def _number(ebmid: str) -> bytes:
    if not is_ebmid(ebmid):
        raise FormatError(f"EBMID {ebmid!r} names no single broadcast: it could stop all of an area", code="stops-everything")
    return bcd(ebmid)


def _areas(areas: tuple[str, ...]) -> bytes:
    if not 0 < len(areas) <= _MOST_U8:
        raise FormatError(f"{len(areas)} areas; a command takes 1 to {_MOST_U8}", code="too-long")
    return bytes((_AREAS_BY_CODE, len(areas), _AREA_DIGITS)) + "".join(areas).encode("ascii")


def _languages(programme: Programme, manner: Manner) -> bytes:
    """One of them: the text, and whose it is; no auxiliaries."""
    text, agency = (_encoded(words, manner.charset) for words in (programme.text, programme.sender))
    if len(text) > _MOST_U16:
        raise FormatError(f"a text of {len(text)} octets; a command takes {_MOST_U16}", code="too-long")
    agency = agency if len(agency) <= _MOST_U8 else b""
    return b"\x01zho" + bytes((manner.charset_code,)) + len(text).to_bytes(2, "big") + text + bytes((len(agency),)) + agency + b"\0"


def _encoded(text: str, charset: Charset) -> bytes:
    return (in_gb2312(text) if charset == "gb2312" else text).encode(charset)
