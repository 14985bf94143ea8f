"""Plugin instances of a node, from settings to silence: a real engine, real supervisors, and a plugin of four small parts."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fenghuo import Evidence, Traffic
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.situation import Admin, Health
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.ports import (
    Actor,
    Hints,
    Observation,
)
from fenghuo.plugin.supervisor import ChannelSupervisor
from fenghuo.service.desk import Desk
from fenghuo.service.hosting import Hosting
from fenghuo.service.tending import Tending
from fenghuo.store.records import ChannelRow
from fenghuo.store.tables import CHANNEL
from tests.core.engine.house import opened
from tests.core.engine.values import NOW
from tests.core.service.hosted import CHANNEL_C, Parts, hosted, settings
from tests.core.service.manned import cap


async def test_a_channel_of_the_settings_carries_orders(tmp_path: Path) -> None:
    """It stands on the board from the beginning, comes up off the boot path, and an order goes out by it."""
    async with hosted(tmp_path) as there:
        instance = there.house.room.board.get("c")
        assert instance is not None
        assert ("test.channel", ("roof",), "c", ("msisdn",)) == (
            instance.type_id,
            instance.risk_groups,
            instance.medium,
            instance.address_kinds,
        )
        there.start()
        await there.until(lambda: instance.health.state is Health.UP)
        await there.house.order("wang")
        await there.until(lambda: bool(there.parts.sent))
        assert "立即到岗" in there.parts.sent[0]


async def test_a_channel_that_claims_more_than_it_declares_is_a_fault_of_its_plugin(tmp_path: Path) -> None:
    """Told once by an alarm, however often it does it."""
    async with hosted(tmp_path) as there:
        there.parts.claims = Evidence.HUMAN
        there.start()
        await there.until(lambda: bool(there.parts.contexts))
        for _ in range(2):
            await there.house.order("wang")
        await there.until(lambda: len(there.parts.sent) == 2)
        await there.house.settle()
        told = await there.house.events("alarm.plugin_fault")
        assert ["c claims HUMAN and declares no more than DEVICE; it counts as DEVICE"] == [event["message"] for event in told]


async def test_what_an_operator_decided_outlives_the_process(tmp_path: Path) -> None:
    """A channel that was disabled is disabled at the next start, with the reason that was given."""
    async with hosted(tmp_path) as there:
        await there.house.store.run(lambda tx: tx.put(CHANNEL, ChannelRow("c", Admin.DISABLED, "root", "维修", NOW)))
    async with hosted(tmp_path) as there:
        instance = there.house.room.board.get("c")
        assert instance is not None
        assert (Admin.DISABLED, "维修") == (instance.admin, instance.admin_reason)


async def test_an_exercise_carries_nothing_actual(tmp_path: Path) -> None:
    """Whatever the settings allow: the real thing cannot leave a process that was started for a drill."""
    async with hosted(tmp_path, exercise=True) as there:
        instance = there.house.room.board.get("c")
        assert instance is not None
        assert {Traffic.EXERCISE, Traffic.SYSTEM, Traffic.TEST} == set(instance.view().traffic)


async def test_a_channel_tells_its_health_by_facts_alone(tmp_path: Path) -> None:
    """Up and down as the plugin says it."""
    async with hosted(tmp_path) as there:
        there.start()
        await there.until(lambda: bool(there.parts.contexts))
        there.parts.contexts[0].health(False, "the mast fell")
        await there.until(lambda: there.house.room.board.situation().channel["c"].health is Health.DOWN)


async def test_a_secret_is_read_relative_to_the_settings(tmp_path: Path) -> None:
    """By the name that stands in the settings."""
    (tmp_path / "radio.secret").write_text("hush\n")
    async with hosted(tmp_path) as there:
        there.start()
        await there.until(lambda: bool(there.parts.contexts))
        assert "hush" == await asyncio.to_thread(there.parts.contexts[0].secret, "radio.secret")


async def test_a_source_brings_alerts_in_and_hears_after_the_commit(tmp_path: Path) -> None:
    """In the name of the instance; it speaks for no traffic of its own, so a person looks at what it brings."""
    parts = Parts()
    parts.brings = [(cap().encode(), Hints()), (b"<!DOCTYPE a><a/>", Hints())]
    async with hosted(tmp_path, '[sources.met]\ntype = "test.source"\n', parts=parts) as there:
        there.start()
        await there.until(lambda: len(parts.answers) == 2)
        good, bad = parts.answers
        assert isinstance(good, Accepted)
        assert isinstance(bad, Refused)
        assert ("held", False) == (good.state, next(one for one in good.verdicts if one.check == "authority").ok)
        assert "met" == (await there.house.events("message.held"))[0]["source"]


async def test_what_a_sensor_sees_is_an_event(tmp_path: Path) -> None:
    """With what, how much and in which unit, under the name of the instance."""
    parts = Parts()
    parts.sees = [Observation("mains_v", 228.0, "V", 1.0, 60.0)]
    async with hosted(tmp_path, '[sensors.ups]\ntype = "test.sensor"\n', parts=parts) as there:
        there.start()
        await there.until(lambda: there.house.store.events.head > 0)
        assert [{"what": "mains_v", "value": "228.0", "unit": "V"}] == await there.house.events("sensor.observed")


async def test_a_front_mounts_itself(tmp_path: Path) -> None:
    """And is waited for before the port opens; without a web port none is started."""
    front = '[fronts.page]\ntype = "test.front"\n'
    async with hosted(tmp_path, front) as there:
        there.start()
        await there.hosting.fronts_started()
        assert ["/test"] == there.web.paths
    async with hosted(tmp_path, front) as there:
        there.start(web=False)
        await there.hosting.fronts_started()
        assert [] == there.web.paths


async def test_a_front_that_cannot_start_delays_nobody_for_long(tmp_path: Path) -> None:
    """Its name is logged, and the node goes on."""
    parts = Parts()
    parts.held.clear()
    async with hosted(tmp_path, '[fronts.page]\ntype = "test.front"\n', parts=parts) as there:
        there.start()
        with capture_logs() as logs:
            await there.hosting.fronts_started()
        assert [("a front did not start in time", ["page"])] == [(line["event"], line["fronts"]) for line in logs]


async def test_stop_means_silence_everywhere(tmp_path: Path) -> None:
    """Channels and fronts are stopped, and no task is left."""
    text = CHANNEL_C + '[fronts.page]\ntype = "test.front"\n[sources.met]\ntype = "test.source"\n'
    async with hosted(tmp_path, text) as there:
        there.start()
        await there.hosting.fronts_started()
        await there.until(lambda: bool(there.parts.contexts))
        await there.hosting.stop(time.monotonic() + 2.0)
        assert ["channel", "front"] == sorted(there.parts.ended)


async def test_a_supervisor_that_ends_is_told_and_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fault of ours and not of its plugin: the channel comes up all the same."""
    run, faults = ChannelSupervisor.run, [TypeError("a fault of ours")]

    async def once(self: ChannelSupervisor) -> None:
        if faults:
            raise faults.pop()
        await run(self)

    monkeypatch.setattr(ChannelSupervisor, "run", once)
    monkeypatch.setattr("fenghuo.service.hosting.Tending", partial(Tending, rest_s=0.001))
    with capture_logs() as logs:
        async with hosted(tmp_path) as there:
            there.start()
            await there.until(lambda: bool(there.parts.contexts))
            assert 1 == len(await there.house.events("alarm.task_ended"))
    assert ["c"] == [line["task"] for line in logs if line["event"] == "a task ended"]


