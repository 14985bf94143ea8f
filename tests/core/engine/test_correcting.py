"""Words of one's own on a Cancel: a new message to the public, which takes what it would take by whoever wrote them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.correcting import NO_REASON
from fenghuo.model.delivery import Accepted
from tests.core.engine.house import House, opened
from tests.core.service.manned import cap

LADDER = '[ladders.both]\n[[ladders.both.rungs]]\nchannels = ["a"]\n'
TO_THEM = 'audience = { name = "informants", roles = ["informant"] }\nladder = "both"\n'
RELAY = f'[[rules]]\nname = "met relay"\nmatch = {{ source = ["met"] }}\nsignatures = 0\n{TO_THEM}'
REST = f'[[rules]]\nname = "rest"\n{TO_THEM}'
FREE = f'[[rules]]\nname = "rest"\nsignatures = 0\n{TO_THEM}'
OWN = "大坝决口，立即上山"


async def told(house: House, kind: str) -> Accepted:
    """A public alert of a source whose alerts wait for nobody, or an order of it."""
    order = {"to": ["wang"], "sender": "met@example.org", "priority": "P1", "identifier": "A-1", "text": "暴雨"}
    raw = cap(code="320585105").encode() if kind == "Alert" else msgspec.json.encode(order)
    answer = await house.take(raw, source="met")
    assert isinstance(answer, Accepted), answer
    assert ("active", True) == (answer.state, bool(house.sent))
    return answer


async def called_off(house: House, first: Accepted, *signers: str, source: str) -> tuple[Accepted, set[str]]:
    """The answer to a Cancel in own words, and what is heard from it on."""
    before = len(house.sent)
    order = {"to": ["everyone"], "sender": "met@example.org", "action": "Cancel", "reference": first.id, "text": OWN}
    answer = await house.take(msgspec.json.encode(order), *signers, source=source)
    assert isinstance(answer, Accepted), answer
    return answer, {mail.text.partition("#")[0] for mail in house.sent[before:]}


@pytest.mark.parametrize(
    ("rest", "kind", "source", "signers", "words"),
    [
        (REST, "Alert", "duty", ("duty",), NO_REASON),
        (REST, "Alert", "duty", ("duty", "anna"), OWN),
        (REST, "Alert", "met", (), OWN),
        (REST, "Dispatch", "duty", ("duty",), OWN),
        (FREE, "Alert", "duty", ("duty",), OWN),
        ("", "Alert", "duty", ("duty",), NO_REASON),
        ("", "Dispatch", "duty", ("duty",), OWN),
    ],
    ids=["another alone", "another and one more", "who relayed it", "of an order", "whose alerts take none", "without a rule", "an order"],
)
async def test_own_words_take_what_a_new_message_by_their_author_would(
    tmp_path: Path, rest: str, kind: str, source: str, signers: tuple[str, ...], words: str
) -> None:
    """A relayed alert went out without a signature; that was leave for its source, and for no text of whoever calls it off."""
    async with opened(tmp_path, rules=LADDER + RELAY + rest) as house:
        cancel, heard = await called_off(house, await told(house, kind), *signers, source=source)
        assert ("active", {words}) == (cancel.state, heard)


async def test_one_signature_on_a_strangers_cancel_puts_its_words_before_nobody(tmp_path: Path) -> None:
    """It ends the relayed alert, in the standard words."""
    async with opened(tmp_path, rules=LADDER + RELAY + REST) as house:
        stranger, _ = await called_off(house, await told(house, "Alert"), source="sensor")
        before = len(house.sent)
        await house.room.release.sign(stranger.id, "anna")
        await house.settle()
        assert ("held", {NO_REASON}) == (stranger.state, {mail.text.partition("#")[0] for mail in house.sent[before:]})
