"""Those who bring messages in, sign them and look at them: they retry what was not answered, and each keeps to its key."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import msgspec

from fenghuo.errors import Denied, FenghuoError, KeyConflict, NotFound, Overloaded, StoreError
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.rig.world.log import Acked, Signed, Submitted, World
from fenghuo.rig.world.node import Gone, Node
from fenghuo.service.desk import Desk

__all__ = ["Clients", "Letter"]

PATIENCE_S = 5.0
"""A client that has no answer by then asks again, with the same key."""


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
    actor: str = "centre"


async def _signed(desk: Desk, ident: str, actor: str) -> Any:  # a Signature
    """Look at what waits, and sign what is seen."""
    signer, named = Actor(actor, ("releaser",), "sim"), {"id": ident, "token": actor}
    shown = await desk.do(signer, "alert.review", named)
    return await desk.do(signer, "alert.sign", {**named, "envelope": shown["envelope"]})


class Clients:
    """Hands letters in until they are answered. `mail`: what was accepted; `refused`: what was not, by key."""

    def __init__(self, world: World, host: Running) -> None:
        self.world = world
        self.host = host
        self.mail: list[tuple[Letter, Accepted]] = []
        self.refused: dict[str, Refused] = {}

    async def hand_in(self, letter: Letter) -> Accepted | None:
        """Retry with the same key until the answer is there; None: refused for good."""
        actor = Actor(letter.actor, ("operator", "source", "viewer"), "sim")
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
                if isinstance(answer, Refused):
                    self.refused[letter.key] = answer
                return None
            if self.world.chance.random() < 0.03:  # the answer is lost on the way, and the client asks again
                continue
            self.world.add(Acked, letter.key, letter.tag, answer.id, answer.revision, answer.state)
            self.mail.append((letter, answer))
            return answer

    async def sign(self, ident: str, *, delay_s: float) -> None:
        """Two people look at a held message and sign it, each in their own time."""
        for actor in self.world.ground.signers:
            await asyncio.sleep(self.world.chance.expovariate(1 / delay_s))
            await self._sign_once(ident, actor)

    async def _sign_once(self, ident: str, actor: str) -> None:
        for _ in range(4):
            node = await self.host.up()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    done = await node.call(_signed(node.desk, ident, actor))
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
