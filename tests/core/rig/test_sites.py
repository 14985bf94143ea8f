"""The simulated bearer and its channel, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fenghuo.rig.sites import Sent, Sites, SitesSettings, Told
from tests.scale import PATIENCE_S


@contextlib.asynccontextmanager
async def served(folder: Path, settings: SitesSettings) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    path = folder / "bearer.sock"
    task = asyncio.create_task(Sites(settings).serve(path))
    async with asyncio.timeout(PATIENCE_S):
        while not path.exists():
            await asyncio.sleep(0.005)
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield reader, writer
    finally:
        writer.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told(reader: asyncio.StreamReader) -> Told:
    async with asyncio.timeout(PATIENCE_S):
        return msgspec.json.decode(await reader.readline(), type=Told)


async def test_a_text_is_accepted_confirmed_and_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everyone confirms and everyone answers with the number of the message; what arrived is one line on stdout."""
    async with served(tmp_path, SitesSettings(latency_s=0.001, answers=1.0, answer_s=0.001)) as (reader, writer):
        writer.write(msgspec.json.encode(Sent("t/1", "+86138", "到岗 #0017")) + b"\n")
        assert [Told("accepted", "t/1"), Told("receipt", "t/1", "+86138"), Told("answer", "t/1", "+86138", "收到#0017")] == [
            await told(reader) for _ in range(3)
        ]
    assert Sent("t/1", "+86138", "到岗 #0017") == msgspec.json.decode(capsys.readouterr().out, type=Sent)


async def test_a_device_that_is_off_confirms_nothing(tmp_path: Path) -> None:
    """Accepted is all that the bearer can say."""
    async with served(tmp_path, SitesSettings(latency_s=0.0, share=0.0)) as (reader, writer):
        for n in (1, 2):
            writer.write(msgspec.json.encode(Sent(f"t/{n}", "+86138", "到岗")) + b"\n")
        assert [Told("accepted", "t/1"), Told("accepted", "t/2")] == [await told(reader) for _ in range(2)]
