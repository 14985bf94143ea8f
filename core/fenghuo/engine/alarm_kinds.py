"""What each kind of alarm means for a person: read once from the catalogue beside this module, which is data. Pure.

Source: ANSI/ISA-18.2-2016 §9 (rationalization); console.md §4: an alarm without consequence, action, time, priority and owner is none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fenghuo.model.alarm import AlarmPriority
from fenghuo.model.event import Event

__all__ = ["CATALOGUE", "AlarmKind", "Catalogue", "Owner", "Sign", "Words", "load_catalogue", "read_catalogue"]

CATALOGUE = "alarms.toml"
PREFIX = "alarm."
Said = Annotated[str, Meta(min_length=2)]


class Owner(StrEnum):
    """Whose alarm it is: of whoever is on duty (值班员), who administers the node (管理员), or who looks after the equipment (设备维护)."""

    DUTY = "duty"
    ADMIN = "admin"
    EQUIPMENT = "equipment"


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it is called, what comes of it if nobody acts, and what to do."""

    title: Said
    consequence: Said
    action: Said


class Sign(msgspec.Struct, frozen=True):
    """An event about the same subject that speaks of the condition; `where`: what fields of its body must hold, any of these values."""

    type: str
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Sign:
        """`power.changed state=mains|full`. Raises: ValueError."""
        kind, *parts = text.split()
        pairs = [part.partition("=") for part in parts]
        if not all(name and values for name, _, values in pairs):
            raise ValueError(f"{text!r} is no sign; write TYPE FIELD=VALUE|VALUE")
        return cls(kind, tuple((name, tuple(values.split("|"))) for name, _, values in pairs))

    def fits(self, event: Event) -> bool:
        """Whether this event is it."""
        return event.type == self.type and all(str(event.body.get(name)) in values for name, values in self.where)


class AlarmKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind. `response_s`: seconds within which a person must have acted; `ends`: what ends its condition, nothing: a person, whose
    acknowledgement is the end of it; `holds`: what says, while its off-delay runs or after, that it holds after all; `asked`: some minutes
    after a start the daemon looks whether what was so before it still is; `same`: a start tells it again, and where these fields of the
    event say what they said before it, nothing has recurred (None: every event is a recurrence); `on_delay_s`: it must hold so long to
    call; `off_delay_s`: it must be gone so long to have returned."""

    priority: AlarmPriority
    owner: Owner
    response_s: Annotated[float, Meta(gt=0, le=86_400 * 7)]
    zh: Words
    en: Words
    ends: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    asked: bool = False
    same: tuple[str, ...] | None = None
    on_delay_s: Annotated[float, Meta(ge=0, le=600)] = 0.0
    off_delay_s: Annotated[float, Meta(ge=0, le=3_600)] = 0.0

    @property
    def is_for_a_person(self) -> bool:
        """Whether nothing but a person ends it."""
        return not self.ends


class Catalogue:
    """Every kind by the type of its event, and by the type of each event that ends one. Nobody who holds it changes it."""

    def __init__(self, kinds: Mapping[str, AlarmKind]) -> None:
        self.kinds: Mapping[str, AlarmKind] = MappingProxyType(dict(kinds))
        self._ends: dict[str, list[tuple[str, Sign]]] = {}
        self._holds: dict[str, list[tuple[str, Sign]]] = {}
        for name, kind in self.kinds.items():
            for signs, texts in ((self._ends, kind.ends), (self._holds, kind.holds)):
                for sign in map(Sign.parse, texts):
                    signs.setdefault(sign.type, []).append((name, sign))
        self.types = frozenset({*self.kinds, *self._ends, *self._holds})

    def ended_by(self, event: Event) -> list[str]:
        """The kinds whose condition, about the same subject, ends with this event."""
        return [name for name, sign in self._ends.get(event.type, ()) if sign.fits(event)]

    def held_by(self, event: Event) -> list[str]:
        """The kinds whose condition, about the same subject, holds by this event."""
        return [name for name, sign in self._holds.get(event.type, ()) if sign.fits(event)]

    def timed(self) -> frozenset[str]:
        """Types of events after which a delay may run."""
        late = {name for name, kind in self.kinds.items() if kind.on_delay_s or kind.off_delay_s}
        return frozenset(late | {sign.type for signs in self._ends.values() for name, sign in signs if name in late})


def read_catalogue(text: str) -> Catalogue:
    """The catalogue as TOML has it, each kind under its name without `alarm.`. Raises: ValueError: a sentence that names the kind."""
    kinds: dict[str, AlarmKind] = {}
    raw: dict[str, Any] = tomllib.loads(text)
    for name, entry in raw.items():
        try:
            kinds[PREFIX + name] = kind = msgspec.convert(entry, AlarmKind)
            for sign in (*kind.ends, *kind.holds):
                Sign.parse(sign)
        except (msgspec.ValidationError, ValueError) as fault:
            raise ValueError(f"{PREFIX}{name}: {fault}") from fault
    return Catalogue(kinds)


def load_catalogue() -> Catalogue:
    """The one of this version."""
    return read_catalogue(files(__package__).joinpath(CATALOGUE).read_text(encoding="utf-8"))
