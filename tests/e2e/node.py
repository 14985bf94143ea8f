"""The running daemon as a test sees it: settings in a folder, a process, its doors. Acts from outside only."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from fenghuo.client.socket import Control
from tests.e2e.nursery import Nursery
from tests.scale import TIMEOUT_SCALE
from tests.signals import Process, send

__all__ = ["Node", "NotStarted", "OwnProcess", "Person", "Traced", "orders", "radio", "sms"]

TOKENS = {"source": ["source"], "operator": ["operator", "admin", "viewer"], "anna": ["releaser"], "bert": ["releaser", "operator"]}
URL = re.compile(r"web (http://\S+),")


class NotStarted(AssertionError):
    """The daemon ended before it was ready."""


class Person(msgspec.Struct, frozen=True):
    """Somebody in the directory of the test, with any kind of address."""

    id: str
    msisdn: str = ""
    callsign: str = ""
    deputy: str = ""
    url: str = ""
    place: str = ""
    satphone: str = ""
    screen: str = ""


def sms(port: int, **settings: Any) -> dict[str, Any]:
    """A channel over SMPP to the centre at `port`."""
    base = {"host": "127.0.0.1", "port": port, "system_id": "fenghuo", "password_file": "smsc.password", "source_addr": "1069000001"}
    return {"type": "sms.smpp", "settings": {**base, "reconnect_most_s": 1.0, **settings}}


def radio(port: int, **settings: Any) -> dict[str, Any]:
    """A channel over KISS/TCP to the TNC at `port`: paced at the 38,400 bit/s of the tests' fast modem;
    unpaced a TNC throws away what its queue of 100 frames cannot hold (seen with direwolf)."""
    line = {"host": "127.0.0.1", "port": port, "mycall": "BJ1CMD", "full_duplex": True, "receipt_q95_s": 60.0}
    modem = {"pace": True, "bitrate": 38400.0, "txdelay_ms": 30, "txtail_ms": 30, "persistence": 255}
    base = {**line, **modem}
    return {"type": "radio.kiss", "settings": {**base, **settings}}


def orders(*rungs: str, needed: str = "DEVICE", deadline_s: int = 120, min_risk_groups: int = 1) -> str:
    """Rules under which an order goes to whom it is addressed, by one channel after the other."""
    ladder = "\n".join(f'[[ladders.orders.rungs]]\nchannels = ["{channel}"]' for channel in rungs)
    return f"""
