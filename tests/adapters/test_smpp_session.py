from __future__ import annotations

import asyncio

import pytest

from fenghuo.errors import LinkTimeout
from fenghuo_adapters import smpp_session
from fenghuo_adapters.smpp_framing import Command
from tests.adapters.smpp_script import Far, answering, arrival, bound_line, deliver_octets, scripted, silent, submit
from tests.scale import PATIENCE_S, TIMEOUT_SCALE


async def test_the_far_side_unbinds_and_the_line_comes_back() -> None:
    """Our unbind_resp goes out, the loss is told once, and the line binds again."""
    answers: list[int] = []

    async def leaving(far: Far, number: int) -> None:
        await far.accept_bind()
        if number == 0:
            far.send(b"\0\0\0\x10\0\0\0\x06\0\0\0\0\0\0\0\x07")
            answers.append((await far.next()).command)
        await far.next()

    async with scripted(leaving) as port, bound_line(port) as (_, told):
        await told.until(lambda words: words == ["bound", "lost: the far end unbound", "bound"])
    assert [Command.UNBIND_RESP] == answers


async def test_a_dead_line_is_noticed_within_two_intervals() -> None:
    """Nothing comes back, nothing is closed: after one quiet interval we ask, after two we leave."""
    async with scripted(silent) as port, bound_line(port, enquire_link_s=0.3) as (_, told):
        began = asyncio.get_running_loop().time()
        await told.until(lambda words: "lost: no answer to enquire_link" in words)
        assert 0.6 + 0.6 * TIMEOUT_SCALE > asyncio.get_running_loop().time() - began


async def test_a_living_line_is_kept() -> None:
    """Answers to enquire_link keep the session over many intervals."""
    async with scripted(answering) as port, bound_line(port, enquire_link_s=0.6) as (line, told):
        await asyncio.sleep(2.6)  # four intervals: the statement is that nothing happens
        assert ["bound"] == told.words
        assert await line.enquire(timeout_s=PATIENCE_S) >= 0.0


async def test_octets_that_do_not_hold_together_end_nothing() -> None:
    """A torn deliver_sm arrives without fields, an unknown command gets a nack, and the next message is read."""

    async def hostile(far: Far, number: int) -> None:
        await far.accept_bind()
        far.send(b"\0\0\0\x12\0\0\0\x05\0\0\0\0\0\0\0\x01ab")
        far.send(b"\0\0\0\x10\0\0\x01\x11\0\0\0\0\0\0\0\x02")
        far.send(b"\0\0\0\x10\x80\0\0\x04\0\0\0\0\0\0\x99\x99")
        far.send(deliver_octets(3, b"OK"))
        await far.next(Command.UNBIND)

    async with scripted(hostile) as port, bound_line(port) as (line, told):
        assert (await arrival(line)).delivered is None
        found = (await arrival(line)).delivered
        assert found is not None
        assert (b"OK", ["bound"]) == (found.user_data, told.words)


async def test_a_lost_frame_boundary_ends_the_session() -> None:
    """A length that cannot be: the only cure is a new connection."""

    async def garbage(far: Far, number: int) -> None:
        await far.accept_bind()
        if number == 0:
            far.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await far.next()

    async with scripted(garbage) as port, bound_line(port) as (_, told):
        await told.until(lambda words: words.count("bound") == 2)
        assert told.words[1].startswith("lost: not SMPP any more")


async def test_an_unanswered_submission_puts_the_line_under_suspicion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half open: nobody waits for the next enquire_link; we ask at once, and leave when nothing is heard."""
    monkeypatch.setattr(smpp_session, "SUSPECT_S", 0.1)
    async with scripted(silent) as port, bound_line(port) as (line, told):
        with pytest.raises(LinkTimeout):
            await submit(line, timeout_s=0.05)
        await told.until(lambda words: "lost: no answer to enquire_link" in words)
