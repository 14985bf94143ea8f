"""The desk: whose token it is, what is refused, who signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from fenghuo.engine.judging import Origin
from fenghuo.errors import FormatError, NotAllowed, NotAuthenticated, NotFound
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import ACCOUNT_RIGHTS, VERBS
from fenghuo.service.desk import CONSOLE, Desk, Holder
from fenghuo.service.secrets import Secret


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


async def test_an_unknown_verb_is_denied() -> None:
    """What is not in the table does not exist."""
    with pytest.raises(NotFound, match=r"^the desk knows no verb 'db.drop'$"):
        await desk().do(Actor("somebody", ACCOUNT_RIGHTS, "test"), "db.drop", {})


def test_a_verb_without_rights_cannot_be_added() -> None:
    """The table of rights comes first."""
    with pytest.raises(KeyError):
        Desk().add({"db.drop": done})


def test_a_token_is_an_actor() -> None:
    """The name and the rights behind the token, and the door it came by."""
    assert Actor("met", ("source",), "http") == desk().actor("met-secret", "http")


def test_a_token_that_is_bound_to_a_certificate_counts_with_it_alone() -> None:
    """At no other door, beside no other certificate, and not as an argument of somebody else's request. Source: RFC 8705 §3."""
    made, mine = desk(), "ab" * 32
    made.hold([(Secret("meter-secret"), Holder("meter", ("releaser",), Origin("meter"), client=mine))])
    assert Actor("meter", ("releaser",), "http") == made.actor("meter-secret", "http", mine)
    for certificate in ("", "cd" * 32):
        with pytest.raises(NotAuthenticated, match=r"^the token meter counts over TLS with its own client certificate alone$"):
            made.actor("meter-secret", "http", certificate)
    with pytest.raises(NotAuthenticated):
        made.signer("meter-secret")


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


@pytest.mark.parametrize("name", ["reason", "despite"])
async def test_blanks_are_no_reason(name: str) -> None:
    """Who insists, and who switches something off, says why; who says nothing is asked for it where it is needed."""
    with pytest.raises(FormatError, match=f"message.show: {name} is blank; it must say why"):
        await desk().do(Actor("li", ("viewer",), "http"), "message.show", {"id": "m", name: "  \t"})
