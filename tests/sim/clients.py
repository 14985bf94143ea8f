"""Those who bring messages in, sign them and look at them: they retry what was not answered, and each keeps to its key."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from fenghuo.clock import instant
from fenghuo.errors import Denied, FenghuoError, KeyConflict, NotFound, Overloaded, StoreError
from fenghuo.model.delivery import Accepted
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Actor
from tests.sim.ground import PEOPLE, SIGNERS
from tests.sim.node import Gone, Node
from tests.sim.world import Acked, Signed, Submitted, World

PATIENCE_S = 5.0
"""A client that has no answer by then asks again, with the same key."""
COLOURS = {"Extreme": Priority.P0, "Severe": Priority.P1, "Moderate": Priority.P2, "Minor": Priority.P3}
CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{ident}</identifier><sender>met</sender><sent>{sent}</sent>
<status>{status}</status><msgType>{action}</msgType><scope>{scope}</scope>{restriction}{references}<info><language>zh-CN</language>
<category>Met</category><event>大风{tag}</event><urgency>Immediate</urgency><severity>{severity}</severity><certainty>Observed</certainty>
<expires>{expires}</expires><headline>{tag}</headline><description>{words}</description><area><areaDesc>沙溪镇</areaDesc>
<geocode><valueName>mca</valueName><value>320585110</value></geocode></area></info></alert>"""


class Running(Protocol):
    """Where a client finds the daemon."""

    async def up(self) -> Node:
        """The daemon, as soon as it serves."""


class Letter(msgspec.Struct, frozen=True):
    """A message as its sender keeps it: bytes and key for the retry, and what an Update or Cancel of it must name."""

    key: str
    tag: str
    raw: bytes
    action: str
    about: str
    priority: Priority
    traffic: Traffic
    expires_at: float
    people: tuple[str, ...]
    ident: str = ""
    sent: str = ""


class Writers:
    """Makes letters; every one says its own tag, by which devices and judge know it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._count = 0

    def order(self, *, hold_s: float = 3600.0, **fields: Any) -> Letter:
        """A dispatch order or a report to some people."""
        chance = self.world.chance
        self._count += 1
        tag, words = f"〔{self._count}〕", fields.pop("words", "")
        people = fields.pop("to", None) or tuple(chance.sample(PEOPLE, chance.choice((1, 1, 2, 3))))
        priority = fields.pop("priority", None) or chance.choice(("P1", "P1", "P2", "P2", "P2", "P3", "P4"))
        ends = instant(self.world.true() + hold_s)
        body = {
            "to": people,
            "text": f"{tag}立即到岗{words}",
            "kind": chance.choice(("Dispatch", "Dispatch", "Report")),
            "priority": priority,
            "traffic": chance.choice(("Actual",) * 8 + ("Exercise", "Test")),
            "expires": ends.isoformat(),  # its end is the same however long the client has to try
            **fields,
        }
        return Letter(
            key=f"k{self._count}",
            tag=tag,
            raw=msgspec.json.encode(body),
            action=body.get("action", "New"),
            about="",
            priority=Priority[priority],
            traffic=Traffic(body["traffic"]),
            expires_at=ends.timestamp(),
            people=people,
        )

    def alert(
        self,
        *,
        hold_s: float = 3600.0,
        action: str = "Alert",
        about: Letter | None = None,
        public: bool = False,
        is_drill: bool = True,
        severity: str = "",
    ) -> Letter:
        """A CAP alert; `about`: the one that it updates or ends."""
        chance, now = self.world.chance, instant(self.world.true())
        self._count += 1
        tag = about.tag if about is not None and action == "Cancel" else f"〔{self._count}〕"
        severity = severity or chance.choice(("Extreme", "Severe", "Moderate", "Minor"))
        traffic = about.traffic if about is not None else Traffic(chance.choice(("Actual",) * 5 + ("Exercise", "Test") * is_drill))
        sent, ends = now.isoformat(timespec="seconds"), (now + timedelta(seconds=hold_s)).replace(microsecond=0)
        ident = f"A{self._count}"
        references = f"<references>met,{about.ident},{about.sent}</references>" if about is not None else ""
        raw = CAP.format(
            ident=ident,
            sent=sent,
            status=traffic.value,
            action=action,
            scope="Public" if public else "Restricted",
            restriction="" if public else "<restriction>duty</restriction>",
            references=references,
            tag=tag,
            severity=severity,
            expires=ends.isoformat(timespec="seconds"),
            words="预计出现十级大风，请注意防范。" * chance.choice((1, 1, 6)),
        )
        return Letter(
            key=f"k{self._count}",
            tag=tag,
            raw=raw.encode(),
            action={"Alert": "New"}.get(action, action),
            about=about.tag if about is not None else "",
            priority=COLOURS[severity],
            traffic=traffic,
            expires_at=ends.timestamp(),
            people=PEOPLE[:4],
            ident=ident,
            sent=sent,
        )


class Clients:
    """Hands letters in until they are answered. `mail`: what was accepted, by tag and action."""

    def __init__(self, world: World, host: Running) -> None:
        self.world = world
        self.host = host
        self.mail: list[tuple[Letter, Accepted]] = []

    async def hand_in(self, letter: Letter) -> Accepted | None:
        """Retry with the same key until the answer is there; None: refused for good."""
        actor = Actor("met" if letter.ident else "centre", ("operator", "source", "viewer"), "sim")
        while True:
            node = await self.host.up()
            self.world.add(
                Submitted,
                letter.key,
                letter.tag,
                letter.action,
                letter.about,
                letter.priority,
                letter.traffic,
                letter.expires_at,
                letter.people,
            )
            try:
                async with asyncio.timeout(PATIENCE_S):
                    answer = await node.call(node.desk.do(actor, "alert.submit", {"raw": letter.raw, "key": letter.key}))
            except KeyConflict:
                self.world.note("conflict", letter.key)
                return None
            except (Gone, TimeoutError, StoreError, Overloaded):
                await asyncio.sleep(self.world.chance.uniform(0.5, 5.0))
                continue
            if not isinstance(answer, Accepted):
                self.world.note("refused", letter.key, answer.message)
                return None
            if self.world.chance.random() < 0.03:  # the answer is lost on the way, and the client asks again
                continue
            self.world.add(Acked, letter.key, letter.tag, answer.id, answer.revision, answer.state)
            self.mail.append((letter, answer))
            return answer

    async def sign(self, ident: str, *, delay_s: float) -> None:
        """Two people look at a held message and sign it, each in their own time."""
        for actor in SIGNERS:
            await asyncio.sleep(self.world.chance.expovariate(1 / delay_s))
            await self._sign_once(ident, actor)

    async def _sign_once(self, ident: str, actor: str) -> None:
        for _ in range(4):
            node = await self.host.up()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    done = await node.call(node.desk.do(Actor(actor, ("releaser",), "sim"), "alert.sign", {"id": ident, "token": actor}))
            except (NotFound, Denied):
                return
            except (Gone, TimeoutError, FenghuoError):
                await asyncio.sleep(1.0)
                continue
            self.world.add(Signed, ident, actor, done.state)
            return

    async def command(self, verb: str, **args: Any) -> Any:  # whatever the verb answers, None if it did not
        """The operator does something once."""
        node = await self.host.up()
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await node.call(node.desk.do(Actor("centre", ("operator", "admin"), "sim"), verb, args))
        except (Gone, TimeoutError, FenghuoError):
            return None
