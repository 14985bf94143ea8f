"""A crash in mid-fan-out, rules or directory changed meanwhile: everybody is told what was accepted for them, or somebody hears."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.engine.opening import CHUNK
from fenghuo.model.delivery import ObjectiveState
from fenghuo.model.directory import ContactPoint, Person
from fenghuo.store import Tx
from fenghuo.store.records import DirectoryRow
from fenghuo.store.tables import DIRECTORY, ROSTER
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW

CROWD = CHUNK * 2 + 50
RULES = """
[ladders.a]
[[ladders.a.rungs]]
channels = ["a"]
[[rules]]
name = "orders"
match = { kind = ["Alert", "Dispatch"] }
signatures = 0
audience = { name = "the crowd", roles = ["crowd"], areas = "all" }
ladder = "a"
"""
CHANGED = {
    "the rule has another name": RULES.replace('name = "orders"', 'name = "instructions"'),
    "the rule is for others": RULES.replace(
        'name = "the crowd", roles = ["crowd"], areas = "all"', 'name = "informants", roles = ["informant"]'
    ),
    "the ladder is gone": RULES.replace("ladders.a", "ladders.b").replace('ladder = "a"', 'ladder = "b"'),
    "there are no rules": "",
}


@pytest.mark.parametrize("rules", CHANGED.values(), ids=CHANGED)
async def test_a_fan_out_goes_on_whatever_became_of_the_rules(tmp_path: Path, rules: str) -> None:
    """Killed at the first chunk, the rules edited, started: all of the crowd are told, and nobody else."""
    await _killed(tmp_path)
    async with opened(tmp_path, rules=rules, before=_with_crowd) as again:
        assert [(CROWD, CROWD)] == [(one.planned, one.total) for one in await again.objectives()]
        assert {f"+86139{n:08}" for n in range(CROWD)} == await _addressed(again)
        assert {f"+86139{n:08}" for n in range(CHUNK, CROWD)} <= {mail.address for mail in again.sent}


async def test_a_fan_out_of_addressees_goes_on_without_its_rule(tmp_path: Path) -> None:
    """The message itself names them."""
    await _killed(tmp_path, "role:crowd")
    async with opened(tmp_path, rules="", before=_with_crowd) as again:
        assert CROWD == len(await again.targets())


async def test_who_left_the_directory_meanwhile_is_told_at_the_address_of_then(tmp_path: Path) -> None:
    """The snapshot that they were addressed from is kept; whoever has another number by now is told there."""
    await _killed(tmp_path)

    def moved(house: House) -> None:
        known = house.office.directory
        point = ContactPoint(f"p{CROWD - 1}", "msisdn", "+8613800009999")
        house.office.directory = msgspec.structs.replace(known, contacts=(*known.contacts, point))

    async with opened(tmp_path, rules=RULES, before=moved) as again:
        addresses = {mail.address for mail in again.sent}
        assert (True, False) == ("+8613800009999" in addresses, f"+86139{CROWD - 1:08}" in addresses)
        assert f"+86139{CROWD - 2:08}" in addresses
        assert (CROWD, []) == (len(await again.targets()), await again.events("alarm.not_told"))


async def test_who_cannot_be_found_any_more_is_an_alarm(tmp_path: Path) -> None:
    """They left the directory, and the snapshot is gone too: the objective is named, and how many were not told."""
    await _killed(tmp_path, is_kept=False)
    async with opened(tmp_path, rules=RULES) as again:
        (alarm,) = await again.events("alarm.not_told")
        assert ("the crowd", CROWD, CROWD - CHUNK) == (alarm["audience"], alarm["total"], alarm["not_told"])


async def test_a_fan_out_from_before_rosters_finds_its_people_by_the_name_of_their_audience(tmp_path: Path) -> None:
    """A state of an older version, and the rule renamed: the audience says who they are."""
    await _killed(tmp_path, has_roster=False)
    async with opened(tmp_path, rules=CHANGED["the rule has another name"], before=_with_crowd) as again:
        assert (CROWD, []) == (len(await again.targets()), await again.events("alarm.not_told"))


async def test_a_fan_out_that_nothing_on_the_disk_explains_is_an_alarm_and_a_miss(tmp_path: Path) -> None:
    """An older version's state and another rule: the rest cannot be named, a person hears how many, and the objective does not say MET."""
    await _killed(tmp_path, has_roster=False)
    for start in (1, 2):
        async with opened(tmp_path, rules="", before=_with_crowd) as again:
            if start == 1:
                (alarm,) = await again.events("alarm.not_told")
                assert CROWD - CHUNK == alarm["not_told"]
                continue
            await again.later(90_000)
            assert [(ObjectiveState.MISSED, CROWD)] == [(one.state, one.ended) for one in await again.objectives()]


async def _killed(folder: Path, *to: str, is_kept: bool = True, has_roster: bool = True) -> None:
    """A crash after the first chunk."""
    async with opened(folder, rules=RULES) as house:
        _with_crowd(house)

        def keep(tx: Tx) -> None:
            body = msgspec.msgpack.encode(house.office.directory)
            tx.put(DIRECTORY, DirectoryRow(house.office.directory.digest, NOW, body, True))

        if is_kept:
            await house.store.run(keep)
        raw = msgspec.json.encode({"to": list(to) or ["role:crowd"], "text": "到岗", "priority": "P2"})
        if not to:
            raw = _alert()
        await house.room.intake.accept(Submission(raw, Origin("centre")))
        house.room.loop.turn()
        await house.store.run(lambda tx: None)
        assert [(CHUNK, CROWD)] == [(one.planned, one.total) for one in await house.objectives()]
        if not has_roster:
            await house.store.run(lambda tx: tx.delete(ROSTER, 1))


def _with_crowd(house: House) -> None:
    """Hundreds of people with a telephone each."""
    people = tuple(Person(f"p{n}", "众", "tc", ("crowd",)) for n in range(CROWD))
    points = tuple(ContactPoint(f"p{n}", "msisdn", f"+86139{n:08}") for n in range(CROWD))
    known = house.office.directory
    house.office.directory = msgspec.structs.replace(known, persons=known.persons + people, contacts=known.contacts + points)
    house.room.board.refresh()


async def _addressed(house: House) -> set[str]:
    """Every address that a delivery of the crowd's objective is for, sent before the crash or after it."""
    return {one.address for one in await house.deliveries()}


def _alert() -> bytes:
    """An alert, which names no people: its rule does."""
    return b"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>A-1</identifier><sender>met</sender>
<sent>1970-01-12T13:46:40-00:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>rain</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Likely</certainty><headline>rain</headline><description>go</description></info></alert>"""
