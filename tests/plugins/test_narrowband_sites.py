"""What base stations say of themselves and what is declared of them, and whom that leaves out of reach."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo import Scope, Transient
from fenghuo_narrowband.hrnp_outcomes import unreachable
from fenghuo_narrowband.sites import Sites, SiteState, SiteTable, site_state

CORE, LOCAL, DIRECT = SiteState.CORE_CONNECTED, SiteState.LOCAL_TRUNKING, SiteState.DIRECT_MODE
TABLES = {"BS-3": SiteTable(reporter=8003, stations=("1003", "g93")), "BS-4": SiteTable(reporter=8004, stations=("1004",))}


@pytest.mark.parametrize(
    ("text", "state"), [("SITE CORE", CORE), (" site local ", LOCAL), ("Site Direct", DIRECT), ("SITE", None), ("SITE CORE now", None)]
)
def test_a_site_says_its_state_in_two_words(text: str, state: SiteState | None) -> None:
    """Anything else is a person's text."""
    assert state is site_state(text)


@pytest.mark.parametrize("state", [LOCAL, DIRECT])
def test_whoever_is_at_a_site_that_is_cut_off_is_out_of_reach_and_nobody_else(state: SiteState) -> None:
    """Radios and groups of that site alone; one that no table names is tried."""
    sites = Sites(TABLES, stale_s=300.0)
    sites.told("BS-3", state, 10.0)
    sites.told("BS-4", CORE, 10.0)
    assert [state, state, None, None] == [sites.cut_off(station, 20.0) for station in ("1003", "g93", "1004", "1009")]
    assert f"BS-3 {state.value}: out of reach 1003, g93" == sites.says(20.0)


def test_a_site_with_its_core_reaches_everybody_and_has_nothing_to_say() -> None:
    """Nor has one of which nobody has heard yet."""
    sites = Sites(TABLES, stale_s=300.0)
    sites.told("BS-3", CORE, 0.0)
    assert (None, None, "") == (sites.cut_off("1003", 1.0), sites.cut_off("1004", 1.0), sites.says(1.0))


def test_what_a_site_said_is_old_after_a_while() -> None:
    """One under water says nothing: then its radios are tried again, and an operator is told."""
    sites = Sites(TABLES, stale_s=300.0)
    assert sites.told("BS-3", DIRECT, 0.0)
    assert not sites.told("BS-3", DIRECT, 60.0)
    assert DIRECT is sites.cut_off("1003", 359.0)
    assert None is sites.cut_off("1003", 360.0)
    assert "BS-3 has said nothing for 300 s, direct_mode before" == sites.says(360.0)


def test_what_is_declared_holds_until_it_is_taken_back() -> None:
    """Where nobody reports."""
    sites = Sites({"BS-4": SiteTable(state=DIRECT, stations=("1004",))}, stale_s=300.0)
    assert (DIRECT, True) == (sites.cut_off("1004", 1e6), sites.all_are_gone(1e6))
    assert "BS-4 direct_mode (declared): out of reach 1004" == sites.says(1e6)


def test_all_are_gone_only_when_each_is_known_to_be() -> None:
    """One that is on its own, or unknown, may carry somebody."""
    sites = Sites(TABLES, stale_s=300.0)
    sites.told("BS-3", DIRECT, 0.0)
    assert not sites.all_are_gone(1.0)
    sites.told("BS-4", LOCAL, 0.0)
    assert not sites.all_are_gone(1.0)
    sites.told("BS-4", DIRECT, 0.0)
    assert sites.all_are_gone(1.0)


def test_out_of_reach_is_about_the_way_alone() -> None:
    """The channel is as well as before, the number is good, and another way is not kept from its turn."""
    assert Transient(Scope.WAY, "site-direct-mode", 60.0) == unreachable(DIRECT)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"reporter": 8003, "state": "direct_mode"},
            'a site with a reporter (8003) says its state itself; take away state = "direct_mode"',
        ),
        ({"stations": ["1003"]}, 'a site needs a reporter, the number that says its state, or what is declared: state = "direct_mode"'),
        ({"state": "gone"}, "Invalid enum value 'gone'"),
    ],
)
def test_each_mistake_in_a_table_has_its_sentence(table: dict[str, object], sentence: str) -> None:
    """What is wrong, and what would be right."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(table, SiteTable)
    assert sentence in str(caught.value)
