"""Over what a person has authority: areas, up to which colour, at which priority; and what of a message lies beyond it. Pure.

Source: security.md §2: an operator drafts, dispatches P1 to P4, acknowledges and cancels inside the own area; a releaser signs there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import msgspec

from fenghuo.engine.authority import areas_of_owner, colour_of, outside
from fenghuo.engine.routing import addressee, gravest_of
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Verdict
from fenghuo.model.directory import Directory
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action, Kind, Priority

__all__ = ["Jurisdiction", "beyond", "stranger_to", "urgency"]

SHOWN = 5


class Jurisdiction(msgspec.Struct, frozen=True):
    """Of one person. `areas`: empty for everywhere; `gravest`: the most that the person may warn of or sign; `most_urgent`: what the
    person may send without a second one; `nowhere`: why there is no area at all, as of a post that is gone, "" where there is one."""

    areas: tuple[AreaRef, ...] = ()
    gravest: Priority = Priority.P0
    most_urgent: Priority = Priority.P0
    nowhere: str = ""


def beyond(message: Message, own: Jurisdiction, directory: Directory, *, ends: bool = False) -> tuple[str, str]:
    """What of a message lies beyond it, as a code and the end of a sentence that begins with a name; ("", ""): nothing does.

    What ends a message (`ends`, or a Cancel) is never too grave: to fall silent is safe, and only the area counts.
    """
    if own.nowhere:
        return "area", own.nowhere
    if own.areas and (where := outside(message, own.areas, directory)):
        return "area", f"has no authority over {where}"
    is_order = message.action is not Action.CANCEL and message.content.to
    if own.areas and is_order and (whom := stranger_to(message.content.to, own.areas, directory)):
        return "audience", f"has no authority over the area of {', '.join(whom)}"
    if ends or message.action is Action.CANCEL:
        return "", ""
    gravity = gravest_of(message.content.infos) if message.kind is Kind.ALERT else Priority.P4
    if gravity < own.gravest:
        return "gravity", f"may warn up to {colour_of(own.gravest)}, and this is {colour_of(gravity)}"
    return "", ""


def urgency(message: Message, name: str, own: Jurisdiction) -> tuple[Verdict, ...]:
    """That one person more is needed, since this is more urgent than what the person sends alone."""
    if message.action is Action.CANCEL or message.priority >= own.most_urgent:
        return ()
    says = f"{name} sends {own.most_urgent.name} to P4 alone, and this is {message.priority.name}: a releaser signs it"
    return (Verdict("release", "1", False, says),)


def stranger_to(to: Iterable[str], areas: tuple[AreaRef, ...], directory: Directory) -> tuple[str, ...]:
    """Whom an order addresses that answers for another area, or of whom nobody can say for which: at most five names."""
    equals = directory.equal_areas

    def is_inside(ref: AreaRef) -> bool:
        return any(own.covers(ref) or (ref in equals and own.covers(equals[ref])) for own in areas)

    owners = dict.fromkeys(one for expression in to for one in addressee(expression.strip(), directory))
    strange = (directory.name_of(owner) for owner in owners if not any(map(is_inside, areas_of_owner(directory, owner))))
    return tuple(itertools.islice(strange, SHOWN))
