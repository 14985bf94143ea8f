from __future__ import annotations

import asyncio

from fenghuo_adapters.at_far_air import FarAir
from tests.adapters.modem_air import on_virtual_time


def test_a_submission_is_answered_when_it_has_been_on_the_air() -> None:
    """Everything else at once; its seconds are counted."""

    async def scenario() -> None:
        said: list[bytes] = []
        air = FarAir(2.0)
        air.put(said.append, b"\r\n+CMGS: 1\r\n")
        air.put(said.append, b"\r\n+CSQ: 23,99\r\n")
        assert ([b"\r\n+CSQ: 23,99\r\n"], 0.0) == (said, air.on_air_s)
        await asyncio.sleep(2.5)
        assert ([b"\r\n+CSQ: 23,99\r\n", b"\r\n+CMGS: 1\r\n"], 2.0) == (said, round(air.on_air_s, 3))

    on_virtual_time(scenario())
