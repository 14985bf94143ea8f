"""What a modem says on its AT line: lines and prompts out of octets, and what each line is.

Pure: no I/O. Source: ITU-T V.250 §5 (lines, results), 3GPP TS 27.005 §3 and §4 (messages), TS 27.007 §7.2 and §9 (network, errors).
"""

from __future__ import annotations

import itertools
import re

import msgspec

from fenghuo.errors import FrameError

__all__ = [
    "ESCAPE",
    "PROMPT",
    "SUBMIT_END",
    "AtReader",
    "Direct",
    "Final",
    "Stored",
    "final_of",
    "listed",
    "news_of",
    "registration_of",
    "tells_a_change",
]

PROMPT = ">"
"""What AtReader gives when the modem waits for a PDU."""
ESCAPE, SUBMIT_END = b"\x1b", b"\x1a"

_LONGEST_LINE = 4096
_FINAL = re.compile(r"(OK|ERROR|NO CARRIER|BUSY|NO ANSWER|NO DIALTONE)|\+(CM[ES]) ERROR: *(.*)")
_STORED = re.compile(r'\+(?:CMTI|CDSI): *"?([A-Z]+)"?, *(\d+)')
_DIRECT = re.compile(r"\+(?:CMT|CDS):")
_LISTED = re.compile(r"\+CMG[LR]: *(.*)")
_REGISTRATION = re.compile(r"\+C(?:E|G|5G)?REG: *(.*)")


class AtReader:
    """Octets in, lines out, without their ends and without empty ones; a prompt is the line `>`."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, octets: bytes) -> list[str]:
        """Whatever became whole. Noise without an end is dropped after 4,096 octets: the wrong baud rate."""
        *whole, held = re.split(rb"[\r\n]", self._held + octets.replace(b"\0", b""))
        lines = [line.decode("ascii", "replace").strip() for line in whole]
        if held.strip() == b">":
            lines.append(PROMPT)
            held = b""
        self._held = held if len(held) <= _LONGEST_LINE else b""
        return [line for line in lines if line]


class Final(msgspec.Struct, frozen=True):
    """The result that ends a command. `code`: empty for OK, else such as `cms-331`, `cme-10`, `error`."""

    code: str = ""


class Stored(msgspec.Struct, frozen=True):
    """The modem has put a message or a report at a place of its storage."""

    memory: str
    index: int


class Direct(msgspec.Struct, frozen=True):
    """A message or a report that the modem hands over without storing it: the header of the line with its PDU, which follows."""

    header: str


def final_of(line: str) -> Final | None:
    """The result that a line is, if it is one."""
    match = _FINAL.fullmatch(line)
    if match is None:
        return None
    word, kind, code = match.groups()
    if word is not None:
        return Final("" if word == "OK" else word.lower().replace(" ", "-"))
    return Final(f"{kind.lower()}-{code.strip().lower() or '?'}")


def news_of(line: str) -> Stored | Direct | None:
    """An arrival that a line announces, at whatever moment it comes."""
    stored = _STORED.match(line)
    if stored is not None:
        return Stored(stored[1], int(stored[2]))
    return Direct(line) if _DIRECT.match(line) else None


def listed(lines: tuple[str, ...]) -> list[tuple[int | None, str]]:
    """(index, PDU) of each message in the answer to +CMGL; to +CMGR without an index. Messages that we stored to send are left out."""
    found: list[tuple[int | None, str]] = []
    for header, digits in itertools.pairwise(lines):
        match = _LISTED.match(header)
        if match is None:
            continue
        fields = match[1].split(",")
        is_list = header.startswith("+CMGL")
        state = fields[1 if is_list else 0].strip(' "')
        if state in ("0", "1"):
            found.append((_number(fields[0]) if is_list else None, digits))
    return found


def registration_of(line: str) -> int | None:
    """<stat> of a +CREG line and its like, answered (`+CREG: 0,1`) or unasked (`+CREG: 1`); None for any other line."""
    match = _REGISTRATION.match(line)
    if match is None:
        return None
    fields = [field.strip() for field in match[1].split(",")]
    says = fields[1] if len(fields) > 1 and fields[1].isdigit() else fields[0]
    return int(says) if says.isdigit() else None


def tells_a_change(line: str) -> bool:
    """Whether a +CREG line and its like has the shape of one told unasked: <stat> comes first, and nothing or a quoted place after it.

    Source: 3GPP TS 27.007 §7.2.
    """
    match = _REGISTRATION.match(line)
    fields = [field.strip() for field in match[1].split(",")] if match else []
    return fields[:1] != [""] and (len(fields) == 1 or (len(fields) > 1 and fields[1].startswith('"')))


def _number(field: str) -> int:
    try:
        return int(field)
    except ValueError as exc:
        raise FrameError(f"+CMGL lists a message at {field!r}", code="at-index", where="+CMGL") from exc
