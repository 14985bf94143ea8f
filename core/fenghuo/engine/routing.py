"""Message × rules × directory → objectives to be: who must be reached, how surely, by when. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

import msgspec

from fenghuo.engine.asked_once import asked_once
from fenghuo.engine.geometry import areas_inside
from fenghuo.engine.rules import Match, Rule, RuleBook
from fenghuo.model.area import AreaRef, CodeSystem
from fenghuo.model.audience import Audience, Split
from fenghuo.model.directory import Directory, Person, RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import AffectedArea, Info, Message, Scope
from fenghuo.model.roll import PUBLIC
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.model.traffic import Action, Kind, Priority

__all__ = [
    "Routed",
    "addressed",
    "addressee",
    "areas_of",
    "coded_areas",
    "default_priority",
    "gravest_of",
    "is_unclear",
    "required_signatures",
    "route",
    "signatures_for",
    "whole",
]

_SYSTEMS = frozenset(system.value for system in CodeSystem)
Reader = Callable[[Message], Iterable[str]]
PRIORITY_OF_COLOUR = {"red": Priority.P0, "orange": Priority.P1, "yellow": Priority.P2, "blue": Priority.P3}
PRIORITY_OF_SEVERITY = {"Extreme": Priority.P0, "Severe": Priority.P1, "Moderate": Priority.P2, "Minor": Priority.P3}


class Routed(msgspec.Struct, frozen=True):
    """One objective to be: the rule that made it, and the recipients it stands for at this moment; of a public, its areas."""

    rule: Rule
    audience: str
    recipients: tuple[RecipientId, ...]
    needed: Evidence
    priority: Priority
    deadline_s: float
    signatures: int
    is_public: bool = False


def route(message: Message, rules: RuleBook, directory: Directory, devices: Collection[str] = ()) -> tuple[Routed, ...]:
    """Every objective that the rules make of a message, in the order of the file, each recipient in one of those that would tell them
    by the same channel. `devices`: the channels that start one."""
    found: list[Routed] = []
    for rule in rules.rules_for(message.source):
        if not _matches(rule.match, message):
            continue
        signatures = signatures_for(rule, message, starts=_starts(rule, message, rules, devices))
        found.append(_routed(rule, message, directory, signatures=signatures))
        if not rule.continue_:
            break
    return asked_once(found, rules)


def _routed(rule: Rule, message: Message, directory: Directory, *, signatures: int) -> Routed:
    content = message.content
    recipients = _addressees(content.to, directory) if content.to else resolve(rule.audience, message, directory)
    needed = Evidence[content.needed] if content.needed else rule.needed_level
    return Routed(
        rule=rule,
        audience=", ".join(content.to) if content.to else rule.audience.name,
        recipients=recipients,
        needed=needed,
        priority=_priority(rule, message),
        deadline_s=content.deadline_s or rule.deadline_s,
        signatures=signatures,
        is_public=rule.audience.split is Split.PUBLIC and not content.to,
    )


def _priority(rule: Rule, message: Message) -> Priority:
    asked = message.content.priority if message.content.priority is not None else rule.priority_level
    return asked if asked is not None else message.priority  # P0 is 0, and no "nothing"


def _starts(rule: Rule, message: Message, rules: RuleBook, devices: Collection[str]) -> bool:
    """Whether it may start a device that its ladder names: at P0, which no silence and no doubt holds back."""
    named = {channel for rung in rules.ladder(rule.ladder).rungs for channel in rung.channels}
    via = message.content.via
    return _priority(rule, message) is Priority.P0 and not named.intersection(via or named).isdisjoint(devices)


def signatures_for(rule: Rule, message: Message, *, starts: bool = False) -> int:
    """How many signatures a message needs under a rule: two where the rule tells a public, where it starts a device (`starts`), and for an
    alert that is public, or orange or red, unless the rule says otherwise.

    Of a relayed warning signal whose issuer's signature verifies nobody signs by default: it starts no device by itself.
    Source: security.md §3; domain.md §3.4; also that an exercise needs the same hands as the real thing: no traffic and no scope is a
    way round them.
    """
    if message.action is Action.CANCEL:
        return 0
    if rule.signatures is not None:
        return rule.signatures
    if message.is_relay:
        return 0
    if starts or (rule.audience.split is Split.PUBLIC and not message.content.to):
        return 2
    is_grave = message.content.scope is Scope.PUBLIC or gravest_of(message.content.infos) <= Priority.P1
    return 2 if message.kind is Kind.ALERT and is_grave else 0


def required_signatures(message: Message, rules: RuleBook, devices: Collection[str] = (), *, unruled: int = 0) -> int:
    """How many signatures the rules will ask for, without working out who is addressed. `unruled`: where none is for it."""
    own = rules.rules_for(message.source)
    matching = (rule for rule in own if _matches(rule.match, message))
    needed = 0 if next(matching, None) is not None else unruled
    for rule in own:
        if _matches(rule.match, message):
            needed = max(needed, signatures_for(rule, message, starts=_starts(rule, message, rules, devices)))
            if not rule.continue_:
                break
    return needed


def default_priority(infos: tuple[Info, ...]) -> Priority:
    """Red → P0, orange → P1, yellow → P2, blue → P3, the gravest there is; without a colour by severity; else P2 (wire-formats.md §4)."""
    colours = [PRIORITY_OF_COLOUR[info.colour.lower()] for info in infos if info.colour.lower() in PRIORITY_OF_COLOUR]
    if colours:
        return min(colours)
    known = [PRIORITY_OF_SEVERITY[info.severity] for info in infos if info.severity in PRIORITY_OF_SEVERITY]
    return min(known, default=Priority.P2)


def gravest_of(infos: Iterable[Info]) -> Priority:
    """The graver of colour and severity of any of these, whatever the two say of each other; of one that says neither P2, of none P4."""
    return min((_gravity(info) for info in infos), default=Priority.P4)


def _gravity(info: Info) -> Priority:
    told = (PRIORITY_OF_COLOUR.get(info.colour.lower()), PRIORITY_OF_SEVERITY.get(info.severity))
    return min((level for level in told if level is not None), default=Priority.P2)


def _matches(match: Match, message: Message) -> bool:
    """Whether every field that the rule names holds one of its values. Fields that no rule names are not even looked at."""
    return all(not values.isdisjoint(read(message)) for read, values in _wanted(match))


@lru_cache(maxsize=1024)
def _wanted(match: Match) -> tuple[tuple[Reader, frozenset[str]], ...]:
    named = ((name, frozenset(getattr(match, name))) for name in Match.__struct_fields__)
    return tuple((_READERS[name], values) for name, values in named if values)


_READERS: dict[str, Reader] = {
    "kind": lambda message: (message.content.kind,),
    "action": lambda message: (message.content.action,),
    "traffic": lambda message: (message.content.traffic,),
    "priority": lambda message: (message.priority.name,),
    "sender": lambda message: (message.content.sender,),
    "source": lambda message: (message.source,),
    "scope": lambda message: (message.content.scope,),
    "severity": lambda message: [info.severity for info in message.content.infos],
    "urgency": lambda message: [info.urgency for info in message.content.infos],
    "certainty": lambda message: [info.certainty for info in message.content.infos],
    "colour": lambda message: [info.colour.lower() for info in message.content.infos],
    "event": lambda message: [info.event for info in message.content.infos],
    "event_code": lambda message: [code.value for info in message.content.infos for code in info.event_codes],
    "category": lambda message: [name for info in message.content.infos for name in info.categories],
}
"""How to read what a rule may name from a message."""


def resolve(audience: Audience, message: Message, directory: Directory) -> tuple[RecipientId, ...]:
    """The recipients an audience stands for, in the directory's order; of a public, the areas in which it is."""
    match audience.split:
        case Split.PUBLIC:
            hit = _area_filter(audience, message, directory)
            return tuple(f"{PUBLIC}{ref}" for ref in sorted(hit or set()))
        case Split.AUDIENCE:
            return tuple(f"group:{group}" for group in audience.groups)
        case Split.AREA:
            hit = _area_filter(audience, message, directory)
            owners = directory.contacts_by_owner
            return tuple(f"area:{ref}" for ref in sorted(hit or set()) if f"area:{ref}" in owners)
        case Split.PERSON:
            return _persons(audience, message, directory)


