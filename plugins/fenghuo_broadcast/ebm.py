"""What a broadcast message says before it has a number: the rendition of form `ebm`, and how colours and codes become those of the EBM.

Source: GD/J 082-2018 and GY/T 385-2023 (message), GD/J 080-2018 and GY/T 386-2023 (codes), as seen in working platforms.
"""

from __future__ import annotations

import re
from enum import IntEnum

import msgspec

from fenghuo import Action, Budget, FormatError, Kind, Message, Priority, Rendition, Traffic
from fenghuo.formats.renditions_broadcast import broadcast_text, broadcast_title
from fenghuo.formats.wording import told_infos

__all__ = ["MEDIA_TYPE", "Programme", "Severity", "ebm_body", "level_of", "programme_of"]

MEDIA_TYPE = "application/vnd.fenghuo.ebm+json"
_AREA_DIGITS = 12
_COUNTY_DIGITS = 6
_EVENT_TYPE = re.compile(r"\d\d[A-Z]\d\d")
_decoder: msgspec.json.Decoder[Programme]


class Severity(IntEnum):
    """Severity of an EBM: 1 red to 4 blue, 10 daily, 15 for tests alone, 21 to 23 the three kinds of exercise."""

    UNKNOWN = 0
    RED = 1
    ORANGE = 2
    YELLOW = 3
    BLUE = 4
    DAILY = 10
    TEST = 15
    SYSTEM_EXERCISE = 21
    SIMULATED_EXERCISE = 22
    REAL_EXERCISE = 23


_OF_COLOUR = {"red": Severity.RED, "orange": Severity.ORANGE, "yellow": Severity.YELLOW, "blue": Severity.BLUE}
_OF_CAP = {"Extreme": Severity.RED, "Severe": Severity.ORANGE, "Moderate": Severity.YELLOW, "Minor": Severity.BLUE}
_OF_PRIORITY = {
    Priority.P0: Severity.RED,
    Priority.P1: Severity.ORANGE,
    Priority.P2: Severity.YELLOW,
    Priority.P3: Severity.BLUE,
    Priority.P4: Severity.DAILY,
}


class Programme(msgspec.Struct, frozen=True):
    """What is to be broadcast, or with `stops` no longer. `message`, `revision`: ours; `replaces`: an Update, which ends what its
    earlier revisions started; `areas`: codes of 12 digits, none for all that the addressee serves; `level`: how urgent it is by its
    colour, 1 red to 4 blue and 10 daily, also where `severity` says exercise; `ends`: UTC seconds; `event_type`: `11B03`, empty if
    the message names none.
    """

    message: str
    revision: int
    title: str
    text: str
    severity: int
    level: int
    ends: float
    stops: bool = False
    replaces: bool = False
    areas: tuple[str, ...] = ()
    event_type: str = ""
    sender: str = ""


_decoder = msgspec.json.Decoder(Programme)


def ebm_body(message: Message, budget: Budget = Budget()) -> Rendition:  # noqa: B008  # frozen
    """A message as a Programme in JSON; its text is for people.

    Raises: FormatError("no-area-code"): an area has no code of the statistical divisions, and is never left out or guessed.
    """
    infos = told_infos(message)
    said = broadcast_text(message, budget)
    level = level_of(message)
    programme = Programme(
        message=message.id,
        revision=message.revision,
        title=broadcast_title(message),
        text=said.text,
        severity=_severity(message.traffic, level),
        level=level,
        ends=message.expires_at,
        stops=message.action is Action.CANCEL,
        replaces=message.action is Action.UPDATE,
        areas=_areas(message),
        event_type=next((code.value for info in infos for code in info.event_codes if _EVENT_TYPE.fullmatch(code.value)), ""),
        sender=next((info.sender_name for info in infos if info.sender_name), message.content.sender),
    )
    return Rendition("ebm", said.text, msgspec.json.encode(programme), MEDIA_TYPE, said.left_out)


def programme_of(rendition: Rendition) -> Programme:
    """What a rendition of this form holds. Raises: FormatError("not-ebm")."""
    try:
        return _decoder.decode(rendition.data)
    except msgspec.DecodeError as unread:
        raise FormatError(f"a rendition of form {rendition.form} is none of form ebm: {unread}", code="not-ebm") from unread


def level_of(message: Message) -> Severity:
    """Colour before CAP's severity before our priority: the first is the issuer's word in this very scale. Of several instructions the
    gravest: all are in one broadcast."""
    infos = told_infos(message) if message.kind is Kind.ALERT else ()
    known = [level for info in infos if (level := _OF_COLOUR.get(info.colour.casefold()) or _OF_CAP.get(info.severity))]
    return min(known, default=_OF_PRIORITY[message.priority])


def _severity(traffic: Traffic, level: Severity) -> Severity:
    match traffic:
        case Traffic.EXERCISE:
            return Severity.SIMULATED_EXERCISE
        case Traffic.TEST | Traffic.SYSTEM:
            return Severity.TEST
        case _:
            return level


def _areas(message: Message) -> tuple[str, ...]:
    """Area codes of the statistical divisions, 12 digits. Civil and statistical codes agree down to the county, and no further."""
    found: dict[str, None] = {}
    for area in (area for info in message.content.infos for area in info.areas):
        codes = [code.value for code in area.geocodes if _is_usable(code.system, code.value)]
        if area.geocodes and not codes:
            named = ", ".join(f"{code.system}:{code.value}" for code in area.geocodes)
            raise FormatError(
                f"the area {area.description or named} has the codes {named}; a broadcast needs one of the statistical divisions (nbs), "
                "or of a county",
                code="no-area-code",
            )
        found.update((code.ljust(_AREA_DIGITS, "0"), None) for code in codes)
    return tuple(found)


def _is_usable(system: str, code: str) -> bool:
    if not (code.isascii() and code.isdigit() and _COUNTY_DIGITS <= len(code) <= _AREA_DIGITS):
        return False
    return system.casefold() == "nbs" or not code[_COUNTY_DIGITS:].strip("0")
