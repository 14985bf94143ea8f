"""Courier, boat and drone: sheets go when somebody takes them along, as many as fit, and nowhere where there is no way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from fenghuo import ChannelContext, Outcome, Reached, Rendition, Scope, Transient, Unknown, Withdrawn
from fenghuo_runner import SheetSettings, capabilities
from fenghuo_runner.channel import SheetChannel
from fenghuo_runner.trips import next_at, trip_at, window
from tests.plugins.narrowband_fakes import FakeClock
from tests.plugins.test_runner_channel import SheetContext, job, settings

WINDOWS = ("07:00-07:30", "23:45-00:15")


def at(text: str) -> float:
    """UTC seconds of a time in China."""
    return datetime.fromisoformat(f"2026-11-26T{text}+08:00").timestamp()


class Notes:
    """A channel's notes, in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def recall(self) -> Notes:
        return self

    async def keep(self, values: dict[str, str]) -> None:
        self.values |= values


class Travels(SheetContext):
    """With a map on which some places have no way."""

    shut: dict[str, str]

    def no_way(self, address: str) -> str:
        return self.shut.get(address, "")


async def boat(folder: Path, now: str, notes: Notes | None = None, **more: object) -> tuple[SheetChannel, FakeClock, Travels]:
    clock = FakeClock()
    clock.now = at(now)
    made = settings(folder, **{"mode": "boat", "windows": WINDOWS, "per_trip": 2, **more})
    context = Travels(made, clock=clock)  # type: ignore[arg-type]  # the fake is of another plugin
    context.files, context.shut, context.notes = {}, {}, notes or Notes()
    channel = SheetChannel(cast(ChannelContext, context))
    await channel.start()
    return channel, clock, context


def test_a_window_is_of_every_day_and_may_go_over_midnight() -> None:
    """In the time of China; the next one is always still to come."""
    windows = [window(text) for text in WINDOWS]
    trips = [trip_at(windows, at(text)) for text in ("07:00:00", "07:29:59", "07:30:00", "23:50:00", "00:10:00")]
    assert ["2026-11-26 07:00", "2026-11-26 07:00", None, "2026-11-26 23:45", "2026-11-25 23:45"] == [one and one.name for one in trips]
    assert (at("07:00:00"), at("23:45:00")) == (next_at(windows, at("06:59:00")), next_at(windows, at("07:00:00")))
    for wrong in ("7-8", "24:00-25:00", "07:60-08:00", "07:00-07:00"):
        with pytest.raises(ValueError, match=f'windows holds "{wrong}"'):
            window(wrong)


async def test_a_sheet_waits_for_the_next_trip_and_for_a_place_on_it(tmp_path: Path) -> None:
    """Two of them fit; the third waits for the evening; how full it is outlives the process; it stands on the sheet."""
    notes = Notes()
    channel, clock, _ = await boat(tmp_path, "06:00:00", notes)
    assert Transient(Scope.WAY, "between-trips", 3_600.0) == await channel.send(job())
    assert 3_600.0 + 1_800.0 == channel.estimate(Rendition("sheet", "", b""), "").latency_q50_s
    assert "takes sheets along 07:00-07:30, 23:45-00:15; not now" == channel.remark()
    clock.now = at("07:10:00")
    assert isinstance(await channel.send(job()), Reached)
    with pytest.raises(Withdrawn):
        await channel.send(job(denied=Withdrawn("cancelled")))  # its place is free again
    assert "takes sheets along 07:00-07:30, 23:45-00:15, 1 of 2 places taken" == channel.remark()
    await channel.stop(clock.monotonic() + 1)
    channel, clock, _ = await boat(tmp_path, "07:20:00", notes)
    assert isinstance(await channel.send(job("香塘村")), Reached)
    full = await channel.send(job("洪泾村"))
    assert Transient(Scope.WAY, "trip-full", at("23:45:00") - at("07:20:00")) == full
    clock.now = at("23:46:00")
    assert isinstance(await channel.send(job("洪泾村")), Reached)
    assert {"trip": "2026-11-26 23:45", "out": "1"} == notes.values
    (sheet,) = {one.read_text("utf-8") for one in (tmp_path / "out").glob("*.txt")}
    assert "运送：船艇 2026-11-26 23:45班" in sheet
    await channel.stop(clock.monotonic() + 1)


async def test_nothing_is_printed_for_a_place_to_which_there_is_no_way(tmp_path: Path) -> None:
    """By what the type declares that it needs; who walks in the village needs none."""
    channel, clock, context = await boat(tmp_path, "07:10:00")
    context.shut["洪泾村"] = "no way by road or water to 沙溪 now"
    outcome: Outcome = await channel.send(job("洪泾村"))
    assert Transient(Scope.WAY, "no-way", 300.0) == outcome
    assert [] == list((tmp_path / "out").iterdir())
    assert not isinstance(await channel.send(job("香塘村")), Transient | Unknown)
    await channel.stop(clock.monotonic() + 1)
    needs = {mode: capabilities(settings(tmp_path, mode=mode)).needs for mode in ("local", "courier", "boat", "drone")}
    assert {"local": (), "courier": ("road",), "boat": ("water",), "drone": ("air",)} == needs
    with pytest.raises(ValueError, match=r"per_trip = 3 counts the sheets of a trip, and there is none; write windows"):
        SheetSettings(out_folder=str(tmp_path), per_trip=3)
