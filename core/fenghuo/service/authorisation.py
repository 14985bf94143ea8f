"""Who may do what: one table of operation × right × state of the object, for tokens, for people and for our own doors. What is not in it is
denied.

Source: security.md §2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec

from fenghuo.errors import FormatError
from fenghuo.model.message import MessageState

__all__ = [
    "ACCOUNT_RIGHTS", "DOOR", "FACTOR_NEEDED", "LOCKED", "OF_ITS_CLASS", "SEEING", "STOP", "TOUCHES", "VERBS", "Thing", "Touch",
    "check_rights", "may", "only_reads",
]  # fmt: skip

ACCOUNT_RIGHTS = ("viewer", "operator", "releaser", "admin", "auditor")
"""Rights that a person may hold; `source` is for programs."""
EXCLUDES = {"admin": ("auditor", "releaser")}
"""Separation of duties (三权分立): who administers neither releases nor reads the audit."""
FACTOR_NEEDED = frozenset({"releaser", "admin"})
"""Rights for which a password alone is not enough."""
DOOR = "door"
"""The right of a door of ours, to let people in; nobody can be given it."""
STOP = "stop"
"""All that a locked session of an operator may do beside seeing: end what goes out."""
LOCKED = "locked"
"""The mark of a session that is locked, or whose page has not proved that it asks: it gives nothing, and takes all but WHILE_LOCKED."""
SEEING = ("viewer", LOCKED)
"""What a session may without the proof that its page, and not another, asks."""

EVERYONE = ("viewer", "operator", "releaser", "source", "admin", "auditor")
WATCHERS = ("viewer", "operator", "releaser", "admin", "auditor")
ON_DUTY = ("viewer", "operator", "releaser")
"""Who may have a shift of their own."""
VERBS: dict[str, tuple[str, ...]] = {
    "alert.submit": ("source", "operator"),
    "alert.submit_all": ("source", "operator"),
    "message.submit": ("source", "operator"),
    "message.send": ("operator",),
    "attachment.put": ("source", "operator"),
    "message.show": EVERYONE,
    "message.ls": EVERYONE,
    "message.why": EVERYONE,
    "message.preview": EVERYONE,
    "alert.cancel": ("operator", STOP),
    "alert.draft": ("operator",),
    "alert.drafts": ("operator",),
    "alert.review": EVERYONE,
    "alert.correct": ("operator",),
    "alert.sign": EVERYONE,
    "channel.ls": EVERYONE,
    "channel.enable": ("admin", "operator"),
    "channel.disable": ("admin", "operator"),
    "channel.prefer": ("admin", "operator"),
    "channel.why": EVERYONE,
    "channel.matrix": EVERYONE,
    "area.ls": EVERYONE,
    "map.show": EVERYONE,
    "layer.ls": EVERYONE,
    "layer.show": EVERYONE,
    "layer.import": ("admin",),
    "layer.drop": ("admin",),
    "recipient.ls": EVERYONE,
    "board.show": WATCHERS,
    "mode.ls": EVERYONE,
    "mode.show": EVERYONE,
    "mode.declare": ("operator",),
    "mode.end": ("operator",),
    "mode.log": EVERYONE,
    "route.explain": EVERYONE,
    "route.lint": EVERYONE,
    "whatif": EVERYONE,
    "power.plan": EVERYONE,
    "coverage": EVERYONE,
    "directory.import": ("admin",),
    "directory.check": EVERYONE,
    "directory.proven": EVERYONE,
    "rollcall.call": ("operator",),
    "rollcall.show": EVERYONE,
    "db.backup": ("admin",),
    "watch.ls": EVERYONE,
    "watch.report": WATCHERS,
    "watch.leave": WATCHERS,
    "watch.seen": WATCHERS,
    "watch.end": ("operator",),
    "tray.lay": (DOOR,),
    "tray.ls": WATCHERS,
    "tray.ack": ("operator",),
    "log.read": EVERYONE,
    "log.find": EVERYONE,
    "log.follow": EVERYONE,
    "audit.read": ("auditor",),
    "audit.find": ("auditor",),
    "audit.verify": EVERYONE,
    "status": EVERYONE,
    "system.show": WATCHERS,
    "metrics": EVERYONE,
    "state": WATCHERS,
    "queue.ls": EVERYONE,
    "queue.resolve": ("operator",),
    "queue.shed": ("operator",),
    "queue.waive": ("operator",),
    "queue.escalate": ("operator",),
    "queue.release": ("operator",),
    "network.ls": EVERYONE,
    "outage.report": ("source", "operator"),
    "outage.end": ("source", "operator"),
    "outage.ls": EVERYONE,
    "road.report": ("source", "operator"),
    "road.ls": EVERYONE,
    "road.reach": EVERYONE,
    "road.isolated": EVERYONE,
    "road.bridges": EVERYONE,
    "road.place": EVERYONE,
    "reconcile.summary": ("viewer", "operator", "admin"),
    "reconcile.lines": ("viewer", "operator", "admin"),
    "reconcile.bring": ("viewer", "operator", "admin"),
    "reconcile.take": ("admin",),
    "reconcile.open": ("viewer", "operator", "admin"),
    "reconcile.reached": ("viewer", "operator", "admin"),
    "reconcile.settle": ("admin",),
    "incident.report": ("source", "operator"),
    "incident.move": ("operator",),
    "incident.file": ("operator",),
    "incident.dispose": ("operator",),
    "incident.done": ("operator",),
    "incident.ls": EVERYONE,
    "incident.show": EVERYONE,
    "incident.around": EVERYONE,
    "collection.open": ("operator",),
    "collection.send": ("operator",),
    "collection.show": EVERYONE,
    **dict.fromkeys(("alarm.ls", "alarm.show", "alarm.catalogue", "alarm.stats"), EVERYONE),
    **{f"alarm.{name}": ("operator",) for name in ("ack", "shelve", "unshelve", "out_of_service", "return_to_service", "silence")},
    "plugin.ls": EVERYONE,
    "endpoint.ls": EVERYONE,
    "endpoint.ack": ("operator",),
    "sheet.ls": EVERYONE,
    "sheet.receipt": ("operator",),
    "shift.ls": EVERYONE,
    "shift.sheet": WATCHERS,
    "shift.roster": ("admin",),
    "shift.start": ON_DUTY,
    "shift.handover": ON_DUTY,
    "shift.sign": ON_DUTY,
    "shift.end": ON_DUTY,
    "break_glass.ls": WATCHERS,
    "break_glass.release": ("operator",),
    "break_glass.review": ("operator", "releaser", "auditor"),
    "session.open": (DOOR,),
    "session.show": EVERYONE,
    "session.close": WATCHERS,
    "account.enrol": (DOOR, "admin"),
    "account.factor": (DOOR, "admin"),
    "account.ls": ("admin", "auditor"),
    "account.show": ("admin", "auditor"),
    "account.add": ("admin",),
    "account.rights": ("admin",),
    "account.password": ("admin",),
    "account.certificate": ("admin",),
    "account.disable": ("admin",),
    "account.enable": ("admin",),
    "account.end_sessions": ("admin",),
}
"""Verb → the rights of which one is enough."""


class Thing(StrEnum):
    """What an argument of a verb names."""

    MESSAGE = "message"
    DELIVERY = "delivery"
    OBJECTIVE = "objective"
    OUTAGE = "outage"
    PLACE = "place"
    RECIPIENTS = "recipients"


class Touch(msgspec.Struct, frozen=True):
    """What a verb takes hold of: the argument that names it ("": it is always the whole node), the states in which it may be (none: every
    one), and what is said where it is in another."""

    thing: Thing
    argument: str
    states: tuple[str, ...] = ()
    says: str = ""


SPOKEN = tuple(state for state in MessageState if state is not MessageState.COMPLETE)
"""All states but that of an Ack and an Error, which are nobody's word to others."""
TOUCHES: dict[str, Touch] = {
    "alert.sign": Touch(Thing.MESSAGE, "id", (MessageState.HELD,), "only a held one can be signed"),
    "alert.review": Touch(Thing.MESSAGE, "id", (MessageState.HELD,), "only a held one can be signed"),
    "alert.correct": Touch(Thing.MESSAGE, "id", SPOKEN, "nothing of it goes out that could be corrected"),
    "alert.cancel": Touch(Thing.MESSAGE, "id", SPOKEN, "nothing of it goes out that could be ended"),
    "endpoint.ack": Touch(Thing.MESSAGE, "id"),
    "collection.open": Touch(Thing.MESSAGE, "id"),
    "collection.send": Touch(Thing.MESSAGE, "id"),
    "queue.release": Touch(Thing.MESSAGE, "messages"),
    "tray.ack": Touch(Thing.DELIVERY, "id"),
    "queue.resolve": Touch(Thing.DELIVERY, "id"),
    "queue.shed": Touch(Thing.DELIVERY, "id"),
    "queue.waive": Touch(Thing.OBJECTIVE, "id"),
    "queue.escalate": Touch(Thing.OBJECTIVE, "id"),
    "channel.enable": Touch(Thing.PLACE, ""),
    "channel.disable": Touch(Thing.PLACE, ""),
    "channel.prefer": Touch(Thing.PLACE, ""),
    "mode.declare": Touch(Thing.PLACE, "place"),
    "mode.end": Touch(Thing.PLACE, "place"),
    "outage.report": Touch(Thing.PLACE, "area"),
    "outage.end": Touch(Thing.OUTAGE, "id"),
    "rollcall.call": Touch(Thing.RECIPIENTS, "to"),
}
"""Verb → what it takes hold of, which must lie within the authority of whoever asks. What brings a message is judged where every message
is: it waits for a person where it goes beyond that (engine/judging.py)."""


