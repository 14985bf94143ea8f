"""Emergency broadcast through the running daemon, judged by what a simulated platform in a process of its own played and when."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from fenghuo.formats.wording import BEIJING
from fenghuo_broadcast.conformance_terminal import CLOSE, OPEN
from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import sent, standing, stands
from tests.peers.modbus import Sirens
from tests.peers.modbus_server import COIL, SENSOR, SESSION, TIMER
from tests.peers.platform_simulator import PLATFORM, PlatformSimulator
from tests.plugins.test_broadcast_terminal import Sounding, adapter
from tests.scale import PATIENCE_S, TIMEOUT_SCALE
from tests.soonest import soonest

__all__ = ["adapter"]

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

CENTRE, TOWN = "010332058500000001", "010532058510300001"
STOPPED_WITHIN_S = 0.2 * TIMEOUT_SCALE


@pytest.fixture
async def platform() -> AsyncIterator[PlatformSimulator]:
    async with PlatformSimulator() as simulator:
        yield simulator


def node(
    folder: Path, platform: PlatformSimulator, door: int, *, armed: bool = True, more: Mapping[str, Any] = MappingProxyType({})
) -> Node:
    """A centre whose one way to the town is the platform. `more`: what else is loud there; a person must answer then, so that none of it
    stays silent because another was heard first."""
    settings = {
        "url": f"http://127.0.0.1:{platform.port}/ebd",
        "source": CENTRE,
        "platform": PLATFORM,
        "sender_name": "太仓市应急管理局",
        "event_type": "11A00",
        "listen_port": door,
        "unsigned": True,
        "quiet_hours": [],
        "absent_codes": [5],
        **({"armed": datetime.now(BEIJING).isoformat(timespec="seconds")} if armed else {}),
    }
    made = Node(
        folder,
        channels={"county": {"type": "broadcast.platform", "settings": settings}, **more},
        persons=[Person("town")],
        rules=orders("county", *more, needed="HUMAN" if more else "AIRED"),
    )
    with (folder / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
        contacts.write(f"town,ebrid,{TOWN},1,\ntown,siren,1/1,1,\n")
    return made


async def test_it_sounds_is_reported_and_is_silent_a_moment_after_the_cancel(
    tmp_path: Path, platform: PlatformSimulator, unused_tcp_port: int
) -> None:
    """From the request that cancels it to silence at the platform it is a fifth of a second, with two commits and two hops between."""
    async with node(tmp_path, platform, unused_tcp_port) as centre:
        await centre.channels_up("county")
        tries = itertools.count(1)

        async def silent_after_s() -> float:
            text = f"第{next(tries)}次请立即撤离低洼地"
            seen = len(platform.lines)
            message = await sent(centre, "town", text, priority="P1")
            start = await platform.wait("start", after=seen)
            assert text in start.text
            assert ("320585103000", "2") == (start.areas, start.severity)
            answered = await platform.report(f"http://127.0.0.1:{unused_tcp_port}/", start, 2)
            assert "1" == answered.code
            began = time.monotonic()
            status, _ = await centre.post(f"/api/v1/messages/{message}/cancel", {"reason": "险情排除"})
            silent = await platform.wait("silent", ebmid=start.ebmid)
            assert 202 == status
            return float(silent.at - began)

        assert await soonest(silent_after_s, within_s=STOPPED_WITHIN_S) <= STOPPED_WITHIN_S
        assert len(platform.of("start")) == len(platform.of("stop")) == next(tries) - 1


async def test_what_was_played_out_is_aired_and_no_more(tmp_path: Path, platform: PlatformSimulator, unused_tcp_port: int) -> None:
    """A platform's report that it is done is not a listener's word."""
    async with node(tmp_path, platform, unused_tcp_port) as centre:
        await centre.channels_up("county")
        message = await sent(centre, "town", priority="P1")
        start = await platform.wait("start")
        await platform.report(f"http://127.0.0.1:{unused_tcp_port}/", start, 3)
        assert {"county": ("MET", "", "AIRED")} == standing(await centre.ended(message))


async def test_a_kill_starts_nothing_twice(tmp_path: Path, platform: PlatformSimulator, unused_tcp_port: int) -> None:
    """Killed when the platform has it: the next process asks what became of it, and its number is never given anew."""
    centre = node(tmp_path, platform, unused_tcp_port)
    async with centre:
        await centre.channels_up("county")
        message = await sent(centre, "town", priority="P0")
        start = await platform.wait("start")
        await centre.restart()
        await centre.channels_up("county")
        await stands(centre, message, "county", "AWAITING")
        await platform.report(f"http://127.0.0.1:{unused_tcp_port}/", start, 3)
        assert {"county": ("MET", "", "AIRED")} == standing(await centre.ended(message))
        assert [start.ebmid] == [line.ebmid for line in platform.of("start")]
        assert {start.ebmid} >= {line.ebmid for line in platform.of("again")}


async def test_after_an_install_it_says_why_nothing_sounds(tmp_path: Path, platform: PlatformSimulator, unused_tcp_port: int) -> None:
    """The delivery says so to the operator, and the log what to write."""
    async with node(tmp_path, platform, unused_tcp_port, armed=False) as centre:
        await centre.channels_up("county")
        message = await sent(centre, "town", priority="P1")
        await stands(centre, message, "county", "FAILED", "recipient not-armed")
        assert "put armed = " in await asyncio.to_thread(centre.log.read_text)
        assert [] == platform.of("start")


async def test_one_cancel_silences_everything_that_one_alert_started(
    tmp_path: Path, platform: PlatformSimulator, unused_tcp_port: int, adapter: Sounding
) -> None:
    """A P0 on three kinds of loud thing at once: the platform, a terminal beside it, a siren. Each is told to start once, the cancel stops
    each of them, and nothing starts again."""
    armed = datetime.now(BEIJING).isoformat(timespec="seconds")
    with Sirens() as sirens:
        wired = {"coil": COIL, "feedback": "input", "feedback_at": SENSOR, "timer": TIMER, "timer_unit_s": 0.1, "session": SESSION}
        roof = {"sirens": ["1/1"], "port": sirens.port, **wired, "sound_s": 20.0, "max_on_s": 30.0, "watch_s": 0.2, "armed": armed}
        bench = msgspec.to_builtins(adapter.settings(adapter.port))
        pole = {**{name: value for name, value in bench.items() if value is not None}, "source": CENTRE, "armed": armed}
        more = {"roof": {"type": "siren.modbus", "settings": roof}, "pole": {"type": "broadcast.terminal", "settings": pole}}
        async with node(tmp_path, platform, unused_tcp_port, more=more) as centre:
            await centre.channels_up("county", "roof", "pole")
            message = await sent(centre, "town", "请立即撤离低洼地", priority="P0")
            start = await platform.wait("start")
            await sirens.until(lambda: sirens.starts())
            await until(lambda: adapter.of(OPEN))
            await centre.ask("channel.disable", name="county", reason="检修")  # a stop goes through what is switched off
            status, _ = await centre.post(f"/api/v1/messages/{message}/cancel", {"reason": "险情排除"})
            await platform.wait("silent", ebmid=start.ebmid)
            await sirens.until(lambda: sirens.ends())
            await until(lambda: adapter.of(CLOSE))
            assert 202 == status
            assert ["master"] == [line["by"] for line in sirens.ends()]
            assert adapter.of(OPEN) == adapter.of(CLOSE)
            assert [1, 1, 1, 1] == [len(platform.of("start")), len(platform.of("stop")), len(sirens.starts()), len(adapter.of(OPEN))]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)
