"""Fenghuo as a subject of the comparison: HTTP in, durable, out by the webhook channel to the sink."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import IO

from bench.http_subject import HttpSubject

__all__ = ["Own"]

RECIPIENTS = 512
"""Deliveries to one recipient go one after the other; a node has many recipients."""
TOKEN = "bench-0123456789abcdef0123456789abcdef"
PADDING = "火警：人民路12号三层起火，请立即出动。" * 16
URL = re.compile(r"web http://127\.0\.0\.1:(\d+)")
SETTINGS = """[node]
name = "bench"
state = "state"
rules = "rules.toml"
directory = "people"
[web]
listen = "127.0.0.1:0"
[fronts.api]
type = "http.api"
[tokens.bench]
file = "bench.token"
rights = ["operator", "source"]
[channels.hook]
type = "http.webhook"
risk_groups = ["ip"]
[channels.hook.settings]
url = "http://127.0.0.1:{port}/hook"
concurrency = 64
"""
RULES = """[ladders.hook]
[[ladders.hook.rungs]]
channels = ["hook"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed", split = "person" }
needed = "ACCEPTED"
deadline_s = 300
ladder = "hook"
"""


class Own(HttpSubject):
    """The daemon as a process of its own on free ports, with the settings above."""

    name = "fenghuo"
    start_s = 0.0

    async def _started(self, log: IO[bytes]) -> int:
        self._write(self._sink.port)
        began = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fenghuo",
            "serve",
            "--config",
            str(self._folder / "fenghuo.toml"),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            line = (await self._process.stdout.readline()).decode()
        self.start_s = time.monotonic() - began
        found = URL.search(line)
        if found is None:
            raise RuntimeError(f"the daemon did not start: {line} {Path(log.name).read_text()[-1000:]}")
        return int(found.group(1))

    async def _send(self, number: int) -> bool:
        order = {"to": [f"r{number % RECIPIENTS}"], "text": f"fh{number}x {PADDING}", "priority": "P2", "kind": "Dispatch"}
        return await self._post("/api/v1/messages", order, f"Authorization: Bearer {TOKEN}") == 202

    def _write(self, port: int) -> None:
        people = self._folder / "people"
        people.mkdir(parents=True)
        numbers = range(RECIPIENTS)
        files = {
            "orgs.csv": ["id,name,kind,level,parent,area", "o,示例中心,centre,3,,mca:320585"],
            "roles.csv": ["id,name", "informant,灾害信息员"],
            "areas.csv": ["ref,name,level,parent,same_as,population,lat,lon", "mca:320585,太仓市,county,,,,,"],
            "persons.csv": ["id,name,org,roles,areas,deputy", *(f"r{n},示例{n},o,informant,mca:320585," for n in numbers)],
            "contacts.csv": ["owner,kind,address,rank,proven_at", *(f"r{n},url,http://127.0.0.1:{port}/{n},1," for n in numbers)],
        }
        for name, lines in files.items():
            (people / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self._folder / "rules.toml").write_text(RULES, encoding="utf-8")
        token = self._folder / "bench.token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        (self._folder / "fenghuo.toml").write_text(SETTINGS.format(port=port), encoding="utf-8")