_OWN_CONSOLE = frozenset({"watch.report", "watch.leave", "watch.seen", "session.close"})
"""What a console says of itself, and its person's leave."""
WHILE_LOCKED = _OWN_CONSOLE | {"alert.cancel"}
"""What changes something and is open to a session that is locked, where its rights are enough."""
OF_ITS_CLASS = _OWN_CONSOLE | {
    *("alert.submit", "alert.submit_all", "message.submit", "message.send", "rollcall.call", "alert.draft", "attachment.put"),
    *(f"alarm.{name}" for name in ("ack", "shelve", "unshelve", "out_of_service", "return_to_service")),
}
"""What an Exercise session may beside reading and what touches rows of its class: each judges the traffic of what it brings or changes."""
# fmt: off
_READS = frozenset((
    "ls", "show", "why", "preview", "explain", "lint", "log", "read", "verify", "stats", "find", "matrix", "plan", "check",
    "drafts", "proven", "reach", "isolated", "bridges", "place", "summary", "lines", "reached", "follow", "board", "sheet",
    "catalogue", "around",
))
# fmt: on
"""What a verb that only reads is called, after its dot."""
_READ_ALONE = frozenset({"status", "state", "metrics", "whatif", "coverage", "alert.review"})


def only_reads(verb: str) -> bool:
    """Whether a verb changes nothing, so that it needs no key; one that we do not know may change something."""
    return verb in _READ_ALONE or (verb.rpartition(".")[2] in _READS and "." in verb)


def may(verb: str, rights: Collection[str]) -> bool:
    """Whether one of these rights is enough for an operation; one that the table does not name is nobody's."""
    is_open = LOCKED not in rights or verb in WHILE_LOCKED or only_reads(verb)
    return is_open and any(right in VERBS.get(verb, ()) for right in rights)


def check_rights(rights: Iterable[str]) -> tuple[str, ...]:
    """The rights of one person, in the order of the table. Raises: FormatError: none, unknown, or two that exclude each other."""
    asked = frozenset(rights)
    unknown = sorted(asked.difference(ACCOUNT_RIGHTS))
    if unknown or not asked:
        says = f"there is no right {unknown[0]!r}" if unknown else "an account needs a right"
        raise FormatError(f"{says}; they are {', '.join(ACCOUNT_RIGHTS)}", code="bad-argument", where="rights")
    for right, others in EXCLUDES.items():
        clash = [other for other in others if other in asked]
        if right in asked and clash:
            says = f"whoever is {right} may not be {' or '.join(clash)} as well (separation of duties); give it to another person"
            raise FormatError(says, code="separation", where="rights")
    return tuple(right for right in ACCOUNT_RIGHTS if right in asked)
