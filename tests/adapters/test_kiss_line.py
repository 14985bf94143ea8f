"""The KISS line over TCP and over a serial device, against whole, dripping, lossy, mute and dying far ends."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from fenghuo.errors import LinkBroken, LinkBusy, LinkClosed, LinkError, LinkTimeout
from fenghuo_adapters.kiss_framing import KissFrame
from fenghuo_adapters.kiss_line import ByteLine, KissLine, Pauses
from fenghuo_adapters.serial_line import SerialLine
from fenghuo_adapters.tcp_line import TcpLine
from tests.peers.pty_bridge import PtyBridge
from tests.peers.tcp_end import FarEnd
from tests.scale import TIMEOUT_SCALE

SOON_S = 40.0 * TIMEOUT_SCALE


@pytest.fixture
async def far() -> AsyncIterator[FarEnd]:
    end = FarEnd()
    await end.start()
    yield end
    await end.stop()


class Watched:
    """A line with everything it said of itself."""

    def __init__(self, driver: ByteLine, **options: float | bytes) -> None:
        self.states: list[tuple[bool, str]] = []
        first_s = float(options.get("first_s", 0.01))
        self.line = KissLine(
            driver,
            on_state=lambda up, reason: self.states.append((up, reason)),
            pauses=Pauses(first_s, 0.1, random.Random(1)),
            greeting=bytes(options.get("greeting", b"")),  # type: ignore[arg-type]  # bytes in every use
            write_s=float(options.get("write_s", 2.0)),
        )

    @property
    def ups(self) -> list[bool]:
        return [up for up, _ in self.states]


@contextlib.asynccontextmanager
async def running(driver: ByteLine, **options: float | bytes) -> AsyncIterator[Watched]:
    watched = Watched(driver, **options)
    await watched.line.start()
    try:
        yield watched
    finally:
        await watched.line.stop()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(SOON_S):
        while not holds():
            await asyncio.sleep(0.005)


async def take(line: KissLine, count: int) -> list[bytes]:
    found: list[bytes] = []
    async with asyncio.timeout(SOON_S):
        async for frame in line.frames():
            found.append(frame.data)
            if len(found) == count:
                break
    return found


async def take_until(line: KissLine, wanted: bytes) -> None:
    async with asyncio.timeout(SOON_S):
        async for frame in line.frames():
            if frame.data == wanted:
                return


async def raises(kind: type[LinkError], doing: Awaitable[object]) -> str:
    with pytest.raises(kind) as caught:
        await doing
    return str(caught.value)


async def test_frames_go_both_ways(far: FarEnd) -> None:
    """What is written arrives whole; what comes is handed over in order."""
    async with running(TcpLine("127.0.0.1", far.port)) as watched:
        await watched.line.write(KissFrame(b"order"))
        await until(lambda: far.taken == b"\xc0\x00order\xc0")
        assert far.writer is not None
        far.writer.write(KissFrame(b"one").encode() + KissFrame(b"two").encode())
        assert [b"one", b"two"] == await take(watched.line, 2)


async def test_a_far_end_that_drips_is_understood(far: FarEnd) -> None:
    """Octet by octet, all 256 values."""
    async with running(TcpLine("127.0.0.1", far.port)) as watched:
        await until(lambda: far.writer)
        assert far.writer is not None
        for octet in KissFrame(bytes(range(256))).encode():
            far.writer.write(bytes((octet,)))
            await far.writer.drain()
            await asyncio.sleep(0)
        assert [bytes(range(256))] == await take(watched.line, 1)


async def test_a_far_end_that_loses_octets_costs_only_its_frames(far: FarEnd) -> None:
    """A lossy serial cable: what arrives whole is understood, whatever was lost before."""
    chance = random.Random(7)
    async with running(TcpLine("127.0.0.1", far.port)) as watched:
        await until(lambda: far.writer)
        assert far.writer is not None
        for _ in range(200):
            far.writer.write(bytes(octet for octet in KissFrame(bytes(range(256))).encode() if chance.random() > 0.02))
        far.writer.write(b"\xc0" + KissFrame(b"whole").encode())
        await take_until(watched.line, b"whole")


async def test_a_lost_line_is_opened_again(far: FarEnd) -> None:
    """Down and up are each said once, with the reason."""
    async with running(TcpLine("127.0.0.1", far.port)) as watched:
        await until(lambda: far.writer)
        far.hang_up()
        await until(lambda: watched.ups == [True, False, True])
        await watched.line.write(KissFrame(b"again"))
        await until(lambda: far.taken.endswith(b"again\xc0"))


async def test_a_far_end_that_is_away_for_a_while_is_asked_with_growing_pauses(far: FarEnd) -> None:
    """Many refusals in a row are no news: the state changes once for each change."""
    async with running(TcpLine("127.0.0.1", far.port)) as watched:
        await until(lambda: far.writer)
        await far.stop()
        await until(lambda: watched.ups == [True, False])
        assert "is down" in await raises(LinkClosed, watched.line.write(KissFrame(b"lost")))
        await asyncio.sleep(0.2)
        assert [True, False] == watched.ups
        await far.start()
        await until(lambda: watched.ups == [True, False, True])


async def test_a_far_end_that_hangs_up_at_once_is_not_dialled_in_a_hot_loop(far: FarEnd) -> None:
    """Pauses grow until the line has held for a while."""
    far.hangs_up_at_once = True
    async with running(TcpLine("127.0.0.1", far.port), first_s=0.1) as watched:
        await asyncio.sleep(1.0)
        assert 4 <= far.connections <= 25
        assert watched.ups[:3] == [True, False, True]


def test_pauses_double_up_to_a_limit_with_jitter() -> None:
    """Half of each pause is left to chance, so that two lines never dial together for long."""
    pauses = Pauses(1.0, 8.0, random.Random(3))
    for most in (1.0, 2.0, 4.0, 8.0, 8.0):
        assert most / 2 <= pauses.next_s() <= most
    pauses.reset()
    assert pauses.next_s() <= 1.0


async def test_the_greeting_is_sent_at_each_opening(far: FarEnd) -> None:
    """A TNC forgets its parameters when it restarts."""
    async with running(TcpLine("127.0.0.1", far.port), greeting=b"\xc0\x01\x1e\xc0") as watched:
        await until(lambda: len(far.taken) == 4)
        far.hang_up()
        await until(lambda: far.taken == b"\xc0\x01\x1e\xc0" * 2)
        assert [True, False, True] == watched.ups


async def test_a_far_end_that_takes_nothing_times_out(far: FarEnd) -> None:
    """The write has a deadline, and the stuck line is given up."""
    far.reads = False
    async with running(TcpLine("127.0.0.1", far.port), write_s=0.2) as watched:

        async def flood() -> None:
            while True:
                await watched.line.write(KissFrame(b"x" * 500))

        async with asyncio.timeout(SOON_S * 3):
            assert "took no octet for 0.2 s" in await raises(LinkTimeout, flood())
        await until(lambda: False in watched.ups)


async def test_dwelling_notices_that_the_line_is_lost(far: FarEnd) -> None:
    """A TNC that dies while it sends leaves the frame in doubt."""
    async with running(TcpLine("127.0.0.1", far.port)) as watched:
        await until(lambda: far.writer)
        await watched.line.dwell(0.01)
        dwelling = asyncio.create_task(watched.line.dwell(30))
        await asyncio.sleep(0)
        far.hang_up()
        assert "was lost while the TNC was sending" in await raises(LinkBroken, dwelling)


async def test_start_says_why_it_cannot(far: FarEnd) -> None:
    """A refused connection is LinkBroken, with the address; nothing keeps running."""
    await far.stop()
    watched = Watched(TcpLine("127.0.0.1", far.port))
    said = await raises(LinkBroken, watched.line.start())
    assert said.startswith(f"tcp 127.0.0.1:{far.port} cannot be opened: ")
    assert [] == watched.states
    await far.start()


async def test_stop_ends_the_frames_and_is_idempotent(far: FarEnd) -> None:
    """Whoever reads comes to an end; no octet leaves afterwards."""
    async with running(TcpLine("127.0.0.1", far.port)) as watched:
        reading = asyncio.create_task(take(watched.line, 1))
        await watched.line.stop()
        await watched.line.stop()
        assert [] == await reading
        await raises(LinkClosed, watched.line.write(KissFrame(b"late")))


async def test_an_idle_line_wakes_nobody(far: FarEnd) -> None:
    """No timer is armed while the line is quiet."""
    async with running(TcpLine("127.0.0.1", far.port)):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.05)
        scheduled = [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]  # asyncio shows its timers nowhere else
        assert [] == scheduled


async def test_a_serial_device_carries_frames(tmp_path: Path) -> None:
    """A pty is a device like any other."""
    async with PtyBridge(tmp_path / "tnc") as cable, running(SerialLine(str(cable.device), 9600)) as watched:
        await watched.line.write(KissFrame(bytes(range(256))))
        await until(lambda: bytes(cable.taken) == KissFrame(bytes(range(256))).encode())
        cable.give(KissFrame(bytes(range(255, -1, -1))).encode())
        assert [bytes(range(255, -1, -1))] == await take(watched.line, 1)


async def test_an_unplugged_device_is_taken_up_again_when_it_is_back(tmp_path: Path) -> None:
    """EIO is a lost line; the same name may be another device tomorrow."""
    async with PtyBridge(tmp_path / "tnc") as cable, running(SerialLine(str(cable.device), 9600)) as watched:
        await cable.unplug()
        await until(lambda: watched.ups == [True, False])
        await asyncio.sleep(0.1)
        await cable.plug()
        await until(lambda: watched.ups == [True, False, True])
        await watched.line.write(KissFrame(b"again"))
        await until(lambda: cable.taken.endswith(b"again\xc0"))


async def test_an_absent_device_is_link_broken(tmp_path: Path) -> None:
    """The sentence is the operator's, not pyserial's."""
    device = tmp_path / "absent"
    watched = Watched(SerialLine(str(device), 9600))
    assert f"serial {device} cannot be opened: no such device" == await raises(LinkBroken, watched.line.start())


async def test_a_device_in_use_is_link_busy(tmp_path: Path) -> None:
    """Two users of one TNC would mix their frames."""
    async with PtyBridge(tmp_path / "tnc") as cable, running(SerialLine(str(cable.device), 9600)):
        second = Watched(SerialLine(str(cable.device), 9600))
        assert f"serial {cable.device} is in use by somebody else" == await raises(LinkBusy, second.line.start())


async def test_what_is_no_device_is_link_broken(tmp_path: Path) -> None:
    """A plain file has no baud rate."""
    plain = tmp_path / "file"
    plain.write_text("")
    await raises(LinkBroken, Watched(SerialLine(str(plain), 9600)).line.start())
