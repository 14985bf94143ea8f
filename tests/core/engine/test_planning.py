"""Which ways there are to a recipient, and why not the others."""

from __future__ import annotations

import pytest

from fenghuo.engine.planning import Candidate, best_first, candidates
from fenghuo.engine.rules import Rung
from fenghuo.model.directory import ContactPoint, Directory
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Traffic
from tests.core.engine.values import directory, rung, situation, view


def ways(
    recipient: str, *rungs: Rung, views: tuple[ChannelView, ...] = (), via: tuple[str, ...] = (), book: Directory | None = None
) -> tuple[list[Candidate], list[str]]:
    found, left = candidates(recipient, rungs, book or directory(), situation=situation(*views), traffic=Traffic.ACTUAL, via=via)
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
    ("wang", rung("a"), (view("a", admin=Admin.DISABLED),), (), "a: the channel is disabled"),
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


def test_the_healthy_go_first_then_the_cheap() -> None:
    """UP before UNKNOWN, PROBATION, SUSPECT and DOWN; among equals the cheaper one."""
    views = [view(health.value, health=health) for health in Health]
    names = tuple(one.name for one in views)
    assert ("up", "unknown", "probation", "suspect", "down") == best_first(names, situation(*views), "wang")
    assert ("b", "a") == best_first(("a", "b"), situation(view("a", fee_fen=5.0), view("b", fee_fen=1.0)), "wang")


def test_equals_are_spread_over_the_recipients() -> None:
    """Two centres of the same kind carry about half of a crowd each, and everyone always the same one."""
    firsts = [best_first(("a", "b"), situation(), f"p{n}")[0] for n in range(1000)]
    assert 400 < firsts.count("a") < 600
    assert firsts == [best_first(("b", "a"), situation(), f"p{n}")[0] for n in range(1000)]


def test_a_channel_that_is_gone_is_no_alternate() -> None:
    """Names without a channel are passed over."""
    assert ("a",) == best_first(("gone", "a"), situation(), "wang")
