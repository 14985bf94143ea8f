"""A checker that never failed is none: each of these bugs is put into the engine, and the days must find it. Source: reliability.md §9."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from fenghuo.engine import batch, climb, inherit, late, licence, medium, outcomes, planning, recovery, taking, timers
from fenghuo.engine.channels import Instance
from fenghuo.engine.receipts import Receipts
from fenghuo.link import Ledger
from fenghuo.model.delivery import Delivery, DeliveryState, Receipt
from fenghuo.model.situation import ChannelView
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Inbound
from fenghuo.rig import virtual_store
from fenghuo.rig.world.judge import judge
from fenghuo.store import Tx
from fenghuo.store.events import EventStream
from fenghuo.store.tables import DELIVERY
from tests.scale import TIMEOUT_SCALE
from tests.sim import clients, county, traffic, trouble
from tests.sim.day import RUSHES, safety

DAYS = (5, *range(1, 5), *range(6, 25))
"""Until one of them finds it: first the day that is soonest over of those that find most."""
MESSAGES = 20
AMBUSH = 0.04
"""A crash at every 25th moment that matters: a bug of a few milliseconds is met within some days."""
RUSHED = range(1, 200, RUSHES)
changed = msgspec.structs.replace


def no_attempt_on_the_disk(patch: pytest.MonkeyPatch) -> None:
    """The licence is given before its commit."""
    patch.setattr(licence, "_committing", lambda *of_it: lambda tx: None)


def sent_after_its_end(patch: pytest.MonkeyPatch) -> None:
    """No timer for the end of a message, and no look at it in the licence; messages of a few seconds meet it soonest."""
    patch.setattr(traffic, "HOLDS_S", (3.0, 10.0))
    plain, at = licence._committing, timers.Timers.at
    patch.setattr(timers.Timers, "at", lambda heap, when, what: None if isinstance(what, timers.Expiry) else at(heap, when, what))
    patch.setattr(licence, "_committing", lambda begun, *of_it: plain(changed(begun, expires_at=1e12), *of_it))


def the_old_is_sent_on(patch: pytest.MonkeyPatch) -> None:
    """An Update or Cancel leaves what it replaces in force."""
    patch.setattr(taking, "replace_earlier", lambda tx, message: (inherit.find_heirs(tx, message.id, message.revision), ()))


def drills_go_everywhere(patch: pytest.MonkeyPatch) -> None:
    """What the operator allows a channel to carry is forgotten."""
    begin = Instance.__init__

    def forgetful(instance: Instance, *args: Any, **fields: Any) -> None:
        begin(instance, *args, **fields)
        instance.traffic = tuple(Traffic)

    patch.setattr(Instance, "__init__", forgetful)


def evidence_is_overwritten(patch: pytest.MonkeyPatch) -> None:
    """The newest receipt wins, not the highest."""
    patch.setattr(outcomes, "receipted", lambda delivery, *, level, **_: changed(delivery, evidence=level or delivery.evidence))

    def newest(tx: Tx, delivery: Delivery, receipt: Receipt) -> None:
        tx.update(DELIVERY, changed(delivery, evidence=receipt.level))

    patch.setattr(late, "_note", newest)


def a_crash_forgets_what_was_emitted(patch: pytest.MonkeyPatch) -> None:
    """At the start an emission without outcome is simply sent again."""
    patch.setattr(recovery, "doubted", lambda delivery, cause, *, now, view: changed(delivery, state=DeliveryState.READY))


def the_siren_is_like_a_telephone(patch: pytest.MonkeyPatch) -> None:
    """A doubt about the siren is settled by a second start; where every alert is grave that shows soonest."""
    plain, alert = Instance.view, clients.Writers.alert
    patch.setattr(clients.Writers, "alert", lambda self, **fields: alert(self, **{**fields, "severity": "Extreme"}))
    patch.setattr(Instance, "view", lambda instance: _opaque(plain(instance)))


def acked_before_it_is_kept(patch: pytest.MonkeyPatch) -> None:
    """The peer forgets what it said while it is not on the disk yet; on a slow disk that shows soonest."""
    patch.setattr(virtual_store, "COMMIT_S", 0.02)

    async def take(self: Receipts, channel: str, inbound: Inbound) -> None:
        await inbound.ack()
        await self._classify(await self._keep(channel, inbound))

    patch.setattr(Receipts, "take", take)


def the_stream_is_silent(patch: pytest.MonkeyPatch) -> None:
    """Deliveries are met, and no event tells it."""
    patch.setattr(batch, "TOLD", batch.TOLD - {DeliveryState.MET})


def routine_waits_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A lower class is never owed a slot."""
    patch.setattr(medium, "SLOT_FOR_SERVED", 10**9)


