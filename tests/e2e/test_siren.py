"""Sirens through the running daemon, judged by the coil log of pymodbus's server in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fenghuo.formats.wording import BEIJING
from fenghuo.store.audit import breaks
from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import AUDIT
from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import sent, standing, stands
from tests.peers.modbus import Sirens
from tests.peers.modbus_server import COIL, SENSOR, SESSION, TIMER
from tests.scale import TIMEOUT_SCALE
from tests.soonest import soonest

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.may_block("starts programs"), pytest.mark.timeout(60)]

WIRED = {"coil": COIL, "feedback": "input", "feedback_at": SENSOR, "timer": TIMER, "timer_unit_s": 0.1, "session": SESSION}
STOPPED_WITHIN_S = 0.2 * TIMEOUT_SCALE


@pytest.fixture(scope="module")
def cabinet() -> Iterator[Sirens]:
    with Sirens() as there:
        yield there


@pytest.fixture
def sirens(cabinet: Sirens) -> Sirens:
    """The one cabinet of this module, as if it were new."""
    cabinet.reset()
    return cabinet


def node(folder: Path, sirens: Sirens, **more: Any) -> Node:
    """A centre whose one way to the town is the siren on its roof."""
    armed = datetime.now(BEIJING).isoformat(timespec="seconds")
    base = {"sirens": ["1/1"], "port": sirens.port, **WIRED, "sound_s": 2.5, "max_on_s": 8.0, "watch_s": 0.2, "armed": armed}
    settings = {"type": "siren.modbus", "settings": {**base, **more}}
    made = Node(folder, channels={"roof": settings}, persons=[Person("town")], rules=orders("roof", needed="AIRED"))
    with (folder / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
        contacts.write("town,siren,1/1,1,\n")
    return made


async def test_a_siren_sounds_once_is_aired_and_silent_a_moment_after_the_cancel(tmp_path: Path, sirens: Sirens) -> None:
    """From the request that cancels it to the open relay it is a fifth of a second."""
    async with node(tmp_path, sirens) as centre:
        await centre.channels_up("roof")

        async def silent_after_s() -> float:
            sirens.reset()
            message = await sent(centre, "town", priority="P0")
            await sirens.until(lambda: sirens.starts())
            assert {"roof": ("MET", "", "AIRED")} == standing(await centre.ended(message))
            began = time.monotonic()
            status, _ = await centre.post(f"/api/v1/messages/{message}/cancel", {"reason": "险情排除"})
            await sirens.until(lambda: sirens.ends())
            assert 202 == status
            assert ["master", "master"] == [line["by"] for line in (*sirens.starts(), *sirens.ends())]
            return float(sirens.ends()[0]["at"] - began)

        assert await soonest(silent_after_s, within_s=STOPPED_WITHIN_S) <= STOPPED_WITHIN_S


async def test_switching_the_channel_off_is_silence_at_once(tmp_path: Path, sirens: Sirens) -> None:
    """The kill that needs no message and no second person; nothing starts until somebody switches it on."""
    async with node(tmp_path, sirens) as centre:
        await centre.channels_up("roof")

        async def silent_after_s() -> float:
            await centre.ask("channel.enable", name="roof", reason="已核实")
            sirens.reset()
            await sent(centre, "town", priority="P0")
            await sirens.until(lambda: sirens.starts())
            began = time.monotonic()
            await centre.ask("channel.disable", name="roof", reason="误报")
            await sirens.until(lambda: sirens.ends())
            return float(sirens.ends()[0]["at"] - began)

        assert await soonest(silent_after_s, within_s=STOPPED_WITHIN_S) <= STOPPED_WITHIN_S
        await sent(centre, "town", "再次转移", priority="P0")
        await asyncio.sleep(0.3)
        assert 1 == len(sirens.starts())
        await centre.ask("channel.enable", name="roof", reason="已核实")
        await sirens.until(lambda: len(sirens.starts()) == 2)


async def test_a_daemon_killed_while_it_sounds_starts_nothing_twice(tmp_path: Path, sirens: Sirens) -> None:
    """The next process finds its own note, has the sensor's word, and the sound ends at its time."""
    centre = node(tmp_path, sirens, sound_s=7.0)
    async with centre:
        await centre.channels_up("roof")
        message = await sent(centre, "town", priority="P0")
        await sirens.until(lambda: sirens.starts())
        await centre.restart()
        assert {"roof": ("MET", "", "AIRED")} == standing(await centre.ended(message))
        await sirens.until(lambda: sirens.ends())
    assert 7.0 == pytest.approx(sirens.ends()[0]["at"] - sirens.starts()[0]["at"], abs=0.3)
    assert 1 == len(sirens.starts())


