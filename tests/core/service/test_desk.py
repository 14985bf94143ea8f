"""Who may do what: each cell of verb × right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from fenghuo.engine.judging import Origin
from fenghuo.errors import FormatError, NotAllowed, NotAuthenticated, NotFound
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import CONSOLE, VERBS, Desk, Holder
from fenghuo.service.secrets import Secret

RIGHTS = ("source", "operator", "releaser", "viewer", "admin", "auditor")
READS = set(RIGHTS)
TABLE: dict[str, set[str]] = {
    "alert.submit": {"source", "operator"},
    "alert.submit_all": {"source", "operator"},
    "message.submit": {"source", "operator"},
    "attachment.put": {"source", "operator"},
    "message.send": {"operator"},
    "alert.cancel": {"operator"},
    "queue.resolve": {"operator"},
    "queue.shed": {"operator"},
    "queue.waive": {"operator"},
    "channel.enable": {"admin", "operator"},
    "channel.disable": {"admin", "operator"},
    "directory.import": {"admin"},
    "db.backup": {"admin"},
    "audit.read": {"auditor"},
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
    "state": READS - {"source"},
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
    **{f"reconcile.{name}": {"viewer", "operator", "admin"} for name in ("summary", "lines", "bring")},
    "reconcile.take": {"admin"},
}


async def done(actor: Actor, args: Mapping[str, Any]) -> str:
    return actor.name


def desk() -> Desk:
    made = Desk()
    made.add(dict.fromkeys(VERBS, done))
    made.hold(
        [
            (Secret("met-secret"), Holder("met", ("source",), Origin("met", traffic=(Traffic.ACTUAL,)))),
            (Secret("anna-secret"), Holder("anna", ("releaser",), Origin("anna"))),
            (Secret("console-secret"), Holder.console()),
        ]
    )
    return made


def test_the_table_names_every_verb() -> None:
    """A new verb breaks this test until somebody has thought about its rights."""
    assert set(TABLE) == set(VERBS)


@pytest.mark.parametrize("verb", sorted(TABLE))
@pytest.mark.parametrize("right", RIGHTS)
async def test_each_right_opens_what_it_should(verb: str, right: str) -> None:
    """One right, one verb: allowed or refused as the table says."""
    actor = Actor("somebody", (right,), "test")
    if right in TABLE[verb]:
        assert "somebody" == await desk().do(actor, verb, {})
    else:
        with pytest.raises(NotAllowed, match=rf"^somebody may not {verb}; that takes one of the rights "):
            await desk().do(actor, verb, {})


@pytest.mark.parametrize("verb", sorted(TABLE))
async def test_without_a_right_nothing_is_open(verb: str) -> None:
    """Known, and allowed nothing."""
    with pytest.raises(NotAllowed):
        await desk().do(Actor("somebody", (), "test"), verb, {})


async def test_an_unknown_verb_is_denied() -> None:
    """What is not in the table does not exist."""
    with pytest.raises(NotFound, match=r"^the desk knows no verb 'db.drop'$"):
        await desk().do(Actor("somebody", RIGHTS, "test"), "db.drop", {})


def test_a_verb_without_rights_cannot_be_added() -> None:
    """The table of rights comes first."""
    with pytest.raises(KeyError):
        Desk().add({"db.drop": done})


def test_a_token_is_an_actor() -> None:
    """The name and the rights behind the token, and the door it came by."""
    assert Actor("met", ("source",), "http") == desk().actor("met-secret", "http")


@pytest.mark.parametrize("token", ["", "met-secre", "met-secret ", "密"])
def test_an_unknown_token_is_nobody(token: str) -> None:
    """Nothing, nearly, and nonsense are all the same answer."""
    with pytest.raises(NotAuthenticated, match=r"^the token is missing or not known here$"):
        desk().actor(token, "http")


def test_the_console_releases_nothing_by_right() -> None:
    """Whoever may read the token file is operator and administrator, not a releaser."""
    actor = desk().actor("console-secret", "socket")
    assert (CONSOLE, False) == (actor.name, "releaser" in actor.rights)


def test_signing_takes_a_releaser() -> None:
    """A source may not sign."""
    assert "anna" == desk().signer("anna-secret")
    with pytest.raises(NotAllowed, match=r"^met may not sign; that takes the right releaser$"):
        desk().signer("met-secret")


def test_an_actor_speaks_for_what_its_token_says() -> None:
    """Authority comes with the token; an actor without one speaks for no traffic."""
    assert (Traffic.ACTUAL,) == desk().origin(Actor("met", ("source",), "http")).traffic
    assert () == desk().origin(Actor("ghost", ("source",), "http")).traffic


async def test_a_wrong_argument_is_a_sentence() -> None:
    """The verb says which argument was wrong, with a code for scripts."""

    class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        id: str

    async def strict(actor: Actor, args: Mapping[str, Any]) -> Wanted:
        return msgspec.convert(args, Wanted)

    made = desk()
    made.add({"message.show": strict})
    with pytest.raises(FormatError, match=r"^message.show: Expected `str`, got `int` - at `\$.id`$") as caught:
        await made.do(Actor("somebody", ("viewer",), "test"), "message.show", {"id": 1})
    assert ("bad-argument", "message.show") == (caught.value.code, caught.value.where)
