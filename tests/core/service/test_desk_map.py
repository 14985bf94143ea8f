"""Where alerts hold, hold no more or wait, as a map is told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from fenghuo.service.desk_map import GONE_S, LASTS_S, MOST_OF_RING
from tests.core.service.manned import Manned, cap, manned

POLYGON = "<polygon>31.60,121.00 31.60,121.05 31.65,121.05 31.60,121.00</polygon><circle>31.5,121.1 2.5</circle>"


async def shown(there: Manned) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = (await there.do("map.show"))["alerts"]
    return alerts


async def submit(there: Manned, raw: str) -> str:
    ident: str = (await there.do("alert.submit", "met", raw=raw.encode(), media_type="application/cap+xml")).id
    return ident


async def released(there: Manned, raw: str) -> str:
    ident = await submit(there, raw)
    for signer in ("anna", "bert"):
        await there.sign(ident, signer)
    return ident


async def test_an_alert_is_told_by_its_codes_with_their_list_and_by_its_shapes(tmp_path: Path) -> None:
    """Longitude first, as GeoJSON has it; the gravest severity, and whether it waits or holds."""
    async with manned(tmp_path) as there:
        await released(there, cap().replace("<geocode>", f"{POLYGON}<geocode>"))
        await submit(there, cap("A-2", code="320585105"))
        waiting, alert = sorted(await shown(there), key=lambda one: str(one["stage"]))
        assert ("held", ["mca:320585105"]) == (waiting["stage"], waiting["areas"][0]["codes"])
        assert ("in_force", "Severe", "暴雨", "Actual", None) == tuple(
            alert[key] for key in ("stage", "severity", "event", "traffic", "ended")
        )
        (area,) = alert["areas"]
        assert ("双凤镇", ["mca:320585109"], False) == (area["name"], area["codes"], area["thinned"])
        assert ([[[121.0, 31.6], [121.05, 31.6], [121.05, 31.65], [121.0, 31.6]]], [[121.1, 31.5, 2.5]]) == (
            area["polygons"],
            area["circles"],
        )


async def test_a_code_of_no_list_is_not_drawn_and_the_name_is_told(tmp_path: Path) -> None:
    """320585105 alone would be one town or another."""
    async with manned(tmp_path) as there:
        await submit(there, cap(name="UGC"))
        (alert,) = await shown(there)
        assert [("双凤镇", [])] == [(area["name"], area["codes"]) for area in alert["areas"]]


async def test_what_was_called_off_or_has_expired_is_shown_for_an_hour_as_over(tmp_path: Path) -> None:
    """From the moment of the Cancel, though the Cancel is still on its way; and what holds comes before it."""
    async with manned(tmp_path) as there:
        clock = there.house.clock
        first = await released(there, cap("A-1"))
        await released(there, cap("A-2", code="320585105"))
        clock.now += 60
        called_off_at = clock.now
        await there.do("alert.cancel", id=first, reason="误报")
        assert [("in_force", None), ("cancelled", called_off_at)] == [(one["stage"], _seconds(one["ended"])) for one in await shown(there)]
        clock.now += GONE_S + 1
        assert ["in_force"] == [one["stage"] for one in await shown(there)]
        clock.now += 5 * 3600.0 - 60
        assert ["expired"] == [one["stage"] for one in await shown(there)]


async def test_a_ring_of_very_many_corners_is_thinned_and_says_so(tmp_path: Path) -> None:
    """A coast would not fit into a frame of a console."""
    async with manned(tmp_path) as there:
        up = [f"{31.0 + step / 2000:.4f},121.0" for step in range(800)]
        down = [f"{31.4 - step / 2000:.4f},121.2" for step in range(800)]
        await submit(there, cap().replace("<geocode>", f"<polygon>{' '.join([*up, *down, up[0]])}</polygon><geocode>"))
        (area,) = (await shown(there))[0]["areas"]
        (ring,) = area["polygons"]
        assert area["thinned"]
        assert len(ring) <= MOST_OF_RING + 1
        assert ring[0] == ring[-1]


async def test_a_place_says_how_many_of_its_channels_are_well(tmp_path: Path) -> None:
    """Only of those that have an address there; one that was switched off is neither well nor down."""
    async with manned(tmp_path) as there:
        await there.do("channel.disable", name="a", reason="换卡")
        there.house.down("r")
        await there.house.settle()
        (place, *_) = (await there.do("map.show"))["places"]
        assert {"up": 0, "doubtful": 0, "down": 1, "off": 1} == {key: place[key] for key in ("up", "doubtful", "down", "off")}


def _seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


async def test_many_who_ask_after_nothing_of_a_map_has_changed_are_given_the_same(tmp_path: Path) -> None:
    """And the next change is seen at once, whoever asks."""
    async with manned(tmp_path) as there:
        first = await there.do("map.show")
        await there.house.store.run(lambda tx: tx.event("alarm.flood", "alarm/1"))
        there.house.clock.now += 10
        assert first is await there.do("map.show")
        await submit(there, cap())
        assert ["held"] == [one["stage"] for one in await shown(there)]
        there.house.clock.now += LASTS_S
        assert first["at"] != (await there.do("map.show"))["at"]
