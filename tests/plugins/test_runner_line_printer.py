"""A printer that takes nothing, takes a part, or hangs: what is said of it, what it costs, and that nothing comes out afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fenghuo import Evidence, ProbeBudget, Reached, Scope, Transient, Unknown
from fenghuo_adapters.device_thread import is_at_work
from tests.plugins.test_runner_channel import OUT, job, sent, settings, started
from tests.scale import TIMEOUT_SCALE

PATIENCE_S = 40.0 * TIMEOUT_SCALE
NO_PRINTER = Transient(Scope.CHANNEL, "no-printer")


class Pipe:
    """A printer's buffer that nobody empties, `free` octets short of full."""

    def __init__(self, path: Path, *, free: int = 0) -> None:
        os.mkfifo(path)
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"#" * 4096)
        os.close(writer)
        if free:
            os.read(self._reader, free)  # whole pages: a pipe gives back no less

    def emptied(self) -> bytes:
        """What a printer that is back prints, without the filling."""
        found = b""
        with contextlib.suppress(BlockingIOError):
            while octets := os.read(self._reader, 1 << 20):
                found += octets
        return found.strip(b"#")

    def close(self) -> None:
        os.close(self._reader)


@contextlib.contextmanager
def pipe(path: Path, *, free: int = 0) -> Iterator[Pipe]:
    made = Pipe(path, free=free)
    try:
        yield made
    finally:
        made.close()


def lines_at(path: Path, **more: Any) -> dict[str, Any]:
    return {"out_folder": "", "printer_path": str(path), "print_s": 0.1, **more}


async def test_a_printer_that_takes_nothing_holds_nobody_up(tmp_path: Path) -> None:
    """Twenty sheets later everybody still gets a thread, and after the end not one of them comes out."""
    with pipe(tmp_path / "lp0") as printer:
        channel = await started(settings(tmp_path, **lines_at(tmp_path / "lp0", print_s=0.02)))
        assert [NO_PRINTER] * 20 == [await sent(channel) for _ in range(20)]
        async with asyncio.timeout(PATIENCE_S):
            assert 7 == await asyncio.to_thread(int, "7")
        await channel.stop(0)
        assert b"" == printer.emptied()
        await asyncio.sleep(0.1)  # a thread left behind would write as soon as there is room
        assert b"" == printer.emptied()
        assert not is_at_work(str(tmp_path / "lp0"))


async def test_a_sheet_that_the_core_gives_up_is_taken_back(tmp_path: Path) -> None:
    """Before its time is over: the next one finds the printer free."""
    with pipe(tmp_path / "lp0") as printer:
        channel = await started(settings(tmp_path, **lines_at(tmp_path / "lp0", print_s=600.0)))
        sending = asyncio.create_task(sent(channel))
        async with asyncio.timeout(PATIENCE_S):
            while not is_at_work(str(tmp_path / "lp0")):
                await asyncio.sleep(0.005)
        sending.cancel()
        await asyncio.wait([sending])
        assert b"" == printer.emptied()
        assert OUT == await sent(channel)
        assert 1 == printer.emptied().decode().count("任务：")


async def test_a_sheet_that_is_half_out_is_a_doubt_and_stays_half(tmp_path: Path) -> None:
    """Whatever room there is afterwards."""
    with pipe(tmp_path / "lp0", free=4096) as printer:
        channel = await started(settings(tmp_path, households_file="houses", **lines_at(tmp_path / "lp0")), houses=HOUSES)
        assert Unknown("printer") == await sent(channel)
        await channel.stop(0)
        assert 0 < len(printer.emptied()) <= 4096
        assert b"" == printer.emptied()


HOUSES = "place,household,people,note\n" + "".join(f"洪泾村,张三{number},3,行动不便\n" for number in range(200))


