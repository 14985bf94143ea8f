"""`fenghuo route explain` and `route lint` on the settings that ship: the demo as it stands, and the example of a centre."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fenghuo.rig.stamping import restamped
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

CONFIG = Path(__file__).parents[2] / "config"
SECRETS = ("met.token", "duty.token", "signer-a.token", "signer-b.token", "sms-a.password")


@asynccontextmanager
async def serving(folder: Path, name: str, more_rules: str = "") -> AsyncIterator[Path]:
    """A daemon on a copy of the shipped settings, with a free web port and secrets of its own; the settings file."""
    shutil.copytree(CONFIG, folder / "config")
    settings = folder / "config" / name
    (folder / "config/secrets").mkdir(mode=0o700)
    for secret in SECRETS:
        path = folder / "config/secrets" / secret
        path.write_text("lab" if secret.endswith("password") else f"{secret}-0123456789abcdef0123456789abcdef")
        path.chmod(0o600)
    with (folder / "config/demo-rules.toml").open("a", encoding="utf-8") as rules:
        rules.write(more_rules)
    settings.write_text(settings.read_text(encoding="utf-8").replace("127.0.0.1:8025", "127.0.0.1:0"), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = await start(folder, "serve", "--config", str(settings), stderr=log.fileno())
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_S):
                assert b"web http" in await process.stdout.readline(), (folder / "log").read_text()[-2000:]
            yield settings
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def start(folder: Path, *words: str, stderr: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "fenghuo", *words)
    return await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=pipe, stderr=stderr, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )


async def fenghuo(settings: Path, *words: str) -> tuple[int | None, Any]:
    """A verb of the command line with --json: its exit code and what it printed."""
    process = await start(settings.parent, *words, "--json", "--config", str(settings))
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert out, err.decode()
    return process.returncode, json.loads(out)


def typhoon(folder: Path) -> Path:
    """The typhoon of the demo, sent now."""
    sample = (CONFIG / "samples/typhoon.xml").read_bytes()
    (folder / "typhoon.xml").write_bytes(restamped(sample, now=datetime.now(UTC), rename=lambda _: b"t-1"))
    return folder / "typhoon.xml"


async def test_the_demo_is_clean_and_explains_its_typhoon(tmp_path: Path) -> None:
    """The demo's rules have no fault, and its typhoon reaches informants and duty officers, nobody left without a way."""
    async with serving(tmp_path, "demo.toml") as settings:
        assert (0, {"faults": []}) == await fenghuo(settings, "route", "lint")
        code, plan = await fenghuo(settings, "route", "explain", str(typhoon(tmp_path)))
        assert (0, [("DEVICE", "P0", 2), ("HUMAN", "P0", 2)]) == (code, [shape(one) for one in plan["objectives"]])
        assert [0, 0] == [one["unreachable"] for one in plan["objectives"]]
        assert min(one["recipients"] for one in plan["objectives"]) >= 10
        assert [["sim-sms"], ["sim-radio"]] == [[way["channel"] for way in rung["channels"]] for rung in plan["objectives"][0]["rungs"]]
        assert (0, []) == await fenghuo(settings, "alert", "ls"), "to explain is not to send"
        await covers_nobody_without_short_messages(settings)


async def test_the_example_centre_is_clean(tmp_path: Path) -> None:
    """The example of a centre starts without its devices, and its rules have no fault on its channels and directory."""
    async with serving(tmp_path, "fenghuo.example.toml") as settings:
        assert (0, {"faults": []}) == await fenghuo(settings, "route", "lint")


async def test_rules_that_cannot_work_are_named(tmp_path: Path) -> None:
    """A rule behind a wider one, and a ladder with a channel nobody has, end `route lint` with 1 and a sentence each."""
    more = """
[ladders.lost]
rungs = [{ channels = ["telepathy"] }]
[[rules]]
name = "late"
match = { kind = ["Alert"], severity = ["Minor"] }
audience = { name = "as addressed" }
ladder = "lost"
"""
    async with serving(tmp_path, "demo.toml", more) as settings:
        code, answer = await fenghuo(settings, "route", "lint")
        assert (1, ["ladder 'lost': no channel is named 'telepathy'"]) == (code, answer["faults"][:1])
        assert any(fault.startswith("rule 'late': is never reached; 'other alerts' before it") for fault in answer["faults"])


async def covers_nobody_without_short_messages(settings: Path) -> None:
    """Of the inventory's channels the demo has short messages alone: without them all 160 villages of the census are listed."""
    code, answer = await fenghuo(settings, "coverage", "--lose", "sms")
    figure = answer["potential"]
    assert (1, 831_113, 0.0, 160) == (code, figure["people"], figure["grouped_pct"], len(figure["uncovered"]))
    assert answer["inventory"]["rows"] == answer["inventory"]["unverified"]


def shape(objective: dict[str, Any]) -> tuple[str, str, int]:
    return objective["needed"], objective["priority"], objective["signatures"]
