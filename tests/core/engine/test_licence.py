"""begin(): every guard says no by itself, and nothing leaves then (I2, I4)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.clock import instant
from fenghuo.engine.channels import Instance
from fenghuo.model.delivery import Attempt, DeliveryState, Outcome, Scope, Transient, Unknown
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Emission, Estimate, SendJob
from fenghuo.store import Tx
from fenghuo.store.blobs import put_blob
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import ATTEMPT, DELIVERY, MESSAGE, META
from tests.core.engine.house import CAPABILITIES, FakeChannel, House, opened
from tests.core.engine.values import NOW
from tests.scale import TIMEOUT_SCALE


def _message_is(state: MessageState) -> Callable[[Tx], None]:
    def change(tx: Tx) -> None:
        (row,) = tx.find(MESSAGE)
        tx.update(MESSAGE, msgspec.structs.replace(row, state=state))

    return change


def _delivery_is_over(tx: Tx) -> None:
    for row in tx.find(DELIVERY):
        tx.update(DELIVERY, msgspec.structs.replace(row, state=DeliveryState.SUPERSEDED))


def _the_first_attempt_is_there(tx: Tx) -> None:
    (one,) = tx.find(DELIVERY)
    tx.insert(ATTEMPT, Attempt(one.token, 1, one.id, one.channel, one.recipient, one.address, NOW, epoch=1))


def _another_epoch(tx: Tx) -> None:
    tx.put(META, MetaRow("epoch", "7"))


GUARDS = [
    (_message_is(MessageState.CANCELLED), "the message is cancelled"),
    (_message_is(MessageState.SUPERSEDED), "the message is superseded"),
    (_message_is(MessageState.EXPIRED), "the message is expired"),
    (_message_is(MessageState.HELD), "the message is held"),
    (_delivery_is_over, "the delivery is SUPERSEDED"),
    (_another_epoch, "this node holds epoch 1, the store says 7"),
]


@pytest.mark.parametrize(("truth", "reason"), GUARDS)
async def test_the_truth_on_the_disk_is_asked_again(tmp_path: Path, truth: Callable[[Tx], None], reason: str) -> None:
    """Whatever the book believes: the store has the last word, no byte leaves, no attempt is written."""
    async with opened(tmp_path) as house:

        async def meanwhile() -> None:
            await house.store.run(truth)

        house.channel["a"].before = meanwhile
        house.channel["r"].before = meanwhile
        await house.order("wang")
        assert ([], []) == (house.sent, await house.store.find(ATTEMPT))
        assert reason in {one.reason for one in await house.deliveries()}


FRAME_S = 70.0
"""Nobody confirmed a frame: by then it is due again."""


async def _tried(house: House, name: str) -> None:
    """An order that has left once over `name` and is to leave again: a number that was busy, or a frame that nobody confirmed."""
    if name == "a":
        house.channel[name].outcomes.append(Transient(Scope.RECIPIENT, "busy", 5.0))
    await house.order("wang", expires_s=600, via=[name])
    assert [1] == [mail.n for mail in house.sent]


@pytest.mark.parametrize("name", ["a", "r"], ids=["after a refusal", "unconfirmed"])
@pytest.mark.parametrize(("truth", "reason"), [*GUARDS, (None, "the message has expired")])
async def test_a_repeat_is_guarded_as_the_first_was(tmp_path: Path, truth: Callable[[Tx], None] | None, reason: str, name: str) -> None:
    """Every guard again, for what has left before: the second try is refused, and no attempt of it is written."""
    async with opened(tmp_path) as house:
        await _tried(house, name)

        async def meanwhile() -> None:
            if truth is not None:
                await house.store.run(truth)
            else:
                house.clock.now += 600  # no timer has rung: the loop turns only after this

        house.channel[name].before = meanwhile
        await house.later(FRAME_S)
        assert ([1], [1]) == ([mail.n for mail in house.sent], [row.n for row in await house.store.find(ATTEMPT)])
        assert reason == (await house.deliveries())[0].reason


@pytest.mark.parametrize("name", ["a", "r"], ids=["after a refusal", "unconfirmed"])
async def test_traffic_is_asked_again_for_a_repeat(tmp_path: Path, name: str) -> None:
    """A channel that was bound to exercises between two tries does not carry the second."""
    async with opened(tmp_path) as house:
        await _tried(house, name)
        _instance(house, name).traffic = (Traffic.EXERCISE,)
        await house.later(FRAME_S)
        assert ([1], [1]) == ([mail.n for mail in house.sent], [row.n for row in await house.store.find(ATTEMPT)])


@pytest.mark.parametrize("name", ["a", "r"], ids=["after a refusal", "unconfirmed"])
async def test_a_repeat_leaves_as_long_as_every_guard_allows_it(tmp_path: Path, name: str) -> None:
    """Without any of these it goes: the tests beside this one are refused for their reasons alone."""
    async with opened(tmp_path) as house:
        await _tried(house, name)
        await house.later(FRAME_S)
        assert [1, 2] == [mail.n for mail in house.sent]


@pytest.mark.parametrize(("before_end_s", "left"), [(0.0, []), (0.001, [1])], ids=["at its end", "just before"])
async def test_at_its_very_end_an_order_is_over(tmp_path: Path, before_end_s: float, left: list[int]) -> None:
    """The instant of the expiry belongs to what is over."""
    async with opened(tmp_path) as house:
        ends = NOW + 60.0

        async def slow() -> None:
            house.clock.now = ends - before_end_s

        house.channel["a"].before = slow
        await house.order("wang", expires=instant(ends).isoformat(), via=["a"])
        assert left == [mail.n for mail in house.sent]


async def test_time_is_asked_again(tmp_path: Path) -> None:
    """What expires while a channel prepares is not sent."""
    async with opened(tmp_path) as house:

        async def slow() -> None:
            house.clock.now += 100

        house.channel["a"].before = slow
        house.channel["r"].before = slow
        await house.order("wang", expires_s=60)
        assert [] == house.sent


async def test_the_time_that_counts_is_that_of_the_commit(tmp_path: Path) -> None:
    """begin() asked in time, and its order expired while the disk was slow: the licence is refused (I4)."""
    async with opened(tmp_path) as house:
        asked = threading.Event()

        def slow_disk(tx: Tx) -> None:
            assert asked.wait(10)
            house.clock.now += 100

        async def meanwhile() -> None:
            house.store.submit(slow_disk)
            asyncio.get_running_loop().call_soon(asked.set)  # runs when begin() waits for its commit

        house.channel["a"].before = meanwhile
        await house.order("wang", expires_s=60, via=["a"])
        assert ([], []) == (house.sent, await house.store.find(ATTEMPT))
        assert "the message has expired" == (await house.deliveries())[0].reason


async def test_traffic_is_asked_again(tmp_path: Path) -> None:
    """A channel that was bound to exercises meanwhile carries no real order; the other bearer does."""
    async with opened(tmp_path) as house:

        async def bind() -> None:
            _instance(house).traffic = (Traffic.EXERCISE,)

        house.channel["a"].before = bind
        await house.order("wang")
        assert "a" not in {mail.channel for mail in house.sent}
        assert "READY" not in {one.state for one in await house.deliveries()}


async def test_the_attempt_is_on_the_disk_before_the_first_byte(tmp_path: Path) -> None:
    """Inside the licence the row is already committed (I2)."""
    async with opened(tmp_path) as house:
        found: list[tuple[str, DeliveryState]] = []

        async def look(emission: object) -> None:
            (attempt,) = await house.store.find(ATTEMPT)
            row = await house.store.get(DELIVERY, attempt.delivery)
            assert row is not None
            found.append((attempt.outcome, row.state))

        house.channel["a"].during = look
        await house.order("wang")
        while house.room.dispatcher.in_flight:
            await asyncio.sleep(0)
        assert [("", DeliveryState.EMITTING)] == found


@pytest.mark.may_block("the log reads source lines for a traceback, once for each such error")
async def test_a_commit_that_fails_costs_the_attempt_and_not_the_delivery(tmp_path: Path) -> None:
    """The store refused the attempt's row: nothing left, and the delivery is tried again instead of being EMITTING for ever."""
    async with opened(tmp_path) as house:

        async def occupy() -> None:
            house.channel["a"].before = _at_once
            await house.store.run(_the_first_attempt_is_there)

        house.channel["a"].before = occupy
        await house.order("wang", via=["a"])
        (after,) = await house.deliveries()
        assert ([], DeliveryState.HELD, "channel") == (house.sent, after.state, after.reason)
        await house.later(10)
        assert [2] == [mail.n for mail in house.sent]
        await house.receipt(house.sent[0])
        assert DeliveryState.MET is (await house.deliveries())[0].state


