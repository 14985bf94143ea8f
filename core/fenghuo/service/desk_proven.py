"""Verbs of the desk about who can be reached: what was proven of each way, and the roll call (点名) that proves it anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from fenghuo.engine.addressees import sentences
from fenghuo.engine.book import Book
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.proven import Age, ProvenLedger, age_of
from fenghuo.engine.routing import addressee
from fenghuo.errors import NotFound
from fenghuo.model.delivery import Accepted, Delivery, Target
from fenghuo.model.directory import RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import rfc3339
from fenghuo.store.records import ProvenRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, OBJECTIVE, RECEIPT, TARGET

__all__ = ["CALL", "ProvenVerbs"]

CALL = "点名：收到请回复"
"""What people read who are called."""
NOTHING: tuple[Evidence, float | None, str] = (Evidence.STORED, None, "")
"""What is known of an answer where there is none: level, when, by which channel."""
WORST_FIRST = list(reversed(Age))


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`recipient`: only whoever has this id; `channel`: only this; `age`: only green, amber or red ones."""

    recipient: str = ""
    channel: str = ""
    age: Age | None = None


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to call, as in `message.send`. `via`: each of these by a message of its own, so that each is proven; none: one message, by the
    rules. `wait_s`: how long it holds. `dry_run`: whom each would reach by what; nothing is kept or sent."""

    to: tuple[str, ...]
    via: tuple[str, ...] = ()
    text: str = CALL
    traffic: str = "Actual"
    priority: str = "P2"
    needed: str = "HUMAN"
    wait_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 120.0
    key: str = ""
    dry_run: bool = False


class Called(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The messages of a roll call, by id."""

    messages: tuple[str, ...]