[ladders.orders]
min_risk_groups = {min_risk_groups}
{ladder}
[[rules]]
name = "orders"
match = {{ kind = ["Dispatch"] }}
audience = {{ name = "as addressed" }}
needed = "{needed}"
deadline_s = {deadline_s}
signatures = 0
ladder = "orders"
"""


class Node:
    """`async with Node(folder, channels, persons, rules) as node`: a daemon on free ports, killed at the end."""

    def __init__(
        self, folder: Path, *, channels: Mapping[str, Mapping[str, Any]], persons: Sequence[Person], rules: str, extra: str = ""
    ) -> None:
        self.folder = folder
        self.url = ""
        self.ready_line = ""
        self.log = folder / "daemon.log"
        self.ready_within_s = 40.0
        self._process: Process | None = None
        self._session: aiohttp.ClientSession | None = None
        _write(folder, channels, persons, rules, extra)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """End whatever is left."""
        if self._session is not None:
            await self._session.close()
        await self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self, *, under: Sequence[str] = ()) -> None:
        """Start the daemon and return when it says that it is ready. `under`: a command before it, as strace. Raises: NotStarted."""
        self._process = await self._spawn(under)
        assert self._process.stdout is not None
        async with asyncio.timeout(self.ready_within_s * TIMEOUT_SCALE):
            line = (await self._process.stdout.readline()).decode()
        found = URL.search(line)
        if not found:
            raise NotStarted(f"the daemon did not start: {line} {self.log.read_text()[-2000:]}")
        self.ready_line, self.url = line.strip(), found.group(1)

    async def _spawn(self, under: Sequence[str]) -> Process:
        """A fork where that shows the same."""
        nursery = None if under else Nursery.at_hand()
        if nursery is not None:
            return await nursery.begin(self._words(), self.log)
        return await self._own_process(under)

    def _words(self) -> tuple[str, ...]:
        return ("serve", "--config", str(self.folder / "fenghuo.toml"))

    async def _own_process(self, under: Sequence[str]) -> Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *under,
                sys.executable,
                "-m",
                "fenghuo",
                *self._words(),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""},  # compiled by the first start, for all
            )

    @property
    def is_alive(self) -> bool:
        """Whether the process is still there."""
        return self._process is not None and self._process.returncode is None

    async def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End the daemon by a signal; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        send(process, how)
        async with asyncio.timeout(60 * TIMEOUT_SCALE):
            code = await process.wait()
        if process.stdout is not None:
            await process.stdout.read()
        return code

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    # Doors.

    def token(self, name: str) -> str:
        return (self.folder / f"{name}.token").read_text().strip()

    async def post(self, path: str, body: bytes | Mapping[str, Any], *, who: str = "operator", **headers: str) -> tuple[int, Any]:
        """POST to the API; (status, decoded body). A connection that breaks is status 0: nothing was promised."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256))
        is_json = not isinstance(body, bytes)
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        media = "application/json" if is_json else "application/cap+xml"
        sent = {"Authorization": f"Bearer {self.token(who)}", "Content-Type": media, **headers}
        try:
            async with self._session.post(f"{self.url}{path}", data=raw, headers=sent) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, ConnectionError):
            return 0, None

    async def order(self, to: str | Sequence[str], text: str, *, key: str = "", **fields: Any) -> tuple[int, Any]:
        """Send an order over HTTP."""
        body = {"to": [to] if isinstance(to, str) else list(to), "text": text, **fields}
        return await self.post("/api/v1/messages", body, **({"Idempotency-Key": key} if key else {}))

    async def sign(self, ident: str, who: str, **shown: Any) -> tuple[int, Any]:
        """Look at what waits, and sign what is seen, by the token of `who`; (status, decoded body)."""
        seen = await self.ask("alert.review", id=ident, token=self.token(who))
        return await self.post(f"/api/v1/messages/{ident}/sign", {"envelope": seen["envelope"], **shown}, who=who)

    async def ask(self, verb: str, **args: Any) -> Any:
        """A verb of the desk over the control socket, as the console's token."""
        control = Control(self.folder / "state" / "ctl.sock", (self.folder / "state" / "ctl.token").read_text().strip())
        return await asyncio.to_thread(lambda: control.call(verb, **args))

    async def until(self, verb: str, holds: Any, *, timeout_s: float = 40.0, **args: Any) -> Any:
        """Ask until the answer fits; the answer. Polls the door, which is what a script would do."""
        async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
            while not holds(answer := await self.ask(verb, **args)):
                await asyncio.sleep(0.05)
        return answer

    async def channels_up(self, *names: str, timeout_s: float = 40.0) -> None:
        """Until these are in use. One that cannot speak for itself stays UNKNOWN, and has a `since` once it came up."""

        def is_up(row: dict[str, Any]) -> bool:
            return row["health"] in ("up", "probation") or (row["health"] == "unknown" and row["since"] is not None)

        def are_up(rows: list[dict[str, Any]]) -> bool:
            return {row["name"] for row in rows if is_up(row)} >= set(names)

        await self.until("channel.ls", are_up, timeout_s=timeout_s)

    async def shown(self, message: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.ask("message.show", id=message)
        return found

    async def ended(self, message: str, *, timeout_s: float = 40.0) -> dict[str, Any]:
        """The message as soon as none of its objectives is open any more."""
        open_ones = ("OPEN", "AT_RISK")
        found: dict[str, Any] = await self.until(
            "message.show",
            lambda view: view["objectives"] and all(one["state"] not in open_ones for one in view["objectives"]),
            timeout_s=timeout_s,
            id=message,
        )
        return found


class OwnProcess(Node):
    """A node whose daemon is always a process of its own, started as an operator starts it."""

    async def _spawn(self, under: Sequence[str]) -> Process:
        return await self._own_process(under)


class Traced(Node):
    """A node whose daemon is a fork that a tracer is attached to."""

    async def _spawn(self, under: Sequence[str]) -> Process:
        nursery = Nursery.at_hand()
        assert nursery is not None
        return await nursery.begin(self._words(), self.log, under)


def _write(folder: Path, channels: Mapping[str, Mapping[str, Any]], persons: Sequence[Person], rules: str, extra: str) -> None:
    (folder / "rules.toml").write_text(rules, encoding="utf-8")
    (folder / "smsc.password").write_text("lab")
    (folder / "smsc.password").chmod(0o600)
    lines = [
        '[node]\nname = "node"\nstate = "state"\nrules = "rules.toml"\ndirectory = "people"',
        '[web]\nlisten = "127.0.0.1:0"\n[fronts.api]\ntype = "http.api"',
    ]
    for name, rights in TOKENS.items():
        (folder / f"{name}.token").write_text(f"{name}-0123456789abcdef0123456789abcdef")
        (folder / f"{name}.token").chmod(0o600)
        lines.append(f'[tokens.{name}]\nfile = "{name}.token"\nrights = {msgspec.json.encode(rights).decode()}')
    for name, channel in channels.items():
        lines.append(_channel(name, channel))
    text = "\n".join((*lines, extra))
    tomllib.loads(text)
    (folder / "fenghuo.toml").write_text(text, encoding="utf-8")
    _write_people(folder / "people", persons)


def _channel(name: str, channel: Mapping[str, Any]) -> str:
    def value(thing: object) -> str:
        if isinstance(thing, Mapping):
            return "{" + ", ".join(f'"{key}" = {value(item)}' for key, item in thing.items()) + "}"
        return msgspec.json.encode(thing).decode()

    top = {key: thing for key, thing in channel.items() if key != "settings"}
    top.setdefault("risk_groups", [f"group:{name}"])
    head = "\n".join(f"{key} = {value(thing)}" for key, thing in top.items())
    body = "\n".join(f"{key} = {value(thing)}" for key, thing in channel["settings"].items())
    return f"[channels.{name}]\n{head}\n[channels.{name}.settings]\n{body}"


def _write_people(folder: Path, persons: Sequence[Person]) -> None:
    folder.mkdir(exist_ok=True)
    files = {
        "orgs.csv": ["id,name,kind,level,parent,area", "tc,太仓市应急指挥中心,centre,3,,mca:320585"],
        "roles.csv": ["id,name", "informant,灾害信息员"],
        "areas.csv": [
            "ref,name,level,parent,same_as,population,lat,lon",
            "mca:320585,太仓市,county,,,,,",
            "mca:320585110,沙溪镇,town,mca:320585,,,,",
        ],
        "persons.csv": ["id,name,org,roles,areas,deputy"],
        "contacts.csv": ["owner,kind,address,rank,proven_at"],
    }
    for person in persons:
        files["persons.csv"].append(f"{person.id},示例{person.id},tc,informant,mca:320585110,{person.deputy}")
        for kind in ("msisdn", "callsign", "url", "place", "satphone", "screen"):
            if address := getattr(person, kind):
                files["contacts.csv"].append(f"{person.id},{kind},{address},1,")
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
