"""The one table of operation × right: each cell, and which rights one person may hold together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fenghuo.errors import FormatError, NotAllowed
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import VERBS, check_rights, may
from fenghuo.service.desk import Desk

READS = {"source", "operator", "releaser", "viewer", "admin", "auditor"}
RIGHTS = (*READS, "door", "stop")
TABLE: dict[str, set[str]] = {
    "alert.submit": {"source", "operator"},
    "alert.submit_all": {"source", "operator"},
    "message.submit": {"source", "operator"},
    "attachment.put": {"source", "operator"},
    "message.send": {"operator"},
    "alert.cancel": {"operator", "stop"},
    "alert.correct": {"operator"},
    "alert.draft": {"operator"},
    "alert.drafts": {"operator"},
    "alert.review": READS,
    "queue.resolve": {"operator"},
    "queue.shed": {"operator"},
    "queue.waive": {"operator"},
    "queue.escalate": {"operator"},
    "queue.release": {"operator"},
    "channel.enable": {"admin", "operator"},
    "channel.disable": {"admin", "operator"},
    "channel.prefer": {"admin", "operator"},
    **{name: {"admin"} for name in ("directory.import", "layer.import", "layer.drop")},
    "db.backup": {"admin"},
    "watch.ls": READS,
    **dict.fromkeys(("watch.report", "watch.leave", "watch.seen"), READS - {"source"}),
    "watch.end": {"operator"},
    "tray.lay": {"door"},
    "tray.ls": READS - {"source"},
    "tray.ack": {"operator"},
    "audit.read": {"auditor"},
    "audit.find": {"auditor"},
    **dict.fromkeys(("area.ls", "map.show", "layer.ls", "layer.show", "channel.matrix", "log.find", "recipient.ls"), READS),
    "board.show": READS - {"source"},
    "audit.verify": READS,
    "endpoint.ls": READS,
    "endpoint.ack": {"operator"},
    "sheet.ls": READS,
    "sheet.receipt": {"operator"},
    **dict.fromkeys(
        ("alert.sign", "message.show", "message.ls", "message.why", "channel.ls", "channel.why", "route.explain", "route.lint"), READS
    ),
    **dict.fromkeys(
        ("directory.check", "log.read", "log.follow", "status", "metrics", "queue.ls", "plugin.ls", "whatif", "coverage", "power.plan"),
        READS,
    ),
    **dict.fromkeys(("state", "system.show"), READS - {"source"}),
    "message.preview": READS,
    "directory.proven": READS,
    "rollcall.call": {"operator"},
    "rollcall.show": READS,
    "mode.ls": READS,
    "mode.show": READS,
    "mode.declare": {"operator"},
    "mode.end": {"operator"},
    "mode.log": READS,
    "outage.report": {"source", "operator"},
    "outage.end": {"source", "operator"},
    "outage.ls": READS,
    "network.ls": READS,
    "road.report": {"source", "operator"},
    **{f"road.{name}": READS for name in ("ls", "reach", "isolated", "bridges", "place")},
    **{f"reconcile.{name}": {"viewer", "operator", "admin"} for name in ("summary", "lines", "bring", "open", "reached")},
    "reconcile.take": {"admin"},
    "reconcile.settle": {"admin"},
    "shift.ls": READS,
    "shift.sheet": READS - {"source"},
    "shift.roster": {"admin"},
    **{f"shift.{name}": {"viewer", "operator", "releaser"} for name in ("start", "handover", "sign", "end")},
    "break_glass.ls": READS - {"source"},
    "break_glass.release": {"operator"},
    "break_glass.review": {"operator", "releaser", "auditor"},
    **{f"alarm.{name}": READS for name in ("ls", "show", "catalogue", "stats")},
    **{f"alarm.{name}": {"operator"} for name in ("ack", "shelve", "unshelve", "out_of_service", "return_to_service", "silence")},
    "incident.report": {"source", "operator"},
    **{f"incident.{name}": {"operator"} for name in ("move", "file", "dispose", "done")},
    **{f"incident.{name}": READS for name in ("ls", "show", "around")},
    "collection.open": {"operator"},
    "collection.send": {"operator"},
    "collection.show": READS,
    "session.open": {"door"},
    **{name: {"door", "admin"} for name in ("account.enrol", "account.factor")},
    "session.show": READS,
    "session.close": READS - {"source"},
    **{f"account.{name}": {"admin", "auditor"} for name in ("ls", "show")},
    **{f"account.{name}": {"admin"} for name in ("add", "rights", "password", "certificate", "disable", "enable", "end_sessions")},
}
"""Operation → who may, as a person would write it down; every other cell is a refusal."""


def test_the_table_names_every_operation() -> None:
    """A new one breaks this test until somebody has thought about its rights."""
    assert set(TABLE) == set(VERBS)


async def test_each_cell_of_the_table_is_what_the_desk_does() -> None:
    """Every operation × every right, through the desk: done, or refused with the rights that it takes; with none of them refused."""

    async def done(actor: Actor, args: Mapping[str, Any]) -> str:
        return actor.name

    desk = Desk()
    desk.add(dict.fromkeys(VERBS, done))
    cells = [(verb, rights) for verb in TABLE for rights in (*((right,) for right in RIGHTS), ())]
    opened: set[tuple[str, tuple[str, ...]]] = set()
    refused: set[str] = set()
    for verb, rights in cells:
        try:
            await desk.do(Actor("somebody", rights, "test"), verb, {})
            opened.add((verb, rights))
        except NotAllowed as refusal:
            refused.add(str(refusal))
    assert {(verb, (right,)) for verb, rights in TABLE.items() for right in rights} == opened
    assert {f"somebody may not {verb}; that takes one of the rights {', '.join(rights)}" for verb, rights in VERBS.items()} == refused


def test_what_the_table_does_not_name_is_nobodys() -> None:
    """Whatever rights one has."""
    assert not may("db.drop", RIGHTS)


def test_an_administrator_neither_releases_nor_audits() -> None:
    """Separation of duties; what is left stands in the order of the table."""
    assert ("operator", "releaser") == check_rights(("releaser", "operator", "operator"))
    for other in ("auditor", "releaser"):
        with pytest.raises(FormatError, match=rf"^whoever is admin may not be {other} as well \(separation of duties\)") as caught:
            check_rights(("admin", "operator", other))
        assert "separation" == caught.value.code
    for wrong, says in (
        (("source",), "there is no right 'source'"),
        (("door",), "there is no right 'door'"),
        ((), "an account needs a right"),
    ):
        with pytest.raises(FormatError, match=rf"^{says}; they are viewer, operator, releaser, admin, auditor$"):
            check_rights(wrong)