async def test_a_commit_that_takes_too_long_is_no_emission_and_no_doubt(tmp_path: Path) -> None:
    """The attempt's time ran out before its row was on the disk: the channel never had a payload, so the delivery just waits."""
    hasty = msgspec.structs.replace(CAPABILITIES["a"], attempt_s=0.5 * TIMEOUT_SCALE)
    async with opened(tmp_path, a=hasty) as house:
        stuck = threading.Event()

        async def block() -> None:
            house.channel["a"].before = _at_once
            house.store.submit(lambda tx: stuck.wait(10))

        house.channel["a"].before = block
        ordering = asyncio.create_task(house.order("wang", via=["a"]))
        await _until(lambda: house.room.dispatcher.in_flight == 1)
        await _until(lambda: house.room.dispatcher.in_flight == 0)
        stuck.set()
        await ordering
        (after,) = await house.deliveries()
        assert ([], DeliveryState.HELD, "channel") == (house.sent, after.state, after.reason)
        assert ["transient channel timeout"] == [row.outcome for row in await house.store.find(ATTEMPT)]
        await house.later(10)
        assert [2] == [mail.n for mail in house.sent]


async def test_a_licence_says_how_long_the_content_holds(tmp_path: Path) -> None:
    """Pushed down as validity of a short message: a centre that is down for an hour must not deliver what was over in a minute."""
    async with opened(tmp_path) as house:
        found = await _licences(house)
        await house.order("wang", expires_s=60, via=["a"])
        await house.later(20)
        await house.order("wang", expires_s=60, via=["a"])
        assert [60.0, 60.0] == [licence.validity_s for licence in found]


