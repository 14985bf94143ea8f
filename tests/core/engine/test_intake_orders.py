"""Every order in which a chain may come: whatever came first, the end is that of the right order, and nothing that is over leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.alarm_kinds import load_catalogue
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.model.delivery import Accepted
from fenghuo.model.message import MessageState
from fenghuo.store.tables import AUDIT, EVENT, MESSAGE
from tests.core.engine.house import RULES, House, Mail, opened
from tests.core.engine.values import NOW

CHAINS = ("A", "AU", "AC", "AUU", "AUC", "AUUU", "AUUC")
"""Alert, Updates and a Cancel, in the order in which they were said."""
STYLES = ("the one before", "the first", "all before")
"""What each names: three ways that sources have."""
UNSIGNED = RULES.replace('ladder = "both"\n[[rules]]', 'ladder = "both"\nsignatures = 0\n[[rules]]')
ALONE = load_catalogue().kinds["alarm.cancel_alone"]
WANG = "+8613800000001"
IN_FORCE = (MessageState.ACTIVE, MessageState.HELD)
ACTS = {"A": "Alert", "U": "Update", "C": "Cancel"}


class Chain(msgspec.Struct, frozen=True):
    """One chain of one source, and the order in which it comes. `name`: starts every identifier and every text of it."""

    name: str
    acts: str
    style: str
    order: tuple[int, ...]

    @property
    def end(self) -> str:
        """What stands when all has come."""
        return self.said(len(self.acts) - 1)

    def said(self, place: int) -> str:
        return f"{self.name}.{place}"

    def raw(self, place: int) -> bytes:
        triples = " ".join(f"met,{self.said(other)},{_at(other)}" for other in self._named(place))
        return _cap(self.said(place), ACTS[self.acts[place]], place, triples)

    def _named(self, place: int) -> list[int]:
        return {"the one before": [place - 1], "the first": [0], "all before": list(range(place))}[self.style] if place else []


def _chains(*styles: str, most: int = 4) -> Iterator[Chain]:
    number = itertools.count()
    for acts, style in itertools.product((acts for acts in CHAINS if len(acts) <= most), styles):
        for order in itertools.permutations(range(len(acts))):
            yield Chain(f"K{next(number)}", acts, style, order)


@pytest.mark.timeout(60)
async def test_in_whatever_order_a_chain_comes_only_its_last_word_is_in_force_and_leaves(tmp_path: Path) -> None:
    """Nothing could be sent meanwhile: when the channels are back the last word leaves and nothing before it; of a Cancel, nothing."""
    async with opened(tmp_path, rules=UNSIGNED, up=False) as house:
        house.down("a")
        house.down("r")
        asked = list(_chains(*STYLES))
        for chain in asked:  # each in one burst: the loop hears of it when all of it is on the disk
            for place in chain.order:
                house.clock.now += 0.01
                await house.room.intake.accept(Submission(chain.raw(place), Origin("met")))
            house.room.loop.turn()
        assert [] == [chain for chain in asked if await _in_force(house, chain) != [chain.end]]
        house.up()
        last = {chain.end for chain in asked if "C" not in chain.acts}
        for _ in range(100):  # what waited goes at a measured pace
            await house.later(30)
            if last <= {_words(mail) for mail in house.sent}:
                break
        assert last == {_words(mail) for mail in house.sent}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("style", STYLES)
async def test_whoever_was_told_anything_of_a_chain_is_told_its_last_word(tmp_path: Path, style: str) -> None:
    """Everything goes out as it comes: nobody is left with what was said before, and nobody hears more words than there are."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        for chain in _chains(style):
            house.sent.clear()
            await _bring(house, chain)
            told = [[_words(mail) for mail in house.sent if mail.address == address] for address in {mail.address for mail in house.sent}]
            assert [chain.end] == await _in_force(house, chain), chain
            assert {chain.end} == {words[-1] for words in told} | ({chain.end} if "C" in chain.acts else set()), (chain, told)
            assert all(len(words) <= len(chain.acts) for words in told), (chain, told)


