"""Takes command over from a centre that gives it away: says so to whoever sits here, and goes on with each of its open orders as its own.

From whom, and until when, a person has written into the settings beforehand; what anybody else hands over is an order like any other. An
order keeps the name that it had there, so that the two nodes know it as one when they meet again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from fenghuo.engine.handover import COMMAND, Carried, is_carried, read_carried, roster_of
from fenghuo.engine.office import Office
from fenghuo.errors import FenghuoError, FormatError, Overloaded
from fenghuo.model.audit import SYSTEM
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.event import Event
from fenghuo.model.message import Message
from fenghuo.model.traffic import Traffic
from fenghuo.service.settings_values import TakeoverSettings
from fenghuo.service.showing import headline
from fenghuo.store.audit import Deed
from fenghuo.store.records import MessageRow, MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, META
from fenghuo.store.transaction import Tx

__all__ = ["TakingOver"]

CURSOR = "takeover.after"
_PAGE = 1000

Submit = Callable[[bytes, str, str], Awaitable[Accepted | Refused]]

log = structlog.stdlib.get_logger("fenghuo.takeover")


class TakingOver:
    """`submit(raw, source, key)`: what accepts an order here."""

    def __init__(self, store: Store, office: Office, settings: TakeoverSettings, submit: Submit) -> None:
        self._store = store
        self._office = office
        self._settings = settings
        self._submit = submit

    async def run(self) -> None:
        """Follow what is accepted for ever; what a crash cut off is taken up again, under the same keys."""
        kept = await self._store.sound(META, CURSOR)
        after = int(kept.value) if kept is not None else self._store.events.head
        if kept is None:  # or what comes before the first hand-over and is cut off by a crash would be passed over
            await self._store.run(lambda tx: tx.put(META, MetaRow(CURSOR, str(after))))
        while True:
            await self._store.events.wait(after)
            for event in await self._store.events.read(after, _PAGE):
                after = event.seq
                if event.type == "message.accepted":
                    await self._look(event)

    async def _look(self, event: Event) -> None:
        ident = event.subject.partition("/")[2]
        rows = await self._store.find(MESSAGE, "id = ? ORDER BY revision DESC", ident, limit=1)
        row = rows[0] if rows else None
        if row is None or row.source not in self._settings.sources or row.traffic is not Traffic.ACTUAL:
            return
        text = headline(msgspec.msgpack.decode(row.body, type=Message))
        if not (text.startswith(COMMAND) or is_carried(text)):
            return
        if self._office.clock.time() >= self._settings.until.timestamp():
            await self._alarm(row, f"{row.source} gives command, and its authority ended at {self._settings.until.isoformat()}", event.seq)
        elif text.startswith(COMMAND):
            await self._command(row, text, event.seq)
        else:
            await self._order(row, text, event.seq)

    async def _command(self, row: MessageRow, text: str, seq: int) -> None:
        """Whoever sits here hears of it, whatever the rules make of the order itself."""
        by = self._settings.by
        says = f"{row.source} gives command to this node, as {by} has decided: {text}"
        if (roster := roster_of(text)) and not self._office.directory.digest.startswith(roster):
            says += "; who is who there is not what this node has, so that people may be missing here"
        deed = Deed.of("take-command", f"message/{row.id}", source=row.source, declared_by=by)
        await self._tell(row, seq, [("alarm.command_taken", {"source": row.source, "message": says})], deed)

    async def _order(self, row: MessageRow, text: str, seq: int) -> None:
        try:
            carried = read_carried(text)
            known = tuple(one for one in carried.to if self._is_known(one))
            if not known:
                raise FormatError(f"nobody here is known of {', '.join(carried.to)}", code="nobody", where="to")
            answer = await self._accepted(_order(carried, known, row.source), row)
        except FenghuoError as fault:
            await self._alarm(row, f"an order of {row.source} was not taken over: {fault}", seq)
            return
        if isinstance(answer, Refused):
            await self._alarm(row, f"an order of {row.source} was not taken over: {answer.message}", seq)
            return
        unknown = sorted(set(carried.to) - set(known))
        told: dict[str, Any] = {
            "taken": answer.id,
            "source": row.source,
            "number": carried.number,
            "origin": carried.identifier,
            "unknown": unknown,
        }
        deed = Deed.of("take-over", f"message/{answer.id}", of=row.source, number=carried.number, origin=carried.identifier)
        says = f"#{carried.number:04d} of {row.source} was taken over, and nobody here knows {', '.join(unknown)}" if unknown else ""
        alarms = [("alarm.order_not_taken", {"message": says})] if says else []
        await self._tell(row, seq, [("command.order_taken", told), *alarms], deed)

    async def _accepted(self, order: bytes, row: MessageRow) -> Accepted | Refused:
        """Under one key, however often; an intake that takes nothing now is asked again. Raises: FenghuoError."""
        while True:
            try:
                return await self._submit(order, row.source, f"takeover:{row.id}:{row.revision}")
            except Overloaded as busy:
                await asyncio.sleep(busy.retry_after_s)

    def _is_known(self, audience: str) -> bool:
        kind, _, name = audience.partition(":")
        directory = self._office.directory
        return name in directory.person_by_id if kind == "person" else name in directory.org_by_id if kind == "org" else True

    async def _alarm(self, row: MessageRow, says: str, seq: int) -> None:
        """A person here must do by hand what was not taken over."""
        log.warning("not taken over", message=row.id, source=row.source, cause=says)
        await self._tell(row, seq, [("alarm.order_not_taken", {"message": says})])

    async def _tell(self, row: MessageRow, seq: int, events: Sequence[tuple[str, Mapping[str, Any]]], deed: Deed | None = None) -> None:
        def tell(tx: Tx) -> None:
            for kind, body in events:
                tx.event(kind, f"message/{row.id}", **body)
            if deed is not None:
                tx.audit(deed, by=SYSTEM)
            tx.put(META, MetaRow(CURSOR, str(seq)))

        await self._store.run(tell)


def _order(one: Carried, to: tuple[str, ...], source: str) -> bytes:
    """As an order of this node: it says whose it was, and is known by the name that it had there."""
    order = {
        "to": to,
        "text": f"【{source.partition(':')[2] or source}#{one.number:04d}】{one.text}",
        "priority": one.priority.name,
        "needed": one.needed.name,
        "identifier": one.identifier,
        "sender": one.sender,
        "sent": one.sent.isoformat(),
        "expires_s": max(1.0, one.expires_at - one.sent.timestamp()),
    }
    return msgspec.json.encode(order)
