"""Single values of CAP: instants, words of closed sets, figures, references, placeholders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.cap_part import XML_SPACE, Part
from fenghuo.model.message import Reference

__all__ = [
    "closed_word",
    "decimal",
    "has_placeholder",
    "instant_in",
    "known_word",
    "note_offset",
    "octets_in",
    "read_instant",
    "read_references",
    "word_in",
]

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)([Tt ])(\d\d:\d\d(?::\d\d)?)(\.\d+)?(\s*)([Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_SECONDS, _OFFSET = len("hh:mm:ss"), len("+hh:mm")
_NOBODYS_OFFSET = re.compile(r".*[+-](?:1[5-9]|2\d):?[0-5]\d|.*-1[2-4]:?[0-5]\d", re.ASCII | re.DOTALL)
_END_OF_DAY = re.compile(r"24:00(:00)?(\.0+)?")
# A sender, an identifier and an instant. Each class leaves out what ends it, so that the search is linear.
_TRIPLE = re.compile(r"[^,;\s][^,;]{0,200},[^,;]{1,200},\s*\d{4}-\d\d-\d\d[Tt ][\d:.]{5,16}(?:\s*[Zz+-][\d:]{0,5})?(?=[\s;]|$)")
_BEIJING = timezone(timedelta(hours=8))
_JOINERS = str.maketrans("，；、", ",;,")
_BETWEEN = re.compile(r"[\s;]+")
_SIZE = re.compile(r"(\d{1,15})\s*([kKmM])?[bB]?")
_SIZE_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}

# Template text that somebody forgot to fill in. Source: wire-formats.md §2, placeholder. Bounds and classes keep the search linear.
_PLACEHOLDER = re.compile(r"\{\s{0,9}\}|\{\{[^{}]{0,200}\}\}|\(\([^()]{0,200}\)\)|<<[^<>]{0,200}>>")

# Years outside are slips; nobody's alert starts or ends there, and arithmetic on them overflows.
_YEARS = range(1970, 2200)

_WORD_ALIASES = {"cancle": "Cancel"}


def read_instant(text: str, *, chinese: bool) -> tuple[datetime | None, str]:
    """An instant in UTC and the repair it took (empty for none); (None, "") where it cannot be read.

    24:00:00 is the first instant of the day after (XML Schema Part 2, §3.2.7). Without a zone it is +08:00 for a Chinese source, else
    unreadable; `Z` is read as -00:00, and both count as `no-offset`. `time-form`: a blank or a small t for T, no seconds, an offset of
    hours alone or without its colon.
    """
    found = _INSTANT.fullmatch(text)
    if not found or (not found[6] and not chinese):
        return None, ""
    clock, zone = found[3], (found[6] or "").upper()
    try:
        is_end = _END_OF_DAY.fullmatch(clock + (found[4] or ""))
        local = datetime.fromisoformat(f"{found[1]}T{'00:00:00' if is_end else clock}") + timedelta(days=bool(is_end))
        offset = _BEIJING if not zone else UTC if zone == "Z" else _offset(zone)
        at = local.replace(tzinfo=offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, ""
    if at.year not in _YEARS:
        return None, ""
    if zone in ("", "Z"):
        return at, "no-offset"
    is_usual = found[2] == "T" and not found[5] and len(clock) == _SECONDS and len(zone) == _OFFSET
    return at, "" if is_usual else "time-form"


def instant_in(part: Part, name: str, *, chinese: bool) -> datetime | None:
    """An optional instant; one that cannot be read counts as absent and is a finding."""
    text = part.text(name)
    if not text:
        return None
    at, repair = read_instant(text, chinese=chinese)
    if repair:
        part.notes.repair(repair, part.where(name))
    note_offset(text, part.where(name), part.notes)
    part.note_padding(name, "time-form", collapsed=XML_SPACE)
    if at is None:
        part.notes.repair("unreadable-time", part.where(name))
        part.notes.find("naive-time" if _INSTANT.fullmatch(text) else "time-order", f"{part.where(name)} is {text[:40]!r}, not an instant")
    return at


def note_offset(text: str, path: str, notes: Notes) -> None:
    """An offset that no country keeps is a template's: by it a warning of here would end twenty hours late."""
    if _INSTANT.fullmatch(text) and _NOBODYS_OFFSET.fullmatch(text):
        notes.find("time-order", f"{path} is {text[:40]!r}, and no country keeps such an offset")


def closed_word(text: str, allowed: Sequence[str]) -> str:
    """The word of a closed set that was meant, whatever its case; empty if none was."""
    wanted = _WORD_ALIASES.get(text.casefold(), text).casefold()
    return next((word for word in allowed if word.casefold() == wanted), "")


