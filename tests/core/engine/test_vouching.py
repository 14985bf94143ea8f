"""What a source's own word is worth at a release: a relayed warning signal of its issuer, and a source that stands for one person."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.authority import Grant, Post, Standing
from fenghuo.engine.judging import Origin
from fenghuo.engine.routing import required_signatures
from fenghuo.engine.rules import read_rules
from fenghuo.engine.vouching import as_person, is_relay
from fenghuo.formats.decode import decode
from fenghuo.formats.verdicts import Decoded
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message, Scope
from fenghuo.model.traffic import Action, Kind
from tests.core.engine.house import House, opened
from tests.core.engine.values import content, directory, info, message
from tests.core.service.manned import cap

VALID, NONE, FORGED = (Verdict("signature", value, value != "untrusted") for value in ("valid", "none", "untrusted"))
ALERT = message(content(kind=Kind.ALERT, infos=(info(colour="Red"),)))
SIREN = """
[ladders.both]
rungs = [{ channels = ["a", "r"] }]
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"] }
ladder = "both"
"""


RELAY, SIGNS, MET = Grant("met", relay=True), Grant("met", signs=True), Origin("met")


def relayed(one: Message, *verdicts: Verdict, grant: Grant = RELAY, origin: Origin = MET) -> bool:
    return is_relay(one, origin, verdicts, directory=directory(), grants={"met": (grant,)})


def counted(*verdicts: Verdict, grant: Grant = SIGNS, origin: Origin = MET) -> str:
    return as_person(ALERT, origin, verdicts, directory=directory(), grants={"met": (grant,)})


def test_a_signal_is_relayed_only_as_its_issuer_has_signed_it() -> None:
    """By a source of which somebody said so, with a signature that verifies, within what it may say; no Cancel, no order, nobody else's."""
    assert relayed(ALERT, VALID)
    assert not relayed(ALERT, NONE)
    assert not relayed(ALERT, VALID, FORGED)
    assert not relayed(ALERT, VALID, grant=Grant("met"))
    assert not relayed(ALERT, VALID, grant=Grant("met", relay=True, events=("海啸",)))
    assert not relayed(ALERT, VALID, origin=Origin("sensor"))
    for changes in ({"kind": Kind.DISPATCH}, {"action": Action.CANCEL}):
        assert not relayed(msgspec.structs.replace(ALERT, content=msgspec.structs.replace(ALERT.content, **changes)), VALID)


@pytest.mark.parametrize(("rule", "needed"), [("", 0), ("signatures = 1", 1), ("signatures = 2", 2)])
def test_a_relayed_signal_takes_nobodys_signature_unless_a_rule_says_so(rule: str, needed: int) -> None:
    """However grave and public, and even where the ladder names a device: that it starts by itself is another matter."""
    rules = read_rules(SIREN + rule)
    relay = msgspec.structs.replace(ALERT, is_relay=True, content=msgspec.structs.replace(ALERT.content, scope=Scope.PUBLIC))
    assert needed == required_signatures(relay, rules, {"r"})
    assert max(2, needed) == required_signatures(ALERT, read_rules(SIREN), {"r"})


def test_a_source_counts_as_one_person_only_where_its_scope_says_so() -> None:
    """And only by a proved word: a valid signature, or a command under its own key."""
    assert "source:met" == counted(VALID)
    assert "" == counted(NONE)
    assert "" == counted(VALID, grant=Grant("met", relay=True))
    assert "" == counted(VALID, grant=Grant("met", signs=True, events=("海啸",)))
    commanded = Origin("met", post=Post(Standing.ABOVE, is_command=True))
    assert ("source:met", "") == (counted(NONE, origin=commanded), counted(NONE, origin=Origin("met", post=Post(Standing.ABOVE))))


async def brought(house: House, *grants: Grant) -> str:
    """What becomes of an alert whose signature verifies, as the store has it."""
    house.office.grants = {"met": grants}
    answer = await house.take(cap().encode(), origin=Origin("met"))
    return str(getattr(answer, "state", answer))


async def test_what_a_source_is_worth_is_seen_at_what_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay goes by itself; a source that counts as a person takes one more; any other two, however well it signs."""
    monkeypatch.setattr("fenghuo.engine.intake.decode", signed)
    for n, (grants, state, hands) in enumerate(
        (
            ((Grant("met", relay=True),), "active", 0),
            ((Grant("met", signs=True),), "held", 1),
            ((Grant("met"),), "held", 2),
        )
    ):
        async with opened(tmp_path / str(n), rules=SIREN) as house:
            assert state == await brought(house, *grants)
            (one,) = house.room.book.messages.values()
            await house.later(600.0)  # a source's word is in the message, and does not age
            for actor in ("anna", "bert")[:hands]:
                assert [] == house.sent
                await house.room.release.sign(one.message.id, actor)
                await house.settle()
            assert house.sent


def signed(*args: object, **kwargs: object) -> tuple[Decoded, ...]:
    """As decode(), of a document whose signature verifies: what a signature is worth is tried with real ones elsewhere."""
    found = decode(*args, **kwargs)  # type: ignore[arg-type]  # handed through
    return tuple(msgspec.structs.replace(one, verdicts=(*(v for v in one.verdicts if v.check != "signature"), VALID)) for one in found)
