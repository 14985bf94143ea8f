"""The sensors of power: a line to upsd on virtual time, and a made folder of the kernel's."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from fenghuo import LinkError, Observation, Sensor
from fenghuo.clock import Clock, SystemClock
from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.nut_line import NutLine
from fenghuo_power import NutSettings, SupplySettings, fenghuo_sensor_types
from tests.scale import PATIENCE_S

MAINS = b'VAR cabinet ups.status "OL"\nVAR cabinet battery.charge "100"\n'
LIST = b"BEGIN LIST VAR cabinet\n%sEND LIST VAR cabinet\n"


@dataclass
class Told:
    """A sensor's context that keeps what it is told."""

    settings: msgspec.Struct
    name: str = "ups"
    clock: Clock = field(default_factory=SystemClock)
    log: Any = field(default_factory=lambda: structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.BoundLogger))
    seen: list[Observation] = field(default_factory=list)

    def observe(self, observation: Observation) -> None:
        self.seen.append(observation)

    def saw(self, what: str, value: object) -> bool:
        """Whether this was observed."""
        return any((one.what, one.value) == (what, value) for one in self.seen)

    def states(self) -> list[str]:
        """The states so far, each turn of them once."""
        states = [str(one.value) for one in self.seen if one.what == "power.state"]
        return [state for place, state in enumerate(states) if place == 0 or states[place - 1] != state]


def made(told: Told, kind: str) -> Sensor:
    return next(one for one in fenghuo_sensor_types() if one.id == kind).factory(told)


class Scripted:
    """An upsd on virtual time that answers the next list with the next of `answers`, and then with the last for ever; None: silence,
    b"": the end of the connection."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is not None:
                writer.write(answer)
            if answer is not None and not answer.endswith(b"\n"):
                break
        writer.close()


def on_loopback(upsd: Scripted, work: Callable[[int], Awaitable[None]]) -> None:
    async def life() -> None:
        server = await asyncio.start_server(upsd.serve, port=0)
        try:
            await work(server.sockets[0].getsockname()[1])
        finally:
            server.close()

    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        runner.run(life())


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ((b"ERR DATA-STALE\n",), "ERR DATA-STALE"),
        ((b"ERR DRIVER-NOT-CONNECTED\n",), "ERR DRIVER-NOT-CONNECTED"),
        ((b"ERR UNKNOWN-UPS\n",), "ERR UNKNOWN-UPS"),
        ((b"",), "Connection closed"),
        ((b"BEGIN LIST VAR cabinet\nVAR cabinet ups.st",), "bytes read"),
        ((b"HTTP/1.1 400 Bad Request\n",), "Unexpected response"),
        ((LIST % 'VAR cabinet ups.id "机房"\n'.encode(),), "ascii"),
        ((None,), "no answer within 5 s"),
    ],
)
def test_what_upsd_cannot_say_is_one_error_with_a_sentence(answers: tuple[bytes | None, ...], says: str) -> None:
    """And the next question is asked on a connection of its own: nothing of the failed answer is in the way."""
    upsd = Scripted(*answers)

    async def work(port: int) -> None:
        line = NutLine("127.0.0.1", port, timeout_s=5.0)
        with pytest.raises(LinkError, match=rf"^upsd at 127\.0\.0\.1:{port}: .*{says}"):
            await line.variables("cabinet")
        upsd.answers = [LIST % MAINS]
        assert {"ups.status": "OL", "battery.charge": "100"} == await line.variables("cabinet")
        line.close()

    on_loopback(upsd, work)


def test_on_battery_it_is_asked_ever_more_seldom_and_each_word_holds_until_the_next() -> None:
    """Every 5 s at first and every 180 s after three hours, which take some 280 looks and not 2,160; mains end that."""
    upsd = Scripted(LIST % MAINS.replace(b"OL", b"OB"))

    async def work(port: int) -> None:
        time = asyncio.get_running_loop().time
        told = Told(NutSettings(ups="cabinet", port=port), clock=SystemClock(wall=time, monotonic=time))
        running = asyncio.create_task(made(told, "power.nut").run())
        await asyncio.sleep(3 * 3600.0)
        looks = [one for one in told.seen if one.what == "power.state"]
        waits = [after.observed_at - before.observed_at for before, after in itertools.pairwise(looks)]
        assert 5.0 == pytest.approx(waits[0], abs=0.1)
        assert 170.0 <= waits[-1] <= 180.0
        assert 240 <= len(looks) <= 320
        assert all(before.stale_after_s >= wait + 9.0 for before, wait in zip(looks, waits, strict=False))
        upsd.answers = [LIST % MAINS]
        await asyncio.sleep(300.0)
        last = [one.observed_at for one in told.seen if one.what == "power.state"][-2:]
        assert 5.0 == pytest.approx(last[1] - last[0], abs=0.1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    on_loopback(upsd, work)


def test_what_is_lost_is_told_once_and_comes_back_by_itself() -> None:
    """From mains through three stale answers and a silence to mains: one line in the log for the loss, one for the return."""
    stale = b"ERR DATA-STALE\n"
    upsd = Scripted(LIST % MAINS, stale, stale, None, stale, LIST % MAINS)

    async def work(port: int) -> None:
        told = Told(NutSettings(ups="cabinet", port=port))
        running = asyncio.create_task(made(told, "power.nut").run())
        await asyncio.sleep(120.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert ["mains", "unknown", "mains"] == told.states()

    with capture_logs() as logs:
        on_loopback(upsd, work)
    assert ["a power source cannot be read", "a power source is read again"] == [line["event"] for line in logs]


async def test_the_kernels_folder_is_read_as_it_changes(tmp_path: Path) -> None:
    """The plug is pulled, the battery runs low, the folder goes and comes back; what a driver leaves out is not there."""
    plug, cell = tmp_path / "supply" / "AC", tmp_path / "supply" / "BAT0"
    for folder, attributes in ((plug, {"type": "Mains", "online": "1"}), (cell, {"type": "Battery", "status": "Full", "capacity": "100"})):
        folder.mkdir(parents=True)
        for name, text in attributes.items():
            (folder / name).write_text(f"{text}\n")
    told = Told(SupplySettings(path=str(tmp_path / "supply"), period_s=0.1, timeout_s=60.0))
    running = asyncio.create_task(made(told, "power.supply").run())

    async def until(state: str, what: str = "power.state", says: object = None) -> None:
        """Until a reading ends in this state, and has had this since it began to."""
        told.seen.clear()
        async with asyncio.timeout(PATIENCE_S):
            while not told.saw("power.state", state) or (says is not None and not told.saw(what, says)):
                await asyncio.sleep(0.02)

    await until("mains")
    (plug / "online").write_text("0\n")
    (cell / "time_to_empty_now").write_text("5400\n")
    (cell / "status").write_text("Discharging\n")
    await until("battery", "power.runtime", 5400.0)
    (tmp_path / "supply").rename(tmp_path / "gone")
    gone = f"{tmp_path}/supply: [Errno 2] No such file or directory: '{tmp_path}/supply'"
    await until("unknown", "power.cause", gone)
    (tmp_path / "gone").rename(tmp_path / "supply")
    await until("battery")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"ups": "cabinet", "period_s": 20.0}, "stale_after_s = 15 is not longer than period_s = 20: .* write 60"),
        ({"ups": "a b"}, "ups"),
        ({}, "ups"),
        ({"ups": "cabinet", "port": 0}, "port"),
    ],
)
def test_bad_settings_get_a_sentence(settings: dict[str, object], says: str) -> None:
    """That names the key, and what would be right."""
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(settings, NutSettings)
