"""Who may raise what, for which area, how gravely: grants by source, what holds where there is none, and what is said against a message.

Pure. Source: security.md §1 and §5, rule 6; domain.md F3.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from fenghuo.engine.geometry import areas_inside
from fenghuo.engine.routing import areas_of, coded_areas, gravest_of
from fenghuo.formats.warning12379_words import EVENTS
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.message import AffectedArea, Info, Message
from fenghuo.model.traffic import Action, Kind, Priority

__all__ = ["GRAVITIES", "Grant", "Grants", "Post", "Standing", "areas_behind", "areas_of_owner", "colour_of", "not_granted", "outside"]

GRAVITIES = {"red": Priority.P0, "orange": Priority.P1, "yellow": Priority.P2, "blue": Priority.P3}
"""Colour of a warning → the priority that it has by itself; a severity counts as its colour (wire-formats.md §4)."""
_REPORTS = (Kind.REPORT, Kind.REPLY)


class Standing(StrEnum):
    """How a source stands to this node: a token, folder or source of its own; a post over it; a post below it."""

    OWN = "own"
    ABOVE = "above"
    BELOW = "below"


class Post(msgspec.Struct, frozen=True):
    """A far end that has proved who it is. `areas`: of whom the directory knows behind its address; `is_command`: what it says came as a
    command under its own key, proved to be in time; `is_shared`: under the key of a group, which every member could have used."""

    standing: Standing = Standing.BELOW
    areas: tuple[AreaRef, ...] = ()
    is_command: bool = False
    is_shared: bool = False


class Grant(msgspec.Struct, frozen=True):
    """One `[[authority]]` of the settings: `source` may say this. What is empty or None is left open; `gravest`, `most_urgent`: the most
    that it may say; `devices`: whether a device may start because of it, None: as is usual for such a source;
    `urgent_per_min`: how many P0 it may bring in a minute, 0: as is usual; `relay`: these are warning signals that it passes on as their
    issuer has signed them; `signs`: its proved word counts as that of one person."""

    source: str
    kinds: tuple[Kind, ...] = ()
    senders: tuple[str, ...] = ()
    areas: tuple[AreaRef, ...] = ()
    events: tuple[str, ...] = ()
    gravest: Priority = Priority.P0
    most_urgent: Priority = Priority.P0
    devices: bool | None = None
    urgent_per_min: int = 0
    relay: bool = False
    signs: bool = False


Grants = Mapping[str, tuple[Grant, ...]]
"""By the name of the source, as messages carry it: a token's, or `post:ADDRESS`."""


def areas_behind(directory: Directory, kind: str, address: str) -> tuple[AreaRef, ...]:
    """The areas of whoever has this address: a person's, those of the organisation, or an area that has the address itself."""
    found: dict[AreaRef, None] = {}
    for owner in directory.owners_by_address.get((kind, address), ()):
        found.update(dict.fromkeys(areas_of_owner(directory, owner)))
    return tuple(found)


def areas_of_owner(directory: Directory, owner: RecipientId) -> Iterable[AreaRef]:
    """What a recipient answers for: a person's own areas, else those of the organisation; nothing where nobody knows."""
    prefix, _, rest = owner.partition(":")
    if prefix == "area":
        return (AreaRef.parse(rest),)
    person = directory.person_by_id.get(owner)
    if person is not None and person.areas:
        return person.areas
    org = directory.org_by_id.get(rest if prefix == "org" else person.org if person is not None else "")
    return (org.area,) if org is not None and org.area is not None else ()


def outside(message: Message, areas: tuple[AreaRef, ...], directory: Directory) -> str:
    """What of its areas is not in these, in words; empty if nothing is. An area that nobody can look up is outside of every other."""
    equals = directory.equal_areas

    def is_inside(ref: AreaRef) -> bool:
        return any(own.covers(ref) or (ref in equals and own.covers(equals[ref])) for own in areas)

    refs = [str(ref) for ref in sorted(areas_of(message, directory)) if not is_inside(ref)]
    if message.kind in _REPORTS:  # what one is about may be told by name alone; who warns must say for whom in a way that can be judged
        return ", ".join(refs[:5])
    beyond = dict.fromkeys([*refs, *_nowhere(message, directory), *_also(message, areas, is_inside, directory)])
    return ", ".join(list(beyond)[:5])


def _also(message: Message, own: tuple[AreaRef, ...], is_inside: Callable[[AreaRef], bool], directory: Directory) -> Iterable[str]:
    """What an area says beside its code, which is all that routing goes by: people read its name, and far ends act by its shape."""
    for info in message.content.infos:
        for area in info.areas:
            held = areas_inside((area,), directory.areas) if coded_areas(area) and (area.polygons or area.circles) else ()
            around = [ref for ref in held if any(ref.covers(one) for one in own)]  # the seat of a city lies in one of its towns
            yield from (f"{ref}, which lies in its shape" for ref in held if not is_inside(ref) and ref not in around)
            yield from (f"{name}, which it names" for name in _named_beyond(area.description, own, is_inside, directory.areas))


