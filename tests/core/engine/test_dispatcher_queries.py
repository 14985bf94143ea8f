"""What a far end says when it is asked about an emission in doubt."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.channels import Terms
from fenghuo.model.delivery import AttemptRef, DeliveryState, Outcome, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Doubt, Unsupported
from tests.core.engine.house import CAPABILITIES, FakeChannel, House, opened

S = DeliveryState
QUERYABLE = msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.QUERYABLE)
WANG, LI, HUANG = "+8613800000001", "+8613800000002", "+8613800000003"


class Asked(FakeChannel):
    """In doubt about its first emission, and says this when it is asked about it."""

    def __init__(self, house: House, answer: Outcome | Unsupported | Exception) -> None:
        super().__init__("a", house.sent)
        self.outcomes.append(Unknown("timeout"))
        self.answer = answer

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [Unsupported(), Unknown("never heard of it"), RuntimeError("bug")])
async def test_an_answer_that_says_nothing_leaves_the_doubt(tmp_path: Path, answer: Outcome | Unsupported | Exception) -> None:
    """It is resolved by its time, not by a shrug, and a plugin's bug is not the order's."""
    async with opened(tmp_path, a=QUERYABLE) as house:
        house.channel["a"] = Asked(house, answer)
        await house.order("wang", via=["a"])
        assert ([S.IN_DOUBT], 0) == ([one.state for one in await house.deliveries()], house.room.dispatcher.in_flight)


async def test_what_the_far_end_says_certainly_did_not_leave_goes_again(tmp_path: Path) -> None:
    """The doubt is resolved: not sent, so it is sent, and it is no marked copy."""
    async with opened(tmp_path, a=QUERYABLE) as house:
        house.channel["a"] = Asked(house, Transient(Scope.MESSAGE, "unknown-id", 1.0))
        await house.order("wang", via=["a"])
        await house.later(1)
        assert [(1, False), (2, False)] == [(mail.n, "重发" in mail.text) for mail in house.sent]


async def test_what_the_far_end_remembers_is_evidence(tmp_path: Path) -> None:
    """It had it: the doubt ends without a copy."""
    async with opened(tmp_path, a=QUERYABLE) as house:
        house.channel["a"] = Asked(house, Reached(Evidence.RELAYED))
        await house.order("wang", via=["a"])
        (one,) = await house.deliveries()
        assert (S.AWAITING, Evidence.RELAYED, 1) == (one.state, one.evidence, len(house.sent))


async def test_a_device_is_asked_for_its_state_before_its_policy_counts(tmp_path: Path) -> None:
    """It has started: there is nothing to decide, and nothing starts twice."""
    siren = msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.ACTUATOR)
    async with opened(tmp_path, a=siren, terms=Terms(refire_after_s=0.0)) as house:
        house.channel["a"] = Asked(house, Reached(Evidence.AIRED))
        await house.order("wang", via=["a"], priority="P1")
        await house.later(25)
        (one,) = await house.deliveries()
        assert (S.AWAITING, Evidence.AIRED, 1) == (one.state, one.evidence, len(house.sent))


async def test_a_device_that_says_nothing_starts_again_once_if_that_is_its_policy(tmp_path: Path) -> None:
    """Marked, under the same token; a second doubt is a person's, who was called at both."""
    siren = msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.ACTUATOR)
    async with opened(tmp_path, a=siren, terms=Terms(refire_after_s=60.0)) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 3)
        await house.order("wang", via=["a"], priority="P1")
        for _ in range(20):
            await house.later(30)
        assert [(1, False), (2, True)] == [(mail.n, "重发" in mail.text) for mail in house.sent if mail.address == WANG]
        alarms = [told for told in await house.events("alarm.in_doubt") if told["recipient"] == "wang"]
        assert (2, S.IN_DOUBT) == (len(alarms), (await house.deliveries("wang"))[0].state)


async def test_only_who_can_answer_is_asked(tmp_path: Path) -> None:
    """An opaque channel knows nothing, whatever its plugin would say."""
    async with opened(tmp_path) as house:
        house.channel["a"] = Asked(house, Reached(Evidence.DEVICE))
        await house.order("wang", via=["a"])
        assert [S.IN_DOUBT] == [one.state for one in await house.deliveries()]


# Stopping.