async def test_a_daemon_dead_for_longer_than_the_sound_silences_it_when_it_comes_back(tmp_path: Path, sirens: Sirens) -> None:
    """The device has no end of its own here, and nobody else knows that the time is over."""
    centre = node(tmp_path, sirens, timer=-1, session=-1, only_we_end=True, sound_s=1.0)
    async with centre:
        await centre.channels_up("roof")
        await sent(centre, "town", priority="P0")
        await sirens.until(lambda: sirens.starts())
        await centre.kill()
        await asyncio.sleep(1.2)
        assert [] == sirens.ends()
        await centre.start()
        await sirens.until(lambda: sirens.ends())
    assert ["master"] == [line["by"] for line in sirens.ends()]
    assert 1 == len(sirens.starts())


async def test_a_controller_killed_on_the_start_itself_is_a_doubt_for_a_person(tmp_path: Path) -> None:
    """It may have been heard; nobody starts it again but somebody who says so."""
    with Sirens(die_on="coil") as sirens:
        async with node(tmp_path, sirens) as centre:
            await centre.channels_up("roof")
            message = await sent(centre, "town", priority="P0")
            await sirens.died()
            sirens.options = {}
            sirens.start()
            await stands(centre, message, "roof", "IN_DOUBT")
            await centre.channels_up("roof")
            await asyncio.sleep(0.5)
            await stands(centre, message, "roof", "IN_DOUBT")
            assert 1 == len(sirens.starts())


async def test_a_hand_at_the_cabinet_is_reported_to_the_duty_officer(tmp_path: Path, sirens: Sirens) -> None:
    """As a message of its own, which a person sees; the siren is not touched."""
    async with node(tmp_path, sirens, alarm_to=["role:informant"]) as centre:
        await centre.channels_up("roof")
        sirens.do("force 1/1 on")

        def is_told(rows: Any) -> bool:
            return any("1/1" in str(row) for row in rows)

        await centre.until("message.ls", is_told)
        assert [] == sirens.ends()


async def test_the_armed_switch_is_turned_by_a_reload_and_each_turn_is_audited(tmp_path: Path, sirens: Sirens) -> None:
    """Off as installed, and nothing sounds; armed by a reload it sounds, disarmed by one it is silent at once, and what
    sounds is not started anew. The log, the audit and `channel why` say each time what it was, since when, and whose file it is."""
    centre = node(tmp_path, sirens)
    file = tmp_path / "fenghuo.toml"
    armed = file.read_text(encoding="utf-8")
    switch = re.compile(r'^"?armed"? = .*\n?', re.MULTILINE)
    file.write_text(switch.sub("", armed), encoding="utf-8")

    async def turned(text: str, event: str, count: int = 1) -> dict[str, Any]:
        file.write_text(text, encoding="utf-8")
        os.kill(centre.pid, signal.SIGHUP)
        return await told(event, count)

    async def told(event: str, count: int = 1) -> dict[str, Any]:
        log = await centre.until("log.read", lambda log: [one["type"] for one in log["events"]].count(event) >= count, after=0, limit=1000)
        found: dict[str, Any] = [one for one in log["events"] if one["type"] == event][-1]["body"]
        return found

    async with centre:
        await centre.channels_up("roof")
        data = await told("channel.disarmed")
        assert ("", str(file), "it is not armed") == (data["was"], data["settings"], data["cause"][:15])
        await stands(centre, await sent(centre, "town", priority="P0"), "roof", "FAILED")
        assert any("nothing is started over it: it is not armed" in said for said in (await centre.ask("channel.why", name="roof"))["says"])
        assert "off" == (await turned(armed, "channel.armed"))["was"]
        await centre.channels_up("roof")
        assert "its armed switch is on" in (await centre.ask("channel.why", name="roof"))["says"]
        await sent(centre, "town", "立即转移", priority="P0")
        await sirens.until(lambda: sirens.starts())
        await turned(switch.sub("", armed), "channel.disarmed", 2)
        await turned(armed, "channel.armed", 2)
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as store:
        records = [AUDIT.decode(raw) for raw in store.execute(f"{AUDIT.select_sql} ORDER BY seq")]
    assert [] == list(breaks(records))
    assert ["disarm", "arm", "disarm", "arm"] == [one.action for one in records if one.object == "channel/roof"]
    assert 1 == len(sirens.starts())
