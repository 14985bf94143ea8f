"""Airtime of readable text: what the caps of a medium leave, and what is said when they leave nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fenghuo import Permanent, Priority, Scope, Transient
from fenghuo.link import Aired, Caps, Changes, Ledger
from fenghuo_narrowband import RadioSettings, fenghuo_channel_types
from fenghuo_narrowband.airtime import AirClosed
from fenghuo_narrowband.channel import RadioChannel
from fenghuo_narrowband.text_air import TextAir
from tests.peers.tcp_end import FarEnd
from tests.plugins.link_fakes import MemoryDisk
from tests.plugins.narrowband_fakes import FakeClock, FakeContext, FakeEmission, FakeJob, settings_for

CAPPED = RadioSettings(mycall="BJ1CMD", span_s=100.0, hard_cap=0.2, soft_cap=0.1, reserve=0.05)


class Medium(MemoryDisk):
    """A disk with one medium, whose ledger every channel shares."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Changes] = []
        self.shared: Ledger | None = None

    async def keep(self, changes: Changes) -> None:
        self.kept.append(changes)

    async def airtime(self, caps: Caps) -> Ledger:
        self.shared = self.shared or Ledger(caps, Aired(), 0.0)
        return self.shared


async def opened(medium: Medium, clock: FakeClock) -> TextAir:
    air = TextAir(FakeContext(CAPPED, clock=clock, link=medium))
    await air.open()
    return air


def licence() -> FakeEmission:
    return FakeJob("BJ1T11").emission


async def test_what_is_spent_stands_on_the_disk_before() -> None:
    """The first frame asks for a reservation and then goes; the next one needs none."""
    medium = Medium()
    air = await opened(medium, FakeClock())
    for _ in range(2):
        await air.turn(licence(), 1.0, Priority.P2, deadline=1e9)
    assert 1 == len([changes for changes in medium.kept if changes.aired is not None])


async def test_two_channels_on_a_medium_share_its_caps() -> None:
    """10 s of every 100 for routine traffic, 20 s for urgent, whoever sends it."""
    medium, clock = Medium(), FakeClock()
    first, second = await opened(medium, clock), await opened(medium, clock)
    for air in (first, second):
        await air.turn(licence(), 4.5, Priority.P3, deadline=1e9)
    with pytest.raises(AirClosed) as closed:
        await first.turn(licence(), 4.5, Priority.P3, deadline=clock.now + 50)
    assert 100.0 == closed.value.retry_after_s
    await second.turn(licence(), 4.5, Priority.P1, deadline=clock.now + 50)


async def test_whoever_waits_for_air_lets_pass_what_is_more_urgent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every two seconds the medium is offered; when the span has moved on the frame goes."""
    medium, clock = Medium(), FakeClock()
    air = await opened(medium, clock)
    await air.turn(licence(), 9.5, Priority.P3, deadline=1e9)

    async def pass_by(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(asyncio, "sleep", pass_by)
    began, waiting = clock.now, licence()
    await air.turn(waiting, 9.5, Priority.P3, deadline=1e9)
    assert (100.0, 51) == (clock.now - began, waiting.turns)


@pytest.mark.parametrize(
    ("cap", "outcome"), [(0.2, Transient(Scope.MESSAGE, "no-airtime", 100.0)), (1e-6, Permanent(Scope.MESSAGE, "longer-than-the-cap"))]
)
async def test_a_channel_without_air_says_when_it_has_some(cap: float, outcome: Any) -> None:
    """Nothing is keyed, nothing is in doubt, and no radio is taken for broken."""
    medium, clock, far = Medium(), FakeClock(), FarEnd()
    await far.start()
    settings = settings_for(far.port, span_s=100.0, hard_cap=cap, soft_cap=cap, reserve=0.0, configure_tnc=False)
    context = FakeContext(settings, clock=clock, link=medium)
    channel = RadioChannel(context, TextAir(context))
    try:
        await channel.start()
        if medium.shared is not None and cap > 0.1:
            medium.shared.spend(20.0, clock.now)
        job = FakeJob("BJ1T11")
        job.deadline = clock.now + 30
        assert (outcome, b"") == (await channel.send(job), bytes(far.taken))
    finally:
        await channel.stop(0.0)
        await far.stop()


def test_without_a_cap_nothing_is_counted() -> None:
    """The usual radio keeps no ledger, and its start pays for none."""
    (kiss,) = (each for each in fenghuo_channel_types() if each.id == "radio.kiss")
    context = FakeContext(RadioSettings(mycall="BJ1CMD"), link=None)
    assert kiss.factory(context) is not None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"hard_cap": 0.0}, "hard_cap 0"), ({"hard_cap": 0.1}, "reserve 0.2"), ({"hard_cap": 0.5, "soft_cap": 0.9}, "soft_cap 0.9")],
)
def test_caps_that_make_no_sense_are_refused(wrong: dict[str, float], sentence: str) -> None:
    """With the value, and what it must be."""
    with pytest.raises(ValueError, match=sentence):
        RadioSettings(mycall="BJ1CMD", **wrong)  # type: ignore[arg-type]