class ProvenVerbs:
    """Carries out what the desk has allowed. `send`: the verb `message.send`, which checks what a roll call may say to whom."""

    def __init__(self, room: EngineRoom, store: Store, send: Verb) -> None:
        self._office = room.office
        self._book: Book = room.book
        self._board: ChannelBoard = room.board
        self._ledger: ProvenLedger = room.proven
        self._store = store
        self._send = send

    def verbs(self) -> Mapping[str, Verb]:
        return {"directory.proven": self.proven, "rollcall.call": self.call, "rollcall.show": self.show}

    async def proven(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every way to everybody in the directory, those that nobody knows of first."""
        wanted = msgspec.convert(args, Wanted)
        rows = [self._way(recipient, instance) for recipient, instance in self._ways() if wanted.recipient in ("", recipient)]
        rows = [row for row in rows if wanted.channel in ("", row["channel"]) and wanted.age in (None, row["age"])]
        return sorted(rows, key=lambda row: (WORST_FIRST.index(Age(row["age"])), row["proven"] or "", row["recipient"], row["channel"]))

    async def call(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Send it, and say which message is for which channel. Raises: NotFound: there is no such channel, or nobody by one of the names:
        a roll call that is short of a person would take a slip of the pen for their silence."""
        wanted = msgspec.convert(args, Call)
        if strangers := tuple(one for one in dict.fromkeys(wanted.to) if not addressee(one.strip(), self._office.directory)):
            raise NotFound(f"nobody was called; {'; '.join(sentences(strangers, self._office.directory))}")
        if unknown := [name for name in wanted.via if self._board.get(name) is None]:
            raise NotFound(f"no channel is named {unknown[0]}; there are {', '.join(sorted(self._board.names())) or 'none'}")
        order: dict[str, Any] = {
            "to": wanted.to,
            "text": wanted.text,
            "traffic": wanted.traffic,
            "priority": wanted.priority,
            "needed": wanted.needed,
            "expires_s": wanted.wait_s,
            "deadline_s": wanted.wait_s,
        }
        if wanted.dry_run:
            return {"calls": [], "needed": wanted.needed, "until": None, "plans": await self._plans(actor, order, wanted.via)}
        sent: list[dict[str, Any]] = []
        for channel in wanted.via or ("",):
            more = {"via": (channel,)} if channel else {}
            key = {"key": f"{wanted.key}/{channel}"} if wanted.key else {}
            accepted = await self._send(actor, {**order, **more, **key})
            answer = accepted if isinstance(accepted, Accepted) else None
            why = getattr(accepted, "message", "")
            told = {"message": answer.id, "state": answer.state, "why": ""} if answer else {"message": None, "state": "refused", "why": why}
            sent.append({"channel": channel, **told})
        return {"calls": sent, "needed": wanted.needed, "until": rfc3339(self._office.clock.time() + wanted.wait_s)}

    async def _plans(self, actor: Actor, order: Mapping[str, Any], via: Sequence[str]) -> list[dict[str, Any]]:
        """What each message of the call would do."""
        plans: list[dict[str, Any]] = []
        for channel in via or ("",):
            more = {"via": (channel,)} if channel else {}
            plans.append({"channel": channel, "plan": await self._send(actor, {**order, **more, "dry_run": True})})
        return plans

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Who answered so far, and on which bearer: a line for each person and each way that was tried."""
        lines: list[dict[str, Any]] = []
        for message in msgspec.convert(args, Called).messages:
            lines += await self._answers(message)
        return lines

    async def _answers(self, message: str) -> list[dict[str, Any]]:
        objectives = [row.id for row in await self._store.find(OBJECTIVE, "message = ?", message)]
        of_them = f"objective IN ({', '.join('?' * len(objectives))})"
        targets = await self._store.find(TARGET, of_them, *objectives)
        deliveries = await self._store.find(DELIVERY, f"{of_them} ORDER BY id", *objectives)
        receipts = await self._store.find(RECEIPT, f"delivery IN (SELECT id FROM delivery WHERE {of_them}) ORDER BY id", *objectives)
        attempts = await self._store.find(ATTEMPT, f"delivery IN (SELECT id FROM delivery WHERE {of_them}) ORDER BY n", *objectives)
        said: dict[int, tuple[Evidence, float | None, str]] = {}
        for attempt in attempts:  # some far ends answer for the device in the very answer of the emission
            said[attempt.delivery] = (Evidence.STORED, attempt.outcome_at, "")
        for receipt in receipts:
            if receipt.level > said.get(receipt.delivery, NOTHING)[0]:
                said[receipt.delivery] = (receipt.level, receipt.at, receipt.channel)
        tried = {target.recipient for target in deliveries}
        lines = [self._line(message, delivery, *said.get(delivery.id, NOTHING)[1:]) for delivery in deliveries]
        return lines + [self._unreached(message, target) for target in targets if target.recipient not in tried]

    def _line(self, message: str, delivery: Delivery, at: float | None, by: str) -> dict[str, Any]:
        is_answered = delivery.evidence >= Evidence.DEVICE
        return {
            "message": message,
            "recipient": delivery.recipient,
            "name": self._office.directory.name_of(delivery.recipient),
            "channel": delivery.channel,
            "state": delivery.state.value,
            "evidence": delivery.evidence.name,
            "answered": rfc3339(at) if is_answered else None,
            "answered_by": (by or delivery.channel) if is_answered else None,
        }

    def _unreached(self, message: str, target: Target) -> dict[str, Any]:
        nowhere = {"channel": "", "state": target.state.value, "evidence": target.evidence.name, "answered": None, "answered_by": None}
        return {"message": message, "recipient": target.recipient, "name": self._office.directory.name_of(target.recipient), **nowhere}

    def _ways(self) -> Iterator[tuple[RecipientId, Instance]]:
        """Every person and post with every channel that takes an address of theirs."""
        for recipient, points in self._office.directory.contacts_by_owner.items():
            kinds = {point.kind for point in points}
            yield from ((recipient, instance) for instance in self._board if kinds & set(instance.address_kinds))

    def _imported(self, recipient: RecipientId, instance: Instance) -> ProvenRow | None:
        """What the imported directory says of a way that this node has not proven itself; by which evidence, it does not say."""
        points = self._office.directory.contacts_by_owner.get(recipient, ())
        times = [point.proven_at for point in points if point.kind in instance.address_kinds and point.proven_at is not None]
        return ProvenRow(recipient, instance.name, "", proven_at=max(times)) if times else None

    def _way(self, recipient: RecipientId, instance: Instance) -> dict[str, Any]:
        now = self._office.clock.time()
        row = self._ledger.way(recipient, instance.name)
        if row is None or row.proven_at is None:
            row = self._imported(recipient, instance) or row
        return {
            "recipient": recipient,
            "name": self._office.directory.name_of(recipient),
            "channel": instance.name,
            "age": age_of(row, now).value,
            "proven": rfc3339(row.proven_at) if row is not None and row.proven_at is not None else None,
            "level": row.level.name if row is not None and row.level else None,
            "chance": round(self._board.proven.get(recipient, {}).get(instance.name, instance.reach), 3),
        }
