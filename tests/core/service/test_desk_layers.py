"""Layers of boundaries at the desk: kept, replaced, dropped, and there again after a restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fenghuo.errors import FormatError, NotAllowed, NotFound
from fenghuo.service.desk_layers import PAGE_POINTS
from fenghuo.service.layers import MOST_LAYERS
from tests.core.service.manned import Manned, manned

SAID = {"source": "太仓市民政局", "date": "2026-07-15", "crs": "cgcs2000", "system": "mca", "approval": "审图号：苏S(2026)001号"}


def geojson(*named: tuple[str, str], corners: int = 4) -> str:
    ring = [[121.0 + 0.2 * step / corners, 31.6] for step in range(corners)] + [[121.1, 31.7], [121.0, 31.6]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    features = [{"type": "Feature", "properties": {"code": code, "name": name}, "geometry": shape} for code, name in named]
    return json.dumps({"type": "FeatureCollection", "features": features})


async def take(there: Manned, name: str, *named: tuple[str, str], corners: int = 4, **more: Any) -> dict[str, Any]:
    args = {**SAID, "name": name, "geojson": geojson(*named, corners=corners), **more}
    answer: dict[str, Any] = await there.do("layer.import", "root", **args)
    return answer


async def test_a_layer_is_kept_with_whose_it_is_and_stands_after_a_restart(tmp_path: Path) -> None:
    """And every map is told that there is another; the import stands in the audit by its digest."""
    async with manned(tmp_path) as there:
        before = await there.do("map.show")
        report = await take(there, "towns", ("320585109", "双凤镇"))
        assert (True, [], 6) == (report["kept"], report["faults"], report["points"])
        told = {key: report[key] for key in ("name", "source", "date", "approval", "digest")}
        assert ([], [told]) == (before["layers"], (await there.do("map.show"))["layers"])
        (line,) = (await there.do("audit.find", "clerk", action="import", object="layer/"))["records"]
        record = json.loads(line)
        assert ("layer/towns", report["digest"]) == (record["object"], record["content"])
    async with manned(tmp_path) as there:
        (layer,) = await there.do("layer.ls")
        assert ("太仓市民政局", "root", [{"area": "mca:320585109", "name": "双凤镇"}]) == (layer["source"], layer["by"], layer["areas"])
        (shape,) = (await there.do("layer.show"))["shapes"]
        assert ("mca:320585109", "towns", [121.0, 31.6]) == (shape["area"], shape["layer"], list(shape["polygons"][0][0][0]))


async def test_the_later_of_two_counts_and_one_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    """And what was dropped leaves what it covered to the other."""
    async with manned(tmp_path) as there:
        await take(there, "old", ("320585109", "双凤镇"), ("320585110", "沙溪镇"))
        there.house.clock.now += 60
        await take(there, "new", ("320585109", "双凤镇"))
        assert {"mca:320585109": "new", "mca:320585110": "old"} == await _drawn(there)
        await take(there, "old", ("320585105", "璜泾镇"))
        assert {"mca:320585105": "old", "mca:320585109": "new"} == await _drawn(there)
        assert "new" == (await there.do("layer.drop", "root", name="new"))["name"]
        assert {"mca:320585105": "old"} == await _drawn(there)
        with pytest.raises(NotFound, match=r"^there is no layer 'new'; there are old$"):
            await there.do("layer.drop", "root", name="new")


async def _drawn(there: Manned) -> dict[str, str]:
    return {one["area"]: one["layer"] for one in (await there.do("layer.show"))["shapes"]}


async def test_with_a_single_fault_or_to_try_it_nothing_is_kept(tmp_path: Path) -> None:
    """The report is the same, but for that."""
    async with manned(tmp_path) as there:
        wrong = await take(there, "towns", ("320585109", "双凤镇"), ("320585105", "双凤镇"))
        assert (False, 1) == (wrong["kept"], len(wrong["faults"]))
        assert not (await take(there, "towns", ("320585109", "双凤镇"), dry_run=True))["kept"]
        assert [] == await there.do("layer.ls")


async def test_only_an_administrator_draws_boundaries(tmp_path: Path) -> None:
    """And says whose they are, of which day, and in which coordinates."""
    async with manned(tmp_path) as there:
        with pytest.raises(NotAllowed, match="that takes one of the rights admin"):
            await there.do("layer.import", "duty", **SAID, name="towns", geojson="")
        wrongs = {
            "name": ("Towns!", "small letters, figures and hyphens"), "crs": ("bd09", "must be one of wgs84, cgcs2000, gcj02"),
            "system": ("gb", "must be mca or nbs"), "date": ("July", "such as 2026-07-15"),
            "source": ("", "must say whose lines these are"),
            "approval": ("x" * 200, "must be at most 120 characters"),
        }  # fmt: skip
        for where, (value, says) in wrongs.items():
            with pytest.raises(FormatError, match=says) as caught:
                await there.do("layer.import", "root", **{**SAID, "name": "towns", "geojson": geojson(), where: value})
            assert where == caught.value.where


async def test_a_console_takes_the_lines_page_by_page(tmp_path: Path) -> None:
    """Each as large as a frame bears, in the order of the codes, none twice and none left out."""
    async with manned(tmp_path) as there:
        codes = {"320585109": "双凤镇", "320585110": "沙溪镇", "320585105": "璜泾镇"}
        await take(there, "towns", *codes.items(), corners=PAGE_POINTS // 2)
        seen, after, pages = list[str](), "", 0
        while pages == 0 or after:
            answer = await there.do("layer.show", after=after)
            seen, after, pages = seen + [one["area"] for one in answer["shapes"]], answer["next"], pages + 1
        assert (sorted(f"mca:{code}" for code in codes), 3) == (seen, pages)


async def test_there_are_only_so_many_layers(tmp_path: Path) -> None:
    """One of them can still be replaced."""
    async with manned(tmp_path) as there:
        for number in range(MOST_LAYERS):
            await take(there, f"l{number}", ("320585109", "双凤镇"))
        with pytest.raises(FormatError, match=r"^there are 8 layers: l0, .*; drop one"):
            await take(there, "more", ("320585109", "双凤镇"))
        assert (await take(there, "l0", ("320585110", "沙溪镇")))["kept"]
