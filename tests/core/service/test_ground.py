"""What a settings file and its rules cannot do, said without a daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import SettingsError
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service.ground import faults_of_rules
from fenghuo.service.settings import load, load_rules

SETTINGS = """
[node]
name = "n"
directory = "people"
[channels.hook]
type = "http.webhook"
[channels.hook.settings]
url = "http://127.0.0.1:9/"
"""
RULES = """
[ladders.x]
rungs = [{ channels = ["hook"] }]
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "x"
"""
PEOPLE = {
    "areas.csv": "ref,name,level,parent\nmca:320585,太仓市,county,\n",
    "orgs.csv": "id,name,kind,level,parent,area\ntc,中心,centre,3,,mca:320585\n",
    "persons.csv": "id,name,org,roles,areas,deputy\nwang,王,tc,,,\n",
    "contacts.csv": "owner,kind,address\nwang,url,http://127.0.0.1:9/\n",
}


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return load_plugins()


def faults(folder: Path, host: PluginHost, rules: str, settings: str = SETTINGS) -> tuple[tuple[str, ...], tuple[str, ...]]:
    (folder / "people").mkdir(exist_ok=True)
    for name, text in PEOPLE.items():
        (folder / "people" / name).write_text(text, encoding="utf-8")
    (folder / "fenghuo.toml").write_text(settings, encoding="utf-8")
    (folder / "rules.toml").write_text(rules, encoding="utf-8")
    found = load(folder / "fenghuo.toml", host)
    return faults_of_rules(found, load_rules(found), host)


def test_rules_that_work_have_no_faults(tmp_path: Path, host: PluginHost) -> None:
    """Neither kind."""
    assert ((), ()) == faults(tmp_path, host, RULES)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('channels = ["hook"]', 'channels = ["b9"]', "ladder 'x': no channel is named 'b9'"),
        ('name = "orders"', 'name = "orders"\nmatch = { colour = ["rot"] }', "match.colour has 'rot', which no message has"),
        ('name = "orders"', 'name = "orders"\nmatch = { kind = ["Dispach"] }', "match.kind has 'Dispach', which no message has"),
    ],
)
def test_what_no_directory_could_mend_is_a_fault(tmp_path: Path, host: PluginHost, old: str, new: str, says: str) -> None:
    """A channel that no settings name; a word that no message has."""
    broken, others = faults(tmp_path, host, RULES.replace(old, new))
    assert any(says in fault for fault in broken), broken
    assert not any(says in fault for fault in others)


def test_what_a_directory_lacks_is_told_beside_it(tmp_path: Path, host: PluginHost) -> None:
    """Somebody with that role may be imported tomorrow."""
    asks = RULES.replace('{ name = "as addressed" }', '{ name = "informants", roles = ["informer"] }')
    broken, others = faults(tmp_path, host, asks)
    assert () == broken
    assert any("the role 'informer', which nobody in the directory has" in fault for fault in others), others


def test_without_a_directory_nobody_is_missed(tmp_path: Path, host: PluginHost) -> None:
    """It comes by `fenghuo directory import`, and `fenghuo route lint` asks the daemon that has it."""
    asks = RULES.replace('{ name = "as addressed" }', '{ name = "informants", roles = ["informer"] }')
    assert ((), ()) == faults(tmp_path, host, asks, SETTINGS.replace('directory = "people"\n', ""))


def test_a_channel_type_is_asked_for_what_it_may_do(tmp_path: Path, host: PluginHost) -> None:
    """A ladder that asks for two bearers without a common risk group gets them from the settings, or is told."""
    two = SETTINGS + SETTINGS[SETTINGS.index("[channels.hook]") :].replace("hook]", "hook2]").replace("hook.settings", "hook2.settings")
    ladder = 'min_risk_groups = 2\nrungs = [{ channels = ["hook", "hook2"] }]'
    rules = RULES.replace('rungs = [{ channels = ["hook"] }]', ladder)
    assert ((), ()) == faults(tmp_path, host, rules, two)
    shared = two.replace('type = "http.webhook"', 'type = "http.webhook"\nrisk_groups = ["mains:hq"]')
    assert any("share no risk group; it asks for 2" in fault for fault in faults(tmp_path, host, rules, shared)[0])


def test_settings_that_cannot_be_read_have_no_ground(tmp_path: Path, host: PluginHost) -> None:
    """They are refused before their rules are looked at."""
    with pytest.raises(SettingsError, match="rulez is unknown"):
        faults(tmp_path, host, RULES, SETTINGS.replace('name = "n"', 'name = "n"\nrulez = 3'))


def test_a_directory_that_cannot_be_read_is_a_fault(tmp_path: Path, host: PluginHost) -> None:
    """As at the start, which it would end; its rules are not judged by half a directory."""
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "roles.csv").write_text("what,is,this\n", encoding="utf-8")
    broken, others = faults(tmp_path, host, RULES)
    assert all(fault.startswith("people/roles.csv") for fault in broken)
    assert (True, ()) == (bool(broken), others)


def test_a_token_for_an_area_where_nobody_lives_is_told(tmp_path: Path, host: PluginHost) -> None:
    """An area of the directory, one above it and one in it are right; another is most likely a slip."""
    (tmp_path / "t").write_text("0123456789012345678901\n")
    areas = '"mca:320585", "mca:32", "mca:320585109", "mca:999999"'
    token = f'[tokens.met]\nfile = "t"\nrights = ["source"]\nareas = [{areas}]\n'
    _, others = faults(tmp_path, host, RULES, SETTINGS + token)
    assert ("fenghuo.toml: tokens.met.areas holds mca:999999, which no area of the directory is or lies in",) == others


def test_an_inventory_that_cannot_be_read_is_a_fault(tmp_path: Path, host: PluginHost) -> None:
    """`config check` names it before the daemon refuses to start with it."""
    (tmp_path / "people/coverage").mkdir(parents=True)
    (tmp_path / "people/coverage/people.csv").write_text("area,people,source,verified\nmca:320585,831113,census,no\n", encoding="utf-8")
    found, _ = faults(tmp_path, host, RULES)
    says = "is not there; an inventory is people.csv, channels.csv and reach.csv together"
    assert (f"people/coverage/channels.csv: {says}", f"people/coverage/reach.csv: {says}") == found


def test_a_map_of_roads_that_cannot_be_read_is_a_fault(tmp_path: Path, host: PluginHost) -> None:
    """Likewise, with its folder."""
    (tmp_path / "people/roads").mkdir(parents=True)
    (tmp_path / "people/roads/layers.csv").write_text("layer,board_min,leave_min,source,verified\n", encoding="utf-8")
    found, _ = faults(tmp_path, host, RULES)
    says = "is not there; a map is places.csv, segments.csv and layers.csv together"
    assert (f"people/roads/places.csv: {says}", f"people/roads/segments.csv: {says}") == found
