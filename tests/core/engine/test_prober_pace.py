"""A channel that is heard at a pace is missed by it, on virtual time: late by a pace that is declared, lost by one that was heard. And at
what pace it is asked where a mode has a say in that."""

from __future__ import annotations

import pytest

from fenghuo.engine.health import Sign
from fenghuo.engine.modes_effect import Ruled
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Probing
from tests.core.engine.test_prober import IP, Bench, on_bench


def test_the_silence_of_a_steady_beacon_takes_it_down_and_the_next_beacon_brings_it_back() -> None:
    """Three beacons of fifteen seconds that do not come, and no question is needed for that."""

    async def story(bench: Bench) -> None:
        bench.channel["a"].answers = False
        for _ in range(40):
            await bench.until(15.0)
            bench.saw("a", Sign.HEARD)
        silent = bench.office.clock.time()
        await bench.until(60.0)
        assert Health.DOWN is bench.state()
        assert 30.0 < bench.told[-1][0] - silent <= 46.0 < bench.channel["a"].probes[0] - silent
        bench.saw("a", Sign.HEARD)
        assert Health.PROBATION is bench.state()
        await bench.until(44.0)
        assert Health.PROBATION is bench.state()
        await bench.until(4.0)
        assert Health.DOWN is bench.state()

    on_bench(story, cadence_s=15.0)


def test_a_fresh_beacon_that_stops_is_suspected_by_the_pace_it_declared() -> None:
    """Within a hundred seconds of a beacon a minute, which phi, with nothing to go by, would miss for three minutes; lost as before, and
    the next beacon in time clears it."""

    async def story(bench: Bench) -> None:
        bench.channel["a"].answers = False
        bench.saw("a", Sign.HEARD)
        silent = bench.office.clock.time()
        await bench.until(89.0)
        assert Health.UP is bench.state()
        await bench.until(3.0)
        assert Health.SUSPECT is bench.state()
        assert 90.0 <= bench.told[-1][0] - silent <= 92.0
        bench.saw("a", Sign.HEARD)
        assert Health.UP is bench.state()
        await bench.until(170.0)
        assert Health.SUSPECT is bench.state()
        await bench.until(15.0)
        assert Health.DOWN is bench.state()

    on_bench(story, cadence_s=60.0, probing=Probing(shortest_s=1000.0, longest_s=2000.0))


def test_a_mode_that_saves_asks_so_many_times_as_rarely_and_one_that_wants_silence_never() -> None:
    """In an hour: every 45 s to a minute as ever, a tenth of that by a mode, nothing in radio silence."""

    async def story(bench: Bench) -> None:
        asked: list[int] = []
        for ruling in (Ruled(), Ruled(probe_every=10.0), Ruled(is_silent=True)):
            bench.board.rule(dict.fromkeys(("a",), ruling))
            before = len(bench.channel["a"].probes)
            await bench.until(3600.0)
            asked.append(len(bench.channel["a"].probes) - before)
        assert [True, True, True] == [60 <= asked[0] <= 80, 6 <= asked[1] <= 9, asked[2] == 0], asked

    on_bench(story, probing=IP)


def test_the_last_way_that_is_left_is_asked_soon() -> None:
    """A satellite terminal beside another way is asked in minutes; once it is the only one, its end is seen within 30 s."""

    async def story(bench: Bench) -> None:
        await bench.until(2000.0)
        beside = len(bench.channel["a"].probes)
        assert 3 <= beside <= 5
        bench.channel["b"].answers = False
        bench.saw("b", Sign.LOCAL_DOWN)
        await bench.until(60.0)
        assert len(bench.channel["a"].probes) >= beside + 3
        bench.channel["a"].answers = False
        await bench.until(30.0)
        assert Health.UP is not bench.state()

    on_bench(story, "a", "b", probing=Probing(idle_s=400.0, shortest_s=60.0, longest_s=1800.0))


@pytest.mark.parametrize(("fee_fen", "state", "is_asked"), [(0.0, Health.UP, True), (40.0, Health.PROBATION, False)])
def test_a_probation_that_no_traffic_ends_is_ended_by_questions_that_cost_nothing(fee_fen: float, state: Health, is_asked: bool) -> None:
    """A terminal that is back, and nobody writes over it: its own word on its registration is enough. Money is not spent on that."""

    async def story(bench: Bench) -> None:
        bench.saw("a", Sign.LOCAL_DOWN)
        bench.saw("a", Sign.LOCAL_UP)
        assert Health.PROBATION is bench.state()
        await bench.until(300.0)
        assert (state, is_asked) == (bench.state(), bool(bench.channel["a"].probes))
        asked = len(bench.channel["a"].probes)
        await bench.until(3600.0)
        assert asked == len(bench.channel["a"].probes)

    on_bench(story, probing=Probing(fee_fen=fee_fen))
