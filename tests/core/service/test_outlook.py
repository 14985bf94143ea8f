"""How surely somebody is reached as things stand, and what planning makes of a channel: sentences with the numbers used."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.model.delivery import DeliveryState, TargetState
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Priority
from fenghuo.service.outlook import Outlook, channel_says, target_says
from tests.core.engine.values import NOW, delivery, objective, situation, target, view

TOWER = ("cell:opA",)
SMS, LTE, RADIO = view("sms", risk_groups=TOWER), view("lte", risk_groups=TOWER, reach=0.9), view("r", reach=0.8)
SEEN = msgspec.structs.replace(situation(SMS, LTE, RADIO), availability={"cell:opA": 0.9})
WAYS = tuple(delivery(key, name) for key, name in enumerate(("sms", "lte", "r"), 1))
ORDER = objective(priority=Priority.P1, deadline_at=NOW + 7200)


def test_whoever_is_open_is_told_with_each_chance_and_what_it_hangs_on() -> None:
    """The critical pair and a radio: .979, and every number that makes it."""
    says = str(target_says(target(), WAYS, ORDER, Outlook(SEEN, NOW)))
    parts = "sms 0.9500 (on cell:opA 0.9), lte 0.9000 (on cell:opA 0.9), r 0.8000"
    assert f"as things stand it is reached in the 7200 s that are left with 0.9791 of 0.99: {parts}" == says


def test_a_way_that_has_ended_is_counted_on_no_more() -> None:
    """A number that was refused is no chance; without any the sentence says so."""
    ended = tuple(msgspec.structs.replace(one, state=DeliveryState.FAILED) for one in WAYS)
    assert "r 0.8000" in str(target_says(target(), (*ended[:2], WAYS[2]), ORDER, Outlook(SEEN, NOW)))
    assert "sms" not in str(target_says(target(), (*ended[:2], WAYS[2]), ORDER, Outlook(SEEN, NOW)))
    assert "no channel is left that may reach it by its deadline in 7200 s" == str(target_says(target(), ended, ORDER, Outlook(SEEN, NOW)))


@pytest.mark.parametrize(("state", "now"), [(TargetState.MET, NOW), (TargetState.OPEN, NOW + 7200)])
def test_what_is_over_has_no_outlook(state: TargetState, now: float) -> None:
    """Neither a target that has ended, nor a deadline that is past."""
    assert target_says(target(state=state), WAYS, ORDER, Outlook(SEEN, now)) is None


def test_evidence_of_this_very_recipient_is_what_is_told() -> None:
    """The number is the one planning goes by."""
    proven = msgspec.structs.replace(SEEN, proven={"wang": {"r": 0.25}})
    assert "r 0.2500" in str(target_says(target(), WAYS, ORDER, Outlook(proven, NOW)))


def test_a_channel_says_what_planning_counts_on_and_who_is_lost_with_it() -> None:
    """Reach, health and availability, and the other one on the tower."""
    suspect = msgspec.structs.replace(SMS, health=Health.SUSPECT, scarce=True)
    seen = msgspec.structs.replace(SEEN, channels=(suspect, LTE, RADIO))
    assert [
        "planning counts on it with 0.4275: reach 0.95, suspect 0.5 (on cell:opA 0.9)",
        "cell:opA is shared with lte",
        "it is scarce: P3 and P4 wait for another way of their ladder",
    ] == list(map(str, channel_says(suspect, seen)))
    assert ["planning counts on it with 0.8000: reach 0.8, up 1, no risk groups"] == list(map(str, channel_says(RADIO, seen)))


def test_what_is_switched_off_is_not_counted_on() -> None:
    """Whatever its health was."""
    off = msgspec.structs.replace(RADIO, admin=Admin.DISABLED)
    assert ["planning counts on it with 0.0000: reach 0.8, disabled, no risk groups"] == list(map(str, channel_says(off, SEEN)))


def test_what_can_never_show_what_is_needed_is_not_counted_on() -> None:
    """A siren is heard and confirms no device: whoever has nothing else is told to be missed, and why."""
    siren = view("siren", evidence_max=Evidence.AIRED)
    seen, way = situation(siren), (delivery(1, "siren"),)
    says = str(target_says(target(), way, ORDER, Outlook(seen, NOW)))
    assert "as things stand it is reached in the 7200 s that are left with 0.0000 of 0.99" in says
    assert "siren shows no more than AIRED, and counts for nothing of DEVICE" in says
    heard = msgspec.structs.replace(ORDER, needed=Evidence.AIRED)
    assert "0.9500" in str(target_says(target(), way, heard, Outlook(seen, NOW)))


def test_a_way_that_waits_beyond_the_deadline_is_not_counted_on() -> None:
    """A loudspeaker that is quiet until the morning reaches nobody tonight, and the sentence says until when."""
    waits = msgspec.structs.replace(WAYS[2], not_before=ORDER.deadline_at + 1)
    says = str(target_says(target(), (*WAYS[:2], waits), ORDER, Outlook(SEEN, NOW)))
    assert "r 0.8000" not in says
    assert "r not before 1970-01-12T23:46:41+08:00, which is past the deadline" in says
