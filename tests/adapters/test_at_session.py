from __future__ import annotations

import asyncio

import pytest

from fenghuo.errors import LinkBroken, LinkTimeout
from fenghuo_adapters.at_framing import Stored
from fenghuo_adapters.at_session import AtRefused, LateReference, OutOfStep, Registration
from fenghuo_adapters.pdu_framing import Encoded, Submit, submit_pdu
from fenghuo_adapters.short_message_framing import split
from tests.adapters.modem_air import BAD, Air, on_virtual_time

NUMBER = "+8613800138000"


def pdu(text: str = "转移", to: str = NUMBER) -> Encoded:
    coding, parts = split(text, 1)
    return submit_pdu(Submit(destination=to, coding=coding, part=parts[0]))


def test_a_command_has_its_lines() -> None:
    """Those between the command and OK."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, _):
            assert ("+CSQ: 23,99",) == await session.command("AT+CSQ", within_s=1.0)

    on_virtual_time(scenario())


def test_a_submission_has_its_reference() -> None:
    """One each, counted by the modem."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, _):
            assert [1, 2] == [await session.submit(pdu(), prompt_s=1.0, within_s=1.0) for _ in range(2)]
            assert [(NUMBER, "转移")] * 2 == air.sent

    on_virtual_time(scenario())


def test_a_refusal_is_an_error_of_that_command_alone() -> None:
    """The next one is answered as ever."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, _):
            with pytest.raises(AtRefused, match=r"AT\+CMGS was answered with cms-1"):
                await session.submit(pdu(to=BAD), prompt_s=1.0, within_s=1.0)
            assert 1 == await session.submit(pdu(), prompt_s=1.0, within_s=1.0)

    on_virtual_time(scenario())


def test_after_a_timeout_nobody_takes_the_late_answer_for_his_own() -> None:
    """Out of step: refused at once and unwritten, until resync() has seen the answer of its own query."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, _):
            air.answers_in_s = 3.0
            with pytest.raises(LinkTimeout, match=r"did not answer AT\+CIMI within 1 s"):
                await session.command("AT+CIMI", within_s=1.0)
            written = len(air.commands)
            with pytest.raises(OutOfStep):
                await session.command("AT+CSQ", within_s=1.0)
            assert written == len(air.commands)
            await session.resync("AT+CMEE?", within_s=10.0, tries=1)
            air.answers_in_s = 0.0
            assert ("+CSQ: 23,99",) == await session.command("AT+CSQ", within_s=1.0)

    on_virtual_time(scenario())


def test_an_answer_to_a_submission_that_was_given_up_is_told_as_late() -> None:
    """With its reference, while the line is brought in step."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, news):
            air.sends_in_s = air.answers_in_s = 2.0
            with pytest.raises(LinkTimeout):
                await session.submit(pdu(), prompt_s=5.0, within_s=1.0)
            await session.resync("AT+CMEE?", within_s=10.0, tries=1)
            assert [LateReference(1)] == news

    on_virtual_time(scenario())


def test_an_arrival_in_the_middle_of_a_command_is_told() -> None:
    """And the command has its answer all the same."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, news):
            air.answers_in_s = 1.0
            asking = asyncio.create_task(session.command("AT+CIMI", within_s=5.0))
            await asyncio.sleep(0.5)
            air.modem.store("00")
            assert ("460001234567890",) == await asking
            await asyncio.sleep(1.0)
            assert [Stored("SM", 1)] == news

    on_virtual_time(scenario())


def test_a_line_that_breaks_ends_whoever_waits() -> None:
    """At once, not by the deadline."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, _):
            air.is_mute = True
            asking = asyncio.create_task(session.command("AT+CIMI", within_s=60.0))
            await asyncio.sleep(0.1)
            air.drop()
            with pytest.raises(LinkBroken):
                await asking
            assert 1.0 > asyncio.get_running_loop().time()

    on_virtual_time(scenario())


def test_a_pin_is_in_no_error() -> None:
    """Neither when it is refused nor when nobody answers."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, _):
            air.is_mute = True
            with pytest.raises(LinkTimeout, match=r"AT\+CPIN=…") as silent:
                await session.command("AT+CPIN=8472", within_s=1.0)
            assert "8472" not in str(silent.value)

    on_virtual_time(scenario())


@pytest.mark.parametrize(
    ("asked", "answer"), [("AT+CSQ", ("+CSQ: 23,99",)), ("AT+CEREG?", ("+CEREG: 0,1",)), ("AT+CREG?", ("+CREG: 0,1",))]
)
def test_a_change_told_in_the_midst_of_a_command_is_no_part_of_its_answer(asked: str, answer: tuple[str, ...]) -> None:
    """Nor is it lost: the network goes between a question and its OK as often as at any other time."""

    async def scenario() -> None:
        async with Air() as air, air.session() as (session, news):
            air.modem.answers[asked] = "\r\n".join((answer[0], "+CREG: 0"))
            assert answer == await session.command(asked, within_s=1.0)
            assert [Registration(0)] == news

    on_virtual_time(scenario())
