"""After a start: who is asked whether what was so before it still is."""

from __future__ import annotations

from pathlib import Path

from fenghuo.plugin.values import Observation
from fenghuo.service.alarm_room import Looked, looks
from fenghuo.service.audit import AuditKeeper
from fenghuo.service.log_ring import LogRing
from fenghuo.service.power import PowerWatch
from tests.core.engine.alarmed import CATALOGUE
from tests.core.engine.house import House, opened
from tests.core.service.test_coverage_watch import watched


def asked(house: House) -> Looked:
    store, clock = house.store, house.clock
    lines = LogRing(lambda octets: len(octets), wall=clock.time, monotonic=clock.monotonic)
    return Looked(house.room, PowerWatch(store, clock), lines, AuditKeeper(store, clock, []), watched(house)[0])


async def test_every_kind_that_a_start_looks_at_has_somebody_who_knows(tmp_path: Path) -> None:
    """And nobody is asked of a kind whose end is told over a start as well."""
    async with opened(tmp_path) as house:
        assert {name for name, kind in CATALOGUE.kinds.items() if kind.asked} == set(looks(asked(house)))


async def test_a_stage_of_power_may_come_while_any_sensor_is_not_on_the_mains(tmp_path: Path) -> None:
    """The mains that came back while nobody was here end the alarm of before the start."""
    async with opened(tmp_path) as house:
        at = asked(house)
        holds = looks(at)["alarm.power_stage"]
        for state, expected in (("battery", True), ("mains", False)):
            at.power.observe("ups", Observation("power.state", state, "", house.clock.now, 600.0))
            assert expected == holds("energy")
        at.power.stop()


async def test_what_holds_is_told_by_the_part_that_knows_it(tmp_path: Path) -> None:
    """A channel that is down is; one that is up, and one that is not in the settings any more, is not. Whoever covers the public says so,
    and what nobody reads, a sensor that was taken away, holds of nothing."""
    async with opened(tmp_path) as house:
        at = asked(house)
        holds = looks(at)
        house.down("a")
        await house.settle()
        at.coverage.look()
        house.down("r")
        await house.settle()
        at.coverage.look()
        house.room.look()
        assert [True, False] == [holds["alarm.channel_down"](name) for name in ("a", "gone")]
        assert [True, False] == [holds["alarm.network"](place) for place in ("node", "nowhere")]
        assert (True, False) == (holds["alarm.coverage"]("potential"), holds["alarm.coverage"]("weather"))
        house.up("a", "r")
        await house.settle()
        at.coverage.look()
        assert (False, False) == (holds["alarm.channel_down"]("a"), holds["alarm.coverage"]("potential"))
        quiet = ("alarm.power", "alarm.log_full", "alarm.audit_place", "alarm.invariant", "alarm.power_stage", "alarm.no_rule")
        assert [False] * len(quiet) == [holds[kind]("taken-away") for kind in quiet]
