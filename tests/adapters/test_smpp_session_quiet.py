"""A quiet session looks at its clock as often as it has to, and no more."""

from __future__ import annotations

import asyncio

from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.smpp_session import SmppSession, open_session
from tests.adapters.smpp_script import Far, response

SESSIONS = 200
STEPS_EACH = 100


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    far = Far(reader, writer)
    while True:
        far.send(response(await far._any(), body=b"SMSC\0"))


async def _quiet_for_a_while() -> None:
    server = await asyncio.start_server(_served, "127.0.0.1", 0)
    sessions: list[SmppSession] = []
    for _ in range(SESSIONS):
        await asyncio.sleep(0.0137)
        port = server.sockets[0].getsockname()[1]
        session = await open_session("127.0.0.1", port, deliver=lambda *come: None, enquire_link_s=2.0, timeout_s=1.0)
        await session.bind("fenghuo", "lab", "", timeout_s=1.0)
        sessions.append(session)
    await asyncio.sleep(5.0)
    assert all(session.is_open for session in sessions)
    for session in sessions:
        session.end("over")
    server.close()
    await asyncio.sleep(0.1)


async def _served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await _answered(reader, writer)
    except (EOFError, ConnectionError):
        writer.close()


def test_no_quiet_session_looks_in_a_hot_loop() -> None:
    """Whenever it was last heard, the rest of its interval never rounds to a wait of nothing, over and over."""
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, LoopbackLoop)

        async def within() -> None:
            waiting = asyncio.ensure_future(_quiet_for_a_while())
            while not waiting.done():
                assert loop.steps < SESSIONS * STEPS_EACH
                await asyncio.sleep(0.01)
            await waiting

        runner.run(within())
