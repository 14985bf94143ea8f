"""A command post with a fibre and a satellite to one far end (scenario S4): the daemon, the links, and what the far end got."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.e2e.node import Node, Person
from tests.peers.hook import Hook, Post
from tests.peers.snmpd import COMMUNITY, OID, Snmpd
from tests.peers.tunlink import Places, TunLink
from tests.peers.tus import TusServer
from tests.scale import TIMEOUT_SCALE

__all__ = ["BY_SATELLITE", "CHUNK", "SECRET", "TERMINAL", "TOWNS", "Came", "Far", "Site", "ladder", "site"]

SECRET = "Bearer s1te"
CHUNK = 16_384
TOWNS = 12
TERMINAL: dict[str, Any] = {
    "interface": "sat0",
    "secret_file": "site.secret",
    "attempt_s": 1.0,
    "connect_s": 0.5,
    "probe_shortest_s": 1.0,
    "probe_longest_s": 3.0,
    "snmp_host": "127.0.0.1",
    "snmp_oid": OID,
    "snmp_scale": 0.1,
    "snmp_community_file": "modem.community",
    "snmp_poll_s": 0.1,
    "snmp_timeout_s": 0.2,
    "degraded_below": 7.0,
}
RULE = """
[[rules]]
name = "{name}"
match = {{ kind = ["Dispatch"], priority = {priorities} }}
audience = {{ name = "as addressed" }}
needed = "ACCEPTED"
deadline_s = 600
ladder = "{name}"
"""


def ladder(name: str, priorities: list[str], *ways: str, mode: str = "then") -> str:
    """A ladder with one way on each rung, and the rule that takes it for these priorities."""
    rungs = "".join(
        f'[[ladders.{name}.rungs]]\nchannels = ["{way}"]\n' + (f'mode = "{mode}"\n' if at else "") for at, way in enumerate(ways)
    )
    return f"[ladders.{name}]\nmin_risk_groups = {len(ways)}\n{rungs}" + RULE.format(name=name, priorities=priorities)


BOTH_WAYS = ladder("urgent", ["P0", "P1"], "net", "vsat", mode="parallel") + ladder("reports", ["P2", "P3"], "net", "vsat")
"""Two ladders: what is urgent goes both ways at once, the rest by satellite when the fibre gives nothing."""
BY_SATELLITE = ladder("reports", ["P2"], "vsat")


class Came(msgspec.Struct, frozen=True):
    """One POST at the far end. `at`: monotonic seconds; `way`: "net" or "vsat"; `again`: its token came before."""

    at: float
    way: str
    message: str
    text: str
    again: bool


class Far:
    """The far end: everything that came, in the order in which it came."""

    def __init__(self) -> None:
        self.came: list[Came] = []

    def take(self, post: Post) -> None:
        body = msgspec.json.decode(post.body)
        way = post.url.rpartition("/")[2]
        self.came.append(Came(time.monotonic(), way, body["id"], body["text"], post.again))

    def first(self) -> dict[str, Came]:
        """What people are shown: each message when its id came for the first time."""
        shown: dict[str, Came] = {}
        for one in self.came:
            shown.setdefault(one.message, one)
        return shown

    async def until(self, holds: Callable[[], bool], *, timeout_s: float = 40.0) -> None:
        async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
            while not holds():
                await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Site:
    """Both places: the daemon and the modem at the near one, the far end and its server of pictures, and the links between. `accepted`: ids
    of orders."""

    node: Node
    far: Far
    fibre: TunLink
    satellite: TunLink
    modem: Snmpd
    pictures: TusServer
    accepted: list[str]

    async def order(self, text: str, *, priority: str = "P2", **fields: Any) -> str:
        """An order to the next town; its id."""
        to = len(self.accepted) % TOWNS
        status, answer = await self.node.order(f"person:p{to}", text, priority=priority, **fields)
        assert 202 == status
        self.accepted.append(answer["id"])
        return str(answer["id"])

    async def orders_for(self, seconds: float) -> None:
        """An order every 300 ms."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.order(f"水情{len(self.accepted)}")
            await asyncio.sleep(0.3)

    async def becomes(self, name: str, *states: str, timeout_s: float = 40.0) -> None:
        """Wait until a channel's health is one of these."""

        def has(rows: list[dict[str, Any]]) -> bool:
            return any(row["name"] == name and row["health"] in states for row in rows)

        await self.node.until("channel.ls", has, timeout_s=timeout_s)

    async def row(self, name: str) -> dict[str, Any]:
        """What an operator sees of a channel."""
        rows: list[dict[str, Any]] = await self.node.ask("channel.ls")
        return next(row for row in rows if row["name"] == name)

    async def health(self, name: str) -> str:
        return str((await self.row(name))["health"])


@contextlib.asynccontextmanager
async def site(folder: Path, *, rules: str = BOTH_WAYS, shares: Mapping[str, Mapping[str, Any]] | None = None) -> AsyncIterator[Site]:
    """Everything runs in namespaces of its own; the test itself stands at the near place. `shares`: both ways bring pictures to the one
    server, with these settings beside (for `net`, for `vsat`)."""
    async with contextlib.AsyncExitStack() as stack:
        places = stack.enter_context(Places())
        fibre = await stack.enter_async_context(TunLink(places, name="fibre0", net="10.98.0", delay_ms=2, rate_kbit=10_000))
        satellite = await stack.enter_async_context(TunLink(places, delay_ms=60, rate_kbit=512))
        far = Far()
        hook = await stack.enter_async_context(Hook(SECRET, far.take, under=places.command(places.far), host="0.0.0.0"))
        pictures = TusServer(folder / "pictures", SECRET, under=places.command(places.far), host="0.0.0.0")
        await stack.enter_async_context(pictures)
        stack.enter_context(places.inside(places.near))
        modem = await stack.enter_async_context(Snmpd(folder, value=120))
        for name, text in (("site.secret", SECRET), ("modem.community", COMMUNITY)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
        urls = {link.name: f"http://{link.far_ip}:{hook.port}/to" for link in (fibre, satellite)}
        webhook = {"url": f"{urls['fibre0']}/net", "timeout_s": 1.0, "connect_s": 0.5, "secret_file": "site.secret"}
        uploads = {
            link.name: {"attachments": f"http://{link.far_ip}:{pictures.port}/files", "attachment_chunk_octets": CHUNK}
            for link in (fibre, satellite)
        }
        terminal = {"url": f"{urls['sat0']}/vsat", **TERMINAL, **uploads["sat0"], "snmp_port": modem.port}
        channels: dict[str, dict[str, Any]] = {
            "net": {"type": "http.webhook", "settings": webhook},
            "vsat": {"type": "vsat.http", "settings": terminal},
        }
        if shares is not None:
            wired = {key: TERMINAL[key] for key in ("secret_file", "attempt_s", "connect_s", "probe_shortest_s", "probe_longest_s")}
            ours = {"url": f"{urls['fibre0']}/net", "interface": "fibre0", "probe_idle_s": 1.0, **wired, **uploads["fibre0"]}
            channels["net"] = {"type": "vsat.http", "settings": {**ours, "attachments_share": "sz", **shares["net"]}}
            terminal |= {"attachments_share": "sz", **shares["vsat"]}
        persons = [Person(f"p{number}", url=f"http://town/to/{number}") for number in range(TOWNS)]
        node = Node(folder, channels=channels, persons=persons, rules=rules)
        node.ready_within_s = 60.0  # how fast it starts is of no interest here
        await stack.enter_async_context(node)
        await node.channels_up("net", "vsat", timeout_s=40)
        yield Site(node, far, fibre, satellite, modem, pictures, [])
