"""What is left of the ways to a place: counted by what shares no risk group, isolated when only what is carried is left."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.engine.channels import Instance
from fenghuo.engine.network import NODE, Way, Ways, alarming, is_live, places, ways_of
from fenghuo.engine.outages import Outage
from fenghuo.model.evidence import Evidence
from fenghuo.model.mode import Axis, NetworkMode, Signal
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Capabilities
from tests.core.engine.house import House, opened
from tests.core.engine.values import HUANGJING_MCA, NOW, directory, view

M = NetworkMode
NET, LTE, PDT = (view(name, risk_groups=(group,)) for name, group in (("net", "fibre:r2"), ("lte", "cell:opA"), ("rpdt", "core:pdt")))


def left(*views: Any, kinds: frozenset[str] | None = None, out: tuple[str, ...] = ()) -> Ways:
    found = ways_of([Way.of(one) for one in views], kinds, out)
    assert found is not None
    return found


def changed(one: Any, **changes: Any) -> Any:
    return view(one.name, **{"risk_groups": one.risk_groups, **changes})


def test_what_shares_nothing_is_counted_and_two_over_one_fibre_are_one() -> None:
    """Three ways are two when the third hangs on the fibre of the first; a town loses one, then two, then all."""
    down = {"health": Health.DOWN}
    beside = view("vpn", risk_groups=("fibre:r2", "mains:hq"))
    assert (M.FULL, 3, 3) == ((full := left(NET, LTE, PDT, beside)).mode, full.groups, full.normal)
    rows = [
        (left(changed(NET, **down), LTE, PDT), M.DEGRADED, 2, ("net",)),
        (left(changed(NET, **down), changed(LTE, **down), PDT), M.DEGRADED, 1, ("net", "lte")),
        (left(changed(NET, **down), changed(LTE, admin=Admin.DISABLED)), M.ISOLATED, 0, ("net", "lte")),
        (left(changed(NET, **down), changed(LTE, health=Health.SUSPECT)), M.DEGRADED, 0, ("net",)),
        (left(changed(NET, health=Health.UNKNOWN), LTE), M.UNKNOWN, 1, ()),
        (left(NET, LTE, out=("net", "lte")), M.ISOLATED, 0, ("net", "lte")),
        (left(NET, PDT, kinds=frozenset({"callsign"})), M.FULL, 1, ()),
    ]
    for found, mode, groups, lost in rows:
        assert (mode, groups, lost) == (found.mode, found.groups, found.lost)
    assert None is ways_of([Way.of(NET)], frozenset({"url"}))


def test_a_satellite_handset_is_no_network_and_is_named_beside() -> None:
    """What is scarce comes on when there is no network; where there never was anything else, it is the network."""
    handset = view("tt", risk_groups=("sat:tt1",), scarce=True)
    lost = left(changed(NET, health=Health.DOWN), handset)
    assert (M.ISOLATED, 1, ("tt",)) == (lost.mode, lost.normal, lost.spare)
    assert "left beside: tt" in lost.says
    assert (M.FULL, 1, ()) == ((only := left(handset)).mode, only.normal, only.spare)


def test_a_sheet_of_paper_a_siren_an_exercise_and_what_stands_by_are_no_live_way() -> None:
    """What is kept and carried is what is left to whoever is isolated."""
    assert is_live(NET, (), is_mute=False)
    assert not is_live(NET, ("road",), is_mute=False)
    assert not is_live(view("card", form="sheet"), (), is_mute=False)
    assert not is_live(NET, (), is_mute=True)
    assert not is_live(changed(NET, admin=Admin.STANDBY), (), is_mute=False)
    assert not is_live(view("net", traffic=(Traffic.EXERCISE,)), (), is_mute=False)
    assert not is_live(view("net", evidence_max=Evidence.ACCEPTED), (), is_mute=False)


def test_a_person_hears_of_the_last_way_and_of_none() -> None:
    """Three to two is told, two to one and one to none are alarms, each once."""
    states = [Ways(mode, groups, 3, (), ()) for mode, groups in ((M.FULL, 3), (M.DEGRADED, 2), (M.DEGRADED, 1), (M.ISOLATED, 0))]
    assert [False, True, True] == [alarming(before, after) for before, after in pairwise(states)]
    assert not alarming(states[3], states[3])


def test_a_town_is_its_area_and_an_office_is_itself() -> None:
    """What is left to the office of the county says nothing of the county."""
    plain = directory()
    orgs = tuple(msgspec.structs.replace(org, level=3) if org.id == "tc" else org for org in plain.orgs)
    who = msgspec.structs.replace(plain, orgs=orgs)
    assert {"tc": {"msisdn", "callsign"}, str(HUANGJING_MCA): {"msisdn"}} == {place: set(kinds) for place, kinds in places(who).items()}


async def test_a_loss_is_said_in_the_turn_in_which_it_is_known_and_by_whom(tmp_path: Path) -> None:
    """S3: the cells go, then the fibre; isolated is said at once, by our own channels and by the operator of the network; sheets of paper
    hold nothing up. And it is taken back."""
    sheets = Capabilities(form="sheet", evidence_max=Evidence.DONE, needs=("road",))
    net = Capabilities(form="sms", evidence_max=Evidence.DEVICE)
    async with opened(tmp_path, net=net, sheets=sheets) as house:
        said: list[Signal] = []
        house.room.network.on_signal = said.append
        house.room.look()
        place = str(HUANGJING_MCA)
        assert [M.FULL, M.FULL] == [mode(house, where) for where in (NODE, place)]
        house.down("a")
        await house.settle()
        house.room.look()
        assert (M.DEGRADED, {"health": "degraded"}) == (mode(house, place), words(said, place))
        house.down("net")
        await house.settle()
        house.room.look()
        await house.room.outages.report(Outage("1", "net", HUANGJING_MCA, NOW, NOW, NOW + 60.0, "opA"))
        assert (M.ISOLATED, {"health": "isolated", "feed": "isolated"}) == (mode(house, place), words(said, place))
        assert (M.DEGRADED, NOW) == (mode(house, NODE), house.room.network.left[place].since)
        for name in ("a", "net"):
            house.up(name)
        house.clock.now += 60.0
        house.room.outages.look()
        await house.settle()
        house.room.look()
        assert (M.FULL, {"health": "full", "feed": "unknown"}) == (mode(house, place), words(said, place))
        await house.settle()
        told = [(one["mode"], one["lost"]) for one in await house.events("%network%") if one["name"] == "璜泾镇"]
        assert [("degraded", ["a"]), ("isolated", ["a", "net"]), ("full", [])] == told
        assert {Axis.NETWORK} == {one.axis for one in said}


async def test_what_others_say_alone_makes_nobody_isolated_and_a_device_speaks_against_it(tmp_path: Path) -> None:
    """It is shown beside what is known. Two feeds are one source: they may both repeat a third. A message that a telephone there has is
    proof against both."""
    place = str(HUANGJING_MCA)
    async with opened(tmp_path) as house:
        said: list[Signal] = []
        modes = house.room.modes

        def hear(one: Signal) -> None:
            said.append(one)
            modes.signal(one)

        house.room.network.on_signal = hear
        house.room.look()
        for feed in ("opA", "opB"):
            await house.room.outages.report(Outage(feed, "a", HUANGJING_MCA, NOW, NOW, NOW + 600.0, feed))
        left_ = house.room.network.left[place]
        assert (M.FULL, M.ISOLATED, ("opA", "opB")) == (left_.ways.mode, left_.reported.mode, left_.by)
        assert {"health": "full", "feed": "isolated"} == words(said, place)
        house.clock.now += 60.0
        modes.look()
        assert "full" == modes.stand(Axis.NETWORK, place).mode
        assert [] == await house.events("alarm.network")
        await house.order("person:huang")
        (mail,) = house.sent
        await house.receipt(mail)
        assert 2 == len(await house.events("outage.contradicted"))
        left_ = house.room.network.left[place]
        assert (M.FULL, ()) == (left_.reported.mode, left_.by)
        assert {"health": "full", "feed": "unknown"} == words(said, place)


def mode(house: House, place: str) -> NetworkMode:
    return house.room.network.left[place].ways.mode


def words(said: list[Signal], place: str) -> dict[str, str]:
    """The newest word of each source about a place."""
    return {one.source: one.mode for one in said if one.place == place}


def test_the_instance_says_what_it_needs() -> None:
    """A channel without needs is live wherever it may carry real traffic."""
    plain = Instance("a", "fake", Capabilities(form="sms", evidence_max=Evidence.DEVICE), address_kinds=("msisdn",), channel=lambda: None)
    assert is_live(plain.view(), plain.capabilities.needs, is_mute=plain.capabilities.mute)
