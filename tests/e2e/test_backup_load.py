"""Copies of the store while a thousand messages a second are taken and handed on, and what is restored from them, row by row."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path

import pytest

from bench.own import Own
from bench.pump import MARK, Volley
from fenghuo.store.disk import DATABASE
from tests.core.store.row_by_row import TURNED_BACK, rows_of

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.soak, pytest.mark.alone, pytest.mark.may_block, pytest.mark.timeout(600)]

COUNT, RATE, COPIES = 10_000, 1_000.0, 3
KEPT = ("message", "idempotency", "rendition", "receipt")
"""What is written once: a row of the copy stands in the store as it stood then."""


async def fenghuo(*words: str) -> str:
    command = (sys.executable, "-m", "fenghuo", *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    said, _ = await process.communicate()
    assert 0 == process.returncode, said.decode()
    return said.decode()


def numbers_in(rows: list[tuple[object, ...]]) -> set[int]:
    """Which messages of the load these rows hold."""
    return {int(number) for row in rows for field in row if isinstance(field, bytes) for number in re.findall(MARK, field)}


async def test_a_backup_beside_a_thousand_a_second_is_one_moment_and_comes_back_whole(tmp_path: Path) -> None:
    """Whatever was acknowledged before a copy was asked for is in it, and of what comes meanwhile nothing is refused or lost."""
    folder = tmp_path / "node"
    folder.mkdir()
    own = Own(folder)
    await own.start()
    try:
        config = str(folder / "fenghuo.toml")
        load = asyncio.create_task(own.volley(1, COUNT, in_flight=128, rate=RATE))
        asked: list[float] = []
        for number in range(COPIES):
            await asyncio.sleep(COUNT / RATE / (COPIES + 1))
            asked.append(time.monotonic())
            await fenghuo("--config", config, "db", "backup", str(tmp_path / f"copy-{number}.sqlite"))
        volley: Volley = await load
    finally:
        await own.stop()
    assert COUNT == len(volley.acked)
    print(f"n={COUNT} taken {volley.accepted_a_second:.0f}/s, ack p50 {volley.ack_ms():.1f} p99 {volley.ack_ms(0.99):.1f} ms")
    assert asked[-1] < max(volley.acked.values())
    now = await asyncio.to_thread(rows_of, folder / "state" / DATABASE)
    assert volley.acked.keys() <= numbers_in(now["message"])
    for number, at in enumerate(asked):
        copy, again = tmp_path / f"copy-{number}.sqlite", tmp_path / f"again-{number}"
        again.mkdir(mode=0o700)
        await fenghuo("db", "restore", str(copy), "--state", str(again))
        saved, restored = await asyncio.to_thread(rows_of, copy), await asyncio.to_thread(rows_of, again / DATABASE)
        changed = {name for name in saved if saved[name] != restored[name]} - TURNED_BACK
        assert changed <= {"audit", "event"}, changed
        assert all(set(saved[name]) <= set(restored[name]) for name in changed)  # the restore itself is told, and is no change
        before = {n for n, acked in volley.acked.items() if acked < at}
        held = numbers_in(saved["message"])
        print(f"copy {number}: {len(before)} were acknowledged, {len(held)} messages, {sum(map(len, saved.values()))} rows in it")
        assert before <= held
        assert [] == [name for name in (*KEPT, "event") if not set(saved[name]) <= set(now[name])]
        assert '"ok": true' in await fenghuo("db", "fsck", "--state", str(again), "--json")
