"""A source that says more than it may: what is more waits for a person, told once; nobody else waits for it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.engine.authority import Grant, Post, Standing
from fenghuo.engine.floods import SPAN_S, Flood, Floods
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin, urgent_limit
from fenghuo.model.delivery import Accepted
from tests.core.engine.house import House, opened


def test_what_is_beyond_the_limit_of_a_minute_is_told_and_begins_once() -> None:
    """Two a minute: the third begins a flood, the fourth goes on with it, and after a minute's silence all is well."""
    floods = Floods()
    assert [Flood.NONE, Flood.NONE, Flood.BEGINS, Flood.GOES_ON] == [floods.count("a", 2, at) for at in (0.0, 1.0, 2.0, 3.0)]
    assert (Flood.NONE, Flood.NONE, Flood.NONE) == (
        floods.count("b", 2, 3.0),
        floods.count("c", 0, 3.0),
        floods.count("a", 2, 4.0 + SPAN_S),
    )


def test_every_source_has_a_limit_or_the_one_of_its_rule() -> None:
    """A token that was stolen brings them too."""
    ruled = {"met": (Grant("met", urgent_per_min=5),)}
    origins = (Origin("met"), Origin("plugin", traffic=()), Origin("post:X", post=Post(Standing.ABOVE)))
    assert [60, 60, 60] == [urgent_limit(origin, {}) for origin in origins]
    assert 5 == urgent_limit(Origin("met"), ruled)


async def test_a_flood_of_one_source_waits_for_a_person_and_another_source_goes_at_once(tmp_path: Path) -> None:
    """Five hundred P0 of one source, of which it may bring three: three go, the rest is kept and held, one alarm tells, and the order of
    somebody else is out in the same moment. A Cancel of the flooding source still goes."""

    async def bring(house: House, source: str, name: str, **fields: object) -> str:
        order = {"to": ["wang"], "text": name, "priority": "P0", "identifier": name, "sender": source, **fields}
        (answer,) = await house.room.intake.accept(Submission(msgspec.json.encode(order), Origin(source), author=source))
        assert isinstance(answer, Accepted)
        return answer.state

    async with opened(tmp_path) as house:
        house.office.grants = {"mad": (Grant("mad", urgent_per_min=3),)}
        states = [await bring(house, "mad", f"m{n}") for n in range(500)]
        assert ["active"] * 3 + ["held"] * 497 == states
        assert "active" == await bring(house, "genuine", "g1")
        await house.settle()
        assert ["g1", "m0", "m1", "m2"] == sorted({mail.text.partition("#")[0] for mail in house.sent})
        assert (1, 0) == (len(await house.events("alarm.flood")), len(await house.events("alarm.no_authority")))
        assert "active" == await bring(house, "mad", "c1", action="Cancel", reference="m0")
