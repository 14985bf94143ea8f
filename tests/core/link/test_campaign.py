"""Altered, repeated, reordered and delayed frames by the hundred thousand: none is taken (security.md S2)."""

from __future__ import annotations

import pytest

from fenghuo.link.frame import HEAD
from fenghuo.link.lifetime import EXPIRY
from fenghuo.link.seal import Opened, Opener, Refusal
from tests.core.link.campaign import Campaign


class Forgetful(Opener):
    """Loses its windows with every frame, as one that does not keep them would with every restart."""

    def open(self, octets: bytes, now: float) -> Opened | Refusal:
        self.__init__(self._ring)  # type: ignore[misc]  # that is the fault
        return super().open(octets, now)


class Timeless(Opener):
    """Never looks at an expiry."""

    def open(self, octets: bytes, now: float) -> Opened | Refusal:
        self.is_clock_trusted = False
        return super().open(octets, now)


class Credulous(Opener):
    """Takes a frame for genuine because it looks like one."""

    def open(self, octets: bytes, now: float) -> Opened | Refusal:
        got = super().open(octets, now)
        if isinstance(got, Opened) or got.cause != "bad-tag" or got.lane is None or got.head is None:
            return got
        return Opened(got.lane, got.head, octets[HEAD + EXPIRY : -got.head.tag], 0, 0.0)


@pytest.mark.timeout(60)
def test_a_hundred_thousand_attacks_and_none_is_taken() -> None:
    """And the receivers still hear what is genuine, also in the middle of it."""
    result = Campaign(seed=2025).run(100_000)
    assert [] == result.taken
    assert result.attacks >= 100_000
    assert min(result.causes[cause] for cause in ("bad-tag", "repeated", "old", "expired", "foreign", "malformed")) > 500
    assert result.genuine > 8_000
    assert result.late > 200


@pytest.mark.parametrize(("kind", "breach"), [(Forgetful, "repeated"), (Timeless, "delayed"), (Credulous, "tag")])
def test_a_receiver_with_a_fault_is_found_out(kind: type[Opener], breach: str) -> None:
    """The campaign would notice: without windows, without expiry, without a tag."""
    assert breach in Campaign(1, kind).run(2_000).taken


@pytest.mark.soak  # about ten minutes
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
def test_ten_million_attacks_and_none_is_taken(seed: int) -> None:
    """A million for each seed."""
    assert [] == Campaign(seed=seed).run(1_000_000).taken
