"""A town whose clock is wrong, over the narrow link: it shows what comes, its centre hears of it, and a person hears of the clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.link import Endpoint, endpoint, head, town
from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import alarms, sent
from tests.plugins.link_stations import Air

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(150)]

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
FREERUN = '[node]\nclock_quality = "freerun"'


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")
@pytest.mark.parametrize("wall", ["@1970-01-01 08:00:01", pytest.param("-10h", marks=pytest.mark.soak), "+3d"])
async def test_a_town_with_a_wrong_clock_shows_an_order_once_and_its_centre_hears_so(tmp_path: Path, wall: str) -> None:
    """At its first start: no battery behind its clock, a night without power, a date that somebody mistyped. Nothing that either says
    is over for the other; a person's key comes back, and a person is told how wrong the clock is."""
    down, up = tmp_path / "centre", tmp_path / "town"
    down.mkdir()
    up.mkdir()
    async with Air() as air:
        channels = {"link": head(down, air.port, [11], baud=9600, configure_tnc=False)}
        centre = Node(down, channels=channels, persons=[Person("p1", callsign=town(11))], rules=orders("link"))
        place = Endpoint(up, endpoint(up, air.port, 11, baud=9600, configure_tnc=False))
        settings = up / "fenghuo.toml"
        settings.write_text(settings.read_text().replace("[node]", FREERUN, 1))
        async with centre:
            try:
                await place.start(under=["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME={wall}", "FAKETIME_DONT_FAKE_MONOTONIC=1"])
                await centre.channels_up("link")
                await place.channels_up("link")
                order = await sent(centre, "person:p1", "立即撤离", priority="P0", expires_s=7200)
                (row,) = await place.until("endpoint.ls", bool)
                await centre.until("message.show", lambda view: _evidence(view) == ["DEVICE"], id=order)
                await place.ask("endpoint.ack", id=row["id"])
                await centre.until("message.show", lambda view: _evidence(view) == ["HUMAN"], id=order)
                assert ([row["id"]], 1) == ([one["id"] for one in await place.ask("endpoint.ls")], place.printed().count("立即撤离"))
                assert ("freerun", True) == (row["clock"], "时钟未校准" in place.printed())
                assert (["alarm.link_clock"], []) == (await alarms(place), await alarms(centre))
            finally:
                await place.close()


def _evidence(view: dict[str, Any]) -> list[str]:
    return [one["evidence"] for one in view["objectives"]]