def addressed(message: Message, rules: RuleBook, directory: Directory, *, rule: str, audience: str) -> tuple[RecipientId, ...]:
    """Whom an objective is for that was opened by `rule` for `audience`; the rule may have another name by now. Nobody if it is gone."""
    if message.content.to:
        return _addressees(message.content.to, directory)
    named = [one for one in rules.rules if one.audience.name == audience]
    first = next((one for one in named if one.name == rule), named[0] if named else None)
    return resolve(first.audience, message, directory) if first else ()


def whole(audience: Audience, directory: Directory) -> tuple[RecipientId, ...]:
    """Everybody an audience can ever stand for, whatever areas a message names; of a public nobody by name."""
    match audience.split:
        case Split.PUBLIC:
            return ()
        case Split.AUDIENCE:
            return tuple(f"group:{group}" for group in audience.groups)
        case Split.AREA:
            return tuple(owner for owner in directory.contacts_by_owner if owner.startswith("area:"))
        case Split.PERSON:
            ids, roles, orgs = set(audience.persons), set(audience.roles), set(audience.orgs)
            named = [
                person.id
                for person in directory.persons
                if person.id in ids
                or (bool(roles or orgs) and (not roles or roles.intersection(person.roles)) and (not orgs or person.org in orgs))
            ]
            return tuple(named)


