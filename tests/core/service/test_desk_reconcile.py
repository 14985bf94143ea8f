"""Two nodes that acted apart take from each other what is missing, by id: as records, told to nobody, and nothing twice."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fenghuo.cli.reconcile import reconciled
from fenghuo.errors import FormatError
from fenghuo.model.delivery import Accepted
from fenghuo.service.desk_reached import ReachedVerbs
from fenghuo.service.desk_reconcile import ReconcileVerbs
from tests.core.engine.house import House, opened
from tests.core.service.manned import cap

CENTRE, TOWN = "taicang", "huangjing"


class Place:
    """One node, and its verbs as the command line has them."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        reached = ReachedVerbs(house.store, house.office.clock, house.room.decisions, node=name)
        self.verbs = {**ReconcileVerbs(house.store, house.office.clock, node=name).verbs(), **reached.verbs()}
        self.asked: list[str] = []

    async def do(self, verb: str, **args: Any) -> Any:
        self.asked.append(verb)
        asked = asyncio.ensure_future(self.verbs[verb](None, args))  # type: ignore[arg-type]  # who asks, the desk has looked at
        while not asked.done():  # a decision waits for the loop
            await self.house.settle()
        return await asked


async def take(ours: Place, theirs: Place) -> dict[str, Any]:
    """As `fenghuo reconcile` does, whose callers block: each of its calls is carried out here."""
    calls: list[tuple[Place, str, dict[str, Any]]] = []
    answers: list[Any] = []

    class Turn(Exception):
        """The next answer is awaited."""

    class Caller:
        def __init__(self, place: Place) -> None:
            self.place = place

        def call(self, do: str, **args: Any) -> Any:
            if len(calls) < len(answers):
                calls.append((self.place, do, args))
                return answers[len(calls) - 1]
            calls.append((self.place, do, args))
            raise Turn

    while True:
        calls.clear()
        try:
            return reconciled(Caller(ours), Caller(theirs))  # type: ignore[arg-type]  # a Caller, as far as it is used
        except Turn:
            place, do, args = calls[-1]
            answers.append(await place.do(do, **args))


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[tuple[Place, Place]]:
    async with opened(folder / CENTRE) as one, opened(folder / TOWN) as other:
        yield Place(one, CENTRE), Place(other, TOWN)


async def accepted(house: House, raw: str) -> Accepted:
    answer = await house.take(raw.encode())
    assert isinstance(answer, Accepted)
    return answer


async def test_each_takes_what_is_missing_and_tells_nobody(tmp_path: Path) -> None:
    """The centre had an alert and an order, the town the same alert and two orders of its own: after both have taken, both know all four,
    nothing more has left anywhere, and a second look finds nothing."""
    async with two(tmp_path) as (centre, town):
        for place in (centre, town):
            await accepted(place.house, cap("A-1"))
        ours = await centre.house.order("wang", text="中心的")
        theirs = [(await town.house.order("wang", text=text)).id for text in ("镇里一", "镇里二")]
        sent = [len(place.house.sent) for place in (centre, town)]
        assert [sorted(theirs), [ours.id]] == [sorted((await take(*pair))["taken"]) for pair in ((centre, town), (town, centre))]
        assert ["complete"] == await centre.house.states(theirs[0])
        assert sent == [len(place.house.sent) for place in (centre, town)]
        told = await centre.house.events("message.reconciled")
        assert [(TOWN, "active", 0, 1)] * 2 == [(one["peer"], one["state"], one["met"], one["total"]) for one in told]
        town.asked.clear()
        assert (0, []) == ((again := await take(centre, town))["heaps"], again["taken"])
        assert ["reconcile.summary", "reconcile.reached"] == town.asked, "two nodes that agree say no more than that"


async def test_an_alert_that_the_other_node_had_is_a_duplicate_when_it_comes_here(tmp_path: Path) -> None:
    """Its own source brings it a second time, to this node: it is known, and goes to nobody."""
    async with two(tmp_path) as (centre, town):
        there = await accepted(town.house, cap("A-2"))
        await take(centre, town)
        again = await accepted(centre.house, cap("A-2"))
        assert ("duplicate", there.id, []) == (again.state, again.id, centre.house.sent)


