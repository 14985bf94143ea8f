from __future__ import annotations

import asyncio

import pytest

from fenghuo.errors import LinkTimeout
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.at_modem import NotReadyToSend
from fenghuo_adapters.at_pool import Text
from fenghuo_adapters.pdu_framing import deliver_pdu
from fenghuo_adapters.short_message_framing import split
from tests.adapters.modem_air import BAD, EPOCH, Air, on_virtual_time

NUMBER = "+8613800138000"


def text(words: str = "转移", to: str = NUMBER) -> Text:
    return Text(destination=to, text=words, validity_s=3600)


def answer(words: str) -> str:
    coding, parts = split(words, 1)
    return deliver_pdu(NUMBER, coding, parts[0], at=EPOCH).digits


def test_one_modem_serves_one_text_at_a_time() -> None:
    """Whoever comes second waits for its place, and gives up before anything is written."""

    async def scenario() -> None:
        async with Air() as air, air.pool() as pool, pool.place(within_s=1.0):
            with pytest.raises(NotReadyToSend, match="no modem came free in time"):
                async with pool.place(within_s=5.0):
                    raise AssertionError("two at a time")
            assert [] == air.sent

    on_virtual_time(scenario())


def test_what_is_not_acknowledged_is_handed_on_again_after_a_minute() -> None:
    """Whoever took it could not keep it; until then once is enough, and nothing is emptied."""

    async def scenario() -> None:
        async with Air() as air, air.pool() as pool:
            air.modem.store(answer("收到"))
            first = await pool.receive()
            began = asyncio.get_running_loop().time()
            second = await pool.receive()
            assert isinstance(first, Arrival)
            assert isinstance(second, Arrival)
            assert first.content == second.content
            assert asyncio.get_running_loop().time() - began >= 60.0
            assert 0 == air.emptied
            second.acknowledge()
            first.acknowledge()
            await asyncio.sleep(1.0)
            assert 1 == air.emptied

    on_virtual_time(scenario())


def test_a_place_is_emptied_once_for_what_was_read_there() -> None:
    """It is listed once more while its acknowledgement is on the way, and filled again as soon as it is free: the next one is not lost."""

    async def scenario() -> None:
        async with Air() as air, air.pool(poll_s=1.0) as pool:
            air.modem.store(answer("收到"))
            first = await pool.receive()
            air.answers_in_s, air.on_emptied = 0.2, [answer("已到")]
            looks = air.commands.count("AT+CMGL=4")
            while air.commands.count("AT+CMGL=4") == looks:
                await asyncio.sleep(0.01)
            assert isinstance(first, Arrival)
            first.acknowledge()
            second = await pool.receive()
            assert isinstance(second, Arrival)
            assert "已到" == second.content.text  # type: ignore[union-attr]  # it is a message
            second.acknowledge()
            await asyncio.sleep(5.0)
            assert (2, 2) == (air.emptied, sum(command.startswith("AT+CMGD=") for command in air.commands))

    on_virtual_time(scenario())


def test_what_was_acknowledged_while_the_modem_was_away_is_emptied_and_not_told_again() -> None:
    """The place is found full when it is back, and what is in it is known."""

    async def scenario() -> None:
        async with Air() as air, air.pool() as pool:
            air.modem.store(answer("收到"))
            first = await pool.receive()
            assert isinstance(first, Arrival)
            air.drop()
            first.acknowledge()
            await asyncio.sleep(10.0)
            assert 1 == air.emptied
            air.modem.store(answer("已到"))
            second = await pool.receive()
            assert isinstance(second, Arrival)
            assert "已到" == second.content.text  # type: ignore[union-attr]  # it is a message

    on_virtual_time(scenario())


def test_a_modem_that_finds_no_network_is_restarted() -> None:
    """After the time that its settings give it, and not before; numbers it refuses have nothing to do with it."""

    async def scenario() -> None:
        async with Air() as air, air.pool(unregistered_reset_s=600.0) as pool:
            async with pool.place(within_s=1.0) as place:
                sent = await place.submit(text(to=BAD), "a", timeout_s=60.0)
            assert "cms-1" == sent.code
            air.modem.answers["AT+CREG?"] = air.modem.answers["AT+CEREG?"] = "+CREG: 0,2"
            await asyncio.sleep(500.0)
            assert "AT+CFUN=1,1" not in air.commands
            await asyncio.sleep(200.0)
            assert 1 == air.commands.count("AT+CFUN=1,1")
            assert (False, True) == (air.told[-1][0], any("not registered" in reason for _, reason in air.told))

    on_virtual_time(scenario())


def test_one_network_that_is_lost_is_no_loss_while_another_is_left() -> None:
    """A telephone that falls back from LTE says +CEREG: 0, and is registered all the same."""

    async def scenario() -> None:
        async with Air() as air, air.pool() as pool:
            assert {"AT+CREG=1", "AT+CEREG=1"} <= set(air.commands)
            air.modem.answers["AT+CEREG?"] = "+CEREG: 1,0"
            air.say(b"\r\n+CEREG: 0\r\n")
            await asyncio.sleep(5.0)
            assert [(True, "registered")] == air.told
            air.modem.answers["AT+CREG?"] = "+CREG: 1,0"
            air.say(b"\r\n+CREG: 0\r\n")
            await asyncio.sleep(1.0)
            assert (False, "not registered (stat 0)") == air.told[-1]
            with pytest.raises(NotReadyToSend):
                async with pool.place(within_s=1.0):
                    raise AssertionError("without a network")

    on_virtual_time(scenario())


def test_a_modem_that_hangs_is_restarted_and_comes_back() -> None:
    """Three times AT, then the reset command; a late answer of the time before is told to nobody."""

    async def scenario() -> None:
        async with Air() as air, air.pool(send_s=5.0) as pool:
            async with pool.place(within_s=1.0) as place:
                air.hangs = True
                with pytest.raises(LinkTimeout):
                    await place.submit(text(), "a", timeout_s=60.0)
            await asyncio.sleep(60.0)
            assert "AT+CFUN=1,1" in air.commands
            air.is_mute = air.hangs = False
            await asyncio.sleep(60.0)
            assert (True, "registered") == air.told[-1]
            async with pool.place(within_s=1.0) as place:
                assert (await place.submit(text("下一条"), "b", timeout_s=60.0)).is_complete

    on_virtual_time(scenario())
