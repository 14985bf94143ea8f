from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from fenghuo.errors import LinkBroken, LinkClosed, LinkTimeout
from fenghuo_adapters import smpp_line
from fenghuo_adapters.smpp_framing import Command
from fenghuo_adapters.smpp_line import BindRefused, BrokenOff, Late, NotWritten, SmppLine, Submitted
from tests.adapters.smpp_script import (
    SETTINGS,
    TO,
    Far,
    Told,
    answering,
    arrival,
    bound_line,
    deliver_octets,
    response,
    scripted,
    silent,
    submit,
)
from tests.scale import PATIENCE_S


async def test_each_part_has_its_id() -> None:
    """A text of three parts is complete with three ids, in order."""
    async with scripted(answering) as port, bound_line(port) as (line, _):
        assert Submitted(("1", "2", "3"), 0, 3) == await submit(line, "火" * 200)


async def test_a_refused_bind_says_its_status() -> None:
    """open() raises and the line may be opened again."""

    async def refusing(far: Far, number: int) -> None:
        await far.accept_bind(status=0 if number else 0x0E)
        await far.next()

    async with scripted(refusing) as port:
        line: SmppLine[str] = SmppLine(msgspec.structs.replace(SETTINGS, port=port), Told(), random.Random(1))
        with pytest.raises(BindRefused, match="refused the bind with status 0x0E"):
            await line.open()
        await line.open()
        assert line.is_bound
        await line.close(timeout_s=0.1)


async def test_without_a_session_nothing_is_written() -> None:
    """A slot on a line that was never bound raises before anything is prepared."""
    line: SmppLine[str] = SmppLine(SETTINGS, Told(), random.Random(1))
    with pytest.raises(NotWritten, match="not bound yet"):
        async with line.slot(within_s=1.0):
            raise AssertionError


async def test_nobody_listening_is_a_broken_link() -> None:
    """A refused connection is told with its cause."""
    async with scripted(silent) as port:
        pass
    line: SmppLine[str] = SmppLine(msgspec.structs.replace(SETTINGS, port=port), Told(), random.Random(1))
    with pytest.raises(LinkBroken, match="no connection to"):
        await line.open()


async def test_a_reset_in_mid_window_breaks_what_is_unanswered_and_nothing_is_sent_again() -> None:
    """Answered ones keep their answer, the others raise LinkBroken, and the next session starts empty."""
    seen: list[int] = []

    async def resetting(far: Far, number: int) -> None:
        await far.accept_bind()
        while True:
            pdu = await far.next(Command.SUBMIT_SM)
            seen.append(number)
            if len(seen) == 1:
                far.send(response(pdu, body=b"first\0"))
            elif len(seen) == 4:
                far.reset()

    async with scripted(resetting) as port, bound_line(port) as (line, told):
        first = await submit(line)
        results = await asyncio.gather(*(submit(line) for _ in range(3)), return_exceptions=True)
        await told.until(lambda words: words.count("bound") == 2)
        assert ("first",) == first.ids
        assert [LinkBroken] * 3 == [type(result) for result in results]
        assert [0] * 4 == seen


async def test_an_unanswered_submission_raises_and_its_late_answer_is_told() -> None:
    """LinkTimeout first; then the answer with the key of the attempt."""
    held: list[bytes] = []
    asked = asyncio.Event()

    async def late(far: Far, number: int) -> None:
        await far.accept_bind()
        held.append(response(await far.next(Command.SUBMIT_SM), body=b"slow\0"))
        far.send(response(await far.next(Command.ENQUIRE_LINK), body=b""))
        await asked.wait()
        far.send(held[0])
        await far.next()

    async with scripted(late) as port, bound_line(port) as (line, _):
        with pytest.raises(LinkTimeout):
            await submit(line, key="token-1", timeout_s=0.05)
        asked.set()
        async with asyncio.timeout(PATIENCE_S):
            item = await line.receive()
        assert isinstance(item, Late)
        assert ("token-1", Submitted(("slow",), 0, 1)) == (item.correlation, item.submitted)


async def test_a_cancelled_submission_is_told_late_too() -> None:
    """The core gave up; the answer still comes in."""
    taken = asyncio.Event()
    go_on = asyncio.Event()

    async def late(far: Far, number: int) -> None:
        await far.accept_bind()
        pdu = await far.next(Command.SUBMIT_SM)
        taken.set()
        await go_on.wait()
        far.send(response(pdu, body=b"x\0"))
        await far.next()

    async with scripted(late) as port, bound_line(port) as (line, _):
        task = asyncio.create_task(submit(line, key="token-2"))
        await taken.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        async with asyncio.timeout(PATIENCE_S):
            assert isinstance(await line.receive(), Late)


async def test_a_first_part_refused_is_a_refusal_of_all() -> None:
    """Nothing more is written: the text is certainly unsent."""
    seen: list[int] = []

    async def refusing(far: Far, number: int) -> None:
        await far.accept_bind()
        while True:
            pdu = await far.next(Command.SUBMIT_SM)
            seen.append(pdu.sequence)
            far.send(response(pdu, status=0x58, body=b""))

    async with scripted(refusing) as port, bound_line(port) as (line, _):
        assert Submitted((), 0x58, 2) == await submit(line, "火" * 100)
        assert 1 == len(seen)


