"""A far end's modem behind a serial server, as its hosts and whoever examines them see it, on virtual time."""

from __future__ import annotations

import asyncio

from fenghuo.rig.kit.loopback import LoopbackLoop
from fenghuo_adapters.at_far_line import FarLine


def test_what_comes_in_is_told_to_each_host_that_is_there() -> None:
    """Two hosts: both hear of a report's place, and of what is garbled; of the one that has gone nothing is left."""
    heard: list[bytes] = []

    async def scenario() -> int:
        line = FarLine(lambda *_: None, lambda: None, lambda: 1_795_514_700.0, bad_number="", part_s=0.1)
        server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        hosts = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _, writer in hosts:
            writer.write(b"AT\r")
        await asyncio.sleep(0.01)
        line.say("report", "+8613800138000", 7)
        line.say("unknown", "+8613800138000", 7)
        line.say("mangled", "+8613800138000", 7)
        await asyncio.sleep(0.01)
        heard.extend([await reader.read(512) for reader, _ in hosts])
        hosts[0][1].close()
        await asyncio.sleep(0.01)
        left = len(line.modem.hosts)
        hosts[1][1].close()
        await asyncio.sleep(0.01)
        server.close()
        return left

    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        assert 1 == runner.run(scenario())
    assert [3, 3] == [octets.count(b'"SM",') for octets in heard]
