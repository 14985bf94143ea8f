from __future__ import annotations

import asyncio

from fenghuo.rig.kit.line import Line, State


async def test_a_line_waits_for_its_port() -> None:
    """While it refused, somebody else was given the port for a moment: it is there again as soon as that one has gone."""
    line = Line(9, slow_s=0.0)
    await line.start()
    port = line.port
    await line.set(State.REFUSED)
    squatter = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
    opening = asyncio.create_task(line.set(State.OPEN))
    await asyncio.sleep(0.1)
    assert not opening.done()
    squatter.close()
    await squatter.wait_closed()
    await opening
    assert port == line.port
    await line.stop()