async def test_a_cancel_of_what_is_in_force_here_is_for_a_person(tmp_path: Path) -> None:
    """Both had the alert, the town took it back: the centre has told people, and somebody must look."""
    async with two(tmp_path) as (centre, town):
        for place in (centre, town):
            await accepted(place.house, cap("A-3"))
        references = "<references>met@example.org,A-3,1970-01-12T13:46:40-00:00</references>"
        cancel = cap("A-4", action="Cancel").replace("<scope>Public</scope>", f"<scope>Public</scope>{references}")
        await accepted(town.house, cancel)
        ident = (await centre.do("reconcile.lines", heaps=await heaps(centre)))[0]["id"]
        before = await centre.house.states(ident)
        result = await take(centre, town)
        assert ([], 1) == (result["taken"], len(result["to_decide"]))
        (alarm,) = await centre.house.events("alarm.reconciled")
        assert "huangjing has a Cancel of what is in force here; look, and decide" == alarm["message"]
        assert (before, True) == (await centre.house.states(ident), before[0] in ("held", "active"))


async def test_what_is_not_what_it_says_is_refused_whole(tmp_path: Path) -> None:
    """Another message than its key names, no message at all, octets that are none, our own name."""
    async with two(tmp_path) as (centre, town):
        await town.house.order("wang", text="镇里")
        keys = [line["key"] for line in await town.do("reconcile.lines", heaps=await heaps(town))]
        (package,) = await town.do("reconcile.bring", keys=keys)
        for peer, change, says in (
            (TOWN, {"key": "0" * 16}, "is not the one that 0000000000000000 names"),
            (TOWN, {"body": base64.b64encode(b"\xc1").decode()}, "body: no message"),
            (TOWN, {"raw": "?"}, "no base64"),
            (CENTRE, {}, "peer: 'taicang' is not the name of another node"),
        ):
            with pytest.raises(FormatError, match=says):
                await centre.do("reconcile.take", peer=peer, messages=[{**package, **change}])
        assert {} == (await centre.do("reconcile.summary"))["heaps"]


async def heaps(place: Place) -> list[str]:
    return list((await place.do("reconcile.summary"))["heaps"])


NAMED = {"identifier": "01JX", "sender": "operator", "sent": "1970-01-12T21:46:40.123456+08:00"}


async def test_whoever_the_other_node_has_reached_with_the_same_order_is_not_told_again_here(tmp_path: Path) -> None:
    """As after a hand-over: the centre could tell neither, the town told both. Nothing ends while one is missing there, nor for less than
    is asked for here; then it is over, with the reason, as waived by whoever reconciles, and nobody is told when the channel is back."""
    async with two(tmp_path) as (centre, town):
        for channel in centre.house.channel:
            centre.house.down(channel)
        ours = await centre.house.order("person:wang", "person:li", needed="DEVICE", **NAMED)
        town.house.up()
        await town.house.order("person:wang", "person:li", needed="DEVICE", **NAMED)
        first_mail, second_mail = town.house.sent
        await town.house.receipt(first_mail)
        await town.house.settle()
        assert ([], [], ["active"]) == ((first := await take(centre, town))["taken"], first["settled"], await centre.house.states(ours.id))
        await town.house.receipt(second_mail)
        await town.house.settle()
        assert ([], [ours.id]) == ((second := await take(centre, town))["taken"], second["settled"])
        assert ["WAIVED"] == [one.state.value for one in await centre.house.objectives()]
        centre.house.up()
        await centre.house.settle()
        assert ([], []) == (centre.house.sent, (await take(centre, town))["settled"])


async def test_less_than_is_asked_for_and_our_own_name_end_nothing(tmp_path: Path) -> None:
    """A device there is no person here; nor is a word that no evidence has."""
    async with two(tmp_path) as (centre, _):
        await centre.house.order("person:wang", needed="HUMAN", **NAMED)
        (key,) = await centre.do("reconcile.open")
        for level in ("DEVICE", "CERTAIN", ""):
            answer = await centre.do("reconcile.settle", peer=TOWN, messages=[{"key": key, "reached": {"wang": level}}])
            assert [] == answer["settled"]
        with pytest.raises(FormatError, match="not the name of another node"):
            await centre.do("reconcile.settle", peer=CENTRE, messages=[])
        (waived,) = (await centre.do("reconcile.settle", peer=TOWN, messages=[{"key": key, "reached": {"wang": "DONE"}}]))["settled"]
        assert ["WAIVED"] == [one.state.value for one in await centre.house.objectives() if one.message == waived]
