"""What a source's own word is worth at a release: a relayed warning signal of its issuer, and a source that stands for one person. Pure.

Source: security.md §3, default and rule 8; domain.md §3.4: of a met signal relay nobody here signs if its issuer's signature verifies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from fenghuo.engine.authority import Grant, Grants
from fenghuo.engine.judging import Origin, authority
from fenghuo.model.delivery import Verdict
from fenghuo.model.directory import Directory
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action, Kind

__all__ = ["as_person", "is_relay"]


def is_relay(message: Message, origin: Origin, verdicts: Collection[Verdict], *, directory: Directory, grants: Grants) -> bool:
    """Whether it is a warning signal that is passed on as its issuer has signed it: somebody said so of this source, what it says is within
    what it may say, and the issuer's signature verifies."""
    if message.kind is not Kind.ALERT or message.action not in (Action.NEW, Action.UPDATE) or not _is_signed(verdicts):
        return False
    said = any(grant.relay for grant in grants.get(origin.name, ()))
    return said and authority(message, origin, directory, _those(grants, origin, lambda grant: grant.relay)).ok


def as_person(message: Message, origin: Origin, verdicts: Collection[Verdict], *, directory: Directory, grants: Grants) -> str:
    """As whom a source counts among those who sign, "" as nobody: only where its scope says so, and only where its word is proved, by a
    valid signature or as a command under its own key."""
    is_proved = _is_signed(verdicts) or (origin.post is not None and origin.post.is_command)
    if not is_proved or not any(grant.signs for grant in grants.get(origin.name, ())):
        return ""
    may = authority(message, origin, directory, _those(grants, origin, lambda grant: grant.signs))
    return f"source:{origin.name}" if may.ok else ""


def _is_signed(verdicts: Collection[Verdict]) -> bool:
    said = [verdict for verdict in verdicts if verdict.check == "signature"]
    return any(verdict.value == "valid" for verdict in said) and all(verdict.ok for verdict in said)


def _those(grants: Grants, origin: Origin, wanted: Callable[[Grant], bool]) -> Grants:
    """The rules of a source that say so, and no other: what another allows it to say is not said by this one."""
    return {**grants, origin.name: tuple(grant for grant in grants.get(origin.name, ()) if wanted(grant))}