async def test_a_stop_cuts_a_sheet_off(tmp_path: Path) -> None:
    """At once, and whoever waited for it hears that nothing is out."""
    with pipe(tmp_path / "lp0") as printer:
        channel = await started(settings(tmp_path, **lines_at(tmp_path / "lp0", print_s=600.0)))
        sending = asyncio.create_task(sent(channel))
        async with asyncio.timeout(PATIENCE_S):
            while not is_at_work(str(tmp_path / "lp0")):
                await asyncio.sleep(0.005)
            await channel.stop(0)
            assert NO_PRINTER == await sending
        assert b"" == printer.emptied()


async def test_a_stop_ends_the_command(tmp_path: Path) -> None:
    """It would print on behind a desk that is closed."""
    script = 'touch "$0.begun"; sleep 0.5; cat > "$0"'
    command = ("sh", "-c", script, str(tmp_path / "printed"))
    channel = await started(settings(tmp_path, out_folder="", command=command))
    sending = asyncio.create_task(sent(channel))
    async with asyncio.timeout(PATIENCE_S):
        while not (tmp_path / "printed.begun").exists():
            await asyncio.sleep(0.005)
        await channel.stop(0)
        assert Unknown("printer") == await sending
    assert not (tmp_path / "printed").exists()


async def test_a_printer_that_nobody_reads_has_got_nothing(tmp_path: Path) -> None:
    """Certainly: it cannot even be opened. Beside a folder that has the sheet it is a doubt all the same."""
    os.mkfifo(tmp_path / "lp0")
    assert NO_PRINTER == await sent(await started(settings(tmp_path, **lines_at(tmp_path / "lp0"))))
    beside = settings(tmp_path, printer_path=str(tmp_path / "lp0"))
    assert Unknown("printer") == await sent(await started(beside))


class Driver:
    """Hangs in open() of one path until it is let go."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free, self.opened, self._path, self._open = threading.Event(), 0, str(path), os.open
        monkeypatch.setattr(os, "open", self)

    def __call__(self, path: Any, *args: Any, **more: Any) -> int:
        if path == self._path:
            self.opened += 1
            self.free.wait(PATIENCE_S)
        return self._open(path, *args, **more)


async def test_a_driver_that_hangs_in_open_costs_one_thread_and_takes_no_further_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after a new start of the channel either; when it is back, the sheets that were given up stay given up."""
    lp0 = tmp_path / "lp0"
    driver = Driver(lp0, monkeypatch)
    channel = await started(settings(tmp_path, **lines_at(lp0)))
    assert NO_PRINTER == await sent(channel)
    waits = job()
    assert (NO_PRINTER, 0) == (await channel.send(waits), waits.begun)
    probed = await channel.probe(ProbeBudget())
    assert (False, f"printer_path {lp0} still holds an earlier sheet and does not answer") == (probed.answered, probed.detail)
    await channel.stop(0)
    again = await started(settings(tmp_path, **lines_at(lp0)))
    assert NO_PRINTER == await sent(again)
    assert 1 == driver.opened
    driver.free.set()
    async with asyncio.timeout(PATIENCE_S):
        while is_at_work(str(lp0)):
            await asyncio.sleep(0.005)
    assert "" == lp0.read_text()
    assert Evidence.ACCEPTED == (await reached(again)).level
    assert 1 == lp0.read_text().count("任务：")


async def reached(channel: Any) -> Reached:
    outcome = await sent(channel)
    assert isinstance(outcome, Reached)
    return outcome


async def test_what_the_roll_takes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write may take less than it was given."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, octets: write(descriptor, octets[:100]))
    assert OUT == await sent(await started(settings(tmp_path, **lines_at(tmp_path / "roll", print_s=5.0))))
    assert (tmp_path / "roll").read_text().endswith("-" * 32 + "\n")


async def test_a_sheet_that_is_cut_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle of it."""
    write, room = os.write, [100]

    def full(descriptor: int, octets: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken, room[0] = write(descriptor, octets[: room[0]]), 0
        return taken

    monkeypatch.setattr(os, "write", full)
    assert Unknown("printer") == await sent(await started(settings(tmp_path, **lines_at(tmp_path / "roll"))))
