"""Rows and clocks that the tests of the store share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from fenghuo.clock import ClockQuality
from fenghuo.model.delivery import Delivery, DeliveryState, Objective, Token
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.traffic import Action, Priority, Traffic
from fenghuo.store import Store, StoreSettings, Tx
from fenghuo.store.records import MessageRow
from fenghuo.store.tables import DELIVERY
from tests.core.store.blank import lay_blank

SMALL = StoreSettings(min_free=0, ballast=0, log_frames=0)


class StillClock:
    """A clock that somebody else moves."""

    def __init__(self, now: float = 1_000_000.0, *, grade: ClockQuality = ClockQuality.NTP) -> None:
        self.now = now
        self.grade = grade
        self.jump = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def quality(self) -> ClockQuality:
        return self.grade

    def jump_s(self) -> float:
        return self.jump

    def resume(self, at: float, quality: ClockQuality) -> None:
        self.jump += self.now - at
        self.now, self.grade = at, quality


async def open_store(folder: Path, settings: StoreSettings = SMALL) -> Store:
    lay_blank(folder)
    return await Store.open(folder, clock=StillClock(), node="taicang", settings=settings)


def message(name: str = "m1", revision: int = 1, text: bytes = "转移至沙溪中学".encode()) -> MessageRow:
    return MessageRow(
        id=MessageId(name),
        revision=revision,
        state=MessageState.ACTIVE,
        number=17,
        sender="met",
        identifier=f"{name}-cap",
        sent_at=1.0,
        action=Action.NEW,
        priority=Priority.P0,
        traffic=Traffic.ACTUAL,
        accepted_at=2.0,
        expires_at=3.0,
        content_hash="ab" * 32,
        body=text,
        raw=text * 20,
        verdicts=b"[]",
        repairs=b"[]",
        source="met-station",
        author="met-station",
    )


def objective(number: int, name: str = "m1") -> Objective:
    return Objective(
        id=number,
        message=MessageId(name),
        revision=1,
        audience="责任人",
        needed=Evidence.DEVICE,
        ack_rule="all",
        priority=Priority.P0,
        traffic=Traffic.ACTUAL,
        ladder="responsible",
        rule="typhoon",
        deadline_at=300.0,
        opened_at=0.0,
        via=("sms-a", "北斗"),
    )


def delivery(number: int, *, state: DeliveryState = DeliveryState.READY) -> Delivery:
    return Delivery(
        id=number,
        objective=1,
        message=MessageId("m1"),
        revision=1,
        recipient=f"p{number}",
        channel="sms-a",
        address="13800000000",
        token=Token(f"token-{number}"),
        form="sms",
        rung=0,
        priority=Priority.P0,
        traffic=Traffic.ACTUAL,
        state=state,
    )


def planning(row: Delivery) -> Callable[[Tx], None]:
    """A job that writes a delivery and its event."""

    def job(tx: Tx) -> None:
        tx.insert(DELIVERY, row)
        tx.event("delivery.ready", f"delivery/{row.id}")

    return job


def moved(row: Delivery, state: DeliveryState) -> Delivery:
    return msgspec.structs.replace(row, state=state)
