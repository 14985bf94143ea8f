"""The PIN of a SIM: given once, and never again where it was refused, whatever ends the process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo import AuthFailed
from fenghuo.errors import StoreError
from fenghuo_sms.modem_channel import ModemChannel
from tests.peers.atmodem import AtModem
from tests.plugins.ear import Ear
from tests.plugins.modem_fakes import modem_settings, until_told
from tests.plugins.sms_fakes import FakeContext, FakeNotes
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer


async def test_a_sim_that_asks_is_given_its_pin_once(tmp_path: Path) -> None:
    """From the file; a wrong one would lock it."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(pin="1234")
        await modem.unplug()
        await modem.plug()
        ctx = FakeContext(modem_settings(modem, pin_file="pin"), password="1234")
        channel = ModemChannel(ctx)
        await channel.start()
        ear = Ear(channel)
        await until_told(ctx, up=True)
        assert 1 == sum(command.startswith("AT+CPIN=") for command in modem.commands)
        await channel.stop(ctx.clock.monotonic() + 1.0)
        await ear.end()


async def test_a_pin_that_was_refused_is_given_no_second_time(tmp_path: Path) -> None:
    """Not in the next life either: three wrong ones lock a SIM. Another one in the file is given again."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(pin="1234")
        await modem.unplug()
        await modem.plug()
        notes = FakeNotes()
        for says in ("the SIM refused the PIN", "the SIM is not ready"):
            channel = ModemChannel(FakeContext(modem_settings(modem, pin_file="pin"), password="0000", notes=notes))
            with pytest.raises(AuthFailed, match=says):
                await channel.start()
            await channel.stop(0.0)
        assert 1 == sum(command.startswith("AT+CPIN=") for command in modem.commands)
        assert "0000" not in str(notes.values)
        channel = ModemChannel(FakeContext(modem_settings(modem, pin_file="pin"), password="1234", notes=notes))
        await channel.start()
        await channel.stop(0.0)


def pins(modem: AtModem) -> int:
    return sum(command.startswith("AT+CPIN=") for command in modem.commands)


async def test_a_refused_pin_is_noted_before_anything_else_so_that_sudden_deaths_lock_no_sim(tmp_path: Path) -> None:
    """Beside a modem that opens; nothing of stop() is waited for."""
    async with AtModem(tmp_path / "good") as good, AtModem(tmp_path / "bad") as bad:
        await bad.behave(pin="1234")
        await bad.unplug()
        await bad.plug()
        notes, lives = FakeNotes(), list[ModemChannel]()
        for _ in range(3):
            ctx = FakeContext(modem_settings(good, bad, pin_file="pin"), password="0000", notes=notes.as_it_stands())
            lives.append(ModemChannel(ctx))
            await lives[-1].start()
            notes = ctx.notes.as_it_stands()  # what the next life finds, had this one died here
            await lives[-1].stop(0.0)
        assert 1 == pins(bad)


async def test_a_line_whose_refusal_cannot_be_kept_is_not_opened_again_until_it_is(tmp_path: Path) -> None:
    """The disk is full when the SIM says no: the other modem carries on, and the note is tried first at every turn."""
    async with AtModem(tmp_path / "good") as good, AtModem(tmp_path / "bad") as bad:
        await bad.behave(pin="1234")
        await bad.unplug()
        await bad.plug()
        notes = FakeNotes()
        notes.full_for = str(bad.link)
        ctx = FakeContext(modem_settings(good, bad, pin_file="pin"), password="0000", notes=notes)
        channel = ModemChannel(ctx)
        await channel.start()
        await until_told(ctx, up=True, reason="that cannot be noted")
        openings = sum(command == "AT+CPIN?" for command in bad.commands)
        tries = notes.refusals
        async with asyncio.timeout(PATIENCE_S):
            while notes.refusals < tries + 3:
                await asyncio.sleep(0.01)
        assert (openings, 1) == (sum(command == "AT+CPIN?" for command in bad.commands), pins(bad))
        notes.full_for = ""
        await until_told(ctx, up=True, reason="the SIM is not ready")
        assert 1 == pins(bad)
        assert f"serial {bad.link}" in notes.values
        await channel.stop(0.0)


async def test_no_pin_is_given_where_its_refusal_could_not_be_kept(tmp_path: Path) -> None:
    """A channel that starts anew again and again would lock the SIM."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(pin="1234")
        await modem.unplug()
        await modem.plug()
        notes = FakeNotes()
        notes.full_for = "given"
        channel = ModemChannel(FakeContext(modem_settings(modem, pin_file="pin"), password="0000", notes=notes))
        with pytest.raises(StoreError):
            await channel.start()
        assert 0 == pins(modem)


async def test_a_locked_sim_waits_for_a_person(tmp_path: Path) -> None:
    """Without a PIN to give nothing is guessed."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(pin="1234")
        await modem.unplug()
        await modem.plug()
        channel = ModemChannel(FakeContext(modem_settings(modem)))
        with pytest.raises(AuthFailed, match="SIM PIN"):
            await channel.start()
        await channel.stop(0.0)
