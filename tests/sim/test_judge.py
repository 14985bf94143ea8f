"""The judge of copies by logs made by hand: what the daemon could know decides whether it may say a thing again."""

from __future__ import annotations

import pytest

from fenghuo.engine.inherit import HEIRS
from fenghuo.model.event import Event
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.world.judge import CHECKS, COPY
from fenghuo.rig.world.judged_log import LOST_WORD_S, Log
from fenghuo.rig.world.log import Aired, Asked, Ended, Entry, Heard, Note, Told, Viewed, World
from tests.sim.ground import GROUND

RADIO, WHERE = "radio-a", "BJ1P0"
SOON, LATER = LOST_WORD_S / 2, LOST_WORD_S + 1.0
"""Between an outcome and a crash that takes it along, and one that does not."""


@pytest.mark.parametrize(
    ("crash_s", "told", "too_many"),
    [(SOON, "", 0), (SOON, "receipt.matched", 1), (SOON, "receipt.late", 1), (LATER, "", 2)],
    ids=["it could be anybody's", "it said whose it is", "it said so late", "its name was kept"],
)
def test_a_receipt_forbids_a_repeat_as_soon_as_the_daemon_can_know_whose_it_is(crash_s: float, told: str, too_many: int) -> None:
    """A radio frame is out, and a crash follows; its receipt comes; its copy goes, is not confirmed, and goes once more."""
    loop = SimLoop()
    world = World(loop, 0, GROUND)
    loop.close()
    world.log += [*_emission(1, at=10.0, life=1), Note(10.0 + crash_s, 1, "crash", "1")]
    world.log += [Note(20.0, 2, "start", "2"), Heard(21.0, 2, RADIO, "token", 1, Evidence.DEVICE)]
    world.log += [Told(21.0, 2, Event(9, 0.0, told, "delivery/1", {"level": "DEVICE"}))] if told else []
    world.log += [*_emission(2, at=22.0, life=2), *_emission(3, at=60.0, life=2)]
    found = list(CHECKS["I9"](Log(world)))
    assert too_many == len(found), found


@pytest.mark.parametrize(("audience", "faults"), [("p0", 1), (HEIRS, 0)], ids=["an alert", "a correction of what was said there"])
def test_every_way_to_somebody_may_be_lost_with_one_group_only_where_a_correction_follows_what_was_said(audience: str, faults: int) -> None:
    """Both ways to p0 hang on one fibre."""
    loop = SimLoop()
    world = World(loop, 0, GROUND)
    loop.close()
    deliveries = [{"recipient": "p0", "channel": name} for name in ("push", "sms-a")]
    objective = {"id": 1, "message": "m", "revision": 2, "priority": "P0", "audience": audience, "deliveries": deliveries}
    view = {"id": "m", "revisions": [{"revision": 2, "action": "Update"}], "objectives": [objective]}
    world.log.append(Viewed(1.0, 1, view))
    found = list(CHECKS["I10"](Log(world)))
    assert faults == len(found), found


def _emission(n: int, *, at: float, life: int) -> list[Entry]:
    body = {"token": "token", "n": n, "message": "m", "revision": 1, "recipient": "p0"}
    return [
        Asked(at, life, RADIO, WHERE, n, Priority.P0),
        Told(at, life, Event(n, 0.0, "delivery.emitting", "delivery/1", body)),  # type: ignore[arg-type]  # as invariant as a dict
        Aired(at, life, RADIO, WHERE, "token", n, n, COPY if n > 1 else "", Traffic.ACTUAL, Priority.P0, True),
        Ended(at, life, RADIO, "token", n, n, "reached"),
    ]