async def test_a_licence_names_the_short_number(tmp_path: Path) -> None:
    """What a person may answer with: 收到#0123."""
    async with opened(tmp_path) as house:
        found = await _licences(house)
        accepted = await house.order("wang", via=["a"])
        (row,) = await house.store.find(MESSAGE, "id = ?", accepted.id)
        assert [row.number] == [licence.number for licence in found]


async def test_every_copy_after_a_doubt_is_marked_with_its_number(tmp_path: Path) -> None:
    """重发1, 重发2 in the text and at the attempt, one token for all: whoever has it already knows the next one (I9)."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 3)
        found = await _licences(house)
        await house.order("wang", priority="P1", via=["a"])
        for _ in range(2):
            await house.later(2)
        assert ["", "重发1", "重发2"] == [row.mark for row in await house.store.find(ATTEMPT, "1 = 1 ORDER BY n")]
        assert [False, True, True] == ["重发" in mail.text for mail in house.sent]
        assert (1, [1, 2, 3]) == (len({licence.token for licence in found}), [licence.n for licence in found])


async def test_a_job_says_what_may_be_known_before_the_licence(tmp_path: Path) -> None:
    """Address and its kind, urgency, traffic and size; the deadline is the monotonic second by which send() must be back."""
    async with opened(tmp_path) as house:
        jobs: list[SendJob] = []

        class Curious(FakeChannel):
            async def send(self, job: SendJob) -> Outcome:
                jobs.append(job)
                return await super().send(job)

        house.channel["a"] = Curious("a", house.sent)
        await house.order("wang", text="到岗", priority="P1", via=["a"])
        (job,) = jobs
        assert ("+8613800000001", "msisdn", 1, Traffic.ACTUAL) == (job.address, job.address_kind, job.priority, job.traffic)
        assert (len(house.sent[0].text.encode()), house.clock.now + 30) == (job.size, job.deadline)
        assert not hasattr(job, "payload")


@pytest.mark.parametrize("carries", [True, False])
async def test_only_who_declares_that_it_carries_attachments_is_given_them(tmp_path: Path, *, carries: bool) -> None:
    """The licence names what goes with the message to such a channel, and to any other the text alone."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], attachments=carries)) as house:
        digest = await house.store.run(lambda tx: put_blob(tx, b"\xff\xd8"))
        licences = await _licences(house)
        await house.order("wang", via=["a"], attachments=[{"digest": digest}])
        assert [[digest] if carries else []] == [[one.digest for one in licence.payload.attachments] for licence in licences]


async def _licences(house: House) -> list[Emission]:
    """Every emission of `a` from now on."""
    found: list[Emission] = []

    async def keep(emission: Emission) -> None:
        found.append(emission)

    house.channel["a"].during = keep
    return found


async def _at_once() -> None:
    """From now on this channel prepares nothing."""


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0)


def _instance(house: House, name: str = "a") -> Instance:
    found = house.room.board.get(name)
    assert found is not None
    return found


async def test_what_goes_on_after_its_outcome_is_booked_when_it_has_ended(tmp_path: Path) -> None:
    """A siren sounds for minutes after its relay has answered; what it really sounded takes the place of the estimate."""
    kept: list[Emission] = []

    async def keep(emission: Emission) -> None:
        kept.append(emission)

    async with opened(tmp_path) as house:
        house.up()
        house.channel["a"].airtime_s, house.channel["a"].during = 20.0, keep
        await house.order("huang")
        await house.settle()
        assert [] == await house.events("delivery.booked")
        kept[0].book(Estimate(airtime_s=10.5))
        await house.settle()
        (told,) = await house.events("delivery.booked")
        assert (10.5, kept[0].token) == (told["booked"]["airtime_s"], told["token"])