def _named_beyond(text: str, own: tuple[AreaRef, ...], is_inside: Callable[[AreaRef], bool], known: tuple[Area, ...]) -> Iterable[str]:
    """Known areas outside that a text names. What is around an area of one's own may stand before its name: 苏州市太仓市."""
    named: dict[str, list[AreaRef]] = {}
    for area in known:
        if len(area.name) > 1 and area.name in text:
            named.setdefault(area.name, []).append(area.ref)
    if not named:
        return
    pattern = "|".join(re.escape(name) for name in sorted(named, key=len, reverse=True))
    found = list(re.finditer(pattern, text))
    for place, after in itertools.zip_longest(found, found[1:]):
        refs = named[place.group()]
        leads_on = after is not None and not text[place.end() : after.start()].strip()
        is_around = leads_on and any(ref.covers(one) for ref in refs for one in own)
        if not is_around and not any(map(is_inside, refs)):
            yield place.group()


def _nowhere(message: Message, directory: Directory) -> Iterable[str]:
    """Areas of which nobody can say whether they are inside: told by name alone, or drawn where no known area is."""
    for info in message.content.infos:
        for area in info.areas:
            if not _is_known(message, area, directory):
                yield f"{area.description or 'an area'} (told by no code, and nothing that is known lies in it)"


def _is_known(message: Message, area: AffectedArea, directory: Directory) -> bool:
    if coded_areas(area):
        return True
    one = msgspec.structs.replace(message.content, infos=(Info(areas=(area,)),))
    return bool(areas_of(msgspec.structs.replace(message, content=one), directory))


def not_granted(message: Message, name: str, *, post: Post | None, grants: Grants, directory: Directory) -> tuple[str, str]:
    """Why the source may not say this, as a code and a sentence; ("", ""): it may. A Cancel is nobody's warning: what it ends tells."""
    mine = grants.get(name, ())
    if mine:
        whys = [_against(grant, message, directory) for grant in mine]
        return ("", "") if ("", "") in whys else _said(name, whys)
    if post is None or post.standing is not Standing.BELOW:
        return "", ""
    return _below(message, name, areas=post.areas, grants=grants, directory=directory)


def _said(name: str, whys: list[tuple[str, str]]) -> tuple[str, str]:
    """The reason of the one grant, or of the one that came furthest."""
    code, sentence = max(whys, key=lambda why: _ORDER.index(why[0]))
    more = "" if len(whys) == 1 else f", and none of its {len(whys)} rules in [[authority]] allows it"
    return code, f"{name} {sentence}{more}"


_ORDER = ("kind", "sender", "area", "event", "gravity", "urgency")


def _against(grant: Grant, message: Message, directory: Directory) -> tuple[str, str]:
    content = message.content
    if grant.kinds and message.kind not in grant.kinds:
        return "kind", f"may send {', '.join(grant.kinds)}, and this is {_a(message.kind)}"
    if grant.senders and content.sender not in (*grant.senders, grant.source):
        return "sender", f"may speak as {', '.join(grant.senders)}, and this is by {content.sender}"
    if grant.areas and (beyond := outside(message, grant.areas, directory)):
        return "area", f"has no authority over {beyond}"
    if message.action is Action.CANCEL:
        return "", ""
    warnings = content.infos if message.kind is Kind.ALERT else ()
    if grant.events and (strange := [_called(info) for info in warnings if not _is_of(info, grant.events)]):
        return "event", f"may raise {', '.join(grant.events)}, and this is {strange[0]}"
    gravity = gravest_of(warnings)
    if gravity < grant.gravest:
        return "gravity", f"may warn up to {colour_of(grant.gravest)}, and this is {colour_of(gravity)}"
    if message.priority < grant.most_urgent:
        return "urgency", f"may send {grant.most_urgent.name} at the most, and this is {message.priority.name}"
    return "", ""


def _below(message: Message, name: str, *, areas: tuple[AreaRef, ...], grants: Grants, directory: Directory) -> tuple[str, str]:
    """What a post below may say by itself: reports and replies, of its own area and what lies in it, in nobody else's name."""
    advice = f'[[authority]] with source = "{name}" may say otherwise'
    if message.kind not in _REPORTS:
        return "kind", f"{name} is a post below, which reports and replies, and this is {_a(message.kind)}; {advice}"
    sender = message.content.sender
    owners = [other for other, theirs in grants.items() if other != name and any(sender in grant.senders for grant in theirs)]
    if owners or (sender.startswith("post:") and sender != name):
        return "sender", f"{name} speaks as {sender}, which is another's name; {advice}"
    if beyond := outside(message, areas, directory):
        return "area", f"{name} is a post below and speaks for its own area by the directory, and {beyond} is not in it; {advice}"
    return "", ""


def _is_of(info: Info, events: tuple[str, ...]) -> bool:
    """Whether its name and every one of its codes are granted: people read the one, machines act by the others. A name grants the codes
    that are known to mean it, and a code its known name; what says neither says nothing that could be granted."""
    names = {info.event} if info.event else set[str]()
    said = names | {code.value for code in info.event_codes}
    known_names = {EVENTS[event] for event in events if event in EVENTS}
    return bool(said) and all(one in events or one in known_names or EVENTS.get(one) in events for one in said)


def _called(info: Info) -> str:
    codes = ", ".join(code.value for code in info.event_codes)
    return (f"{info.event} ({codes})" if info.event and codes else info.event or codes) or "no named event"


def colour_of(priority: Priority) -> str:
    """The colour of a warning of this gravity."""
    return next((name for name, level in GRAVITIES.items() if level is priority), priority.name)


def _a(kind: Kind) -> str:
    return f"an {kind}" if kind is Kind.ALERT else f"a {kind}"
