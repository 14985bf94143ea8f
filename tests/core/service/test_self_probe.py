"""The message by which the node tries itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fenghuo.engine.alarm_kinds import load_catalogue
from fenghuo.engine.modes import Declared
from fenghuo.engine.network import NODE
from fenghuo.model.mode import Axis, PowerMode
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.service.self_probe import KEPT_S, LIMIT_S, LIVES_S, SelfProbe
from fenghuo.store.tables import ATTEMPT, AUDIT, DELIVERY, EVENT, INBOX, MESSAGE, OBJECTIVE, RECEIPT, RENDITION, TARGET
from tests.core.engine.house import House, opened
from tests.scale import PATIENCE_S

SOON_S = 0.001


@asynccontextmanager
async def probed(folder: Path, *, every_s: float = SOON_S, limit_s: float = LIMIT_S) -> AsyncIterator[tuple[House, SelfProbe]]:
    """A house that tries itself as fast as it can."""
    made: list[SelfProbe] = []
    async with opened(
        folder, before=lambda house: made.append(SelfProbe(house.room, house.store, every_s=every_s, limit_s=limit_s))
    ) as house:
        running = asyncio.create_task(made[0].run())
        try:
            yield house, made[0]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await house.settle()
            while house.room.receipts.in_hand:
                await house.settle()


async def until(house: House, holds: Callable[[], bool]) -> None:
    """Let the house go on until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await house.settle()
            await asyncio.sleep(0)


async def test_a_probe_goes_all_the_way_and_reaches_nobody(tmp_path: Path) -> None:
    """It is accepted, routed, licensed, emitted and answered, and nothing leaves over a channel of the node."""
    async with probed(tmp_path) as (house, probe):
        await until(house, lambda: probe.view()["state"] == "ok")
        (delivery, *_) = await house.deliveries(SELF_PROBE)
        assert (SELF_PROBE, "Test", "MET") == (delivery.channel, delivery.traffic, delivery.state)
        told = [row.type for row in await house.store.find(EVENT, "1 = 1 ORDER BY seq")]
        way = ["message.accepted", "objective.opened", "delivery.emitting", "delivery.awaiting", "receipt.matched", "objective.met"]
        assert way == [one for one in told if one in way][: len(way)]
        assert [] == house.sent
        assert [] == [one for one in told if one.startswith("alarm.")]


async def test_no_rule_of_the_file_and_no_count_of_channels_sees_it(tmp_path: Path) -> None:
    """It is found by its name alone: no list of channels has it, and nothing of it stands in the audit."""
    async with probed(tmp_path) as (house, probe):
        await until(house, lambda: probe.view()["state"] == "ok")
        assert {"a", "r"} == set(house.room.board.names()) == {one.name for one in house.room.board.situation().channels}
        assert [] == await house.store.find(AUDIT, "action = 'accept'")


async def test_what_is_left_of_a_probe_goes_when_it_is_over(tmp_path: Path) -> None:
    """Its rows are taken away once it has expired and a while has passed; the stream keeps that it was."""
    async with probed(tmp_path) as (house, probe):
        await until(house, lambda: probe.view()["state"] == "ok")
        first = (await house.store.find(MESSAGE, "1 = 1 ORDER BY accepted_at", limit=1))[0].id
        house.room.intake.max_pending = -1  # so that none is under way when time passes
        await until(house, lambda: probe.missed > 0)
        await house.later(LIVES_S + 1.0)
        await house.later(KEPT_S + 1.0)
        left: list[object] = [first]

        async def look() -> None:
            left[:] = await house.store.find(MESSAGE, "id = ?", first)

        async with asyncio.timeout(PATIENCE_S):
            while left:
                await house.settle()
                await look()
        assert [] == await house.store.find(RENDITION, "message = ?", first)
        assert [] == await house.store.find(OBJECTIVE, "message = ?", first)
        assert [] == await house.store.find(DELIVERY, "message = ?", first)
        numbers = {row.id for row in await house.store.find(DELIVERY)}
        assert numbers >= {row.delivery for row in await house.store.find(ATTEMPT)}
        assert numbers >= {row.delivery for row in await house.store.find(RECEIPT)}
        kept = len(await house.store.find(OBJECTIVE))
        assert kept == len(await house.store.find(TARGET))
        assert len(await house.store.find(INBOX)) <= kept


async def test_two_in_a_row_that_do_not_come_back_are_an_alarm_which_the_next_one_ends(tmp_path: Path) -> None:
    """One that is missed is seen in the status alone."""
    async with probed(tmp_path) as (house, probe):
        house.room.intake.max_pending = -1  # so that nothing is taken in
        await until(house, lambda: probe.missed >= 2)
        await house.settle()
        assert 1 == len(await house.events("alarm.self_probe"))
        assert ("missed", True) == (probe.view()["state"], "wait for the loop" in probe.view()["why"])
        house.room.intake.max_pending = 1_000
        await until(house, lambda: probe.view()["state"] == "ok")
        async with asyncio.timeout(PATIENCE_S):
            while not await house.events("probe.passed"):
                await house.settle()
        assert 0 == probe.missed


async def test_a_disk_that_takes_nothing_is_seen_at_once_and_told_as_soon_as_it_takes_something(tmp_path: Path) -> None:
    """What keeps the probe keeps its alarm too: the status says it meanwhile."""
    gate = threading.Event()
    async with probed(tmp_path, limit_s=0.05) as (house, probe):
        stuck = house.store.submit(lambda tx: gate.wait(PATIENCE_S))
        async with asyncio.timeout(PATIENCE_S):
            while probe.missed < 2:
                await asyncio.sleep(0.01)
        assert ("missed", "no answer within 0.05 s") == (probe.view()["state"], probe.view()["why"])
        assert [] == await house.events("alarm.self_probe")
        gate.set()
        await stuck
        async with asyncio.timeout(PATIENCE_S):
            while not await house.events("alarm.self_probe"):
                await house.settle()


async def test_on_battery_none_is_made_until_there_is_power_again(tmp_path: Path) -> None:
    """No periodic wake-ups then; what was not made was not missed."""
    async with probed(tmp_path, every_s=0.01) as (house, probe):
        now = house.clock.time()
        word = Declared(Axis.POWER, NODE, PowerMode.BATTERY_SAVE, by="lin", reason="", at=now, expires_at=now + 3600.0)
        house.room.modes.declare(word)
        probe.look()
        await house.settle()
        assert "resting" == probe.view()["state"]
        before = house.store.events.head
        for _ in range(5):
            await asyncio.sleep(0.01)
            await house.settle()
        assert before == house.store.events.head
        house.room.modes.end(Axis.POWER, NODE)
        probe.look()
        await until(house, lambda: probe.view()["state"] == "ok")


async def test_with_nothing_between_two_none_is_made(tmp_path: Path) -> None:
    """Switched off it costs nothing, and says so."""
    async with probed(tmp_path, every_s=0.0) as (house, probe):
        await house.settle()
        assert ("off", []) == (probe.view()["state"], await house.store.find(MESSAGE))


def test_a_person_is_told_what_a_missing_probe_means() -> None:
    """The kind is in the catalogue, and ends by itself."""
    kind = load_catalogue().kinds["alarm.self_probe"]
    assert ("HIGH", ("probe.passed",)) == (kind.priority, kind.ends)
