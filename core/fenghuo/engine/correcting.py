"""What a Cancel says: what was signed with the alert, the standard words, or its own where as many people stand for them. Pure.

Whoever may end a message ends it at once, and with words that nobody needs to sign any more; a newly written text is a new public message.
Source: security.md §3, rule 5.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from fenghuo.engine.kin import Kin
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message

__all__ = ["CORRECTION", "NO_REASON", "SET_ASIDE", "drafted", "own_words", "spoken", "told_words"]

CORRECTION = "fenghuo:correction"
"""Name of the parameter of an alert that holds its correction: part of what is signed, so that it needs no signature later."""
NO_REASON = "此前消息作废"
"""What people read who are told that a message is over, when nobody says why."""
SET_ASIDE = "set-aside"


def spoken(cancel: Message, kin: Kin, people: Collection[str]) -> tuple[Message, Verdict | None]:
    """A Cancel as it is told, and why that is not what it said. `people`: distinct, who stand for it; `kin`: what it ends."""
    own = own_words(cancel)
    is_enough = len(set(people)) >= kin.signatures
    words = told_words(kin.newest)
    if is_enough and (own not in ("", NO_REASON) or not drafted(kin.newest)):
        return cancel, None
    infos = tuple(msgspec.structs.replace(info, description=words) for info in cancel.content.infos)
    told = msgspec.structs.replace(cancel, content=msgspec.structs.replace(cancel.content, infos=infos, note=""))
    if own in ("", NO_REASON, words):
        return told, None
    why = f"it says {words!r}: {kin.signatures} people released the message, and as many must sign other words; these stand in the audit"
    return told, Verdict("words", SET_ASIDE, True, why)


def drafted(message: Message) -> str:
    """The correction that was drafted with a message, and is signed with it; "" where none was."""
    return next((one.value.strip() for info in message.content.infos for one in info.parameters if one.name == CORRECTION), "")


def told_words(message: Message) -> str:
    """What whoever got a message is told when one person calls it off: the drafted correction, or the standard words."""
    return drafted(message) or NO_REASON


def own_words(cancel: Message) -> str:
    """What a Cancel itself says, in its first language."""
    return next((info.description for info in cancel.content.infos if info.description), cancel.content.note)
