"""`fenghuo area`: areas with whose boundaries are drawn, and the import of a layer."""

from __future__ import annotations

from pathlib import Path

from tests.core.cli.conftest import Shell

AREA = {"area": "mca:320585105", "name": "璜泾镇", "level": "town", "other": "nbs:320585104", "people": None}
LAYER = {
    "name": "towns", "areas": [{"area": "nbs:320585104", "name": "璜泾镇"}], "points": 5, "source": "民政局", "date": "2026-07-15",
    "approval": "", "imported": "2026-11-26T13:00:00.000Z", "by": "console",
}  # fmt: skip
OPTIONS = ("--source", "民政局", "--date", "2026-07-15", "--crs", "wgs84")


def test_an_area_is_listed_with_the_layer_that_draws_it(shell: Shell) -> None:
    """By whichever of its two codes the layer has it."""
    shell.served.desk.answers |= {"area.ls": [AREA], "layer.ls": [LAYER]}
    ran = shell.run("area", "ls", "璜泾", "--json")
    assert ([{**AREA, "layer": "towns"}], 0) == (ran.json, ran.code)
    assert ("area.ls", {"words": "璜泾", "level": "", "limit": 5000}) in shell.served.desk.asked
    assert "mca:320585105\t璜泾镇\ttown\tnbs:320585104\t-\ttowns\n" == shell.run("area", "ls").out


def test_a_layer_is_sent_with_what_was_said_of_it(shell: Shell, tmp_path: Path) -> None:
    """Its name is that of the file; with faults the command ends with 65, and says each on stderr."""
    file = tmp_path / "Town_lines.geojson"
    file.write_text("{}", encoding="utf-8")
    shell.served.desk.answers["layer.import"] = {**LAYER, "kept": True, "faults": [], "notes": ["look at it"]}
    ran = shell.run("area", "import", str(file), *OPTIONS, "--system", "mca", "--code-field", "XZQDM")
    assert (0, "layer towns: 1 areas, 5 corners; kept: nbs:320585104 璜泾镇\n", "  look at it\n") == ran
    said = {"source": "民政局", "date": "2026-07-15", "crs": "wgs84", "approval": "", "code": "XZQDM", "title": "name", "dry_run": False}
    assert ("layer.import", {"geojson": "{}", "name": "town-lines", "system": "mca", **said}) == shell.served.desk.asked[-1]
    shell.served.desk.answers["layer.import"] = {**LAYER, "areas": [], "kept": False, "faults": ["feature 1: code None"], "notes": []}
    assert (65, "  feature 1: code None\n") == ((ran := shell.run("area", "import", str(file), *OPTIONS)).code, ran.err)


def test_a_file_that_cannot_be_read_says_so(shell: Shell, tmp_path: Path) -> None:
    """Before anything is sent."""
    ran = shell.run("area", "import", str(tmp_path / "absent.geojson"), *OPTIONS)
    assert (65, True) == (ran.code, "absent.geojson cannot be read as GeoJSON in UTF-8" in ran.err)


def test_layers_are_listed_and_dropped(shell: Shell) -> None:
    """With whose they are, and what is drawn in their place."""
    shell.served.desk.answers |= {"layer.ls": [LAYER], "layer.drop": LAYER}
    assert "towns\t1\t5\t民政局\t2026-07-15\t-\t2026-11-26T13:00:00.000Z\tconsole\n" == shell.run("area", "layers").out
    assert "layer towns of 民政局 is gone: 1 areas are drawn as a schematic again\n" == shell.run("area", "drop", "towns").out
