"""What happened, how bad, what to do: closed sets whose order is the format. Source: docs/compact-frame.md §3.3."""

from __future__ import annotations

import re

from fenghuo.errors import FrameError
from fenghuo.formats.cap_words import CATEGORIES, CERTAINTIES, RESPONSE_TYPES, SEVERITIES, URGENCIES
from fenghuo.formats.compact_fields import Many, Word, Words
from fenghuo.formats.warning12379_words import EVENTS
from fenghuo.model.message import Geocode, Info

__all__ = [
    "CATEGORY_FIELD",
    "CERTAINTY_FIELD",
    "CODED_ACTIONS",
    "COLOURS",
    "COLOUR_FIELD",
    "EVENT_SYSTEM",
    "LANGUAGE_FIELD",
    "RESPONSE_FIELD",
    "SEVERITY_FIELD",
    "URGENCY_FIELD",
    "event_code",
    "event_number",
    "event_of",
]

COLOURS = ("", "Red", "Orange", "Yellow", "Blue")
CODED_ACTIONS = RESPONSE_TYPES[:8]
"""The eight things to do that have a bit in the fixed record; CAP's ninth is None, which asks for nothing."""

EVENT_SYSTEM = "12379"
"""The system of an event code of GB/T 35965.1, as the reader of the 12379 dialect names it."""

LANGUAGES = ("zh-CN", "en-US", "zh", "en", "en-GB", "en-AU", "en-CA", "fr-CA", "fr", "de", "es", "pt", "ru", "zh-HK", "zh-TW")

LANGUAGE_FIELD = Word(LANGUAGES, 4)
CATEGORY_FIELD: Many[str] = Words(CATEGORIES, 4)
RESPONSE_FIELD: Many[str] = Words(RESPONSE_TYPES, 4)
URGENCY_FIELD = Word(URGENCIES, 3)
SEVERITY_FIELD = Word(SEVERITIES, 3)
CERTAINTY_FIELD = Word(CERTAINTIES, 3)
COLOUR_FIELD = Word(COLOURS, 3)

_CODE = re.compile(r"([1-4])([0-9])([A-P])([0-9]{2})")
_CODES = {name: code for code, name in EVENTS.items()}
_LAST_NUMBER = 64_000


def event_code(info: Info) -> str:
    """The code of GB/T 35965.1 that says the same as the event's text; empty if none does."""
    named = [code.value for code in info.event_codes if code.system == EVENT_SYSTEM]
    code = named[0] if named else _CODES.get(info.event, "")
    return code if _CODE.fullmatch(code) and info.event == EVENTS.get(code, code) else ""


def event_number(code: str) -> int:
    """A code as 16 bits, 1 to 64000; 0 for none. 11B06 is ((1 - 1) × 10 + 1) × 1600 + 1 × 100 + 6 + 1 = 1707."""
    found = _CODE.fullmatch(code)
    if not found:
        return 0
    return ((int(found[1]) - 1) * 10 + int(found[2])) * 1600 + (ord(found[3]) - ord("A")) * 100 + int(found[4]) + 1


def event_of(number: int) -> tuple[str, tuple[Geocode, ...]]:
    """Text and code of an event number: the name of a code that we know, else the code itself; ("", ()) for 0. Raises: FrameError."""
    if number == 0:
        return "", ()
    if number > _LAST_NUMBER:
        raise FrameError(f"{number} is no number of an event", code="bad-value")
    head, tail = divmod(number - 1, 1600)
    letter, digits = divmod(tail, 100)
    code = f"{head // 10 + 1}{head % 10}{chr(ord('A') + letter)}{digits:02d}"
    return EVENTS.get(code, code), (Geocode(EVENT_SYSTEM, code),)
