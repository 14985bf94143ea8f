"""Who may replace or end what is here: whoever brought it, in as sure a way, as the same kind of message, with as many hands. Pure.

An Update or a Cancel that is not so waits for a person, with the reason; what it names stays in force. Whoever has the right at this node
ends it all the same, in one step. Source: security.md §3 and §5.
"""

from __future__ import annotations

from collections.abc import Collection

from fenghuo.engine.authority import Grants
from fenghuo.engine.judging import Origin
from fenghuo.engine.kin import Kin
from fenghuo.formats.verdicts import Decoded
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action

__all__ = ["hands", "objections", "speaks_as"]


def objections(message: Message, kin: Kin, decoded: Decoded, *, origin: Origin, grants: Grants) -> tuple[Verdict, ...]:
    """What is said against an Update or a Cancel that nobody has signed; nothing: it replaces or ends `kin`."""
    said = message.content
    if message.action is Action.UPDATE and said.kind is not kin.newest.kind:
        return (_against("kind", f"it would replace a message of the kind {kin.newest.kind}, and is {said.kind}"),)
    if said.sender != kin.sender:
        return (_against("sender", f"the original is by {kin.sender}, this is by {said.sender}"),)
    if origin.name != kin.source and not speaks_as(origin, kin.sender, grants):
        advice = f'[[authority]] with senders = ["{kin.sender}"] may say otherwise'
        return (_against("owner", f"{kin.source} brought the original, and {origin.name} did not; {advice}"),)
    if origin.post is not None and origin.post.is_shared and not (kin.is_shared and not kin.signatures):
        return (_against("shared", "the original did not come under the key of a group, and any member of it could have made this"),)
    if kin.is_signed and not any(one.check == "signature" and one.value == "valid" for one in decoded.verdicts):
        return (_against("unsigned", "the original bears a valid signature, and this does not"),)
    return ()


def hands(message: Message, kin: Kin, people: Collection[str]) -> tuple[Verdict, ...]:
    """An Update takes as many signatures as what it replaces; a Cancel none, since its words are signed already."""
    if message.action is not Action.UPDATE or len(set(people)) >= kin.signatures:
        return ()
    return (Verdict("release", str(kin.signatures), False, f"it replaces what took {kin.signatures} signatures, and takes as many"),)


def speaks_as(origin: Origin, sender: str, grants: Grants) -> bool:
    """Whether somebody has said in the settings that this source speaks as this sender."""
    return sender in origin.senders or any(sender in grant.senders for grant in grants.get(origin.name, ()))


def _against(code: str, sentence: str) -> Verdict:
    return Verdict("authority", code, False, sentence)
