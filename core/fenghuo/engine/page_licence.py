"""begin() for a page: one commit that is the licence to emit to everybody on it (I2, I4)."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec

from fenghuo.engine import marks
from fenghuo.engine.channels import Instance
from fenghuo.engine.costs import booked, estimated
from fenghuo.engine.fan_out import OpenFanOut
from fenghuo.engine.licence import guard
from fenghuo.engine.office import Office
from fenghuo.engine.paging import begun
from fenghuo.engine.standing import refusal
from fenghuo.errors import TooUrgent, Withdrawn, WrongTraffic
from fenghuo.formats.renditions import marked
from fenghuo.model.delivery import DeliveryState, Objective, Token, token_for
from fenghuo.model.message import Message
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Emission, Estimate
from fenghuo.store.records import PageAttemptRow, PageRow, RollRow
from fenghuo.store.store import Store
from fenghuo.store.tables import FAN_OUT, PAGE, PAGE_ATTEMPT
from fenghuo.store.transaction import Tx

__all__ = ["PageJob", "PageTask"]


class PageTask(msgspec.Struct, frozen=True):
    """One page to be carried: `page` as it stands in the store, where `is_kept`; else it is written when it begins. `payload`: what
    goes to everybody on it."""

    page: PageRow
    is_kept: bool
    roll: RollRow
    objective: Objective
    message: Message
    instance: Instance
    payload: Rendition


class PageEmission:
    """The Emission a plugin gets for a page."""

    def __init__(self, page: PageRow, payload: Rendition, *, validity_s: float, number: int, fan: OpenFanOut) -> None:
        self.token: Token = page.token
        self.n = page.tries
        self.payload = payload
        self.validity_s = validity_s
        self.number = number
        self._fan = fan

    def book(self, cost: Estimate) -> None:
        """A page stands booked as it was estimated: nobody counts whom of it has cost what."""

    async def turn(self) -> None:
        """Between two pieces of a page. Raises: Withdrawn when its message is over."""
        if self._fan.is_stopped:
            raise Withdrawn("the message ended while the page was being sent")


class PageJob:
    """The SendPage a plugin gets. `places`: whom on the page it goes to; `is_licensed`: begin() has committed attempt `n`."""

    def __init__(self, task: PageTask, office: Office, store: Store, *, fan: OpenFanOut) -> None:
        everybody: Sequence[str] = task.roll.addresses.decode().split("\n")
        self.places: Sequence[int] = marks.due(task.page.marks)
        self.addresses: Sequence[str] = everybody if len(self.places) == len(everybody) else [everybody[place] for place in self.places]
        self.address_kind = task.roll.kind
        self.priority: Priority = task.objective.priority
        self.traffic: Traffic = task.objective.traffic
        self.size = len(task.payload.data)
        self.deadline = office.clock.monotonic() + task.instance.capabilities.attempt_s
        self.number = task.page.number + 1
        self.pages = len(fan.rolls)
        self.is_licensed = False
        self.began_at = math.inf
        self._figures: Mapping[str, Any] = {}
        self.page = self._next(task, office.node)
        self.n = self.page.tries
        self._task = task
        self._office = office
        self._store = store
        self._fan = fan

    def begin(self) -> AbstractAsyncContextManager[Emission]:
        """Commit the attempt and open the licence. Raises: Denied."""
        return self._begin()

    @staticmethod
    def _next(task: PageTask, node: str) -> PageRow:
        page, objective, channel = task.page, task.objective, task.instance.name
        token = token_for(node, objective.message, objective.revision, objective.id, f"page:{page.number}", channel)
        return begun(page, channel, token)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Emission]:
        task, office = self._task, self._office
        if task.objective.traffic not in task.instance.traffic:
            raise WrongTraffic(f"channel {task.instance.name} may not carry {task.objective.traffic} traffic")
        if why := refusal(task.instance.ungraded, task.objective):
            raise TooUrgent(f"{task.instance.name}: {why}")
        self.began_at = office.clock.time()
        payload = marked(task.payload, self._mark)
        cost = estimated(task.instance, payload, self.addresses[0]) if self.addresses else None
        self._figures = booked(cost, len(self.places)) if cost is not None else {}
        await self._commit()
        self.is_licensed = True
        if not task.is_kept:
            self._fan.put_back(self.page, was=None)
        validity_s = max(0.0, task.message.expires_at - office.clock.time())
        yield PageEmission(self.page, payload, validity_s=validity_s, number=task.message.number, fan=self._fan)

    @property
    def _mark(self) -> str:
        return f"重发{self.page.refires}" if self.page.refires else ""

    def _commit(self) -> Awaitable[None]:
        return self._store.run(self._licence)

    def _licence(self, tx: Tx) -> None:
        """The job: guarded by what is true at this moment, in the store's own order (delivery.md, T3)."""
        message, office, page = self._task.message, self._office, self.page
        guard(tx, message.id, message.revision, expires_at=message.expires_at, epoch=office.epoch, now=office.clock.time())
        intent = tx.get(FAN_OUT, page.objective)
        if intent is None or intent.done:
            raise Withdrawn("the fan-out is over")
        self._write(tx)
        attempt = PageAttemptRow(
            token=page.token,
            n=page.tries,
            objective=page.objective,
            number=page.number,
            channel=page.channel,
            at=self.began_at,
            epoch=office.epoch,
            mark=self._mark,
        )
        tx.insert(PAGE_ATTEMPT, attempt)
        told = {"message": message.id, "revision": message.revision, "channel": page.channel, "token": page.token, "n": page.tries}
        tx.event(
            "page.emitting",
            f"page/{page.objective}/{page.number}",
            **told,
            recipients=len(self.places),
            mark=self._mark,
            booked=self._figures,
        )

    def _write(self, tx: Tx) -> None:
        held = tx.get(PAGE, self.page.objective, self.page.number)
        if held is None and not self._task.is_kept:
            tx.insert(PAGE, self.page)
        elif held == self._task.page and held.state is DeliveryState.READY:
            tx.update(PAGE, self.page)
        else:
            raise Withdrawn("a receipt came since the page was read, and whoever has it must not get it again")