def word_in(part: Part, name: str, allowed: Sequence[str]) -> str:
    """Urgency, severity or certainty; missing, empty or unknown words become Unknown, and that is a repair."""
    if name not in part:
        part.notes.repair("missing-enum", part.where(name))
        return "Unknown"
    text = part.text(name)
    if not text:
        part.notes.repair("empty-enum", part.where(name))
        return "Unknown"
    part.note_padding(name)
    return known_word(text, part.where(name), allowed, part.notes) or "Unknown"


def known_word(text: str, path: str, allowed: Sequence[str], notes: Notes) -> str:
    """A word as it is, under its alias, or empty with a finding when it is none of the set."""
    if text in allowed:
        return text
    word = closed_word(text, allowed)
    notes.repair("alias-value", path)
    if not word:
        notes.find("invalid-enum", f"{path} is {text[:40]!r}; known are {', '.join(allowed)}")
    return word


def decimal(part: Part, name: str) -> float | None:
    """Altitude or ceiling in feet; what is no figure counts as absent and is a finding."""
    text = part.text(name)
    if not text:
        return None
    if not re.fullmatch(r"[+-]?\d{1,7}(\.\d*)?", text):
        part.notes.find("circle", f"{part.where(name)} is {text[:40]!r}, not a figure")
        return None
    return float(text)


def octets_in(part: Part, name: str) -> int | None:
    """The size of a resource in octets; `84k` is 84 × 1024, approximately, and a repair."""
    text = part.text(name)
    found = _SIZE.fullmatch(text)
    if not found:
        return None
    if not text.isdigit():
        part.notes.repair("size-suffix", part.where(name))
    return int(found[1]) * _SIZE_UNITS[(found[2] or "").lower()]


def read_references(part: Part, name: str, *, chinese: bool, bare: bool = False) -> tuple[Reference, ...]:
    """References as triples `sender,identifier,sent` or as bare identifiers, separated by any white space.

    `bare`: identifiers alone are no finding. Triples with blanks in them, which end with their instants, are a repair, and so is whatever
    commas or semicolons of either width join.
    """
    said = part.text(name)
    text = said.translate(_JOINERS)
    pieces = [piece for piece in _BETWEEN.split(text) if piece]
    if any("," in piece and not _is_triple(piece) for piece in pieces) and (loose := _loose(text)):
        is_loose, pieces = True, loose
    else:
        pieces = [one for piece in pieces for one in _taken_apart(piece, bare=bare)]
        is_loose = text != said or ";" in text or len(pieces) > len(text.split())
    if is_loose:
        part.notes.repair("reference-space", part.where(name))
        part.notes.find("references-invalid", f"{said[:120]!r} is joined by more than blanks, or has blanks inside, and no reference may")
    references: list[Reference] = []
    for piece in pieces:
        fields = [field.strip() for field in piece.split(",")]
        if len(fields) == 3 and fields[1]:
            sent, _ = read_instant(fields[2], chinese=chinese)
            references.append(Reference(fields[1], fields[0], sent))
        else:
            references.append(Reference(piece))
        if (len(fields) != 3 or references[-1].sent is None) and not (bare and len(fields) == 1):
            part.notes.find("references-invalid", f"{piece[:120]!r} is not sender,identifier,sent")
    return tuple(references)


def _taken_apart(piece: str, *, bare: bool) -> list[str]:
    """Triples, or in the dialect of bare identifiers these, that commas join."""
    fields = piece.split(",")
    if len(fields) > 3 and len(fields) % 3 == 0 and all(map(_INSTANT.fullmatch, fields[2::3])):
        return [",".join(fields[at : at + 3]) for at in range(0, len(fields), 3)]
    if bare and not _is_triple(piece) and not any(map(_INSTANT.match, fields)):
        return [field for field in fields if field]
    return [piece]


def _is_triple(piece: str) -> bool:
    fields = piece.split(",")
    return len(fields) == 3 and bool(_INSTANT.fullmatch(fields[2]))


def _loose(text: str) -> list[str]:
    """The triples of a text of nothing but triples with blanks around their commas, in their names or in their instants; else none."""
    return _TRIPLE.findall(text) if not _TRIPLE.sub("", text).strip(" \t\r\n;") else []


def has_placeholder(text: str) -> bool:
    """Whether template text was left in."""
    return bool(_PLACEHOLDER.search(text))


def _offset(text: str) -> timezone:
    hours, minutes = int(text[1:3]), int(text[3:].removeprefix(":") or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
