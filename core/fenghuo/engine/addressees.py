"""Who in a message's own `to` is nobody we know, and what would be right: an order must not be short of a person in silence. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from fenghuo.engine.routing import addressee
from fenghuo.model.delivery import Verdict
from fenghuo.model.directory import Directory
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action

__all__ = ["audience", "sentences", "unknown"]

FORMS = "person:ID, org:ID, role:ROLE, role:ROLE@SYSTEM:CODE, area:SYSTEM:CODE or group:NAME"
EXPLAINED = 5
MAX_COMPARED = 500
"""Names that one wrong name is compared with: the search runs where everybody waits for the disk, and must stay below 10 ms."""


def unknown(message: Message, directory: Directory) -> tuple[str, ...]:
    """The expressions of `to` behind which there is nobody. A Cancel goes to whoever got what it ends, whatever it says there."""
    if message.action not in (Action.NEW, Action.UPDATE):
        return ()
    return tuple(one for one in dict.fromkeys(message.content.to) if not addressee(one.strip(), directory))


def audience(message: Message, directory: Directory) -> tuple[Verdict, ...]:
    """What intake says of them; nothing when all are known."""
    strangers = unknown(message, directory)
    if not strangers:
        return ()
    named = "; ".join(sentences(strangers, directory))
    return (Verdict("audience", "unknown", False, f"{len(strangers)} of {len(message.content.to)} in `to` are nobody we know: {named}"),)


def sentences(strangers: tuple[str, ...], directory: Directory) -> tuple[str, ...]:
    """Each of them with what would be right, as a person reads it."""
    told = [f"{one}: {_advice(one.strip(), directory)}" if place < EXPLAINED else one for place, one in enumerate(strangers)]
    return tuple(told)


def _advice(expression: str, directory: Directory) -> str:
    kind, colon, name = expression.partition(":")
    kind, name = (kind, name) if colon else ("", expression)
    if kind == "role" and "@" in name:
        return f"nobody in that area has this role; is it {'mca or nbs' if ':' in name else 'given as role:ROLE@SYSTEM:CODE'}?"
    if kind == "area":
        return "this area has no address of its own; role:ROLE@SYSTEM:CODE means its people"
    near = [*_elsewhere(name, directory), *(f"{kind or 'person'}:{one}" for one in _near(kind or "person", name, directory))]
    return f"did you mean {' or '.join(near[:3])}?" if near else f"write {FORMS}"


def _elsewhere(name: str, directory: Directory) -> Iterator[str]:
    """The same name as something else."""
    if name in directory.person_by_id:
        yield f"person:{name}"
    if name in directory.org_by_id:
        yield f"org:{name}"
    if any(role.id == name for role in directory.roles):
        yield f"role:{name}"
    if f"group:{name}" in directory.contacts_by_owner:
        yield f"group:{name}"


def _near(kind: str, name: str, directory: Directory) -> list[str]:
    """Names of that kind that differ by a letter or two."""
    alike = (one for one in _names(kind, directory) if one != name and abs(len(one) - len(name)) <= 2 and _shares_an_end(one, name))
    return get_close_matches(name, list(islice(alike, MAX_COMPARED)), n=2, cutoff=0.75)


def _shares_an_end(one: str, other: str) -> bool:
    return one[:2] == other[:2] or one[-2:] == other[-2:]


def _names(kind: str, directory: Directory) -> Iterator[str]:
    match kind:
        case "org":
            yield from directory.org_by_id
        case "role":
            yield from (role.id for role in directory.roles)
        case "group":
            yield from (owner.removeprefix("group:") for owner in directory.contacts_by_owner if owner.startswith("group:"))
        case _:
            yield from directory.person_by_id