def _persons(audience: Audience, message: Message, directory: Directory) -> tuple[RecipientId, ...]:
    if not (audience.roles or audience.orgs or audience.persons):
        return ()
    hit = _area_filter(audience, message, directory)
    roles, orgs, ids = set(audience.roles), set(audience.orgs), set(audience.persons)

    def belongs(person: Person) -> bool:
        if person.id in ids:
            return True
        named = (not roles or bool(roles.intersection(person.roles))) and (not orgs or person.org in orgs) and bool(roles or orgs)
        return named and (hit is None or any(ref in hit for ref in person.areas))

    return tuple(person.id for person in directory.persons if belongs(person))


def _area_filter(audience: Audience, message: Message, directory: Directory) -> set[AreaRef] | None:
    """The known areas that count; None when areas do not restrict."""
    if audience.areas == "all":
        return None if audience.split is Split.PERSON else _known_refs(directory)
    if audience.areas == "message":
        wanted = areas_of(message, directory)
    else:
        names = (audience.areas,) if isinstance(audience.areas, str) else audience.areas
        wanted = frozenset(AreaRef.parse(name) for name in names)
    return _touched(wanted, directory)


def areas_of(message: Message, directory: Directory) -> frozenset[AreaRef]:
    """The areas a message names: each by code in a known system, else by its shape against the points of known areas."""
    areas = [area for info in message.content.infos for area in info.areas]
    refs = {ref for area in areas for ref in coded_areas(area)}
    drawn = tuple(area for area in areas if (area.polygons or area.circles) and not coded_areas(area))
    if drawn:
        refs.update(areas_inside(drawn, directory.areas))
    return frozenset(refs)


def is_unclear(area: AffectedArea) -> bool:
    """Whether an area is given by codes alone and none of them stands in a list that we know."""
    return bool(area.geocodes) and not (area.polygons or area.circles or coded_areas(area))


def coded_areas(area: AffectedArea) -> tuple[AreaRef, ...]:
    """The codes of an area that stand in a list that we know."""
    known = [code for code in area.geocodes if code.system in _SYSTEMS and code.value.isascii() and code.value.isdigit()]
    return tuple(AreaRef(CodeSystem(code.system), code.value) for code in known)


def _touched(wanted: frozenset[AreaRef], directory: Directory) -> set[AreaRef]:
    """Known areas that overlap a wanted one, across both code systems by the directory's own table of equals (never by digits)."""
    equals = directory.equal_areas
    inside, around = set(wanted), set[AreaRef]()
    for ref in wanted:
        inside.update(equals[known] for known in equals if ref.covers(known))
        around.update(equals[known] for known in equals if known.covers(ref))  # there are other towns in it, which are not meant
    return {
        ref
        for ref in _known_refs(directory)
        if any(want.covers(ref) or ref.covers(want) for want in inside) or any(ref.covers(above) for above in around)
    }


def _known_refs(directory: Directory) -> set[AreaRef]:
    refs = {area.ref for area in directory.areas}
    refs.update(ref for person in directory.persons for ref in person.areas)
    return refs


def _addressees(to: tuple[str, ...], directory: Directory) -> tuple[RecipientId, ...]:
    """`person:ID` or a bare person id, `org:ID` (its people), `role:ROLE`, `role:ROLE@SYSTEM:CODE`, `area:…`, `group:…`."""
    found: list[RecipientId] = []
    for expression in to:
        found.extend(addressee(expression.strip(), directory))
    return tuple(dict.fromkeys(found))


def addressee(expression: str, directory: Directory) -> tuple[RecipientId, ...]:
    """Whom one expression of `to` means; nobody when it means nobody we know."""
    kind, colon, rest = expression.partition(":")
    if not colon:
        return (expression,) if expression in directory.person_by_id or expression == SELF_PROBE else ()
    match kind:
        case "person":
            return (rest,) if rest in directory.person_by_id else ()
        case "org":
            people = tuple(person.id for person in directory.persons if person.org == rest)
            return people or ((expression,) if expression in directory.contacts_by_owner else ())
        case "role":
            return _role_holders(rest, directory)
        case _:
            return (expression,) if expression in directory.contacts_by_owner else ()


def _role_holders(text: str, directory: Directory) -> tuple[RecipientId, ...]:
    role, at, place = text.partition("@")
    try:
        hit = _touched(frozenset({AreaRef.parse(place)}), directory) if at else None
    except ValueError:  # a sender's slip addresses nobody, which is an alarm; it must not stop the engine
        return ()
    return tuple(
        person.id for person in directory.persons if role in person.roles and (hit is None or any(ref in hit for ref in person.areas))
    )
