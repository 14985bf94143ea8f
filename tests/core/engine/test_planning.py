"""Which ways there are to a recipient, and why not the others."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.admission import Load
from fenghuo.engine.planning import Candidate, Carriage, LeftOut, best_first, candidates, fitting, lint
from fenghuo.engine.rules import Rung
from fenghuo.model.directory import ContactPoint, Directory
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Priority, Traffic
from tests.core.engine.values import directory, rung, situation, view


def ways(
    recipient: str,
    *rungs: Rung,
    views: tuple[ChannelView, ...] = (),
    via: tuple[str, ...] = (),
    book: Directory | None = None,
    priority: Priority = Priority.P1,
) -> tuple[list[Candidate], list[str]]:
    carriage = Carriage(Traffic.ACTUAL, priority, via)
    found, left = candidates(recipient, rungs, carriage, directory=book or directory(), situation=situation(*views))
    return list(found), [f"{out.channel}: {out.reason}" for out in left]


def test_every_rung_and_address_is_a_way() -> None:
    """Wang has a telephone and a radio: one way on each rung."""
    found, left = ways("wang", rung("a"), rung("r"))
    assert [Candidate(0, "a", "+8613800000001", "msisdn", "sms"), Candidate(1, "r", "BJ1WANG", "callsign", "radio")] == found
    assert [] == left


def test_several_addresses_are_ranked() -> None:
    """A second telephone is a second way on the same channel."""
    book = Directory(contacts=(ContactPoint("wang", "msisdn", "2", 2), ContactPoint("wang", "msisdn", "1", 1)))
    found, _ = ways("wang", rung("a"), book=book)
    assert [("1", 1), ("2", 2)] == [(way.address, way.rank) for way in found]


LEFT = [
    ("wang", rung("x"), (), (), "x: no channel is named x"),
    ("wang", rung("a"), (), ("r",), "a: the sender asked for r only"),
    ("wang", rung("a"), (view("a", traffic=(Traffic.EXERCISE,)),), (), "a: the channel may not carry Actual traffic"),
    ("wang", rung("a"), (view("a", ungraded="no record"),), (), "a: the channel carries P2 to P4 only: no record"),
    ("li", rung("r"), (), (), "r: the recipient has no callsign address"),
]


@pytest.mark.parametrize(("recipient", "one", "views", "via", "sentence"), LEFT)
def test_what_is_left_out_says_why(recipient: str, one: Rung, views: tuple[ChannelView, ...], via: tuple[str, ...], sentence: str) -> None:
    """An operator reads the reason, not a code."""
    assert ([], [sentence]) == ways(recipient, one, views=views, via=via)


def test_health_is_no_reason_to_leave_a_channel_out() -> None:
    """A plan outlives an outage: what is down now may be up when it is needed."""
    found, left = ways("wang", rung("a"), views=(view("a", health=Health.DOWN),))
    assert (1, []) == (len(found), left)


@pytest.mark.parametrize("admin", Admin)
def test_a_switch_is_no_reason_to_leave_a_channel_out(admin: Admin) -> None:
    """What an operator switches off he can switch on again, and the order is to go then."""
    found, left = ways("wang", rung("a"), views=(view("a", admin=admin),))
    assert (1, []) == (len(found), left)


def test_the_healthy_go_first_then_the_cheap() -> None:
    """UP before UNKNOWN, PROBATION, SUSPECT and DOWN; among equals the cheaper one."""
    views = [view(health.value, health=health) for health in Health]
    names = tuple(one.name for one in views)
    assert ("up", "unknown", "probation", "suspect", "down") == best_first(names, situation(*views), "wang")
    assert ("b", "a") == best_first(("a", "b"), situation(view("a", fee_fen=5.0), view("b", fee_fen=1.0)), "wang")


def test_what_was_proven_to_a_recipient_goes_before_what_never_reached_them() -> None:
    """A telephone that never answered over the cheap centre is tried over the other one first; whoever else is not concerned."""
    seen = msgspec.structs.replace(situation(view("a", fee_fen=1.0), view("b", fee_fen=5.0)), proven={"wang": {"a": 0.3, "b": 0.96}})
    assert (("b", "a"), ("a", "b")) == (best_first(("a", "b"), seen, "wang"), best_first(("a", "b"), seen, "li"))
    once = msgspec.structs.replace(seen, proven={"wang": {"a": 0.9, "b": 0.96}})
    assert ("a", "b") == best_first(("a", "b"), once, "wang"), "one receipt that was missed moves nobody"


def test_equals_are_spread_over_the_recipients() -> None:
    """Two centres of the same kind carry about half of a crowd each, and everyone always the same one."""
    firsts = [best_first(("a", "b"), situation(), f"p{n}")[0] for n in range(1000)]
    assert 400 < firsts.count("a") < 600
    assert firsts == [best_first(("b", "a"), situation(), f"p{n}")[0] for n in range(1000)]


def test_a_channel_that_is_gone_is_no_alternate() -> None:
    """Names without a channel are passed over."""
    assert ("a",) == best_first(("gone", "a"), situation(), "wang")


def test_a_channel_takes_the_kinds_of_address_it_knows() -> None:
    """A radio that also takes numbers has two ways to wang, in the order of the directory; the sentence names both kinds."""
    both = view("a", address_kinds=("msisdn", "callsign"))
    found, _ = ways("wang", rung("a"), views=(both,))
    assert [("msisdn", 1), ("callsign", 2)] == [(way.address_kind, way.rank) for way in found]
    assert ["a: the recipient has no msisdn or callsign address"] == ways("nobody", rung("a"), views=(both,))[1]


def test_a_channel_without_a_reason_is_never_left_out_and_one_with_a_reason_never_used() -> None:
    """What is planned and what is left out are together the whole ladder."""
    found, left = ways("wang", rung("a", "x"), rung("r", "b"), via=("a", "r", "x"))
    assert (["a", "r"], 2) == ([way.channel for way in found], len(left))
    assert ["x: no channel is named x", "b: the sender asked for a, r, x only"] == left


# What cannot come in time.


@pytest.mark.parametrize(("priority", "when"), [(Priority.P2, "tried when no way in time is left"), (Priority.P0, "tried all the same")])
def test_what_ends_before_it_could_arrive_is_planned_all_the_same_and_said_with_its_seconds(priority: Priority, when: str) -> None:
    """Six minutes of others wait for the radio, and the content ends in two: nobody counts on it, and it goes all the same."""
    carriage = Carriage(Traffic.ACTUAL, priority, loads={"r": Load(airtime_s=6.0, ahead_s=360.0)}, left_s=60.0, expires_s=120.0)
    found, left = candidates("wang", (rung("a"), rung("r")), carriage, directory=directory(), situation=situation())
    says = "it would take 366 s (360 s of others first, 6 s on the air, 0 s on the way), and the content expires in 120 s"
    assert (["a", "r"], [LeftOut(1, "r", f"{says}; {when}")]) == ([way.channel for way in found], list(left))


def test_what_may_miss_the_deadline_is_planned_and_said() -> None:
    """The deadline is when a person hears of it; the slow way stays for when nothing else is left."""
    carriage = Carriage(Traffic.ACTUAL, Priority.P2, loads={"r": Load(latency_q95_s=3600.0)}, left_s=300.0, expires_s=86_400.0)
    found, left = candidates("wang", (rung("a"), rung("r")), carriage, directory=directory(), situation=situation())
    assert (["a", "r"], ["r"]) == ([way.channel for way in found], [out.channel for out in left])
    assert "the deadline is in 300 s; tried when no way in time is left" in left[0].reason


def test_the_channels_that_fit_are_those_of_the_ladder_that_may_carry_it() -> None:
    """Whoever it is for: no unknown one, none of other traffic, none that the sender did not ask for."""
    drill = view("b", traffic=(Traffic.EXERCISE,))
    carriage = Carriage(Traffic.ACTUAL, Priority.P2, ("a", "b", "x"))
    assert ["a"] == [one.name for one in fitting((rung("a", "b"), rung("r", "x")), carriage, situation(view("a"), drill, view("r")))]


# What cannot work.


def test_a_ladder_that_names_no_channel_of_the_node_is_told() -> None:
    """Each missing channel is a sentence."""
    faults = lint({"both": ((rung("a"), rung("x", "y")), 1)}, situation())
    assert ("ladder 'both': no channel is named 'x'", "ladder 'both': no channel is named 'y'") == faults


RISKS = [
    ((("a",), ("b",)), 2, ()),
    ((("mains",), ("mains",)), 2, ("ladder 'both': at most 1 of its channels share no risk group; it asks for 2",)),
    ((("mast", "mains"), ("mains",)), 1, ()),
    ((("mast", "mains"), ("mains", "line"), ("line",)), 2, ()),
    (
        (("mast", "mains"), ("mains", "line"), ("line",)),
        3,
        ("ladder 'both': at most 2 of its channels share no risk group; it asks for 3",),
    ),
]


@pytest.mark.parametrize(("groups", "minimum", "faults"), RISKS)
def test_one_failure_must_not_take_every_way(groups: tuple[tuple[str, ...], ...], minimum: int, faults: tuple[str, ...]) -> None:
    """So many channels of a ladder share nothing: mast, mains, line (I10)."""
    views = [view(f"c{n}", risk_groups=group) for n, group in enumerate(groups)]
    ladder = tuple(rung(one.name) for one in views)
    assert faults == lint({"both": (ladder, minimum)}, situation(*views))


@given(st.lists(st.sets(st.sampled_from("abcde"), min_size=1, max_size=3), min_size=1, max_size=6))
def test_what_the_linter_counts_is_what_survives(groups: list[set[str]]) -> None:
    """A ladder it passes for two has a way left whichever single risk group fails (I10)."""
    views = [view(f"c{n}", risk_groups=tuple(sorted(group))) for n, group in enumerate(groups)]
    if not lint({"one": (tuple(rung(one.name) for one in views), 2)}, situation(*views)):
        assert all(any(gone not in group for group in groups) for gone in "abcde")
