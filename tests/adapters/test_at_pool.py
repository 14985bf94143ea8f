from __future__ import annotations

import asyncio

import pytest

from fenghuo.errors import LinkTimeout
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.at_modem import NotReadyToSend
from fenghuo_adapters.at_pool import BrokenOff, Text
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


LONG = "青龙河水位已超警戒线，请红旗镇群众立即转移。" * 7
OTHERS = ("+8613800138001", "+8613800138002")


def test_a_text_that_is_cut_off_tells_what_was_taken_before() -> None:
    """The modem is gone in the second of three parts: the first has its reference and its moment, and the whole has not left."""

    async def scenario() -> None:
        async with Air() as air, air.pool() as pool, pool.place(within_s=1.0) as place:
            air.sends_in_s = 2.0
            asyncio.get_running_loop().call_later(3.0, air.drop)
            with pytest.raises(BrokenOff) as raised:
                await place.submit(text(LONG), "a", timeout_s=60.0)
            sent = raised.value.sent
            assert ((1,), 3, True) == (sent.references, sent.parts, raised.value.may_have_left)
            now = asyncio.get_running_loop().time()
            assert [(1, EPOCH - 1.0)] == [(reference, round(at, 1)) for reference, at in sent.taken_by(EPOCH, now)]

    on_virtual_time(scenario())


def test_a_number_that_is_refused_without_a_reason_never_costs_the_modem() -> None:
    """However often: it is the number's, and the next order to another goes out. Three numbers in a row are the modem's own fault."""

    async def scenario() -> None:
        async with Air() as air, air.pool() as pool:

            async def refused(number: str, times: int) -> None:
                air.modem.refusals = [500] * times
                for _ in range(times):
                    async with pool.place(within_s=60.0) as place:
                        assert "cms-500" == (await place.submit(text(to=number), "a", timeout_s=60.0)).code

            await refused(NUMBER, 9)
            await refused(OTHERS[0], 9)
            assert [(True, "registered")] == air.told
            await refused(OTHERS[1], 1)
            await asyncio.sleep(60.0)
            assert ({False}, True) == ({up for up, _ in air.told[1:-1]}, air.told[-1][0])
            assert "submissions to 3 numbers in a row were refused without a reason" in air.told[1][1]

    on_virtual_time(scenario())


def test_a_signal_that_is_not_known_is_no_bad_one() -> None:
    """+CSQ: 99,99 is said by modems that are registered and send; zero is no signal."""

    async def scenario() -> None:
        async with Air() as air, air.pool(poll_s=1.0) as pool:
            air.modem.answers["AT+CSQ"] = "+CSQ: 99,99"
            await asyncio.sleep(5.0)
            assert [(True, "registered")] == air.told
            async with pool.place(within_s=1.0) as place:
                assert (await place.submit(text(), "a", timeout_s=60.0)).is_complete
            air.modem.answers["AT+CSQ"] = "+CSQ: 0,99"
            await asyncio.sleep(5.0)
            assert (False, "signal 0 is below 1") == air.told[-1]

    on_virtual_time(scenario())


def test_what_a_network_brought_twice_leaves_no_place_full() -> None:
    """The same octets lie at two places: each is emptied when it is acknowledged, and neither is told again."""

    async def scenario() -> None:
        async with Air() as air, air.pool() as pool:
            for _ in range(2):
                air.modem.store(answer("收到"))
            arrivals = [await pool.receive() for _ in range(2)]
            for arrival in arrivals:
                assert isinstance(arrival, Arrival)
                arrival.acknowledge()
            await asyncio.sleep(1.0)
            assert 2 == air.emptied
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(pool.receive(), 200.0)

    on_virtual_time(scenario())
