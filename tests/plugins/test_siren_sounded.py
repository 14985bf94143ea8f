"""What a siren is booked with is what it sounded, and a siren that nobody started is told without anybody's release."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from fenghuo import AttemptRef, CancelResult, Estimate, Evidence, Permanent, Reached, Rendition, Scope, Token
from fenghuo.model.message import MessageState
from fenghuo.store.tables import MESSAGE
from fenghuo_siren.settings import Place
from fenghuo_siren.sounded import Sounded
from tests.core.engine.house import opened
from tests.plugins.siren_bench import bench, settings_at
from tests.plugins.siren_fakes import Emission, Job, running

ROOF = Place(1, 1)
_OF = Rendition("siren", "鸣响警报", b"sound M")


@dataclass
class Counted(Emission):
    """An emission that keeps what it is booked with."""

    booked: list[float] = field(default_factory=list)

    def book(self, cost: Estimate) -> None:
        self.booked.append(cost.airtime_s)


def test_the_sum_of_what_is_booked_is_what_was_heard() -> None:
    """However many orders prolong a sound, and whatever never came of one."""
    sounded, booked = Sounded(), defaultdict[str, Counted](lambda: Counted(_OF, Token("t")))
    for name in ("a", "b", "refused"):
        sounded.hold(name, booked[name])
    sounded.begins(ROOF, "a", 100.0)
    sounded.begins(ROOF, "b", 105.0)
    sounded.never(ROOF, "refused")
    sounded.ends(ROOF, 122.0)
    sounded.ends(ROOF, 130.0)
    assert {"a": [5.0], "b": [17.0], "refused": [0.0]} == {name: one.booked for name, one in booked.items()}


def test_a_start_in_doubt_that_never_came_is_booked_with_nothing() -> None:
    """Its device has shown that it did not begin."""
    sounded, emission = Sounded(), Counted(_OF, Token("t"))
    sounded.hold("a", emission)
    sounded.begins(ROOF, "a", 100.0)
    sounded.never(ROOF, "a")
    sounded.ends(ROOF, 120.0)
    assert [0.0] == emission.booked


def test_a_start_of_an_earlier_process_keeps_its_estimate() -> None:
    """Nobody here has its emission any more."""
    sounded = Sounded()
    sounded.begins(ROOF, "before", 100.0)
    sounded.ends(ROOF, 120.0)


async def test_a_siren_that_is_cancelled_is_booked_with_what_it_sounded() -> None:
    """And not with the whole time that it was started for; one that was stopped before it began, with nothing."""
    async with bench() as there, running(settings_at(there, sound_s=600.0, max_on_s=900.0)) as run:
        job, late = Job("1/1", "a", about="A"), Job("1/1", "b", about="B")
        job.emission, late.emission = Counted(_OF, Token("a")), Counted(_OF, Token("b"))
        assert Reached(Evidence.ACCEPTED) == await run.channel.send(job)
        assert CancelResult.TOO_LATE == await run.channel.cancel(AttemptRef(Token("a"), 1, "1/1"))
        ((seconds,), began) = job.emission.booked, there.writes[0][0]
        assert 0.0 < seconds <= there.writes[-1][0] - began + 60.0

        async def cancelled() -> None:
            await run.channel.send(Job("1/1", "end", stop=True, about="M"))

        late.emission.on_turn = cancelled
        assert Permanent(Scope.MESSAGE, "stopped-before-it-began") == await run.channel.send(late)
        assert [0.0] == late.emission.booked


async def test_the_report_of_a_stray_siren_goes_out_without_a_release(tmp_path: Path) -> None:
    """It is this node's own eyes: held for somebody's release it would be read when the siren has long stopped."""
    async with bench() as there, running(settings_at(there, alarm_to=("huang",))) as run:
        there.coils[1, 0] = True
        report = await run.inbound()
    async with opened(tmp_path) as house:
        await house.room.receipts.take("siren-north", report)
        await house.settle()
        assert [] == await house.events("alarm.no_authority")
        (state,) = {row.state for row in await house.store.find(MESSAGE)}
        assert (MessageState.ACTIVE, True) == (state, any("正在鸣响" in mail.text for mail in house.sent))
