"""The screen of an endpoint: paper, voice, and what is claimed of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo import Evidence, Outcome, Reached, Scope, Transient, Unknown
from fenghuo_narrowband import ScreenSettings
from fenghuo_narrowband.screen import SPEAKER, ScreenChannel
from tests.plugins.narrowband_fakes import FakeContext, FakeJob
from tests.scale import PATIENCE_S


def screen(**settings: object) -> ScreenChannel:
    return ScreenChannel(FakeContext(ScreenSettings(**settings)))  # type: ignore[arg-type]  # tests name the fields


async def shown(channel: ScreenChannel, text: str = "请立即转移 #0123") -> Outcome:
    return await channel.send(FakeJob("here", text))


def a_voice(folder: Path) -> None:
    """A speaker that writes down what it was given to say."""
    voice = folder / SPEAKER
    voice.write_text(f'#!/bin/sh\nprintf %s "$4" > {folder}/said\n')
    voice.chmod(0o700)


def read(said: Path) -> str:
    return said.read_text(encoding="utf-8") if said.exists() else ""


async def heard(said: Path) -> str:
    """What the voice was given, as soon as it has said so."""
    async with asyncio.timeout(PATIENCE_S):
        while not (text := await asyncio.to_thread(read, said)):
            await asyncio.sleep(0.01)
    return text


async def test_what_is_in_the_store_is_on_the_screen() -> None:
    """Without paper and voice there is nothing to wait for."""
    assert Reached(Evidence.DEVICE) == await shown(screen())


async def test_each_message_is_a_slip_of_paper(tmp_path: Path) -> None:
    """Number, urgency, time, text, in the order in which they came."""
    printer = screen(printer=str(tmp_path / "paper"))
    await shown(printer, "第一条")
    await shown(printer, "第二条")
    lines = (await heard(tmp_path / "paper")).split("\n")
    assert ("#0123 P0", "第一条", "第二条") == (lines[0][:8], lines[1], lines[4])


async def test_what_was_stopped_prints_nothing(tmp_path: Path) -> None:
    """Nothing leaves after stop(), and everything again after the next start()."""
    printer = screen(printer=str(tmp_path / "paper"))
    await printer.stop(0.0)
    assert Transient(Scope.CHANNEL, "stopped") == await shown(printer)
    assert not (tmp_path / "paper").exists()
    await printer.start()
    assert Reached(Evidence.DEVICE) == await shown(printer)


async def test_a_printer_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    """Nothing was printed, and the message stays due."""
    assert Transient(Scope.CHANNEL, "no-printer") == await shown(screen(printer=str(tmp_path / "no" / "lp0")))


async def test_a_printer_that_fails_leaves_a_doubt(tmp_path: Path) -> None:
    """Half a slip may be out."""
    assert Unknown("printer") == await shown(screen(printer=str(tmp_path)))


async def test_it_is_read_aloud_where_there_is_a_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text goes to the speaker as one argument, whatever is in it."""
    await asyncio.to_thread(a_voice, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    channel = screen(speech=True)
    await channel.start()
    await shown(channel, "--help；请转移")
    assert "--help；请转移" == await heard(tmp_path / "said")
    await channel.stop(0.0)


async def test_without_a_voice_it_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Speech is asked for and not installed: the message is shown all the same."""
    monkeypatch.setenv("PATH", str(tmp_path))
    channel = screen(speech=True)
    await channel.start()
    assert Reached(Evidence.DEVICE) == await shown(channel)