def a_slot_is_worth_nothing(patch: pytest.MonkeyPatch) -> None:
    """Whoever is owed a slot gives way again before its first piece: found by the days, and mended."""
    patch.setattr(medium.Medium, "uses_its_slot", lambda queue, delivery: False)


def airtime_is_not_charged(patch: pytest.MonkeyPatch) -> None:
    """The ledger of a medium forgets what it is told."""
    patch.setattr(Ledger, "spend", lambda ledger, seconds, now, is_receipt=False: None)


def two_ways_of_a_group_are_two(patch: pytest.MonkeyPatch) -> None:
    """The linter counts channels, and lets rules pass whose every way is lost with one fibre; such rules come every other day."""
    patch.setattr(county, "POOR", 2)
    patch.setattr(planning, "_disjoint", len)


def an_urgent_one_goes_one_way_after_another(patch: pytest.MonkeyPatch) -> None:
    """A P0 has its next rung when the one before gave nothing, and a channel that is down is waited for; groups are lost every hour."""
    patch.setattr(trouble, "LOST_S", 3_600.0)
    patch.setattr(climb.Climb, "is_next_due", lambda draft: draft.target.rung == 0)


def an_unknown_commit_is_taken_for_none(patch: pytest.MonkeyPatch) -> None:
    """What became durable by a commit whose sync failed is skipped by whoever follows the stream: found by the days, and mended;
    where the disk fails every half an hour it is met soonest."""
    patch.setattr(trouble, "DISK_S", 1_800.0)

    def advance_blindly(stream: EventStream, events: Any, head: int) -> None:
        stream._recent.extend(events)
        stream._water.rise(head)

    patch.setattr(EventStream, "advance", advance_blindly)


BUGS: tuple[tuple[str, Callable[[pytest.MonkeyPatch], None]], ...] = (
    ("I2", no_attempt_on_the_disk),
    ("I4 expiry", sent_after_its_end),
    ("I4 replaced", the_old_is_sent_on),
    ("I4, A4 traffic", drills_go_everywhere),
    ("I3", evidence_is_overwritten),
    ("I9", a_crash_forgets_what_was_emitted),
    ("C5", the_siren_is_like_a_telephone),
    ("receipts", acked_before_it_is_kept),
    ("A6", the_stream_is_silent),
    ("I10", two_ways_of_a_group_are_two),
    ("I10 by effect", an_urgent_one_goes_one_way_after_another),
    ("A6 holes", an_unknown_commit_is_taken_for_none),
)
RUSH_BUGS: tuple[tuple[str, Callable[[pytest.MonkeyPatch], None]], ...] = (
    ("I6", routine_waits_for_ever),
    ("I6", a_slot_is_worth_nothing),
    ("I7", airtime_is_not_charged),
)
"""What only shows where a frequency is short, and where no crash empties it."""


@pytest.mark.timeout(120 * TIMEOUT_SCALE)
@pytest.mark.parametrize(("promise", "bug"), BUGS, ids=[bug.__name__ for _, bug in BUGS])
def test_a_bug_is_found(promise: str, bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """With this bug one of the first days breaks just this promise."""
    bug(monkeypatch)
    assert any(fault.startswith(f"{promise}:") for seed in DAYS for fault in judge(safety(seed, amount=MESSAGES, ambush=AMBUSH).world))


@pytest.mark.timeout(120 * TIMEOUT_SCALE)
@pytest.mark.parametrize(("promise", "bug"), RUSH_BUGS, ids=[bug.__name__ for _, bug in RUSH_BUGS])
def test_a_bug_of_a_rush_is_found(promise: str, bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on days with a rush of messages."""
    bug(monkeypatch)
    assert any(fault.startswith(f"{promise}:") for seed in RUSHED for fault in judge(safety(seed, amount=1, ambush=0.0).world))


def _opaque(view: ChannelView) -> ChannelView:
    return changed(view, doubt="opaque") if view.doubt == "actuator" else view
