"""A base map of this machine: folders, .mbtiles, and what cannot be one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fenghuo import ConfigError
from fenghuo_console import ConsoleSettings
from fenghuo_console.tiles import NOTHING, Tiles

PNG, JPEG = b"\x89PNG tile", b"\xff\xd8\xff tile"


async def asked(tiles: Tiles, path: str, method: str = "GET") -> tuple[int, bytes, bytes]:
    """Status, media type and body."""
    said: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        raise AssertionError

    await tiles({"type": "http", "method": method, "path": path, "headers": []}, receive, send)
    return said[0]["status"], dict(said[0]["headers"])[b"content-type"], said[1]["body"]


def mbtiles(place: Path, *, metadata: dict[str, str], tiles: dict[tuple[int, int, int], bytes]) -> Path:
    with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as made:
        made.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        made.execute("CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)")
        made.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
        made.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", [(*key, data) for key, data in tiles.items()])
    return place


@pytest.mark.may_block(reason="makes tiles on the disk")
async def test_a_folder_of_tiles_is_served_as_it_lies_there(tmp_path: Path) -> None:
    """With the levels that it has; where there is none a transparent one, and never anything but a tile."""
    (tmp_path / "12/3424").mkdir(parents=True)
    (tmp_path / "12/3424/1655.png").write_bytes(PNG)
    (tmp_path / "10").mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    tiles = Tiles(str(tmp_path), "天地图 审图号")
    told = {"shallowest": 10, "deepest": 12, "credit": "天地图 审图号", "fault": ""}
    assert told == json.loads((await asked(tiles, "/tiles/info.json"))[2])
    assert (200, b"image/png", PNG) == await asked(tiles, "/tiles/12/3424/1655.png")
    for path in ("/tiles/12/3424/1656.png", "/tiles/12/9999/1.png", "/tiles/99/1/1.png"):
        assert (200, b"image/png", NOTHING) == await asked(tiles, path)
    for path in ("/tiles/secret.png", "/tiles/12/../secret.png", "/tiles/12/3424/1655.png/", "/tiles/"):
        assert 404 == (await asked(tiles, path))[0]
    assert 405 == (await asked(tiles, "/tiles/info.json", "POST"))[0]


@pytest.mark.may_block(reason="makes tiles on the disk")
async def test_a_file_of_tiles_counts_its_rows_from_the_south(tmp_path: Path) -> None:
    """And says itself whose it is, unless the settings do; a picture is what its octets say."""
    place = mbtiles(
        tmp_path / "a.mbtiles", metadata={"format": "jpg", "attribution": "测绘院"}, tiles={(3, 6, 7 - 3): JPEG, (3, 6, 0): b"?"}
    )
    tiles = Tiles(str(place))
    assert (3, 3, "测绘院") == (tiles.info.shallowest, tiles.info.deepest, tiles.info.credit)
    assert "other" == Tiles(str(place), "other").info.credit
    assert (200, b"image/jpeg", JPEG) == await asked(tiles, "/tiles/3/6/3.png")
    assert (200, b"image/png", NOTHING) == await asked(tiles, "/tiles/3/6/7.png")


@pytest.mark.may_block(reason="makes tiles on the disk")
async def test_what_cannot_be_a_base_map_is_told_at_the_start(tmp_path: Path) -> None:
    """By the setting, what it is, and what would be right; without one there is none."""
    with pytest.raises(ValueError, match=r"^tiles 'maps' must be the whole path"):
        ConsoleSettings(tiles="maps")
    assert -1 == json.loads((await asked(Tiles(), "/tiles/info.json"))[2])["deepest"]
    vector = mbtiles(tmp_path / "v.mbtiles", metadata={"format": "pbf"}, tiles={(0, 0, 0): b"x"})
    empty = mbtiles(tmp_path / "e.mbtiles", metadata={}, tiles={})
    (tmp_path / "no.mbtiles").write_text("no")
    (tmp_path / "folder").mkdir()
    (tmp_path / "full/3").mkdir(parents=True)
    cases = {
        "maps": "must be the whole path of a folder",
        str(tmp_path / "absent"): "must be the whole path of a folder",
        str(tmp_path / "folder"): "has no folder named by a level",
        str(tmp_path / "no.mbtiles"): "is no .mbtiles file: file is not a database",
        str(vector): r"holds vector tiles \(pbf\); the map draws pictures",
        str(empty): "holds no tile",
        str(tmp_path / "full"): "tiles_credit must say whose map it is",
    }
    for path, says in cases.items():
        with pytest.raises(ConfigError, match=says):
            Tiles(path)