async def test_a_turn_that_raises_ends_the_text_between_two_parts() -> None:
    """It is awaited before each part: what was taken stays taken, and nothing more is written."""
    asked: list[int] = []

    async def turn() -> None:
        asked.append(len(asked))
        if len(asked) == 2:
            raise InterruptedError("withdrawn")

    async with scripted(answering) as port, bound_line(port) as (line, _):
        async with line.slot(within_s=2.0) as slot:
            with pytest.raises(InterruptedError, match="withdrawn"):
                await slot.submit("火" * 200, TO, "k", timeout_s=2.0, turn=turn)
        assert Submitted(("2",), 0, 1) == await submit(line)  # the centre had counted one


async def test_a_later_part_refused_for_the_moment_is_offered_again() -> None:
    """The second part is throttled once and then taken: one message, two ids."""
    count = 0

    async def throttling(far: Far, number: int) -> None:
        nonlocal count
        await far.accept_bind()
        while True:
            pdu = await far.next(Command.SUBMIT_SM)
            count += 1
            far.send(response(pdu, status=0x58, body=b"") if count == 2 else response(pdu, body=b"%d\0" % count))

    async with scripted(throttling) as port, bound_line(port) as (line, _):
        assert Submitted(("1", "3"), 0, 2) == await submit(line, "火" * 100)


async def test_the_window_is_never_exceeded() -> None:
    """With a window of two, the third submission waits for a place before it is written."""
    under_way = 0
    most = 0

    async def counting(far: Far, number: int) -> None:
        nonlocal under_way, most
        await far.accept_bind()
        while True:
            pdu = await far.next(Command.SUBMIT_SM)
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            far.send(response(pdu, body=b"1\0"))

    async with scripted(counting) as port, bound_line(port, window=2) as (line, _):
        await asyncio.gather(*(submit(line) for _ in range(20)))
    assert most <= 2


async def test_a_full_window_is_not_waited_for_for_ever() -> None:
    """No place in time: certainly not written."""
    async with scripted(silent) as port, bound_line(port, window=1) as (line, _), line.slot(within_s=1.0):
        with pytest.raises(NotWritten, match="no place in the window"):
            async with line.slot(within_s=0.05):
                raise AssertionError


async def test_an_arrival_is_acknowledged_only_when_told_to() -> None:
    """No deliver_sm_resp before acknowledge(), one after it."""
    acknowledged: list[int] = []
    told = asyncio.Event()

    async def delivering(far: Far, number: int) -> None:
        await far.accept_bind()
        far.send(deliver_octets(41, b"OK"))
        far.send(b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x08")
        acknowledged.append((await far.next()).command)  # our enquire_link_resp comes first: nothing was acknowledged yet
        acknowledged.append((await far.next()).sequence)
        told.set()
        await far.next()

    async with scripted(delivering) as port, bound_line(port) as (line, _):
        came = await arrival(line)
        async with asyncio.timeout(PATIENCE_S):
            while not acknowledged:
                await asyncio.sleep(0.005)
        came.acknowledge()
        await asyncio.wait_for(told.wait(), PATIENCE_S)
    assert [Command.ENQUIRE_LINK_RESP, 41] == acknowledged


async def test_close_ends_what_is_under_way_and_nothing_leaves_afterwards() -> None:
    """LinkClosed for the unanswered, silence for late acknowledgements, None for the reader."""
    async with scripted(silent) as port, bound_line(port) as (line, _):
        task = asyncio.create_task(submit(line))
        await asyncio.sleep(0.05)
        await line.close(timeout_s=0.1)
        with pytest.raises(LinkClosed):
            await task
        assert await line.receive() is None
        with pytest.raises(NotWritten, match="closed by us"):
            await submit(line)


async def test_too_many_arrivals_are_asked_to_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has an end: the centre keeps what we cannot take yet (ESME_RX_T_APPN)."""
    monkeypatch.setattr(smpp_line, "MOST_ARRIVALS", 1)
    refused: list[tuple[int, int]] = []
    told = asyncio.Event()

    async def flooding(far: Far, number: int) -> None:
        await far.accept_bind()
        far.send(deliver_octets(1, b"a") + deliver_octets(2, b"b"))
        pdu = await far.next(Command.DELIVER_SM_RESP)
        refused.append((pdu.sequence, pdu.status))
        told.set()
        await far.next()

    async with scripted(flooding) as port, bound_line(port):
        await asyncio.wait_for(told.wait(), PATIENCE_S)
    assert [(2, 0x64)] == refused


async def test_an_agreed_rate_is_kept() -> None:
    """Fifty a second: eleven submissions take at least ten gaps of 20 ms."""
    async with scripted(answering) as port, bound_line(port, per_s=50.0) as (line, _):
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(submit(line) for _ in range(11)))
        assert 0.19 <= asyncio.get_running_loop().time() - began


async def test_a_later_part_on_a_lost_line_tells_what_was_taken_before() -> None:
    """The first part was taken, so the text is not certainly unsent; its id is told, and that there was another one."""

    async def leaving(far: Far, number: int) -> None:
        await far.accept_bind()
        if number == 0:
            far.send(response(await far.next(Command.SUBMIT_SM), body=b"1\0"))
            far.reset()
        await far.next()

    async with scripted(leaving) as port, bound_line(port) as (line, _):
        with pytest.raises(BrokenOff) as raised:
            await submit(line, "火" * 100)
        assert Submitted(("1",), 0, 2) == raised.value.submitted
