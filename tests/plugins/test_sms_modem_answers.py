"""What comes in over modems: kept before it is taken off, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo import Evidence, InboundKind
from fenghuo_adapters.pdu_framing import deliver_pdu
from fenghuo_adapters.short_message_framing import split
from tests.peers.atmodem import AtModem
from tests.plugins.modem_fakes import answers, reports, started
from tests.plugins.sms_fakes import FakeJob
from tests.plugins.test_sms_modem_channel import NUMBER, ORDER, SENDER

pytestmark = pytest.mark.peer


async def test_an_answer_is_taken_off_the_modem_only_when_it_is_kept(tmp_path: Path) -> None:
    """The text of a telephone stays where it is until ack(), and is told once."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, poll_s=0.1) as (_, _ctx, ear):
        ear.deaf = True
        await modem.message(SENDER, "收到，已组织转移32户")
        await ear.until(lambda heard: len(answers(heard)) == 1)
        looks = sum(command.startswith("AT+CMGL") for command in modem.commands)
        await modem.wait_for(lambda: sum(command.startswith("AT+CMGL") for command in modem.commands) > looks + 2)
        assert ([], 1) == (modem.deleted, len(answers(ear.heard)))
        (answer,) = answers(ear.heard)
        assert (SENDER, "收到，已组织转移32户") == (answer.address, answer.text)
        await answer.ack()
        await modem.wait_for(lambda: len(modem.deleted) == 1)


async def test_a_long_answer_is_joined_and_all_its_parts_are_taken_off(tmp_path: Path) -> None:
    """Parts as libgammu writes them."""
    text = "收到，已组织转移" * 20
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (_, _ctx, ear):
        await modem.message(SENDER, text)
        await ear.until(lambda heard: len(answers(heard)) == 1)
        assert text == answers(ear.heard)[0].text
        await modem.wait_for(lambda: len(modem.deleted) == 3)


def parts_of(text: str) -> list[str]:
    """The PDUs of an answer, as a centre sends them."""
    coding, parts = split(text, 9)
    return [deliver_pdu(SENDER, coding, part, at=1_795_514_700.0).digits for part in parts]


async def test_a_long_answer_is_whole_for_the_next_process_too(tmp_path: Path) -> None:
    """Its first part stays in the modem, for the process may die before the second comes; it is told once, and then all is taken off."""
    text = "收到，已组织转移" * 12
    first, second = parts_of(text)
    async with AtModem(tmp_path / "modem") as modem:
        async with started(modem, poll_s=0.1) as (_, _ctx, ear):
            looks = modem.commands.count("AT+CMGL=4")
            await modem.raw(first)
            await modem.wait_for(lambda: modem.commands.count("AT+CMGL=4") > looks + 2)
            assert ([], []) == (modem.deleted, ear.heard)
        await modem.raw(second)
        async with started(modem, poll_s=0.1) as (_, _ctx, ear):
            await ear.until(lambda heard: len(heard) == 1)
            await modem.wait_for(lambda: sorted(modem.deleted) == sorted((first, second)))
            assert [(InboundKind.ANSWER, text)] == [(one.kind, one.text) for one in ear.heard]


async def test_a_long_answer_that_is_not_stored_is_confirmed_part_by_part(tmp_path: Path) -> None:
    """A modem that hands over waits for +CNMA before the next one."""
    text = "收到，已组织转移" * 12
    async with AtModem(tmp_path / "modem") as modem, started(modem, notices="AT+CNMI=2,2,0,1,0") as (_, _ctx, ear):
        for digits in parts_of(text):
            await modem.raw(digits)
        await ear.until(lambda heard: len(answers(heard)) == 1)
        assert text == answers(ear.heard)[0].text
        await modem.wait_for(lambda: 2 == modem.commands.count("AT+CNMA"))


async def test_what_came_while_nobody_was_there_is_read_at_the_start(tmp_path: Path) -> None:
    """By AT+CMGL, whatever was announced to nobody."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.message(SENDER, "收到")
        async with started(modem) as (_, _ctx, ear):
            await ear.until(lambda heard: len(answers(heard)) == 1)
            await modem.wait_for(lambda: len(modem.deleted) == 1)


async def test_a_modem_that_stores_no_reports_hands_them_over(tmp_path: Path) -> None:
    """+CDS with its PDU; confirmed with +CNMA after the commit, since +CSMS=1 was taken."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(no_store=True)
        async with started(modem) as (channel, _, ear):
            await channel.send(FakeJob(NUMBER, ORDER))
            await ear.until(lambda heard: len(reports(heard)) == 1)
            assert Evidence.DEVICE == reports(ear.heard)[0].level
            await modem.wait_for(lambda: "AT+CNMA" in modem.commands)


async def test_a_modem_that_stores_nothing_hands_answers_over_too(tmp_path: Path) -> None:
    """+CMT with its PDU, where the settings ask for that."""
    async with AtModem(tmp_path / "modem") as modem, started(modem, notices="AT+CNMI=2,2,0,1,0") as (_, _ctx, ear):
        await modem.message(SENDER, "收到")
        await ear.until(lambda heard: len(answers(heard)) == 1)
        assert (SENDER, "收到") == (answers(ear.heard)[0].address, answers(ear.heard)[0].text)
        await modem.wait_for(lambda: "AT+CNMA" in modem.commands)
        assert [] == modem.deleted