@pytest.mark.timeout(60)
async def test_a_cancel_of_any_word_of_a_chain_ends_the_chain(tmp_path: Path) -> None:
    """In whatever order it came, and whether the Cancel names its first word, as 12379 does, or its last."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        for chain in (one for one in _chains(*STYLES, most=3) if "C" not in one.acts):
            for place in {0, len(chain.acts) - 1}:
                again = msgspec.structs.replace(chain, name=f"{chain.name}-{place}")
                await _bring(house, again)
                house.sent.clear()
                reference = f"met,{again.said(place)},{_at(place)}"
                await _take(house, _cap(f"{again.name}.end", "Cancel", 9, reference))
                assert [f"{again.name}.end"] == await _in_force(house, again), (again, place)
                assert {f"{again.name}.end"} == {_words(mail) for mail in house.sent}, (again, place)


async def test_who_got_only_the_older_words_is_told_the_newer_ones_when_they_turn_out_to_be_one_event(tmp_path: Path) -> None:
    """The Update was for somebody else; what links the two comes last, and a crash comes right after it."""
    for is_cut_off in (False, True):
        folder = tmp_path / str(is_cut_off)
        async with opened(folder) as house:
            await house.take(_order("O-1", "wang", 0))
            await house.take(_order("O-3", "li", 20, "O-2"))
            link = _order("O-2", "wang", 10, "O-1")
            if not is_cut_off:
                await house.take(link)
                assert {"wang": "O-3"} == {"wang": _words(house.sent[-1])}
                continue
            await house.room.intake.accept(Submission(link, Origin("met")))
        async with opened(folder) as house:
            await house.later(60)
            assert ["O-3"] == [_words(mail) for mail in house.sent if mail.address == WANG][-1:]


async def test_what_a_stranger_links_is_not_ended(tmp_path: Path) -> None:
    """Neither by its Cancel nor by its Update that came before: the original stays, and a person hears why."""
    for end in ("Cancel", "Update"):
        async with opened(tmp_path / end, rules=UNSIGNED) as house:
            original = await house.take(_cap("S-1", "Alert", 0, ""))
            stranger = {"source": "elsewhere"}
            await house.take(_cap("S-3", end, 20, f"met,S-2,{_at(10)}"), **stranger)
            await house.take(_cap("S-2", "Update", 10, f"met,S-1,{_at(0)}"), **stranger)
            assert isinstance(original, Accepted)
            assert "active" == (await house.states(original.id))[0]
            assert ["owner"] == [event["code"] for event in await house.events("alarm.no_authority")]


async def test_a_cancel_that_finds_nothing_is_told_to_a_person_until_what_it_names_has_come(tmp_path: Path) -> None:
    """It may rightly come first; and what waits for it is ended by whatever it turns out to be about."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        await _take(house, _cap("C-9", "Cancel", 20, f"met,C-1,{_at(0)}"))
        await _take(house, _cap("D-9", "Cancel", 20, f"met,D-2,{_at(10)}"))
        assert [["C-1"], ["D-2"]] == [event["named"] for event in await house.events("alarm.cancel_alone")]
        assert {"message.cancel_found", "message.superseded"} <= set(ALONE.ends)
        await _take(house, _cap("C-1", "Alert", 0, ""))
        assert ["C-1"] == [event["identifier"] for event in await house.events("message.cancel_found")]
        await _take(house, _cap("D-1", "Alert", 0, ""))
        await _take(house, _cap("D-2", "Update", 10, f"met,D-1,{_at(0)}"))
        (cancel,) = await house.store.find(MESSAGE, "identifier = 'D-9' AND state = 'superseded'")
        assert 1 == len(await house.store.find(EVENT, "type = 'message.superseded' AND subject = ?", f"message/{cancel.id}"))
        (joined,) = await house.store.find(AUDIT, "action = 'join'")
        assert cancel.id == msgspec.json.decode(joined.detail)["joined"]


async def test_an_update_of_nothing_and_an_old_name_again_are_told_to_a_person(tmp_path: Path) -> None:
    """Both are taken as new, so that nobody misses them; what they may replace stands until somebody has looked."""
    async with opened(tmp_path, rules=UNSIGNED) as house:
        await _take(house, _cap("N-1", "Alert", 0, ""))
        assert [] == await house.events("alarm.update_alone")
        await _take(house, _cap("N-2", "Update", 10, ""))
        await _take(house, _cap("N-1", "Alert", 20, ""))
        assert ["no-reference", "same-name"] == [event["code"] for event in await house.events("alarm.update_alone")]
        assert {"N-1", "N-2"} == set(map(_words, house.sent))


async def _bring(house: House, chain: Chain) -> None:
    for place in chain.order:
        await _take(house, chain.raw(place))


async def _take(house: House, raw: bytes) -> None:
    house.clock.now += 0.01
    answer = await house.take(raw)
    assert isinstance(answer, Accepted), answer


async def _in_force(house: House, chain: Chain) -> list[str]:
    rows = await house.store.find(MESSAGE, "identifier LIKE ? ORDER BY id, revision", f"{chain.name}.%")
    return [row.identifier for row in rows if row.state in IN_FORCE]


def _order(name: str, to: str, place: float, reference: str = "") -> bytes:
    said = {"to": [to], "text": name, "priority": "P2", "sender": "met", "identifier": name, "sent": _at(place)}
    return msgspec.json.encode({**said, **({"action": "Update", "reference": reference} if reference else {})})


def _words(mail: Mail) -> str:
    """Without what marks a copy."""
    return mail.text.partition("#")[0].rpartition("】")[2]


def _at(place: float) -> str:
    return datetime.fromtimestamp(NOW - 60 + place, UTC).isoformat()


def _cap(name: str, action: str, place: int, references: str) -> bytes:
    """A minor alert that says its own name; what it names, as triples."""
    named = f"<references>{references}</references>" if references else ""
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>met</sender>
<sent>{_at(place)}</sent><status>Actual</status><msgType>{action}</msgType><scope>Public</scope>{named}<info><language>zh-CN</language>
<category>Met</category><event>w</event><urgency>Expected</urgency><severity>Minor</severity><certainty>Likely</certainty>
<headline>{name}</headline><description>{name}</description>
<area><areaDesc>沙溪镇</areaDesc><geocode><valueName>mca</valueName><value>320585110</value></geocode></area></info></alert>""".encode()
