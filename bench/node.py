"""The node under the load: its settings, its people, its process. What the comparison and the fan-out share."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["KEY", "Started", "channel", "people_files", "started", "write_node"]

TOKEN = "bench-0123456789abcdef0123456789abcdef"
KEY = f"Authorization: Bearer {TOKEN}"
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
[[authority]]
source = "bench"
urgent_per_min = 100000
[tokens.bench]
file = "bench.token"
rights = ["operator", "source"]
"""
CHANNEL = """[channels.{name}]
type = "{type}"
risk_groups = ["{name}"]
[channels.{name}.settings]
"""
ORDERS = """[ladders.hook]
[[ladders.hook.rungs]]
channels = ["hook"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed", split = "person" }
needed = "ACCEPTED"
ladder = "hook"
"""
AREAS = ("ref,name,level,parent,same_as,population,lat,lon", "mca:320585,太仓市,county,,,,,")


def channel(name: str, kind: str, **settings: str | int) -> str:
    """A channel of the settings file."""
    lines = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in settings.items()]
    return CHANNEL.format(name=name, type=kind) + "\n".join((*lines, ""))


def people_files(count: int, *, areas: Sequence[str] = AREAS) -> dict[str, Sequence[str]]:
    """A directory of `count` informants, `r0` and on, each with a web address; lines by file."""
    return {
        "orgs.csv": ["id,name,kind,level,parent,area", "o,示例中心,centre,3,,mca:320585"],
        "roles.csv": ["id,name", "informant,灾害信息员"],
        "areas.csv": areas,
        "persons.csv": ["id,name,org,roles,areas,deputy", *(f"r{n},示例{n},o,informant,mca:320585," for n in range(count))],
        "contacts.csv": ["owner,kind,address,rank,proven_at", *(f"r{n},url,http://127.0.0.1/{n},1," for n in range(count))],
    }


def write_node(folder: Path, files: Mapping[str, Sequence[str]], *, channels: Sequence[str], rules: str = "") -> None:
    """Everything that a node reads at its start. `rules`: beside the one for orders."""
    people = folder / "people"
    people.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (people / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "rules.toml").write_text(ORDERS + rules, encoding="utf-8")
    token = folder / "bench.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    (folder / "fenghuo.toml").write_text(SETTINGS + "".join(channels), encoding="utf-8")


class Started(NamedTuple):
    """A daemon that is ready. `spawned_at`: monotonic seconds; `start_s`: seconds until it said so; `port`: of its web door."""

    process: asyncio.subprocess.Process
    port: int
    spawned_at: float
    start_s: float


async def started(folder: Path, *, within_s: float = 20.0) -> Started:
    """Start a daemon on what write_node() wrote. Its modules are compiled by its first start, as those of an installed product are."""
    spawned_at = time.monotonic()
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fenghuo", "serve", "--config", str(folder / "fenghuo.toml")),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        )
    assert process.stdout is not None
    async with asyncio.timeout(within_s):
        line = (await process.stdout.readline()).decode()
    start_s = time.monotonic() - spawned_at
    found = URL.search(line)
    if found is None:
        raise RuntimeError(f"the daemon did not start: {line} {(folder / 'log').read_text()[-1000:]}")
    return Started(process, int(found.group(1)), spawned_at, start_s)