async def test_a_plugin_that_was_set_aside_is_logged(tmp_path: Path) -> None:
    """By its name and with the cause; the others work."""

    class Broken:
        __name__ = "broken"

    host = load_plugins([Broken(), Parts()])
    read = await asyncio.to_thread(settings, tmp_path, "", Parts())
    async with opened(tmp_path, up=False) as house:
        hosting = Hosting(read, host, house.room)
        await hosting.add_channels(house.store)
        with capture_logs() as logs:
            hosting.start(Desk(), house.store.events, None)
            hosting.start_channels()
        await hosting.stop(time.monotonic() + 2.0)
        assert [("plugin set aside", "broken")] == [(line["event"], line["plugin"]) for line in logs]


async def test_the_spool_speaks_in_the_name_of_its_token(tmp_path: Path) -> None:
    """As a source, through the desk like everybody."""
    async with hosted(tmp_path) as there:
        asked: list[tuple[Actor, dict[str, Any]]] = []

        async def submit_all(actor: Actor, args: Any) -> tuple[Accepted, ...]:
            asked.append((actor, dict(args)))
            return ()

        there.desk.add({"alert.submit_all": submit_all})
        assert () == await there.hosting.spooled(there.desk)(b"<alert/>", Hints(source="spool", key="k"))
        assert [(Actor("spool", ("source",), "spool"), {"raw": b"<alert/>", "key": "k", "media_type": ""})] == asked
