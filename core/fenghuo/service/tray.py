"""The tray of the duty desk: what was laid before whoever is on watch, until a person has it, it ends, or others have answered it.

A slip is kept on the disk as it was laid, so that it lies there after a restart too; whether it still counts, the deliveries tell.
Source: console.md §6, Console presence is a channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.errors import NotFound
from fenghuo.model.delivery import OPEN_STATES, Delivery, DeliveryState, Token
from fenghuo.model.event import Event
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import rfc3339
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, MESSAGE, META, OBJECTIVE
from fenghuo.store.transaction import Tx

__all__ = ["TRAY", "Slip", "Tray"]

TRAY = "tray"
LAID = "tray.laid"
"""Row of `meta`: the slips that lie there."""
OVER = frozenset({"message.cancelled", "message.expired", "message.superseded"})
ENDS = frozenset(f"delivery.{state.lower()}" for state in DeliveryState if state not in OPEN_STATES)
BATCH = 500


class Slip(msgspec.Struct, frozen=True):
    """One delivery that was laid before the watch. `to`: whom it is for; `desk`: the address; `text`: as it was sent, with its marks;
    `laid`, `respond_by`, `expires`: UTC seconds; `needed`: what ends it; `seen_by`, `acked_by`: persons, empty while there is none."""

    id: int
    message: str
    revision: int
    number: int
    priority: Priority
    traffic: Traffic
    channel: str
    to: str
    desk: str
    token: Token
    text: str
    laid: float
    respond_by: float
    expires: float
    needed: Evidence
    seen_by: str = ""
    acked_by: str = ""

    def view(self) -> dict[str, Any]:
        """As the topic `tray` shows it."""
        times = {name: rfc3339(getattr(self, name)) for name in ("laid", "respond_by", "expires")}
        names = {"priority": self.priority.name, "traffic": self.traffic.value, "needed": self.needed.name}
        return {name: value for name, value in msgspec.structs.asdict(self).items() if name != "token"} | times | names


class Tray:
    """Of one node. That something was noticed is a receipt of the channel that laid it; what a person says of it is one from here."""

    def __init__(self, room: EngineRoom, store: Store, clock: Clock) -> None:
        self._receipts = room.receipts
        self._store = store
        self._clock = clock
        self._slips: dict[int, Slip] = {}

    def view(self) -> Mapping[str, dict[str, Any]]:
        """Every slip by its path in the state of the node."""
        return {_path(slip.id): slip.view() for slip in self._slips.values()}

    async def lay(self, token: str, text: str) -> Slip:
        """Lay an emission there; the same one again changes nothing. On the disk when it returns. Raises: NotFound."""
        attempts = await self._store.find(ATTEMPT, "token = ? ORDER BY n DESC", token, limit=1)
        delivery = await self._store.get(DELIVERY, attempts[0].delivery) if attempts else None
        if delivery is None:
            raise NotFound(f"nothing was sent under {token!r}")
        known = self._slips.get(delivery.id)
        if known is not None and known.text == text:
            return known
        slip = await self._slip(delivery, text)
        await self._change("tray.laid", slip, message=slip.message, channel=slip.channel)
        return slip

    async def noticed(self, path: str, by: str) -> Slip | None:
        """An armed console has drawn it, and its tone has started. None: it does not lie there."""
        slip = self._slips.get(_number(path))
        if slip is not None and not slip.seen_by:
            await self._change("tray.seen", msgspec.structs.replace(slip, seen_by=by), by=by)
        return slip

    async def ack(self, ident: int, by: str, level: Evidence, text: str) -> Slip:
        """A person has it, or says that it is done. It leaves the tray with what it asked for. Raises: NotFound."""
        slip = self.slip(ident)
        await self._receipt(slip, level, " ".join(filter(None, (by, text))))
        acked = msgspec.structs.replace(slip, acked_by=by)
        if level >= slip.needed:
            await self._change("tray.left", acked, is_gone=True, reason="acked", by=by)
        elif self._slips.get(ident) is not None:
            await self._change("tray.acked", acked, by=by)
        return acked

    def slip(self, ident: int) -> Slip:
        """The slip of a delivery. Raises: NotFound."""
        slip = self._slips.get(ident)
        if slip is None:
            raise NotFound(f"nothing lies in the tray under {ident}; somebody has it already, or it is over")
        return slip

    async def run(self) -> None:
        """Take away what is over, until cancelled."""
        at = self._store.events.head
        await self._recall()
        while True:
            await self._wait(at)
            for event in await self._store.events.read(at, BATCH):
                at = event.seq
                await self._hear(event)
            now = self._clock.time()
            for slip in [one for one in self._slips.values() if one.expires <= now]:
                await self._change("tray.left", slip, is_gone=True, reason="expired")

    async def _slip(self, delivery: Delivery, text: str) -> Slip:
        message = await self._store.get(MESSAGE, delivery.message, delivery.revision)
        objective = await self._store.get(OBJECTIVE, delivery.objective)
        if message is None or objective is None:
            raise NotFound(f"delivery {delivery.id} is of nothing that is known")
        return Slip(
            delivery.id,
            delivery.message,
            delivery.revision,
            message.number,
            delivery.priority,
            delivery.traffic,
            delivery.channel,
            delivery.recipient,
            delivery.address,
            delivery.token,
            text,
            self._clock.time(),
            objective.deadline_at,
            delivery.expires_at,
            max(objective.needed, Evidence.HUMAN),
        )

    async def _recall(self) -> None:
        """What lay there before the start, without what ended meanwhile."""
        row = await self._store.sound(META, LAID)
        for slip in msgspec.json.decode(row.value, type=list[Slip]) if row is not None else []:
            delivery = await self._store.get(DELIVERY, slip.id)
            if slip.id in self._slips or delivery is None:
                continue
            if delivery.state in OPEN_STATES or (delivery.state is DeliveryState.MET and delivery.evidence < Evidence.HUMAN):
                self._slips[slip.id] = slip
            else:
                await self._change("tray.left", slip, is_gone=True, reason=delivery.state.value)

    async def _wait(self, at: int) -> None:
        """Until something was told, or the next slip expires."""
        ends = min((slip.expires for slip in self._slips.values()), default=None)
        wait_s = None if ends is None else max(0.0, ends - self._clock.time())
        try:
            async with asyncio.timeout(wait_s):
                await self._store.events.wait(at)
        except TimeoutError:
            return

    async def _hear(self, event: Event) -> None:
        if event.type in ENDS:
            slip = self._slips.get(_number(event.subject))
            if slip is not None and not (event.type == "delivery.met" and _is_of_machines(event)):
                await self._change("tray.left", slip, is_gone=True, reason=event.type.partition(".")[2])
        elif event.type in OVER:
            for slip in [one for one in self._slips.values() if event.subject == f"message/{one.message}"]:
                await self._change("tray.left", slip, is_gone=True, reason=event.type.partition(".")[2])

    async def _receipt(self, slip: Slip, level: Evidence, text: str) -> None:
        inbound = Inbound(InboundKind.RECEIPT, level.name.encode(), _nobody_waits, token=slip.token, level=level, text=text)
        await self._receipts.take(slip.channel, inbound)

    async def _change(self, kind: str, slip: Slip, *, is_gone: bool = False, **body: Any) -> None:
        if is_gone:
            self._slips.pop(slip.id, None)
        else:
            self._slips[slip.id] = slip
        lying = _listed(self._slips.values())

        def change(tx: Tx) -> None:
            tx.put(META, MetaRow(LAID, lying))
            tx.event(kind, _path(slip.id), **body)

        await self._store.run(change)


def _is_of_machines(event: Event) -> bool:
    """Whether a delivery ended well although no person has answered: it has been drawn, and still asks to be read."""
    return Evidence[str(event.body.get("evidence", "STORED"))] < Evidence.HUMAN


def _listed(slips: Iterable[Slip]) -> str:
    return msgspec.json.encode(list(slips)).decode()


def _path(ident: int) -> str:
    return f"{TRAY}/{ident}"


def _number(path: str) -> int:
    name = path.partition("/")[2]
    return int(name) if name.isascii() and name.isdigit() else 0


async def _nobody_waits() -> None:
    """A press is not acknowledged as a peer is; the answer of the verb is."""
