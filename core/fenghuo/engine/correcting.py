"""What a Cancel says: what was signed with the alert, the standard words, or its own where as many people stand for them. Pure.

Whoever may end a message ends it at once, and with words that nobody needs to sign any more; a newly written text is a new public message,
and takes what that would take by whoever wrote it: that a source is relayed unchanged without a signature is no leave for anybody else.
Source: security.md §3, rule 5.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from fenghuo.engine.kin import Kin
from fenghuo.engine.routing import gravest_of, required_signatures
from fenghuo.engine.rules import RuleBook
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message, Scope
from fenghuo.model.traffic import Action, Kind, Priority

__all__ = ["CORRECTION", "NO_REASON", "SET_ASIDE", "drafted", "own_words", "spoken", "told_words", "words_take"]

CORRECTION = "fenghuo:correction"
"""Name of the parameter of an alert that holds its correction: part of what is signed, so that it needs no signature later."""
NO_REASON = "此前消息作废"
"""What people read who are told that a message is over, when nobody says why."""
SET_ASIDE = "set-aside"


def spoken(cancel: Message, kin: Kin, people: Collection[str], needed: int) -> tuple[Message, Verdict | None]:
    """A Cancel as it is told, and why that is not what it said. `people`: distinct, who stand for it; `kin`: what it ends; `needed`:
    words_take()."""
    own = own_words(cancel)
    is_enough = len(set(people)) >= needed
    words = told_words(kin.newest)
    if is_enough and (own not in ("", NO_REASON) or not drafted(kin.newest)):
        return cancel, None
    infos = tuple(msgspec.structs.replace(info, description=words) for info in cancel.content.infos)
    told = msgspec.structs.replace(cancel, content=msgspec.structs.replace(cancel.content, infos=infos, note=""))
    if own in ("", NO_REASON, words):
        return told, None
    why = f"it says {words!r}: other words take {needed} people, as a new message would; these stand in the audit"
    return told, Verdict("words", SET_ASIDE, True, why)


def words_take(cancel: Message, kin: Kin, rules: RuleBook, devices: Collection[str] = ()) -> int:
    """How many people a Cancel in its own words takes: as many as what it ends, and as many as the same message takes when whoever sends
    the Cancel is the one who brings it. `devices`: the channels that start something."""
    newest = kin.newest
    said = msgspec.structs.replace(newest.content, action=Action.NEW)
    is_relay = newest.is_relay and cancel.source == kin.source
    anew = msgspec.structs.replace(newest, content=said, source=cancel.source, author=cancel.author, is_relay=is_relay)
    is_grave = said.scope is Scope.PUBLIC or gravest_of(said.infos) <= Priority.P1
    unruled = 2 if said.kind is Kind.ALERT and is_grave else 0
    return max(kin.signatures, required_signatures(anew, rules, devices, unruled=unruled))


def drafted(message: Message) -> str:
    """The correction that was drafted with a message, and is signed with it; "" where none was."""
    return next((one.value.strip() for info in message.content.infos for one in info.parameters if one.name == CORRECTION), "")


def told_words(message: Message) -> str:
    """What whoever got a message is told when one person calls it off: the drafted correction, or the standard words."""
    return drafted(message) or NO_REASON


def own_words(cancel: Message) -> str:
    """What a Cancel itself says, in its first language."""
    return next((info.description for info in cancel.content.infos if info.description), cancel.content.note)
