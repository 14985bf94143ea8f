"""Batteries of sites: what a post says up its links, and what the centre makes of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.office import Office
from fenghuo.engine.power import Sensed
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import NotReady
from fenghuo.formats.power_report import PowerReport, decode_power, encode_power
from fenghuo.model.area import AreaRef
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.plugin.ports import Inbound, InboundKind, SimpleChannel, Unsupported
from fenghuo.service.power_sites import HOLDS_S, RETRY_S, SAID_S, SiteBatteries, SiteReporter
from tests.core.service.test_power_energy import Followed, followed


class Upward(SimpleChannel):
    """A channel that takes measurements, as long as it is open."""

    def __init__(self) -> None:
        self.said: list[tuple[str, PowerReport]] = []
        self.is_open = True

    async def measure(self, address: str, body: bytes) -> Unsupported | None:
        if not self.is_open:
            raise NotReady("the link is not open")
        self.said.append((address, decode_power(body)))
        return None


class Instance:
    """One line of the board, as far as a reporter looks at it."""

    def __init__(self, channel: SimpleChannel, kind: str) -> None:
        self.address_kinds = (kind,)
        self.channel = lambda: channel


def reporting(there: Followed) -> tuple[Upward, SiteReporter]:
    up, other = Upward(), Upward()
    board = cast(ChannelBoard, [Instance(SimpleChannel(), "callsign"), Instance(up, "callsign"), Instance(other, "msisdn")])
    reporter = SiteReporter(there.power, board, there.clock, {"callsign": "BH4TCC"})
    there.power.on_reading.append(reporter.read)
    return up, reporter


def test_a_post_says_what_it_lives_on_at_each_change_and_every_quarter_of_an_hour(tmp_path: Path) -> None:
    """To the address above it and by the channels that can; a fall of five percent is a change, one of four is not."""

    async def work(there: Followed) -> None:
        up, _ = reporting(there)
        for state, charge in (("mains", 100.0), ("mains", 100.0), ("battery", 100.0), ("battery", 96.0), ("battery", 95.0)):
            there.say(state, charge)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert [("BH4TCC", "mains", 100.0), ("BH4TCC", "battery", 100.0), ("BH4TCC", "battery", 95.0)] == [
            (address, report.state, report.charge_pct) for address, report in up.said
        ]
        for _ in range(int(SAID_S / 60.0)):
            there.say("battery", 95.0)
            await asyncio.sleep(0)
        assert 4 == len(up.said)

    followed(tmp_path, work)


def test_a_report_that_no_link_took_is_said_again_a_minute_later(tmp_path: Path) -> None:
    """And not before."""

    async def work(there: Followed) -> None:
        up, _ = reporting(there)
        up.is_open = False
        there.say("battery", 50.0)
        await asyncio.sleep(0)
        up.is_open = True
        there.now += RETRY_S
        there.say("battery", 50.0)
        await asyncio.sleep(0)
        assert [("BH4TCC", PowerReport("battery", charge_pct=50.0))] == up.said

    followed(tmp_path, work)


DIRECTORY = Directory(
    orgs=(Org("huangjing", "璜泾镇", area=AreaRef.parse("mca:320585110")), Org("fire", "消防", level=3)),
    persons=(Person("wang", "王", org="huangjing"),),
    contacts=(ContactPoint("wang", "callsign", "BH4T11"), ContactPoint("org:fire", "callsign", "BH4F01")),
)


def heard(address: str, report: bytes, *, proven: bool = True) -> Inbound:
    async def ack() -> None:
        """Nobody waits."""

    return Inbound(InboundKind.MEASURED, report, ack, address_kind="callsign", address=address, proven=proven)


def test_what_a_post_says_is_a_sensor_of_its_place(tmp_path: Path) -> None:
    """The area of a town, the id of any other organisation, the address where nobody has it; the node's own state is not touched by it,
    and after two lost reports the site is unknown."""

    async def work(there: Followed) -> None:
        office = Office(node="sim", clock=there.clock, rules=cast(RuleBook, None), directory=DIRECTORY)
        sites = SiteBatteries(there.power, office)
        there.say("mains", 100.0)
        sites.take(heard("BH4T11", encode_power(PowerReport("battery", charge_pct=25.0, minutes=90.0, fuel_pct=60.0))))
        sites.take(heard("BH4F01", encode_power(PowerReport("mains"))))
        sites.take(heard("BH4X", encode_power(PowerReport("unknown"))))
        view = there.power.view()
        assert "mains" == view["state"]
        lines: dict[str, Any] = {one["name"]: (one["place"], one["state"], one["charge_pct"], one["runtime_s"]) for one in view["sensors"]}
        assert ("mca:320585110", "battery", 25.0, 5400.0) == lines["site:BH4T11"]
        assert [("fire", "mains"), ("BH4X", "unknown")] == [lines[name][:2] for name in ("site:BH4F01", "site:BH4X")]
        assert [("", "grid"), ("mca:320585110", "battery_min"), ("fire", "grid"), ("BH4X", "unknown")] == [
            (signal.place, signal.mode) for signal in there.signals
        ]
        there.now += HOLDS_S
        assert Sensed(cause="nothing was heard of the sensor lately") == there.power.sensed()["site:BH4T11"]

    followed(tmp_path, work)


@pytest.mark.parametrize(("octets", "proven"), [(b"\x02\x00", True), (b"", True), (encode_power(PowerReport("mains")), False)])
def test_what_says_nothing_or_is_proven_by_nothing_is_no_sensor(tmp_path: Path, octets: bytes, proven: bool) -> None:
    """Octets of another kind, and a report that anybody could have sent."""

    async def work(there: Followed) -> None:
        office = Office(node="sim", clock=there.clock, rules=cast(RuleBook, None), directory=DIRECTORY)
        SiteBatteries(there.power, office).take(heard("BH4T11", octets, proven=proven))
        assert {} == there.power.sensed()

    followed(tmp_path, work)
