"""What a Cancel says: what was signed with the alert, the standard words, or an operator's own where enough people stand for them.

One person ends what two had to release, at once and with words that nobody needs to sign any more; a newly written text is a new public
message. Source: security.md §3, rule 5.
"""

from __future__ import annotations

from collections.abc import Collection

from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message
from fenghuo.store.store import Store
from fenghuo.store.tables import OBJECTIVE

__all__ = ["CORRECTION", "NO_REASON", "people_needed", "words_of"]

CORRECTION = "fenghuo:correction"
"""Name of the parameter of an alert that holds its correction: part of what is signed, so that it needs no signature later."""
NO_REASON = "此前消息作废"
"""What people read who are told that a message is over, when nobody says why."""


async def people_needed(store: Store, message: Message) -> int:
    """How many people had to stand for a message before it went."""
    rows = await store.find(OBJECTIVE, "message = ? AND revision = ?", message.id, message.revision)
    return max((row.signatures for row in rows), default=0)


def words_of(message: Message, reason: str, people: Collection[str], *, needed: int) -> tuple[str, Verdict | None]:
    """What its Cancel says, and why that is not what the operator wrote. `people`: distinct, who stand for the Cancel."""
    drafted = next((one.value.strip() for info in message.content.infos for one in info.parameters if one.name == CORRECTION), "")
    if reason and len(set(people)) >= needed:
        return reason, None
    words = drafted or NO_REASON
    if not reason or reason == words:
        return words, None
    why = f"it says {words!r}: {needed} people released the message, and as many must sign other words; yours stand in the audit"
    return words, Verdict("words", "set-aside", True, why)
