"""A thousand log-ins a second from a whole network: the duty officer at a console is in within three seconds."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path

import aiohttp
import pytest

from tests.core.service.test_daemon import LEAST, Process, serving

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.soak,
    pytest.mark.may_block("it reads the files of a process of its own"),
    pytest.mark.timeout(180),
]

A_SECOND = 1_000
LASTS_S = 20
WITHIN_S = 3.0
LARGEST_MB = 384
"""MemoryHigh of the unit. Source: security.md §7 and S8."""
PASSWORD = "Tide-table 4711"
TEXT = LEAST + '[web]\nlisten = "0.0.0.0:0"\n[fronts.api]\ntype = "http.api"\n'


async def knock(session: aiohttp.ClientSession, url: str, name: str) -> int:
    """One log-in that fails, whatever comes of it."""
    try:
        async with session.post(f"{url}/api/v1/session", json={"name": name, "password": "guess 4711 guess"}) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


async def flood(url: str, until: float) -> list[int]:
    """From 240 addresses that are no console, at the name of the officer and at names that nobody has."""
    said: list[asyncio.Task[int]] = []
    limit = aiohttp.ClientTimeout(total=10)
    sessions = [
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(f"127.0.0.{place}", 0), limit=8), timeout=limit)
        for place in range(10, 250)
    ]
    turns = itertools.cycle(sessions)
    names = itertools.cycle(("zhang", *(f"nobody{one}" for one in range(9))))
    while time.monotonic() < until:
        began = time.monotonic()
        said += [asyncio.ensure_future(knock(next(turns), url, next(names))) for _ in range(A_SECOND // 10)]
        await asyncio.sleep(max(0.0, 0.1 - (time.monotonic() - began)))
    statuses = await asyncio.gather(*said)
    for session in sessions:
        await session.close()
    return statuses


async def officer(url: str, until: float) -> list[float]:
    """How long each log-in took, one after the other, by the console's own address."""
    took: list[float] = []
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.1", 0), force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        while time.monotonic() < until:
            began = time.monotonic()
            async with session.post(f"{url}/api/v1/session", json={"name": "zhang", "password": PASSWORD}) as answer:
                assert 201 == answer.status
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.5)
    return took


async def enrolled(process: Process) -> str:
    """An officer with a password; where the port is."""
    code = (await process.said()).rpartition(" ")[2]
    await process.ask("ctl", "account.enrol", name="root", code=code, password=PASSWORD)
    made = await process.ask("ctl", "account.add", name="zhang", rights=["operator"])
    await process.ask("ctl", "account.enrol", name="zhang", code=made["code"], password=PASSWORD)
    return f"http://127.0.0.1:{process.ready.partition('web http://')[2].partition(',')[0].rpartition(':')[2]}"


async def test_the_duty_officer_logs_in_during_a_flood(tmp_path: Path) -> None:
    """With passwords hashed at their full cost; and the daemon keeps within its memory."""
    async with serving(tmp_path, TEXT) as process:
        url = await enrolled(process)
        until = time.monotonic() + LASTS_S
        statuses, took = await asyncio.gather(flood(url, until), officer(url, until))
        memory = process.memory_mb()
    counted = {status: statuses.count(status) for status in sorted(set(statuses))}
    slowest_s = max(took)
    of_officer = f"the officer's {len(took)}: {slowest_s:.2f} s at most"
    print(f"{len(statuses)} log-ins in {LASTS_S} s, by status {counted}; {of_officer}; {memory:.0f} MB")
    assert 201 not in counted
    assert slowest_s <= WITHIN_S
    assert memory <= LARGEST_MB
